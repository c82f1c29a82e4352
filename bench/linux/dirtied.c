/* SPDX-License-Identifier: BSD-2-Clause */
/* dirtied: what an IPC costs when the partner has dirtied the caches.
 *
 * The two partners of a system call are the program and whoever serves it: the kernel, or a server
 * by IPC. The program adds to a word in each line of `kib` KiB, then asks for its process ID. The
 * same writes without the call are subtracted, so that one operation is the call, with the misses
 * that the writes cause in it and those that it causes in the writes. */
#include <stdint.h>
#include <unistd.h>

#include "bench/linux/bench.h"

#define LINE 32
#define MAX_KIB 256
#define ROUNDS 20

static const unsigned int kibs[] = { 0, 2, 4, 8, 16, 32, 64, 128, 256 };

static volatile uint64_t area[MAX_KIB * 1024 / sizeof(uint64_t)];
static unsigned int words;

static inline __attribute__((always_inline)) int write_area(void)
{
    for (unsigned int i = 0; i < words; i += LINE / sizeof(area[0]))
        area[i]++; /* a Pentium allocates no line for a store that misses */
    return 0;
}

static inline __attribute__((always_inline)) int write_and_call(void)
{
    write_area();
    return getpid();
}

BENCH_LOOP(call_loop, REGION_DIRTIED, write_and_call())
BENCH_LOOP(write_loop, REGION_DIRTIED + 1, write_area())

static void measure(unsigned int kib)
{
    words = kib * 1024 / sizeof(area[0]);
    CHECK(write_and_call() == 1 && write_and_call() == 1); /* warm */
    for (int i = 0; i < PARAMETER_REPETITIONS; i++) {
        CHECK(call_loop(ROUNDS) == 1);
        write_loop(ROUNDS);
    }
    say_bench("dirtied", "getpid() after the program has written to memory", REGION_DIRTIED,
              ROUNDS, PARAMETER_REPETITIONS, 1, kib);
}

void dirtied(void)
{
    for (unsigned int i = 0; i < sizeof(kibs) / sizeof(kibs[0]); i++)
        measure(kibs[i]);
}
