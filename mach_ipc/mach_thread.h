/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and tasks as the Mach-style path has them: its fields behind those of l4k/kern.
 *
 * A thread waits when `wait` is not MACH_RUNS. It is then in no ready queue, and on the list that
 * the wait names. What it does when it runs again is `continuation`, on an empty kernel stack, with
 * its address space loaded; NULL: it returns to user mode with the registers in its frame. */
#ifndef MACH_IPC_MACH_THREAD_H
#define MACH_IPC_MACH_THREAD_H

#include "l4k/kern/task.h"
#include "l4k/kern/thread.h"
#include "mach_ipc/kmsg.h"

enum mach_wait {
    MACH_RUNS,          /* running, ready, or stopped without a wait */
    MACH_WAIT_RECEIVE,  /* in receivers of wait_port or wait_set */
    MACH_WAIT_SEND,     /* in senders of wait_port, which `message` is for */
    MACH_WAIT_REPLY,    /* an exception's reply (exception code); for any time */
};

struct mach_thread {
    struct thread thread; /* first */

    uint8_t wait;         /* enum mach_wait */

    struct list wait_link;
    struct port *wait_port;    /* kept alive by its list being emptied when it dies */
    struct port_set *wait_set;
    enum kern_return result;   /* how the wait ended; what the continuation reads */

    /* RECEIVE: the message it was given, its own until copied out; SEND: the one it sends. */
    struct kmsg *message;

    /* The arguments of the mach_msg under way. */
    uint64_t msg;
    uint32_t option, send_size, rcv_size, timeout;
    mach_port_name_t rcv_name, notify;

    /* Kernel ports; the layer above sets and ends them. Rights of the kernel (send), or NULL. */
    struct port *self;       /* the thread's own, whose kobject it is */
    struct port *self_send;  /* what mach_thread_self gives copies of; may be an interposer's */
    struct port *exception;  /* THREAD_EXCEPTION_PORT */
    void *above;             /* record of the layer above */
};

#define MACH_TASK_PORTS 4 /* registered ports */

struct mach_task {
    struct task task; /* first */
    struct space *space; /* a reference */
    struct port *self, *self_send, *exception, *bootstrap;
    struct port *registered[MACH_TASK_PORTS];
    uint32_t suspend_count;
    void *above;
};

static inline struct mach_thread *mach_thread(const struct thread *t)
{
    return (struct mach_thread *)t;
}

static inline struct mach_task *mach_task(const struct task *t)
{
    return (struct mach_task *)t;
}

static inline struct space *mach_space(const struct mach_thread *t)
{
    return ((struct mach_task *)t->thread.task)->space;
}

static inline void mach_thread_init(struct mach_thread *t)
{
    list_init(&t->wait_link);
}

#endif
