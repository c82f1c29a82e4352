/* SPDX-License-Identifier: BSD-2-Clause */
/* Name spaces: entries, free entries, the hash of send rights. */
#include "mach_ipc/space.h"

#include "l4k/lib/assert.h"
#include "mach_ipc/right.h"

enum kern_return space_create(struct quota *payer, struct space **out)
{
    struct space *s = kmem_alloc(sizeof(*s), payer);

    if (!s)
        return KERN_RESOURCE_SHORTAGE;
    s->leaf = kmem_alloc(PAGE_SIZE, payer);
    s->bucket = kmem_alloc(PAGE_SIZE, payer);
    if (!s->leaf || !s->bucket) {
        kmem_free(s->leaf, PAGE_SIZE, payer);
        kmem_free(s->bucket, PAGE_SIZE, payer);
        kmem_free(s, sizeof(*s), payer);
        return KERN_RESOURCE_SHORTAGE;
    }
    s->refs = 1;
    s->active = true;
    s->fresh = 1; /* index 0 would make the name MACH_PORT_NULL */
    s->payer = payer;
    *out = s;
    return KERN_SUCCESS;
}

void space_release(struct space *s)
{
    if (--s->refs > 0)
        return;
    assert(!s->active);
    kmem_free(s->leaf, PAGE_SIZE, s->payer);
    kmem_free(s->bucket, PAGE_SIZE, s->payer);
    kmem_free(s, sizeof(*s), s->payer);
}

void space_for_each(struct space *s,
                    void (*visit)(struct space *s, mach_port_name_t name, struct entry *e,
                                  void *argument),
                    void *argument)
{
    for (uint32_t l = 0; l < SPACE_LEAVES; l++) {
        struct entry *leaf = s->leaf[l];

        for (uint32_t i = 0; leaf && i < ENTRIES_PER_LEAF; i++)
            if (leaf[i].bits & ENTRY_TYPE_MASK)
                visit(s, (uint32_t)(l * ENTRIES_PER_LEAF + i) | (leaf[i].bits & ENTRY_GEN_MASK),
                      &leaf[i], argument);
    }
}

static void destroy_entry(struct space *s, mach_port_name_t name, struct entry *e, void *argument)
{
    (void)argument;
    right_check(s, name, e);
    right_destroy_entry(s, name, e);
}

void space_destroy(struct space *s)
{
    if (!s->active)
        return;
    s->active = false;
    space_for_each(s, destroy_entry, NULL);
    assert(s->count == 0);
    s->free = 0;
    for (uint32_t l = 0; l < SPACE_LEAVES; l++) {
        kmem_free(s->leaf[l], PAGE_SIZE, s->payer);
        s->leaf[l] = NULL;
    }
}

/* --- entries --- */

/* Makes the page of an index appear. */
static struct entry *back(struct space *s, uint32_t index)
{
    struct entry **leaf = &s->leaf[index / ENTRIES_PER_LEAF];

    if (!*leaf)
        *leaf = kmem_alloc(PAGE_SIZE, s->payer);
    return *leaf ? entry_at(s, index) : NULL;
}

static bool in_use(const struct entry *e)
{
    return e->bits & ENTRY_TYPE_MASK;
}

/* An entry that was never used. Names of the user's choice may be in the way. */
static enum kern_return take_fresh(struct space *s, uint32_t *index, struct entry **out)
{
    do {
        if (s->fresh >= SPACE_MAX_NAMES)
            return KERN_NO_SPACE;
        *out = back(s, s->fresh);
        if (!*out)
            return KERN_RESOURCE_SHORTAGE;
        *index = s->fresh++;
    } while (in_use(*out));
    return KERN_SUCCESS;
}

enum kern_return entry_alloc(struct space *s, mach_port_name_t *name, struct entry **out)
{
    uint32_t index;
    struct entry *e;

    assert(s->active);
    for (index = s->free; index; index = s->free) {
        e = entry_at(s, index);
        s->free = e->next_free;
        e->bits &= ~ENTRY_LISTED;
        if (!in_use(e))
            break;
    }
    if (!index) {
        enum kern_return kr = take_fresh(s, &index, &e);

        if (kr != KERN_SUCCESS)
            return kr;
    }
    s->count++;
    e->port = NULL;
    *name = index | e->bits;
    *out = e;
    return KERN_SUCCESS;
}

enum kern_return entry_alloc_name(struct space *s, mach_port_name_t name, struct entry **out)
{
    uint32_t index = NAME_INDEX(name);
    struct entry *e;

    if (!mach_port_valid(name))
        return KERN_INVALID_VALUE;
    assert(s->active);
    if (index == 0 || index >= SPACE_MAX_NAMES)
        return KERN_NO_SPACE;
    e = back(s, index);
    if (!e)
        return KERN_RESOURCE_SHORTAGE;
    if (in_use(e))
        return KERN_NAME_EXISTS;
    s->count++;
    e->port = NULL;
    e->bits = (e->bits & ENTRY_LISTED) | (name & ENTRY_GEN_MASK);
    *out = e;
    return KERN_SUCCESS;
}

/* --- the hash --- */

static uint32_t *bucket_of(struct space *s, const struct port *port)
{
    return &s->bucket[(uint64_t)port * 0x9e3779b97f4a7c15u >> 54];
}

_Static_assert(SPACE_BUCKETS == 1 << 10, "the ten high bits of the product");

void entry_hash(struct space *s, mach_port_name_t name, struct entry *e)
{
    uint32_t *bucket = bucket_of(s, e->port);

    e->hash_next = *bucket;
    *bucket = NAME_INDEX(name);
}

void entry_unhash(struct space *s, mach_port_name_t name, struct entry *e)
{
    uint32_t *link = bucket_of(s, e->port);

    while (*link != NAME_INDEX(name)) {
        assert(*link);
        link = &entry_at(s, *link)->hash_next;
    }
    *link = e->hash_next;
}

struct entry *entry_find(struct space *s, const struct port *port, mach_port_name_t *name)
{
    for (uint32_t index = *bucket_of(s, port); index;) {
        struct entry *e = entry_at(s, index);

        if (e->port == port) {
            *name = index | (e->bits & ENTRY_GEN_MASK);
            return e;
        }
        index = e->hash_next;
    }
    return NULL;
}
