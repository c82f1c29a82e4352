/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells why a cache misses: beside it stands a fully associative one of the same size with lru.
 *
 * A miss of the real cache is compulsory if its line was never referenced before, a capacity miss if
 * the shadow misses too, otherwise a conflict (Hill and Smith, IEEE Trans. Computers 38(12), 1989). */
#ifndef BENCH_MODEL_SHADOW_H
#define BENCH_MODEL_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

enum shadow_state { SHADOW_HIT, SHADOW_MISS, SHADOW_NEW };

struct shadow;

struct shadow *shadow_new(uint64_t lines); /* NULL without memory */
void shadow_free(struct shadow *shadow);   /* NULL is allowed */

/* A reference to `line`, which `allocate` brings in. What the shadow said before it. SHADOW_MISS
 * also where memory has run out for what was seen. */
enum shadow_state shadow_use(struct shadow *shadow, uint64_t line, bool allocate);

#endif
