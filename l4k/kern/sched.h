/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler: fixed priorities, round robin within one, time slices in ticks.
 *
 * The running thread is not in the ready queue. cpu.ready_rank always tells the highest priority
 * that is there. */
#ifndef L4K_KERN_SCHED_H
#define L4K_KERN_SCHED_H

#include "l4k/kern/thread.h"

#define SLICE_TICKS 10

void sched_init(void);

/* Puts a thread that no longer waits into the ready queue, last of its priority; asks for a
 * reschedule when its priority is above the running thread's. Not for the running thread. */
void sched_ready(struct thread *t);

/* Takes `t` out if it is in. */
void sched_remove(struct thread *t);

void sched_set_priority(struct thread *t, unsigned priority);

/* `t` waits from now on: if it is the running thread, sched_resume() will pick another. */
void sched_block(struct thread *t);

/* One timer tick. */
void sched_tick(void);

/* Continues in user mode: the running thread, unless it blocked or should give way, else the
 * highest ready one; idles while there is none. The end of every kernel entry's slow way. */
void sched_resume(void) __attribute__((noreturn));

/* The running thread goes to the end of its priority's queue. */
void sched_yield(void);

/* Continues `t`, which does not wait and is not queued, at once. The running thread must be blocked
 * or queued. */
void sched_switch_to(struct thread *t) __attribute__((noreturn));

/* Makes `t` the running thread without continuing it: address space, segment bases, FPU. */
void thread_activate(struct thread *t);

/* The frame into the CPU and out to user mode (entry.S). */
void frame_return(struct frame *f) __attribute__((noreturn));

/* f(t) on an empty kernel stack (entry.S). */
void run_continuation(struct thread *t, void (*f)(struct thread *)) __attribute__((noreturn));

/* Interrupts on, wait for one, interrupts off (entry.S). */
void cpu_idle(void);

#endif
