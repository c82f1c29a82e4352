/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on threads: registers, running and stopping, handlers. */
#include "l4k/ipc/invoke.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/regs.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_copy.h"

_Static_assert(sizeof(struct thread_regs) <= UTCB_WORDS * sizeof(uint64_t),
               "registers travel in the UTCB's words");

static enum status get_regs(struct thread *t, struct thread *thread)
{
    struct thread_regs regs;

    if (!l4(t)->utcb)
        return ERR_TRUNCATED;
    thread_get_regs(thread, &regs);
    memcpy(l4(t)->utcb->word, &regs, sizeof(regs));
    return OK;
}

static enum status set_regs(struct thread *t, struct thread *thread)
{
    struct thread_regs regs;

    if (!l4(t)->utcb)
        return ERR_TRUNCATED;
    memcpy(&regs, l4(t)->utcb->word, sizeof(regs));
    thread_set_regs(thread, &regs);
    return OK;
}

static enum status resume(struct thread *thread)
{
    if (!l4_blocked(thread))
        return OK;
    if (thread->state != THREAD_STOPPED)
        ipc_unwait(thread);
    thread->state = THREAD_READY;
    sched_ready(thread);
    return OK;
}

/* A thread that waits is left alone, so that no message gets lost. Answers in rdi which it was. */
static enum status stop(struct thread *t, struct thread *thread)
{
    bool ran = !l4_blocked(thread);

    if (ran)
        ipc_stop(thread);
    thread_frame(t)->rdi = ran;
    return OK;
}

static enum status set_handler(struct thread *t, struct thread *thread)
{
    struct object *gate;
    enum status s = cap_lookup(&l4_task(t->task)->caps, slot_arg(thread_frame(t)->rdi), OBJECT_GATE, &gate);

    if (s != OK)
        return s;
    object_reference(gate);
    if (l4(thread)->handler)
        object_release(l4(thread)->handler);
    l4(thread)->handler = gate;
    return OK;
}

static enum status set_linux(struct thread *t, struct thread *thread)
{
    const struct frame *f = thread_frame(t);

    if (!l4(thread)->utcb || f->rsi >= USER_MAX)
        return ERR_INVALID;
    l4(thread)->stub_end = f->rdi;
    l4(thread)->reflect_entry = f->rsi;
    return OK;
}

static enum status set_priority(struct thread *t, struct thread *thread)
{
    if (thread_frame(t)->rdi >= PRIORITIES)
        return ERR_INVALID;
    sched_set_priority(thread, (unsigned)thread_frame(t)->rdi);
    if (l4(thread)->open_rank)
        l4(thread)->open_rank = thread->rank;
    if (l4(thread)->reply_rank)
        l4(thread)->reply_rank = thread->rank;
    return OK;
}

static enum status get_fpu(struct thread *t, struct thread *thread)
{
    fpu_flush(thread);
    return vm_copy_out(t->task->map, thread_frame(t)->rdi, thread->fpu, FPU_SIZE, false);
}

static enum status set_fpu(struct thread *t, struct thread *thread)
{
    char image[FPU_SIZE];
    enum status s = vm_copy_in(t->task->map, thread_frame(t)->rdi, image, sizeof(image));

    if (s != OK)
        return s;
    fpu_set(thread, image);
    return OK;
}

enum status invoke_thread(struct thread *t, struct object *o, uint32_t label)
{
    struct thread *thread = thread_of(o);

    if (thread->state == THREAD_DEAD)
        return ERR_DEAD;
    switch (label) {
    case THREAD_GET_REGS:
        return get_regs(t, thread);
    case THREAD_SET_REGS:
        return set_regs(t, thread);
    case THREAD_RESUME:
        return resume(thread);
    case THREAD_STOP:
        return stop(t, thread);
    case THREAD_DESTROY:
        ipc_thread_destroy(thread);
        return OK;
    case THREAD_CANCEL:
        ipc_cancel(thread, ERR_CANCELLED);
        return OK;
    case THREAD_PRIORITY:
        return set_priority(t, thread);
    case THREAD_HANDLER:
        return set_handler(t, thread);
    case THREAD_LINUX:
        return set_linux(t, thread);
    case THREAD_FS_BASE:
        return thread_set_fs_base(thread, thread_frame(t)->rdi);
    case THREAD_GET_FPU:
        return get_fpu(t, thread);
    case THREAD_SET_FPU:
        return set_fpu(t, thread);
    default:
        return ERR_INVALID;
    }
}
