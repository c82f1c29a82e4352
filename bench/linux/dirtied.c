/* SPDX-License-Identifier: BSD-2-Clause */
/* dirtied, the caller's case: the program itself has dirtied the caches before a call, and whoever
 * serves it pays: the kernel, or a server by IPC.
 *
 * The program adds to a word in each line of `kib` KiB, then asks for its process ID. The same
 * writes without the call are subtracted, so that one operation is the call, with the misses that
 * the writes cause in it and those that it causes in the writes. */
#include <unistd.h>

#include "bench/dirtied.h"
#include "bench/linux/bench.h"
#include "l4k/abi/guest_log.h"

static unsigned int kib;

static inline __attribute__((always_inline)) int write_area(void)
{
    dirtied_write(kib);
    return 0;
}

static inline __attribute__((always_inline)) int write_and_call(void)
{
    write_area();
    return getpid();
}

BENCH_LOOP(call_loop, REGION_DIRTIED, write_and_call())
BENCH_LOOP(write_loop, REGION_DIRTIED + 1, write_area())

static void measure(void)
{
    CHECK(write_and_call() == 1 && write_and_call() == 1); /* warm */
    for (int i = 0; i < DIRTIED_REPETITIONS; i++) {
        CHECK(call_loop(DIRTIED_ROUNDS) == 1);
        write_loop(DIRTIED_ROUNDS);
    }
    say(LOG_RESULT DIRTIED_FORMAT,
        DIRTIED_VALUES("getpid", kib, "getpid() after the program has written to memory",
                       REGION_DIRTIED));
}

void dirtied(void)
{
    for (unsigned int k = 0; k < DIRTIED_KIBS; k++) {
        kib = dirtied_kib[k];
        measure();
    }
}
