/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures the host, as far as a user program can, for scripts/calibrate-host.
 *
 * Uses nothing but the time-stamp counter and the clock: the host may be a virtual machine without
 * huge pages, performance counters or model-specific registers. Exit status: 0, STATUS_FAILED,
 * STATUS_NO_TIMER where time cannot be told, or STATUS_NOISY, with one line that says why. */
#include "bench/host/calibrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SAMPLES 1000
#define CLOCK_NS 50000000 /* over which the counter's rate is taken */

void fail(const char *what)
{
    fprintf(stderr, "calibrate: %s\n", what);
    exit(STATUS_FAILED);
}

static double nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static double counter_mhz(void)
{
    double start = nanoseconds(), now;
    uint64_t before = ticks();

    do
        now = nanoseconds();
    while (now - start < CLOCK_NS);
    return (ticks() - before) / (now - start) * 1000;
}

static struct spread samples_of(uint64_t (*sample)(void))
{
    static double samples[SAMPLES];

    for (int i = 0; i < SAMPLES; i++)
        samples[i] = sample();
    return spread_of(samples, SAMPLES);
}

void measure_clock(const char *when)
{
    struct spread chain = samples_of(chain_ticks), wide = samples_of(wide_ticks);

    printf("{\"clock\": \"%s\", \"tsc_mhz\": %.2f, \"cycles_per_tick\": %.5f, "
           "\"chain\": {\"least\": %.0f, \"median\": %.0f}, "
           "\"wide\": {\"least\": %.0f, \"median\": %.0f}}\n",
           when, counter_mhz(), CHAIN_CYCLES / chain.least, chain.least, chain.median, wide.least,
           wide.median);
}

int main(void)
{
    const char *reason = no_timer();

    if (reason) {
        fprintf(stderr, "calibrate: %s\n", reason);
        return STATUS_NO_TIMER;
    }
    stay_on_processor();
    print_cpuid();
    measure_clock("begin");
    measure_classes();
    measure_strings();
    measure_branch();
    measure_calls();
    measure_clock("after classes and calls");
    measure_tlb();
    measure_clock("after translation buffers");
    measure_caches();
    measure_clock("end");
    return 0;
}
