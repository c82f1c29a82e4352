/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and setting a thread's registers from outside. */
#include "l4k/kern/regs.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/cpu.h"

/* Both structures begin with the general registers in the order of the trap entry's pushes. */
#define GENERAL_SIZE offsetof(struct thread_regs, rip)
_Static_assert(GENERAL_SIZE == offsetof(struct frame, vector), "same order in both");

void thread_store_bases(struct thread *running)
{
    if (cpu.fsgsbase) {
        running->fs_base = rdfsbase();
        running->gs_base = rdgsbase();
    }
}

void thread_load_bases(const struct thread *t)
{
    if (cpu.fsgsbase) {
        wrfsbase(t->fs_base);
        wrgsbase(t->gs_base);
    } else {
        wrmsr(MSR_FS_BASE, t->fs_base);
        wrmsr(MSR_GS_BASE, t->gs_base);
    }
}

/* Bases of the running thread are set in both places. */
static void set_bases(struct thread *t, uint64_t fs, uint64_t gs)
{
    t->fs_base = fs;
    t->gs_base = gs;
    if (t == current())
        thread_load_bases(t);
}

void thread_get_regs(struct thread *t, struct thread_regs *out)
{
    const struct frame *f = thread_frame(t);

    if (t == current())
        thread_store_bases(t);
    memcpy(out, f, GENERAL_SIZE);
    out->rip = f->rip;
    out->rflags = f->rflags;
    out->rsp = f->rsp;
    out->fs_base = t->fs_base;
    out->gs_base = t->gs_base;
}

static uint64_t user_address(uint64_t a)
{
    return a < USER_MAX ? a : 0;
}

void thread_set_regs(struct thread *t, const struct thread_regs *regs)
{
    struct frame *f = thread_frame(t);

    memcpy(f, regs, GENERAL_SIZE);
    f->rip = user_address(regs->rip);
    f->rflags = (regs->rflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF;
    f->rsp = regs->rsp;
    set_bases(t, user_address(regs->fs_base), user_address(regs->gs_base));
}

enum status thread_set_fs_base(struct thread *t, uint64_t base)
{
    if (base >= USER_MAX)
        return ERR_INVALID;
    if (t == current())
        thread_store_bases(t);
    set_bases(t, base, t->gs_base);
    return OK;
}
