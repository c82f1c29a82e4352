/* SPDX-License-Identifier: BSD-2-Clause */
/* What is per CPU. There is one CPU today, and this is all that a second one would need its own of
 * (besides its TSS, whose RSP0 names the running thread). */
#ifndef L4K_KERN_CPU_STATE_H
#define L4K_KERN_CPU_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "l4k/kern/thread.h"
#include "l4k/x86_64/gdt.h"

struct cpu_state {
    uint64_t user_rsp;   /* scratch of the system call entry */
    uint32_t ready_rank;  /* see thread.h; kept by sched.c */
    uint32_t switch_rank; /* ready_rank, or ~0 while fpu_live: what the fast path compares, so
                           * that one test guards the priorities and the FPU */
    uint8_t fpu_live;     /* CR0.TS is clear: the FPU holds the current thread's registers */
    bool reschedule;     /* the running thread's slice is over, or a higher priority got ready */
    bool blocked;        /* the running thread waits: see sched_block() */
    bool fsgsbase;       /* CR4.FSGSBASE is on: user code may change its bases by itself */
    struct thread *fpu_owner; /* whose registers the FPU holds, or NULL */
    uint64_t ticks;
};

extern struct cpu_state cpu;

/* The thread whose registers trap entries fill: the running one. */
static inline struct thread *current(void)
{
    return (struct thread *)cpu_tss.rsp0;
}

#endif
