/* SPDX-License-Identifier: BSD-2-Clause */
/* Caches: latency over growing working sets, ways and lines of the first level, stores. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/host/calibrate.h"
#include "bench/host/chain.h"

#define SMALLEST 4096
#define LARGEST (256ul << 20)
#define STEPS 4 /* to an octave */
#define FOLLOWED 16384
#define FOLLOWED_MAX 65536
#define REPEATS 31
#define WAYS_MAX 32
#define BLOCK 512         /* in which pairs of loads lie */
#define PAIRS 512         /* blocks: more than a first level holds, less than a second one */

struct walk {
    void **member;
    size_t n;
};

static void follow(void *data)
{
    struct walk *walk = data;

    walk->member = chain_follow(walk->member, walk->n);
}

/* Core cycles of a load of the chain, once all of it has been touched. */
static double latency(void **chain, size_t members)
{
    size_t n = members < FOLLOWED ? FOLLOWED : members < FOLLOWED_MAX ? members : FOLLOWED_MAX;
    struct walk walk = { chain_follow(chain, members), n / FOLLOW_UNROLL * FOLLOW_UNROLL };

    return measure(follow, &walk, REPEATS).quartile / walk.n;
}

static void curve(char *memory, size_t largest)
{
    printf("{\"latency\": [");
    for (size_t octave = SMALLEST; octave < largest; octave *= 2)
        for (size_t step = 0; step < STEPS; step++) {
            size_t size = octave + octave / STEPS * step;

            printf("[%zu, %.2f], ", size, latency(chain_lines(memory, size), size / LINE));
        }
    printf("[%zu, %.2f]]}\n", largest, latency(chain_lines(memory, largest), largest / LINE));
}

/* Lines at one place of successive pages share a set where sets are chosen within a page, as in
 * every first level that is looked up while the address is translated. */
static void ways(char *memory)
{
    size_t offsets[WAYS_MAX];

    printf("{\"same_set\": [");
    for (size_t n = 1; n <= WAYS_MAX; n++) {
        offsets[n - 1] = (n - 1) * PAGE;
        printf("%s[%zu, %.2f]", n > 1 ? ", " : "", n,
               latency(chain_offsets(memory, offsets, n), n));
    }
    printf("]}\n");
}

/* Pairs of loads `apart` from one another, in more lines than the first level holds: the second
 * load finds its line there if that is the first one's. */
static void lines(char *memory)
{
    static size_t order[PAIRS], offsets[2 * PAIRS];

    printf("{\"pairs\": [");
    for (size_t apart = 8; apart < BLOCK; apart *= 2) {
        shuffle(order, PAIRS);
        for (size_t i = 0; i < PAIRS; i++) {
            offsets[2 * i] = order[i] * BLOCK + order[i] % 2 * BLOCK / 2;
            offsets[2 * i + 1] = offsets[2 * i] ^ apart;
        }
        printf("%s[%zu, %.2f]", apart > 8 ? ", " : "", apart,
               latency(chain_offsets(memory, offsets, 2 * PAIRS), 2 * PAIRS));
    }
    printf("]}\n");
}

struct area {
    char *memory;
    size_t size;
};

static void store(void *data)
{
    const struct area *area = data;

    for (size_t i = 0; i < area->size; i += LINE)
        *(volatile uint64_t *)(area->memory + i) = i;
}

/* Core cycles for each line that is written, one after the other. */
static void stores(char *memory, size_t largest)
{
    printf("{\"stores\": [");
    for (size_t size = SMALLEST; size <= largest; size *= 2) {
        struct area area = { memory, size };

        printf("%s[%zu, %.2f]", size > SMALLEST ? ", " : "", size,
               measure(store, &area, size < FOLLOWED * LINE ? REPEATS : 5).quartile /
                   (size / LINE));
    }
    printf("]}\n");
}

void measure_caches(void)
{
    size_t memory_size = (size_t)sysconf(_SC_PHYS_PAGES) * PAGE, largest = LARGEST;
    char *memory;

    while (largest > memory_size / 4)
        largest /= 2;
    memory = chain_memory(largest);
    if (!memory)
        fail("no memory for the caches' working sets");
    curve(memory, largest);
    ways(memory);
    lines(memory);
    stores(memory, largest);
}
