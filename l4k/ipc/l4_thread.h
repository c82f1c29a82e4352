/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and tasks as the L4-style path has them: its fields behind those of l4k/kern.
 *
 * A thread that is THREAD_READY may still wait. The fast path knows two forms of that by fields it
 * reads anyway:
 *   open_rank != 0    waits for anyone, and a sender may deliver at once
 *   waiting_on        the thread whose reply it waits for; if nothing else was received there
 *                     since, waiting_on->caller points back
 * `wait` tells the forms that only the slow path handles. l4_blocked() covers all. */
#ifndef L4K_IPC_L4_THREAD_H
#define L4K_IPC_L4_THREAD_H

#include "l4k/abi/l4.h"
#include "l4k/ipc/cap.h"
#include "l4k/kern/task.h"
#include "l4k/kern/thread.h"

struct vm_object;

enum l4_wait {
    L4_NOT_SLOW,  /* does not wait, or in one of the forms of the fast path */
    L4_SENDING,   /* in partner's senders list */
    L4_RECEIVING, /* waits for anyone with a timeout, or for `partner` alone (closed) */
    L4_CALLING,   /* like waiting_on, with a timeout or faulted: replies take the slow path */
};

/* The capability table as the fast path sees it, copied from the task. */
struct cap_view {
    struct object **slot;
    uint64_t count;
};

struct l4_thread {
    struct thread thread; /* first */

    /* Read or written by the fast path; see fastpath.S. */
    uint64_t stub_end; /* a `syscall` that returns below is an L4 call, any other is Linux's */
    struct cap_view caps;
    struct thread *caller;     /* whom OP_REPLY_WAIT answers; &null_thread: none */
    struct thread *waiting_on; /* NULL: waits for no reply */
    uint32_t open_rank;        /* rank while waiting for anyone, else 0 */
    uint32_t reply_rank;       /* rank, or 0 while replies must take the slow path */
    uint32_t queued_events;    /* senders and notifications that wait for it */
    struct utcb *utcb;         /* kernel's mapping, or NULL */
    uint64_t reflect_entry;    /* where a reflected Linux call enters user code */

    uint8_t wait;  /* enum l4_wait */
    bool faulted;  /* SENDING or CALLING because of a fault: the reply is no message */
    bool known;    /* others may wait for it: it had a gate, or somebody named it to receive from */
    struct thread *partner;
    uint64_t send_tag;        /* SENDING: the tag as the receiver will see it */
    uint64_t send_badge;
    uint64_t receive_timeout; /* SENDING a call: how long to wait for the reply, microseconds */
    struct list sender_link;
    struct list senders;       /* threads that send to this one, first come first served */
    struct list notifications; /* pending timers and interrupts */
    struct list gates;         /* bound gates */
    struct list sources;       /* bound timers and interrupts */
    struct object *handler;    /* gate for faults and exceptions, or NULL; a reference */
    struct vm_object *utcb_object; /* holds the UTCB's page, at utcb_offset; NULL without UTCB */
    uint64_t utcb_offset;
};

struct l4_task {
    struct task task; /* first */
    struct cap_space caps;
};

static inline struct l4_thread *l4(const struct thread *t)
{
    return (struct l4_thread *)t;
}

static inline struct l4_task *l4_task(const struct task *t)
{
    return (struct l4_task *)t;
}

/* Is stopped, dead, or waits in whatever form. */
static inline bool l4_blocked(const struct thread *t)
{
    return t->state != THREAD_READY || l4(t)->wait || l4(t)->waiting_on || l4(t)->open_rank;
}

#endif
