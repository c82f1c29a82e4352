/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of kernel objects. */
#include "l4k/kern/object.h"

#include <stdbool.h>

#include "l4k/kern/thread.h"
#include "l4k/lib/assert.h"

struct object null_object = {
    .receiver = &null_thread,
    .kind = OBJECT_NULL,
    .references = 1,
};

void object_init(struct object *o, enum object_kind kind, void (*destroy)(struct object *))
{
    o->receiver = &null_thread;
    o->badge = 0;
    o->kind = kind;
    o->references = 1;
    o->destroy = destroy;
}

/* Objects without a reference that wait for their destructor, linked through `badge`. Destructors
 * release other objects; working off a list keeps the kernel stack flat however long the chain. */
static struct object *doomed;
static bool destroying;

void object_release(struct object *o)
{
    assert(o->references > 0);
    if (--o->references > 0)
        return;
    o->badge = (uint64_t)doomed;
    doomed = o;
    if (destroying)
        return;
    destroying = true;
    while (doomed) {
        o = doomed;
        doomed = (struct object *)o->badge;
        o->destroy(o);
    }
    destroying = false;
}
