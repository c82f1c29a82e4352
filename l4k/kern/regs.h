/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and setting a thread's registers from outside. */
#ifndef L4K_KERN_REGS_H
#define L4K_KERN_REGS_H

#include "l4k/kern/thread.h"

/* FS and GS base: user code changes them by itself where CR4.FSGSBASE is on, else they are what the
 * thread holds. The kernel does not use GS, so there is no SWAPGS: both are always the user's. */
void thread_store_bases(struct thread *running);
void thread_load_bases(const struct thread *t);

/* Of a thread blocked in a call, the message registers are not kept (l4.h). */
void thread_get_regs(struct thread *t, struct thread_regs *out);

/* Sanitised: user segments, RFLAGS_USER, an address below USER_MAX for rip and the bases. */
void thread_set_regs(struct thread *t, const struct thread_regs *regs);

/* ERR_INVALID: not a user address. */
enum status thread_set_fs_base(struct thread *t, uint64_t base);

#endif
