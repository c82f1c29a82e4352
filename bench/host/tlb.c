/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation buffers: a load in each of many pages, beside as many lines close together. */
#include <stdio.h>
#include <sys/mman.h>

#include "bench/host/calibrate.h"
#include "bench/host/chain.h"

#define FEWEST 8
#define MOST 8192
#define STEPS 8 /* to an octave */
#define FOLLOWED 16384
#define REPEATS 31

struct walk {
    void **member;
    size_t n;
};

static void follow(void *data)
{
    struct walk *walk = data;

    walk->member = chain_follow(walk->member, walk->n);
}

static double latency(void **chain, size_t members)
{
    struct walk walk = { chain, FOLLOWED };

    if (!chain)
        fail("no memory for a chain of pages");
    walk.member = chain_follow(chain, members);
    return measure(follow, &walk, REPEATS).quartile / walk.n;
}

static void point(char *pages, char *dense, size_t n)
{
    double spread = latency(chain_pages(pages, n), n);

    printf("[%zu, %.2f, %.2f]", n, spread, latency(chain_lines(dense, n * LINE), n));
}

void measure_tlb(void)
{
    char *pages = chain_memory(MOST * PAGE), *dense = chain_memory(MOST * LINE);

    if (!pages || !dense)
        fail("no memory for the translation buffers' pages");
    printf("{\"pages\": [");
    for (size_t octave = FEWEST; octave < MOST; octave *= 2)
        for (size_t step = 0; step < STEPS; step++) {
            point(pages, dense, octave + octave * step / STEPS);
            printf(", ");
        }
    point(pages, dense, MOST);
    printf("]}\n");
    munmap(pages, MOST * PAGE);
    munmap(dense, MOST * LINE);
}
