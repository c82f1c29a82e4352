/* SPDX-License-Identifier: BSD-2-Clause */
/* The FPU, switched lazily: CR0.TS is set whenever the running thread's registers are not in it, and
 * the first use traps (#NM). A switch between threads of which none uses it costs one test. */
#ifndef L4K_KERN_FPU_H
#define L4K_KERN_FPU_H

#include "l4k/kern/thread.h"

#define FPU_SIZE 512

void fpu_init(void);

/* The running thread goes: nobody else may read its registers. They stay loaded for its return. */
void fpu_suspend(void);

/* #NM: the running thread wants its FPU registers. */
void fpu_claim(void);

/* Brings `t`'s registers to t->fpu and forgets the loaded ones: before they are read, set or the
 * thread goes away. */
void fpu_flush(struct thread *t);

/* Sets all of `t`'s FPU registers from an FXSAVE image (FPU_SIZE bytes); reserved bits of MXCSR are
 * cleared, so that loading it can't fault. */
void fpu_set(struct thread *t, const void *image);

#endif
