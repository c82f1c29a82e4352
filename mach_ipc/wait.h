/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocking, waking and continuing threads of the Mach-style path.
 *
 * Nothing blocks in the kernel: the running thread records its wait and its continuation, and
 * mach_resume() or mach_switch() goes on with another. */
#ifndef MACH_IPC_WAIT_H
#define MACH_IPC_WAIT_H

#include "mach_ipc/mach_thread.h"

/* `t`, the running thread, waits: on `list` if that is not NULL, for at most `milliseconds` if
 * `timed`. It goes on with `continuation`, told by t->result how the wait ended. */
void mach_block(struct mach_thread *t, enum mach_wait wait, struct list *list, bool timed,
                uint32_t milliseconds, void (*continuation)(struct thread *));

/* The wait of `t` ends with `result`: off its list, timeout off. It is not put into the ready
 * queue: the caller switches to it, or calls mach_ready(). */
void mach_unwait(struct mach_thread *t, enum kern_return result);

/* To the ready queue, unless it is stopped: then it stays out until that ends. */
void mach_ready(struct mach_thread *t);

/* Both. */
void mach_wake(struct mach_thread *t, enum kern_return result);

/* Ends all waits on a list with `result`. */
void mach_wake_all(struct list *list, enum kern_return result);

/* A wait for a message, or for room for one, ends as interrupted: thread_abort. Any other thread is
 * left alone. */
void mach_interrupt(struct mach_thread *t);

/* A dying thread: off its list, timeout off, the message it holds destroyed, no continuation. */
void mach_thread_leave(struct mach_thread *t);

/* The running thread's trap is over with `kr` in rax: back to user mode, or to whoever should run.
 * */
void mach_return(struct mach_thread *t, enum kern_return kr) __attribute__((noreturn));

/* The running thread blocked; `next` (may be NULL) was taken out of its wait by mach_unwait(). Goes
 * on with it at once where the scheduler would choose it, else readies it and lets the scheduler.
 * */
void mach_switch(struct mach_thread *next) __attribute__((noreturn));

#endif
