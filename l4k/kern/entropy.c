/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator: SplitMix64 (Steele, Lea, Flood; OOPSLA 2014). */
#include "l4k/kern/entropy.h"

#include <stdbool.h>

#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/cpu.h"

#define CPUID_1_ECX_RDRAND (1u << 30)

static uint64_t hardware_random(void)
{
    uint32_t r[4];
    uint64_t v = 0;

    cpuid(1, 0, r);
    if (r[2] & CPUID_1_ECX_RDRAND)
        __asm__ volatile("rdrand %0" : "=r"(v) : : "cc");
    return v;
}

uint64_t entropy_next(void)
{
    static uint64_t state;
    uint64_t z;

    state += UINT64_C(0x9e3779b97f4a7c15) + (rdtsc() ^ clock_realtime_ns());
    z = state ^ hardware_random();
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
