/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks: an address map, threads, and the account that pays for them. The IPC path appends its names
 * of objects: it has ipc_task_size bytes of each, of which struct task is the beginning. */
#ifndef L4K_KERN_TASK_H
#define L4K_KERN_TASK_H

#include "l4k/abi/status.h"
#include "l4k/kern/kmem.h"
#include "l4k/kern/object.h"
#include "l4k/kern/thread.h"
#include "l4k/lib/list.h"

struct vm_map;

/* A quota that several tasks draw on. Its limit is charged to the account it was split off from.
 * What was charged to it may outlive its tasks (memory that others share), so it goes when both its
 * holders and its charges are gone. */
struct account {
    struct quota quota;
    uint32_t holders;
    struct account *parent; /* a reference; NULL: the kernel gave it */
};

/* One reference, the caller's. `parent` NULL: from the kernel. ERR_NO_MEMORY: the parent can't
 * give that much. */
enum status account_create(struct account *parent, size_t limit, struct account **out);

static inline struct account *account_reference(struct account *a)
{
    a->holders++;
    return a;
}
void account_release(struct account *a);

struct task {
    struct object object;
    struct account *account; /* a reference */
    struct vm_map *map;      /* a reference; NULL once destroyed */
    uint64_t cr3;
    struct list threads;
};

/* Called when a task ends; the layer that makes maps says how they go. Set once at boot. */
extern void (*task_map_release)(struct vm_map *map);
/* A task with one reference, the caller's. It receives its map, with the CR3 value that goes
 * with it: the caller's reference to the map is consumed on success. Takes a reference to the
 * account. ERR_NO_MEMORY. */
enum status task_create(struct vm_map *map, uint64_t cr3, struct account *account,
                        struct task **out);

/* Ends its threads, empties its name space, lets its map go. References keep the shell. The
 * current thread may be one of its own; it is not continued then. */
void task_destroy(struct task *task);

static inline struct quota *task_quota(struct task *task)
{
    return &task->account->quota;
}

static inline struct task *task_of(struct object *o)
{
    return container_of(o, struct task, object);
}

static inline struct thread *thread_of(struct object *o)
{
    return container_of(o, struct thread, object);
}

#endif
