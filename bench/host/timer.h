/* SPDX-License-Identifier: BSD-2-Clause */
/* Time on the host, in core cycles.
 *
 * The time-stamp counter runs at a rate of its own. A chain of dependent additions takes one core
 * cycle each on every x86-64 processor, so a chain of known length that runs beside a measurement
 * says how many core cycles a tick is, whatever clock the core has chosen. */
#ifndef BENCH_HOST_TIMER_H
#define BENCH_HOST_TIMER_H

#include <stdint.h>

#define CHAIN_CYCLES 32768 /* of the chain of additions */

/* The time-stamp counter, when everything before is done and nothing behind has begun. */
static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Why time cannot be told by the counter: it is an emulator's, or CPUID does not say that its rate
 * is constant (invariant TSC). One line; NULL where it can. In cpuid.c. */
const char *no_timer(void);

/* Exit statuses of the programs here. */
enum { STATUS_FAILED = 1, STATUS_NO_TIMER = 6, STATUS_NOISY = 7 };

/* Keep this program on one processor, if the system lets it choose. */
void stay_on_processor(void);

/* Ticks that the chain takes, now. */
uint64_t chain_ticks(void);

/* Ticks that WIDE independent additions take: more while the core's other thread is busy. */
#define WIDE 98304
uint64_t wide_ticks(void);

/* Quantiles of repeated samples. */
struct spread {
    double least, quartile, median;
};

struct spread spread_of(double *samples, unsigned int n); /* sorts them; n > 0 */

/* Core cycles of `run(data)`, which is repeated `n` times (at most MEASURE_MAX) after one turn that
 * does not count. Reading the counter is taken off. Independent additions beside it tell whether
 * somebody else uses the core; then it is tried again. Where that helps too seldom the program ends
 * with STATUS_NOISY. */
#define MEASURE_MAX 256
struct spread measure(void (*run)(void *data), void *data, unsigned int n);

#endif
