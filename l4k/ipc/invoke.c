/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on kernel objects: the table of kinds, timers and interrupts. */
#include "l4k/ipc/invoke.h"

#include "l4k/kern/cpu_state.h"

static enum status invoke_timer(struct thread *t, struct object *o, uint32_t label)
{
    if (label != TIMER_SET)
        return ERR_INVALID;
    timer_set(o, thread_frame(t)->rdi);
    return OK;
}

static enum status invoke_interrupt(struct thread *t, struct object *o, uint32_t label)
{
    (void)t;
    if (label != INTERRUPT_ACK)
        return ERR_INVALID;
    interrupt_ack(o);
    return OK;
}

static enum status (*const invoke_kind[OBJECT_KINDS])(struct thread *, struct object *, uint32_t) = {
    [OBJECT_TASK] = invoke_task,       [OBJECT_THREAD] = invoke_thread,
    [OBJECT_MEMORY] = invoke_memory,   [OBJECT_TIMER] = invoke_timer,
    [OBJECT_INTERRUPT] = invoke_interrupt, [OBJECT_SYSTEM] = invoke_system,
};

enum status invoke_insert(struct task *task, uint64_t slot, enum status created, struct object *o)
{
    enum status s;

    if (created != OK)
        return created;
    s = cap_insert(&l4_task(task)->caps, slot_arg(slot), o);
    object_release(o);
    return s;
}

void invoke(struct thread *t, struct object *o, uint32_t label)
{
    enum status s;

    object_reference(o); /* the call may delete the capability it came through */
    s = invoke_kind[o->kind](t, o, label);
    object_release(o);
    if (current() == t)
        ipc_finish(t, s);
}
