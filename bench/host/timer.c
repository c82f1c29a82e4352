/* SPDX-License-Identifier: BSD-2-Clause */
/* The chain of additions, and repeated measurement. */
#define _GNU_SOURCE
#include "bench/host/timer.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define UNROLL 64
#define READINGS 100
#define CALM 1.15       /* the most that the median of independent additions is of the least */
#define TRIES 20
#define DISTURBED_MAX 5 /* measurements of which no try was calm */

void stay_on_processor(void)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

uint64_t chain_ticks(void)
{
    uint64_t before = ticks();

    __asm__ volatile("mov %[turns], %%ecx\n"
                     "1: .rept %c[unroll]\n\t"
                     "add %%rax, %%rax\n\t"
                     ".endr\n\t"
                     "dec %%ecx\n\t"
                     "jnz 1b"
                     :
                     : [turns] "i"(CHAIN_CYCLES / UNROLL), [unroll] "i"(UNROLL)
                     : "rax", "ecx", "cc");
    return ticks() - before;
}

uint64_t wide_ticks(void)
{
    uint64_t before = ticks();

    __asm__ volatile("mov %[turns], %%ecx\n"
                     "1: .rept %c[unroll]\n\t"
                     ".irp r, rax, rdx, rsi, rdi, r8, r9\n\t"
                     "add %%r10, %%\\r\n\t"
                     ".endr\n\t"
                     ".endr\n\t"
                     "dec %%ecx\n\t"
                     "jnz 1b"
                     :
                     : [turns] "i"(WIDE / 6 / UNROLL), [unroll] "i"(UNROLL)
                     : "rax", "rdx", "rsi", "rdi", "r8", "r9", "ecx", "cc");
    return ticks() - before;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

struct spread spread_of(double *samples, unsigned int n)
{
    qsort(samples, n, sizeof(*samples), ascending);
    return (struct spread){ samples[0], samples[n / 4], samples[n / 2] };
}

/* Ticks from one reading of the counter to the next, at least. */
static uint64_t reading(void)
{
    static uint64_t least;

    for (int i = 0; !least || i < READINGS; i++) {
        uint64_t before = ticks(), taken = ticks() - before;

        if (!least || taken < least)
            least = taken;
    }
    return least;
}

/* Are these the samples of a core that nobody else uses? Judged by the least sample so far. */
static bool calm(double *wide, unsigned int n)
{
    static double least;
    struct spread spread = spread_of(wide, n);

    if (!least || spread.least < least)
        least = spread.least;
    return spread.median <= CALM * least;
}

/* One try: true if nobody disturbed it. */
static bool attempt(void (*run)(void *data), void *data, unsigned int n, struct spread *spread)
{
    static double samples[MEASURE_MAX], wide[MEASURE_MAX];
    uint64_t between = reading(), chain = UINT64_MAX;

    for (unsigned int i = 0; i < n; i++) {
        uint64_t now = chain_ticks(), before;

        chain = now < chain ? now : chain;
        wide[i] = wide_ticks();
        before = ticks();
        run(data);
        now = ticks() - before;
        samples[i] = now > between ? now - between : 0;
    }
    *spread = spread_of(samples, n);
    spread->least *= (double)CHAIN_CYCLES / chain;
    spread->quartile *= (double)CHAIN_CYCLES / chain;
    spread->median *= (double)CHAIN_CYCLES / chain;
    return calm(wide, n);
}

struct spread measure(void (*run)(void *data), void *data, unsigned int n)
{
    static unsigned int disturbed;
    struct spread spread;

    run(data);
    for (int i = 0; i < TRIES; i++)
        if (attempt(run, data, n, &spread))
            return spread;
    if (++disturbed > DISTURBED_MAX) {
        fprintf(stderr, "the host is too noisy: %u measurements were disturbed, each %d times\n",
                disturbed, TRIES);
        exit(STATUS_NOISY);
    }
    return spread;
}
