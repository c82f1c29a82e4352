/* SPDX-License-Identifier: BSD-2-Clause */
/* What every kernel object begins with, and its life.
 *
 * A capability slot points at an object; the fast path follows it without asking of what kind it
 * is: `receiver` is a thread for a bound gate and the null thread, which never waits, for
 * everything else. `references` counts capabilities and pointers held inside the kernel; the last
 * release runs the kind's destructor. */
#ifndef L4K_KERN_OBJECT_H
#define L4K_KERN_OBJECT_H

#include <stddef.h>
#include <stdint.h>

struct thread;

enum object_kind {
    OBJECT_NULL,   /* an empty slot */
    OBJECT_GATE,
    OBJECT_TASK,
    OBJECT_THREAD,
    OBJECT_MEMORY,
    OBJECT_TIMER,
    OBJECT_INTERRUPT,
    OBJECT_SYSTEM,
    OBJECT_KINDS,
};

struct object {
    struct thread *receiver;
    uint64_t badge; /* what the receiver is told; means something for gates only */
    uint32_t kind;
    uint32_t references;
    void (*destroy)(struct object *);
};

/* Fills empty slots. Never destroyed. */
extern struct object null_object;

/* One reference, the caller's. Receiver: the null thread. */
void object_init(struct object *o, enum object_kind kind, void (*destroy)(struct object *));

static inline struct object *object_reference(struct object *o)
{
    o->references++;
    return o;
}

/* Consumes a reference. */
void object_release(struct object *o);

#endif
