/* SPDX-License-Identifier: BSD-2-Clause */
/* dirtied: what a call costs when caches have been dirtied. One method for the Linux benchmark
 * program and the native ones: memory, sizes, and the case where a partner dirties.
 *
 * A caller asks a partner in another address space, who adds to a word in each line of so many KiB
 * and then answers. Subtracted are the same writes to the same memory, which the partner does
 * without the IPC; so one operation is the round trip, with the misses that the writes cause in it
 * and those that it causes in the writes. */
#ifndef BENCH_DIRTIED_H
#define BENCH_DIRTIED_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/marker.h"

#define DIRTIED_REGION 40 /* the partner's case: round trips; the next one, the writes alone */
#define DIRTIED_ROUNDS 20
#define DIRTIED_REPETITIONS 5
#define DIRTIED_WARM 2
#define DIRTIED_STRIDE (32 / sizeof(uint64_t)) /* a line, in words */
#define DIRTIED_WORDS(kib) ((kib) * 1024 / sizeof(uint64_t))
#define DIRTIED_MAX 256

static const unsigned int dirtied_kib[] = { 0, 2, 4, 8, 16, 32, 64, 128, DIRTIED_MAX };
#define DIRTIED_KIBS (sizeof(dirtied_kib) / sizeof(dirtied_kib[0]))

static volatile uint64_t dirtied_area[DIRTIED_WORDS(DIRTIED_MAX)] __attribute__((aligned(4096)));

static inline __attribute__((always_inline)) void dirtied_write(unsigned int kib)
{
    for (unsigned int i = 0; i < DIRTIED_WORDS(kib); i += DIRTIED_STRIDE)
        dirtied_area[i]++; /* a Pentium allocates no line for a store that misses */
}

/* The description of one value, for say(). */
#define DIRTIED_FORMAT                                                                            \
    "{\"bench\": \"dirtied-%s-%u\", \"what\": \"%s\", \"region\": %u, \"overhead\": %u, "         \
    "\"iterations\": %u, \"repetitions\": %u, \"calls\": -1}"
#define DIRTIED_VALUES(call, kib, what, region)                                                   \
    call, kib, what, region, (region) + 1, DIRTIED_ROUNDS, DIRTIED_REPETITIONS
#define DIRTIED_PARTNER_VALUES(call, kib)                                                         \
    DIRTIED_VALUES(call, kib, "round trip to a partner that writes to memory", DIRTIED_REGION)

/* --- The partner --- */

/* An order is an index into dirtied_kib[], with DIRTIED_ALONE for a loop of the writes alone; or
 * DIRTIED_CHECK. */
#define DIRTIED_ALONE 0x80
#define DIRTIED_CHECK 0x40
#define DIRTIED_RIGHT 0x5a

/* Has each word been written as often as dirtied_measure() orders it? */
static inline bool dirtied_as_ordered(void)
{
    for (unsigned int i = 0; i < DIRTIED_WORDS(DIRTIED_MAX); i++) {
        uint64_t times = 0;

        for (unsigned int k = 0; k < DIRTIED_KIBS; k++)
            if (i % DIRTIED_STRIDE == 0 && i < DIRTIED_WORDS(dirtied_kib[k]))
                times += DIRTIED_WARM + 2 * DIRTIED_REPETITIONS * DIRTIED_ROUNDS;
        if (dirtied_area[i] != times)
            return false;
    }
    return true;
}

static inline void dirtied_write_alone(unsigned int kib)
{
    MARKER(MARKER_OPEN, DIRTIED_REGION + 1);
    for (unsigned int n = DIRTIED_ROUNDS; n; n--)
        dirtied_write(kib);
    MARKER(MARKER_CLOSE, DIRTIED_REGION + 1);
}

/* Returns the answer: how many orders to write have been obeyed, modulo 256; to DIRTIED_CHECK
 * DIRTIED_RIGHT, or 0. */
static inline uint8_t dirtied_obey(uint8_t order)
{
    static uint8_t obeyed;

    if (order == DIRTIED_CHECK)
        return dirtied_as_ordered() ? DIRTIED_RIGHT : 0;
    if (order & DIRTIED_ALONE)
        dirtied_write_alone(dirtied_kib[order & ~DIRTIED_ALONE]);
    else
        dirtied_write(dirtied_kib[order]);
    return ++obeyed;
}

/* --- The caller --- */

/* All loops, by `ask`, which takes an order to the partner and brings its answer; false if an
 * answer was wrong. */
static inline __attribute__((always_inline)) bool dirtied_measure(uint8_t (*ask)(uint8_t order))
{
    uint8_t asked = 0;
    bool right = true;

    for (uint8_t k = 0; k < DIRTIED_KIBS; k++) {
        for (unsigned int n = DIRTIED_WARM; n; n--)
            right &= ask(k) == ++asked;
        for (unsigned int i = 0; i < DIRTIED_REPETITIONS; i++) {
            MARKER(MARKER_OPEN, DIRTIED_REGION);
            for (unsigned int n = DIRTIED_ROUNDS; n; n--)
                right &= ask(k) == ++asked;
            MARKER(MARKER_CLOSE, DIRTIED_REGION);
            right &= ask(k | DIRTIED_ALONE) == ++asked;
        }
    }
    return right & (ask(DIRTIED_CHECK) == DIRTIED_RIGHT);
}

#endif
