/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines ever seen in a hash table; those that are in the shadow cache form a list, by last use. */
#include "bench/model/shadow.h"

#include <stdlib.h>

#define BUCKETS 65536
#define NONE UINT32_MAX

struct node {
    uint64_t line;
    uint32_t chain;      /* next of the bucket */
    uint32_t newer, older; /* neighbours in the list, if `inside` */
    bool inside;
};

struct shadow {
    uint64_t capacity, used;
    struct node *nodes;
    uint32_t n_nodes, room;
    uint32_t newest, oldest;
    uint32_t buckets[BUCKETS];
};

struct shadow *shadow_new(uint64_t lines)
{
    struct shadow *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->capacity = lines;
    s->newest = s->oldest = NONE;
    for (unsigned int i = 0; i < BUCKETS; i++)
        s->buckets[i] = NONE;
    return s;
}

void shadow_free(struct shadow *s)
{
    if (s)
        free(s->nodes);
    free(s);
}

static uint32_t *bucket_of(struct shadow *s, uint64_t line)
{
    return &s->buckets[(line ^ line >> 16) % BUCKETS];
}

static uint32_t find(struct shadow *s, uint64_t line)
{
    uint32_t at = *bucket_of(s, line);

    while (at != NONE && s->nodes[at].line != line)
        at = s->nodes[at].chain;
    return at;
}

/* NONE without memory. */
static uint32_t add(struct shadow *s, uint64_t line)
{
    uint32_t *bucket = bucket_of(s, line);

    if (s->n_nodes == s->room) {
        uint32_t room = s->room ? 2 * s->room : 1024;
        struct node *nodes = realloc(s->nodes, room * sizeof(*nodes));

        if (!nodes)
            return NONE;
        s->nodes = nodes;
        s->room = room;
    }
    s->nodes[s->n_nodes] = (struct node){ .line = line, .chain = *bucket };
    return *bucket = s->n_nodes++;
}

static void take_out(struct shadow *s, uint32_t at)
{
    struct node *node = &s->nodes[at];

    *(node->newer == NONE ? &s->newest : &s->nodes[node->newer].older) = node->older;
    *(node->older == NONE ? &s->oldest : &s->nodes[node->older].newer) = node->newer;
    node->inside = false;
    s->used--;
}

static void put_first(struct shadow *s, uint32_t at)
{
    if (s->used == s->capacity)
        take_out(s, s->oldest);
    s->nodes[at].newer = NONE;
    s->nodes[at].older = s->newest;
    s->nodes[at].inside = true;
    *(s->newest == NONE ? &s->oldest : &s->nodes[s->newest].newer) = at;
    s->newest = at;
    s->used++;
}

enum shadow_state shadow_use(struct shadow *s, uint64_t line, bool allocate)
{
    enum shadow_state state = SHADOW_HIT;
    uint32_t at = s->newest;

    if (at != NONE && s->nodes[at].line == line)
        return SHADOW_HIT;
    at = find(s, line);
    if (at == NONE) {
        state = SHADOW_NEW;
        at = add(s, line);
        if (at == NONE)
            return SHADOW_MISS;
    } else if (!s->nodes[at].inside) {
        state = SHADOW_MISS;
    } else {
        take_out(s, at);
        allocate = true;
    }
    if (allocate)
        put_first(s, at);
    return state;
}
