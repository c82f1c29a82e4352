/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities: task-local names of kernel objects.
 *
 * A task's table is an array of object pointers, contiguous in kernel memory (kvm.h) so that the
 * fast path needs one load, and grown on demand to CAP_MAX. Empty slots hold &null_object. Beside
 * each full slot a node records of which capability it is a copy, so that copies can be revoked. */
#ifndef L4K_IPC_CAP_H
#define L4K_IPC_CAP_H

#include "l4k/abi/status.h"
#include "l4k/kern/kmem.h"
#include "l4k/kern/object.h"
#include "l4k/kern/thread.h"
#include "l4k/lib/list.h"

#define CAP_MAX 65536u

struct cap_node; /* one per full slot */

struct cap_space {
    struct object **slot;
    struct cap_node **node;
    uint32_t count;          /* slots that exist, a multiple of a page's worth */
    struct quota *payer;
    struct list *threads;    /* whose cap_view follows the table */
};

enum status cap_space_init(struct cap_space *cs, struct quota *payer, struct list *threads);

/* Empties and frees the table. */
void cap_space_fini(struct cap_space *cs);

/* Puts `o` into an empty slot; takes a reference of its own. ERR_INVALID: beyond
 * CAP_MAX; ERR_EXISTS; ERR_NO_MEMORY. */
enum status cap_insert(struct cap_space *cs, uint32_t slot, struct object *o);

/* Copies a capability; the copy is a child of its source. ERR_NO_CAP and as cap_insert(). */
enum status cap_copy(struct cap_space *src, uint32_t from, struct cap_space *dst, uint32_t to);

/* Empties a slot; its copies become copies of what it was copied from. */
void cap_delete(struct cap_space *cs, uint32_t slot);

/* Takes away all copies that were made from this slot, and theirs. */
void cap_revoke(struct cap_space *cs, uint32_t slot);

/* The object, if it is of this kind; no reference. ERR_NO_CAP. */
enum status cap_lookup(const struct cap_space *cs, uint32_t slot, enum object_kind kind,
                       struct object **out);

static inline struct object *cap_object(const struct cap_space *cs, uint32_t slot)
{
    return slot < cs->count ? cs->slot[slot] : &null_object;
}

#endif
