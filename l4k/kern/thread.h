/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads.
 *
 * A thread's registers lie right below it in memory (thread_frame()), and TSS.RSP0 points at the
 * running thread: where the CPU begins to push on a trap is where the thread begins, so one store
 * switches both. `current` is read back from there.
 *
 * A thread is exactly one of: current; in the ready queue (`queued`); or blocked, which `state`
 * tells. The IPC fast path moves threads between THREAD_READY and the two states it knows by the
 * fields it reads anyway, never through the ready queue:
 *   open_rank != 0    waits for anyone, and a sender may deliver at once
 *   waiting_on        the thread whose reply it waits for; if nothing else was received there
 *                     since, waiting_on->caller points back
 * Those two hold with state == THREAD_READY; thread_blocked() tells. */
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
struct vm_object;

#define PRIORITIES 64

/* Priority as the fast path compares it. cpu.ready_rank is 0 when no thread is ready, else
 * READY_RANK_OF the highest ready priority; a direct switch to a waiting thread is the scheduler's
 * own choice when that thread's rank is above it. 0 as a rank says "does not wait". */
#define RANK_OF(priority) (2u * (priority) + 3u)
#define READY_RANK_OF(priority) (2u * (priority) + 2u)

enum thread_state {
    THREAD_READY,      /* runs, may run, or waits as the fast path has it (see above) */
    THREAD_STOPPED,    /* until THREAD_RESUME */
    THREAD_SENDING,    /* in partner's senders list */
    THREAD_RECEIVING,  /* waits for anyone with a timeout, or for `partner` alone (closed) */
    THREAD_CALLING,    /* like waiting_on, with a timeout or faulted: replies take the slow path */
    THREAD_DEAD,       /* destroyed; memory lives until the last reference goes */
};

/* The capability table as the fast path sees it, copied from the task. */
struct cap_view {
    struct object **slot;
    uint64_t count;
};

/* What a faulting thread's handler is told. */
struct thread_fault {
    uint64_t vector, error, address;
    uint8_t access; /* PROT_* */
    bool mapped;
};

struct thread {
    /* Read or written by the fast path; see l4k/ipc/fastpath.S. */
    uint64_t stub_end; /* a `syscall` that returns below is an L4 call, any other is Linux's */
    struct cap_view caps;
    struct thread *caller;     /* whom OP_REPLY_WAIT answers; &null_thread: none */
    struct thread *waiting_on; /* NULL: waits for no reply */
    uint32_t open_rank;        /* rank while waiting for anyone, else 0 */
    uint32_t rank;             /* RANK_OF(priority) */
    uint32_t reply_rank;       /* rank, or 0 while replies must take the slow path */
    uint32_t queued_events;    /* senders and notifications that wait for it */
    uint64_t cr3;
    uint64_t fs_base, gs_base; /* of a thread that is not current */
    struct utcb *utcb;         /* kernel's mapping, or NULL */
    uint64_t reflect_entry;    /* where a reflected Linux call enters user code */
    void *host_call;           /* the collocated server's record of this client */

    struct object object;
    struct task *task;
    struct list task_link;     /* task->threads */
    struct list ready_link;
    bool queued;
    uint8_t priority;
    uint8_t state; /* enum thread_state */
    bool faulted;  /* CALLING because of a fault: the reply is no message */
    uint32_t slice; /* ticks left */
    uint64_t send_tag;        /* SENDING: the tag as the receiver will see it */
    uint64_t send_badge;
    uint64_t receive_timeout; /* SENDING a call: how long to wait for the reply, microseconds */
    struct thread_fault fault;
    struct thread *partner;
    struct list sender_link;
    struct list senders;       /* threads that send to this one, first come first served */
    struct list notifications; /* pending timers and interrupts */
    struct list gates;         /* bound gates */
    struct list sources;       /* bound timers and interrupts */
    struct object *handler;    /* gate for faults and exceptions, or NULL; a reference */
    struct timeout timeout;    /* of a timed wait */
    struct vm_object *utcb_object; /* holds the UTCB's page, at utcb_offset; NULL without UTCB */
    uint64_t utcb_offset;
    struct list all_link;
    void *fpu;                 /* 512 bytes FXSAVE */
};

/* The registers of `t`, valid as thread.h and l4.h say for its state. */
static inline struct frame *thread_frame(struct thread *t)
{
    return (struct frame *)t - 1;
}

/* Never runs and never waits: what unbound gates and empty slots deliver to. */
extern struct thread null_thread;

/* All threads that are not dead, by all_link. */
extern struct list all_threads;

/* A stopped thread in `task`, paid from its quota. It has one reference, which stands for its being
 * alive and goes with ipc_thread_destroy(). ERR_NO_MEMORY. */
enum status thread_create(struct task *task, unsigned priority, struct thread **out);

/* Waits, in whatever form. */
static inline bool thread_blocked(const struct thread *t)
{
    return t->state != THREAD_READY || t->waiting_on || t->open_rank;
}

static inline void thread_set_priority_fields(struct thread *t, unsigned priority)
{
    t->priority = (uint8_t)priority;
    t->rank = RANK_OF(priority);
    t->reply_rank = t->rank;
}

#endif
