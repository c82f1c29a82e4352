/* SPDX-License-Identifier: BSD-2-Clause */
/* Each set is a list from the line that stays longest to the one that goes next. */
#include "bench/model/cache.h"

#include <stdlib.h>
#include <string.h>

bool cache_init(struct cache *cache, const struct cache_config *config)
{
    memset(cache, 0, sizeof(*cache));
    cache->config = *config;
    if (!config->size)
        return true;
    cache->line_shift = __builtin_ctzll(config->line);
    cache->sets = config->size / (config->line * config->ways);
    cache->lines = calloc(cache->sets * config->ways, sizeof(*cache->lines));
    return cache->lines;
}

void cache_free(struct cache *cache)
{
    free(cache->lines);
    cache->lines = NULL;
}

static uint64_t *set_of(const struct cache *cache, uint64_t line)
{
    return cache->lines + (line & (cache->sets - 1)) * cache->config.ways;
}

bool cache_find(struct cache *cache, uint64_t addr, bool dirty)
{
    uint64_t line = addr >> cache->line_shift, *set = set_of(cache, line);

    for (unsigned int i = 0; i < cache->config.ways; i++) {
        uint64_t entry = set[i];

        if (entry >> 1 != line + 1)
            continue;
        entry |= dirty;
        if (i && !cache->config.fifo) {
            memmove(set + 1, set, i * sizeof(*set));
            i = 0;
        }
        set[i] = entry;
        return true;
    }
    return false;
}

bool cache_fill(struct cache *cache, uint64_t addr, bool dirty, uint64_t *victim)
{
    uint64_t line = addr >> cache->line_shift, *set = set_of(cache, line);
    uint64_t last = set[cache->config.ways - 1];

    memmove(set + 1, set, (cache->config.ways - 1) * sizeof(*set));
    set[0] = (line + 1) << 1 | dirty;
    *victim = ((last >> 1) - 1) << cache->line_shift;
    return last & 1;
}
