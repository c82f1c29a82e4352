/* SPDX-License-Identifier: BSD-2-Clause */
/* The time-stamp counter as a counter of hardware cycles (counter=tsc): readings, and the self-test
 * without which no reading is shown.
 *
 * Ticks are those of the processor's time-stamp counter: core cycles where the core runs at its
 * rate, proportional to time where the core's clock varies. */
#ifndef BENCH_LINUX_TSC_H
#define BENCH_LINUX_TSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSC_ROUNDS 5
#define TSC_CHAIN 16384 /* operations of a chain: each needs the result of the one before */

/* What the self-test found. Ticks are the least of several tries, once for each round. */
struct tsc_self_test {
    char hypervisor[13]; /* CPUID leaf 0x40000000; empty where there is none */
    char processor[49];  /* CPUID leaves 0x80000002 to 4 */
    bool invariant;      /* CPUID leaf 0x80000007: the counter's rate is constant */
    uint64_t adds[TSC_ROUNDS];       /* TSC_CHAIN additions */
    uint64_t twice[TSC_ROUNDS];      /* 2 * TSC_CHAIN additions */
    uint64_t multiplies[TSC_ROUNDS]; /* TSC_CHAIN multiplications */
};

/* The counter, read after everything before and before everything after it. */
static inline uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Do ticks stand for cycles of hardware that executes this program itself? If not, `why`, of `size`
 * bytes, gets a line for people. */
bool tsc_judge(const struct tsc_self_test *test, char *why, size_t size);

/* Take the self-test and print what it found, and why if that is a refusal; true if it passed. */
bool tsc_self_test(void);

/* Print the ticks of each of `n` repetitions of a benchmark's loop and of the loop without the
 * operation. */
void tsc_say(const char *bench, const uint64_t *loop, const uint64_t *overhead, unsigned int n);

#endif
