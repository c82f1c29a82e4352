/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mispredicted branch costs: one branch on random bits, and on bits that are all alike. */
#include <stdint.h>
#include <stdio.h>

#include "bench/host/calibrate.h"

#define TURNS 10000
#define REPEATS 101

/* xorshift64, and a branch on the bit of its state that `mask` leaves. The generator's chain takes
 * the same time either way. */
static void run(void *mask)
{
    static uint64_t state = 88172645463325252u;
    uint64_t turns = TURNS, scratch;

    __asm__ volatile("1: mov %[state], %[scratch]\n\t"
                     "shl $13, %[scratch]\n\t"
                     "xor %[scratch], %[state]\n\t"
                     "mov %[state], %[scratch]\n\t"
                     "shr $7, %[scratch]\n\t"
                     "xor %[scratch], %[state]\n\t"
                     "mov %[state], %[scratch]\n\t"
                     "shl $17, %[scratch]\n\t"
                     "xor %[scratch], %[state]\n\t"
                     "test %[mask], %[state]\n\t"
                     "jz 2f\n\t"
                     "nop\n"
                     "2: dec %[turns]\n\t"
                     "jnz 1b"
                     : [state] "+r"(state), [scratch] "=&r"(scratch), [turns] "+r"(turns)
                     : [mask] "r"(*(const uint64_t *)mask)
                     : "cc");
}

void measure_branch(void)
{
    uint64_t random = 1 << 20, alike = 0;
    double with = measure(run, &random, REPEATS).quartile / TURNS;
    double without = measure(run, &alike, REPEATS).quartile / TURNS;

    printf("{\"branch\": {\"random\": %.2f, \"alike\": %.2f}}\n", with, without);
}
