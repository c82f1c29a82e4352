/* SPDX-License-Identifier: BSD-2-Clause */
/* gsync_wait and gsync_wake: waiting for a word of memory to change. Who waits is its request, held
 * back: the reply comes with the wake-up or the timeout. */
#include "l4k/kern/timeout.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/x86_64/clock.h"
#include "mach_ipc/kern/rpc.h"
#include "mach_ipc/kern/sync.h"
#include "mach_ipc/message.h"

#define SHARED 1u /* the word is known by its memory object, else by task and address */
#define QUAD 2u   /* two words are looked at */
#define TIMED 4u
#define BROADCAST 8u
#define MUTATE 16u
#define WAIT_FLAGS (SHARED | QUAD | TIMED)
#define WAKE_FLAGS (SHARED | BROADCAST | MUTATE)

struct place {
    const void *where; /* map or object; compared only */
    uint64_t at;
};

struct waiter {
    struct list link;
    struct timeout timeout;
    struct place place;
    const struct kern_task *task;
    struct kmsg *reply; /* complete but for the result: its destination is the reply right */
    struct quota *payer;
};

static struct list waiters = {&waiters, &waiters};

/* Where the word is; it has been read, so there is an object. */
static struct place place_of(struct kern_task *task, uint64_t address, bool shared)
{
    struct vm_map *map = task->mach.task.map;
    struct vm_region r;

    if (shared && vm_map_region(map, address, &r) == OK && r.object)
        return (struct place){r.object, r.offset + (address - r.start)};
    return (struct place){map, address};
}

static void end_wait(struct waiter *w, uint32_t result)
{
    struct kmsg *reply = w->reply;

    list_remove(&w->link);
    timeout_set(&w->timeout, 0);
    kmem_free(w, sizeof(*w), w->payer);
    ((struct mach_result *)&reply->header)->result.value = result;
    message_send(reply);
}

static void timed_out(struct timeout *timeout)
{
    end_wait(container_of(timeout, struct waiter, timeout), KERN_TIMEDOUT);
}

/* The request's reply, to be sent later; takes its right. NULL: no memory. */
static struct kmsg *hold_reply(struct kmsg *request)
{
    struct kmsg *m = kmsg_alloc(sizeof(struct mach_result), request->payer);

    if (!m)
        return NULL;
    kmsg_set_header(m, kmsg_local(request), MACH_MSGH_BITS_LOCAL(request->header.bits), NULL, 0,
                    request->header.id + RPC_REPLY);
    request->header.local = 0;
    *(uint64_t *)&((struct mach_result *)&m->header)->result.type = MACH_TYPE_INT32;
    return m;
}

/* address, value, second value, milliseconds, flags. */
static int32_t wait(struct rpc *r)
{
    uint32_t flags = rpc_u32(r, 4), seen[2] = {0, rpc_u32(r, 2)};
    uint64_t address = r->in[0].value, bytes = flags & QUAD ? 8 : 4;
    struct waiter *w;

    if (flags & ~WAIT_FLAGS || address % bytes)
        return KERN_INVALID_ARGUMENT;
    if (vm_copy_in(r->task->mach.task.map, address, seen, bytes) != OK)
        return KERN_INVALID_ADDRESS;
    if (seen[0] != rpc_u32(r, 1) || seen[1] != rpc_u32(r, 2))
        return KERN_INVALID_ARGUMENT;
    if (flags & TIMED && !rpc_u32(r, 3))
        return KERN_TIMEDOUT;
    if (!port_valid(kmsg_local(r->request)))
        return MIG_NO_REPLY;
    w = kmem_alloc(sizeof(*w), r->request->payer);
    if (!w)
        return KERN_RESOURCE_SHORTAGE;
    w->payer = r->request->payer;
    w->reply = hold_reply(r->request);
    if (!w->reply) {
        kmem_free(w, sizeof(*w), w->payer);
        return KERN_RESOURCE_SHORTAGE;
    }
    w->task = r->task;
    w->place = place_of(r->task, address, flags & SHARED);
    list_add_tail(&waiters, &w->link);
    timeout_init(&w->timeout, timed_out);
    if (flags & TIMED)
        timeout_set(&w->timeout, clock_ns() + rpc_u32(r, 3) * UINT64_C(1000000));
    return MIG_NO_REPLY;
}

/* address, value, flags. A simple routine: what it refuses wakes nobody, and is not answered. */
static int32_t wake(struct rpc *r)
{
    uint32_t flags = rpc_u32(r, 2), value = rpc_u32(r, 1);
    uint64_t address = r->in[0].value;
    struct vm_map *map = r->task->mach.task.map;
    struct list *l, *next;
    struct place place;

    if (flags & ~WAKE_FLAGS || address % 4 ||
        (flags & MUTATE && vm_copy_out(map, address, &value, sizeof(value), false) != OK))
        return KERN_INVALID_ARGUMENT;
    place = place_of(r->task, address, flags & SHARED);
    list_for_each_safe(l, next, &waiters) {
        struct waiter *w = container_of(l, struct waiter, link);

        if (w->place.where != place.where || w->place.at != place.at)
            continue;
        end_wait(w, KERN_SUCCESS);
        if (!(flags & BROADCAST))
            break;
    }
    return KERN_SUCCESS;
}

void sync_forget(const struct kern_task *task)
{
    struct list *l, *next;

    list_for_each_safe(l, next, &waiters) {
        struct waiter *w = container_of(l, struct waiter, link);

        if (w->task == task)
            end_wait(w, KERN_TERMINATED);
    }
}

const struct routine sync_routines[] = {
    {RPC_GSYNC_WAIT, KOBJECT_TASK, false, "liiii", wait},
    {RPC_GSYNC_WAKE, KOBJECT_TASK, true, "lii", wake},
    {0},
};
