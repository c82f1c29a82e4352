/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads, as far as every IPC path has them.
 *
 * A thread's registers lie right below it in memory (thread_frame()), and TSS.RSP0 points at the
 * running thread: where the CPU begins to push on a trap is where the thread begins, so one store
 * switches both. `current()` is read back from there.
 *
 * The IPC path appends fields of its own: it allocates ipc_thread_size bytes for each, of which this
 * is the beginning. How a thread waits is the path's business: a thread that waits is not in the
 * ready queue, and the path says sched_block() when it is the running one. */
#ifndef L4K_KERN_THREAD_H
#define L4K_KERN_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "l4k/abi/l4.h"
#include "l4k/abi/status.h"
#include "l4k/kern/kmem.h"
#include "l4k/kern/object.h"
#include "l4k/kern/timeout.h"
#include "l4k/lib/list.h"
#include "l4k/x86_64/frame.h"

struct task;

#define PRIORITIES 64

/* Priority as the fast path compares it. cpu.ready_rank is 0 when no thread is ready, else
 * READY_RANK_OF the highest ready priority; a direct switch to a waiting thread is the scheduler's
 * own choice when that thread's rank is above it. 0 as a rank says "does not wait". */
#define RANK_OF(priority) (2u * (priority) + 3u)
#define READY_RANK_OF(priority) (2u * (priority) + 2u)

enum thread_state {
    THREAD_READY,   /* runs, may run, or waits as the IPC path knows */
    THREAD_STOPPED, /* until somebody lets it run */
    THREAD_DEAD,    /* destroyed; memory lives until the last reference goes */
};

/* What a faulting thread's handler is told. */
struct thread_fault {
    uint64_t vector, error, address;
    uint8_t access; /* PROT_* */
    bool mapped;
};

struct thread {
    uint64_t cr3;
    uint64_t fs_base, gs_base; /* of a thread that is not current */
    void *host_call;           /* the collocated server's record of this client */
    uint32_t rank;             /* RANK_OF(priority) */
    uint8_t priority;
    uint8_t state; /* enum thread_state */
    bool queued;   /* in the ready queue */
    uint32_t slice; /* ticks left */
    struct list ready_link;
    /* What it does when it is next switched to, on an empty kernel stack with its address space
     * loaded; NULL: it returns to user mode with the registers in its frame. */
    void (*continuation)(struct thread *);
    struct object object;
    struct task *task;       /* a reference */
    struct list task_link;   /* task->threads */
    struct list all_link;    /* all_threads */
    struct timeout timeout;  /* of a timed wait */
    struct thread_fault fault;
    void *fpu;               /* 512 bytes FXSAVE */
};

/* The registers of `t`, valid as thread.h and l4.h say for its state. */
static inline struct frame *thread_frame(struct thread *t)
{
    return (struct frame *)t - 1;
}

/* Stands where no thread is: never runs and never waits, always THREAD_DEAD. Defined by the IPC path,
 * with its fields. */
extern struct thread null_thread;

/* All threads that are not dead, by all_link. */
extern struct list all_threads;

/* A stopped thread in `task`, paid from its quota. It has one reference, which stands for its being
 * alive and goes with ipc_thread_destroy(). ERR_NO_MEMORY. */
enum status thread_create(struct task *task, unsigned priority, struct thread **out);

static inline void thread_set_priority_fields(struct thread *t, unsigned priority)
{
    t->priority = (uint8_t)priority;
    t->rank = RANK_OF(priority);
}

#endif
