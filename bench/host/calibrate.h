/* SPDX-License-Identifier: BSD-2-Clause */
/* What `calibrate` measures: each subject prints lines of JSON, one object in each. All figures are
 * core cycles (timer.h). bench/model/README.md says what becomes of them. */
#ifndef BENCH_HOST_CALIBRATE_H
#define BENCH_HOST_CALIBRATE_H

#include "bench/host/timer.h"

/* What CPUID says: name, caches, translation buffers. */
void print_cpuid(void);

void measure_clock(const char *when); /* rates of counter and core; how much samples differ */
void measure_caches(void);
void measure_tlb(void);
void measure_branch(void);
void measure_classes(void);
void measure_strings(void);
void measure_calls(void);

/* End the program: what could not be had, in one line. */
void fail(const char *what) __attribute__((noreturn));

#endif
