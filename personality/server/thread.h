/* SPDX-License-Identifier: BSD-2-Clause */
/* Client threads, and how their calls wait.
 *
 * The server never blocks. A handler that can't finish returns wait_on(): its thread is put on a
 * queue, and whoever changes what it waits for calls wake(). The handler then runs again from its
 * start, with the arguments of the call, which do not change. What it must remember from run to run
 * is in the thread (done, deadline). Woken threads run when the current handler has returned, so a
 * handler never sees another one half way. */
#ifndef PERSONALITY_SERVER_THREAD_H
#define PERSONALITY_SERVER_THREAD_H

#include "l4k/lib/list.h"
#include "personality/server/host.h"
#include "personality/server/linux.h"
#include "personality/server/time.h"

struct process;

enum thread_state {
    THREAD_RUNNING, /* in user mode, or in a call now served or on its way to the server */
    THREAD_WAITING, /* its call is deferred; on a wait queue */
    THREAD_READY,   /* on the ready list */
    THREAD_STOPPED, /* by a stop signal; `saved` is the result it will continue with */
    THREAD_DEAD,
};

struct thread {
    struct host_call call; /* at offset 0: a host_call is a thread */
    int tgid, tid;         /* of the process; here for getpid() */
    enum thread_state state;
    struct process *process;
    struct list link;   /* on a wait queue, the ready list or the signalled list */
    struct timer timer; /* ends a wait with a deadline */
    bool hosted;        /* the host has a thread for it */
    bool rerun;         /* READY: run the handler again; else continue with `saved` */
    bool unkillable;    /* WAITING: only SIGKILL ends it (vfork) */
    long saved;
    uint64_t deadline; /* of the call that waits, 0: none set yet */
    size_t done;       /* bytes that the call that waits has moved already */

    uint64_t blocked;       /* signal mask: bit n-1 is signal n */
    uint64_t suspend_saved; /* mask to restore when the handler returns (rt_sigsuspend) */
    bool restore_mask;
    struct linux_stack altstack;
    struct host_fault fault; /* the latest, for sigcontext */
};
_Static_assert(offsetof(struct thread, call) == 0, "a host_call is a thread");

/* Is there something to do at the end of a call: a woken thread, a signal to deliver? */
extern unsigned server_work;
/* Calls handled, for the proof that no call was answered elsewhere. */
extern uint64_t server_dispatches;

void thread_init(struct thread *t, struct process *p, int tid);

/* The host's thread of `t`: made in this space, stopped; ended. */
int thread_host_create(struct thread *t, struct host_space *s);
void thread_host_destroy(struct thread *t);

/* Defers the call now handled until wake() on `queue`; or -ERESTART when a signal must be handled
 * first. The value is the handler's result. wait_until: also woken at t->deadline when not 0. */
long wait_on(struct thread *t, struct list *queue);
long wait_until(struct thread *t, struct list *queue);
/* Defers without a queue until wake_with(); only SIGKILL interrupts. */
long wait_unkillable(struct thread *t);

/* All threads of a queue run again. */
void wake(struct list *queue);
void wake_thread(struct thread *t);
/* Ends the wait of `t` with a result, without running its handler again. */
void wake_with(struct thread *t, long result);
/* A signal became deliverable to `t`: sees to it that `t` comes by signal_deliver(). */
void thread_notify(struct thread *t);
/* A THREAD_STOPPED thread goes on. */
void thread_continue(struct thread *t);
/* `t` will never run again: off all queues and timers. Its memory stays. */
void thread_stop(struct thread *t);

/* Runs what is ready, until nothing is. Called last by every entry of the server. */
void work_run(void);
/* The end of a call when server_work is set: signals for `t`, then work_run(). */
long work_after_call(struct thread *t, long result);

/* Everything that poll() may wait for wakes this queue too. */
extern struct list poll_queue;

/* Copies of client memory: 0, -EFAULT, or HOST_PENDING_CALL, which a handler hands on. */
long copy_in(struct thread *t, void *dst, uint64_t src, size_t n);
long copy_out(struct thread *t, uint64_t dst, const void *src, size_t n);
/* The length without NUL; -ENAMETOOLONG when there is no NUL within max. */
long copy_string(struct thread *t, char *dst, uint64_t src, size_t max);

#endif
