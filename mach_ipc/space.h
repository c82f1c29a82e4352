/* SPDX-License-Identifier: BSD-2-Clause */
/* Port name spaces: a task's names of rights.
 *
 * A name is an index into the entries (low 24 bits) and a generation (high 8 bits) that changes
 * each time an entry is freed, so a stale name does not mean its successor. Entries come in pages
 * that appear when first used, found through one page of pointers; the task's quota pays. The first
 * names of a space are 1, 2, 3...
 *
 * An entry with a send right and no receive right is in the space's hash by port, so that a port
 * received again gets the name it has. The receive right needs no hash: the port knows its receiver
 * and name.
 *
 * A space lives by references; space_destroy() empties it and leaves it inactive, which lookups
 * see as a space without entries. */
#ifndef MACH_IPC_SPACE_H
#define MACH_IPC_SPACE_H

#include <stdbool.h>

#include "l4k/abi/layout.h"
#include "l4k/abi/mach.h"
#include "l4k/kern/kmem.h"

struct port;
struct port_set;
struct dead_name_request;

#define ENTRY_UREFS_MASK 0x0000ffffu /* user references: send, send-once (1), dead name */
#define ENTRY_UREFS_MAX 0xffffu
#define ENTRY_TYPE_MASK 0x001f0000u  /* MACH_PORT_TYPE_*; 0: free */
#define ENTRY_ACCEPTED 0x00200000u   /* a message-accepted notification is to come */
#define ENTRY_LISTED 0x00400000u     /* on the list of free entries, in use or not */
#define ENTRY_GEN_MASK 0xff000000u
#define ENTRY_GEN_ONE 0x01000000u

struct entry {
    union {
        struct port *port;    /* a reference; NULL: dead name */
        struct port_set *set; /* a reference */
    };
    struct dead_name_request *request; /* or NULL */
    uint32_t bits;      /* ENTRY_* */
    uint32_t hash_next; /* index, 0 ends */
    uint32_t next_free; /* LISTED: index, 0 ends */
    uint32_t unused;
};

_Static_assert(sizeof(struct entry) == 32, "a power of two");

#define ENTRIES_PER_LEAF (PAGE_SIZE / sizeof(struct entry))
#define SPACE_LEAVES (PAGE_SIZE / sizeof(struct entry *))
#define SPACE_MAX_NAMES (ENTRIES_PER_LEAF * SPACE_LEAVES) /* 65536 */
#define SPACE_BUCKETS (PAGE_SIZE / sizeof(uint32_t))

#define NAME_INDEX(name) ((name) & 0x00ffffffu)

struct space {
    struct entry **leaf;   /* SPACE_LEAVES pointers, NULL where none is */
    uint32_t *bucket;      /* SPACE_BUCKETS chains of entries by port */
    uint32_t refs;
    bool active;
    uint32_t free;         /* first listed entry; an entry of the user's choice may be in use */
    uint32_t fresh;        /* all entries from here on, unless named explicitly, were never used */
    uint32_t count;        /* entries in use */
    struct quota *payer;
};

/* Empty, active, one reference. KERN_RESOURCE_SHORTAGE. */
enum kern_return space_create(struct quota *payer, struct space **out);

static inline void space_reference(struct space *s)
{
    s->refs++;
}
void space_release(struct space *s);

/* Ends the space: all rights go as by mach_port_destroy; waits for them end. References stay. */
void space_destroy(struct space *s);

/* The entry that `name` names, NULL if there is none. The port may be dead: right_check(). Valid
 * as long as the space has its reference: entries do not move. */
static inline __attribute__((always_inline)) struct entry *
space_lookup(const struct space *s, mach_port_name_t name)
{
    uint32_t index = NAME_INDEX(name);
    struct entry *e;

    if (index >= SPACE_MAX_NAMES || !(e = s->leaf[index / ENTRIES_PER_LEAF]))
        return NULL;
    e += index % ENTRIES_PER_LEAF;
    if ((e->bits ^ name) & ENTRY_GEN_MASK || !(e->bits & ENTRY_TYPE_MASK))
        return NULL;
    return e;
}

static inline struct entry *entry_at(const struct space *s, uint32_t index)
{
    return &s->leaf[index / ENTRIES_PER_LEAF][index % ENTRIES_PER_LEAF];
}

/* A new entry of an active space: no type, no references, no port. KERN_NO_SPACE: all names are used;
 * KERN_RESOURCE_SHORTAGE. The caller sets the type at once or calls entry_free(). */
enum kern_return entry_alloc(struct space *s, mach_port_name_t *name, struct entry **out);

/* The quick part of entry_alloc(): an entry off the list. False: there is none at hand. */
static inline bool entry_pop(struct space *s, mach_port_name_t *name, struct entry **out)
{
    uint32_t index = s->free;
    struct entry *e;

    if (!index)
        return false;
    e = entry_at(s, index);
    if (e->bits & ENTRY_TYPE_MASK)
        return false;
    s->free = e->next_free;
    s->count++;
    e->bits &= ~ENTRY_LISTED;
    *name = index | e->bits;
    *out = e;
    return true;
}

/* The entry of a name of the caller's choice. KERN_NAME_EXISTS if its index is in use, else as
 * above; KERN_INVALID_VALUE: MACH_PORT_NULL or MACH_PORT_DEAD; KERN_NO_SPACE: index too high. */
enum kern_return entry_alloc_name(struct space *s, mach_port_name_t name, struct entry **out);

/* Frees an entry whose rights are gone already, without a request and not in the hash. */
static inline void entry_free(struct space *s, mach_port_name_t name, struct entry *e)
{
    uint32_t index = NAME_INDEX(name);

    e->bits = (e->bits + ENTRY_GEN_ONE) & (ENTRY_GEN_MASK | ENTRY_LISTED);
    s->count--;
    if (e->bits & ENTRY_LISTED || index >= s->fresh)
        return;
    e->bits |= ENTRY_LISTED;
    e->next_free = s->free;
    s->free = index;
}

/* The hash of send rights. entry_hash(): the entry has its port. entry_find(): the entry of
 * the send right to `port`, whose receive right is elsewhere, and its name; NULL: none. */
void entry_hash(struct space *s, mach_port_name_t name, struct entry *e);
void entry_unhash(struct space *s, mach_port_name_t name, struct entry *e);
struct entry *entry_find(struct space *s, const struct port *port, mach_port_name_t *name);

/* Calls `visit` for each entry in use, by index. `visit` may free that entry. */
void space_for_each(struct space *s,
                    void (*visit)(struct space *s, mach_port_name_t name, struct entry *e,
                                  void *argument),
                    void *argument);

#endif
