/* SPDX-License-Identifier: BSD-2-Clause */
/* Client threads, by the kernel's own functions. */
#include "l4k/ipc_path.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/regs.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/string.h"
#include "personality/place/kernel/kernel.h"

#define CLIENT_PRIORITY 8

static enum status new_thread(struct host_space *s, struct host_call *c)
{
    struct host_thread *h = kmem_alloc(sizeof(*h), &client_account->quota);
    enum status status;

    if (!h)
        return ERR_NO_MEMORY;
    status = thread_create(&s->task, CLIENT_PRIORITY, &h->thread);
    if (status != OK) {
        kmem_free(h, sizeof(*h), &client_account->quota);
        return status;
    }
    h->own_regs = true;
    h->thread->host_call = c;
    status = place_equip(h->thread);
    if (status != OK) {
        ipc_thread_destroy(h->thread);
        kmem_free(h, sizeof(*h), &client_account->quota);
        return status;
    }
    c->thread = h;
    return OK;
}

int host_thread_create(struct host_space *s, struct host_call *c)
{
    return errno_of(IN_KERNEL(new_thread(s, c)));
}

void host_thread_destroy(struct host_call *c)
{
    bool irq = kernel_enter();

    ipc_thread_destroy(c->thread->thread);
    kmem_free(c->thread, sizeof(*c->thread), &client_account->quota);
    c->thread = NULL;
    kernel_leave(irq);
}

_Static_assert(sizeof(struct host_regs) == sizeof(struct thread_regs), "same registers");

void host_get_regs(struct host_call *c, struct host_regs *regs)
{
    bool irq = kernel_enter();

    thread_get_regs(c->thread->thread, (struct thread_regs *)regs);
    kernel_leave(irq);
    if (!c->thread->own_regs)
        merge_call(c, regs);
}

void host_set_regs(struct host_call *c, const struct host_regs *regs)
{
    bool irq = kernel_enter();

    thread_set_regs(c->thread->thread, (const struct thread_regs *)regs);
    c->thread->own_regs = true;
    kernel_leave(irq);
}

void host_get_fpu(struct host_call *c, void *fxsave)
{
    bool irq = kernel_enter();

    fpu_flush(c->thread->thread);
    memcpy(fxsave, c->thread->thread->fpu, FPU_SIZE);
    kernel_leave(irq);
}

void host_set_fpu(struct host_call *c, const void *fxsave)
{
    bool irq = kernel_enter();

    fpu_set(c->thread->thread, fxsave);
    kernel_leave(irq);
}

void host_set_fs_base(struct host_call *c, uint64_t base)
{
    if (IN_KERNEL(thread_set_fs_base(c->thread->thread, base)) != OK)
        host_panic("FS base out of range");
}

bool host_set_gs_base(struct host_call *c, uint64_t base)
{
    struct thread_regs regs;
    bool irq = kernel_enter();

    thread_get_regs(c->thread->thread, &regs);
    regs.gs_base = base;
    thread_set_regs(c->thread->thread, &regs);
    kernel_leave(irq);
    return true;
}

bool host_interrupt(struct host_call *c)
{
    struct thread *t = c->thread->thread;
    bool irq = kernel_enter();
    bool runs = t->state == THREAD_READY && (t != current() || in_event);

    if (runs) {
        ipc_stop(t);
        c->thread->own_regs = true;
    }
    kernel_leave(irq);
    return runs;
}

void finish_call(struct thread *t, const struct host_call *c, long result)
{
    struct frame *f = thread_frame(t);

    f->rax = (uint64_t)result;
    f->rdi = c->arg[0];
    f->rsi = c->arg[1];
    f->rdx = c->arg[2];
    f->r10 = c->arg[3];
    f->r8 = c->arg[4];
    f->r9 = c->arg[5];
    f->rcx = f->rip;
    f->r11 = f->rflags;
}

static void continue_thread(struct host_call *c)
{
    struct thread *t = c->thread->thread;

    c->thread->own_regs = false;
    if (t->state == THREAD_READY)
        return;
    t->state = THREAD_READY;
    sched_ready(t);
}

void host_complete(struct host_call *c, long result)
{
    bool irq = kernel_enter();

    if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
    finish_call(c->thread->thread, c, result);
    continue_thread(c);
    kernel_leave(irq);
}

void host_resume(struct host_call *c)
{
    bool irq = kernel_enter();

    continue_thread(c);
    kernel_leave(irq);
}
