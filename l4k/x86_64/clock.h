/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: the tick, the monotonic clock, the date. */
#ifndef L4K_X86_64_CLOCK_H
#define L4K_X86_64_CLOCK_H

#include <stdint.h>

#define TICK_HZ 250
#define TICK_IRQ 0

/* Measures the TSC against the PIT, reads the date. Some 15 ms, interrupts off. */
void clock_init(void);

/* Starts the tick: IRQ 0, TICK_HZ times a second, once its line is unmasked. */
void clock_start_tick(void);

/* Nanoseconds since clock_init(); never goes back. */
uint64_t clock_ns(void);

/* Nanoseconds since 1970-01-01 UTC: the date read at boot plus clock_ns(). */
uint64_t clock_realtime_ns(void);

/* The TSC's rate as measured, per second. */
uint64_t clock_tsc_hz(void);

#endif
