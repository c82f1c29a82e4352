/* SPDX-License-Identifier: BSD-2-Clause */
/* A set-associative cache that holds no data, only which lines are there and which are dirty. */
#ifndef BENCH_MODEL_CACHE_H
#define BENCH_MODEL_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/model/machine.h"

struct cache {
    struct cache_config config;
    unsigned int line_shift;
    uint64_t sets;
    uint64_t *lines; /* of each set, the next to be replaced last: (line + 1) << 1 | dirty, or 0 */
};

/* False without memory. A config of size 0 makes no cache: it must not be used. */
bool cache_init(struct cache *cache, const struct cache_config *config);
void cache_free(struct cache *cache);

/* Is the line of `addr` there? Counts as a use of it; `dirty` marks it. */
bool cache_find(struct cache *cache, uint64_t addr, bool dirty);

/* Put a line in that is not there. True if that drove out a dirty one, of address `*victim`. */
bool cache_fill(struct cache *cache, uint64_t addr, bool dirty, uint64_t *victim);

#endif
