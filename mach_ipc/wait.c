/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocking, waking, continuing. */
#include "mach_ipc/wait.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/assert.h"
#include "l4k/x86_64/clock.h"

static void timed_out(struct timeout *timeout)
{
    struct mach_thread *t = container_of(timeout, struct mach_thread, thread.timeout);

    mach_wake(t, t->wait == MACH_WAIT_SEND ? MACH_SEND_TIMED_OUT : MACH_RCV_TIMED_OUT);
}

void mach_block(struct mach_thread *t, enum mach_wait wait, struct list *list, bool timed,
                uint32_t milliseconds, void (*continuation)(struct thread *))
{
    assert(t->wait == MACH_RUNS);
    t->wait = (uint8_t)wait;
    t->thread.continuation = continuation;
    if (list)
        list_add_tail(list, &t->wait_link);
    if (timed) {
        t->thread.timeout.expired = timed_out;
        timeout_set(&t->thread.timeout, clock_ns() + milliseconds * UINT64_C(1000000));
    }
    sched_block(&t->thread);
}

void mach_unwait(struct mach_thread *t, enum kern_return result)
{
    assert(t->wait != MACH_RUNS);
    t->wait = MACH_RUNS;
    t->result = result;
    list_remove(&t->wait_link);
    if (t->thread.timeout.deadline)
        timeout_set(&t->thread.timeout, 0);
}

void mach_ready(struct mach_thread *t)
{
    if (t->thread.state == THREAD_READY)
        sched_ready(&t->thread);
}

void mach_wake(struct mach_thread *t, enum kern_return result)
{
    mach_unwait(t, result);
    mach_ready(t);
}

void mach_wake_all(struct list *list, enum kern_return result)
{
    while (!list_empty(list))
        mach_wake(container_of(list->next, struct mach_thread, wait_link), result);
}

void mach_interrupt(struct mach_thread *t)
{
    switch (t->wait) {
    case MACH_WAIT_RECEIVE:
        return mach_wake(t, MACH_RCV_INTERRUPTED);
    case MACH_WAIT_SEND:
        return mach_wake(t, MACH_SEND_INTERRUPTED);
    default:
        return;
    }
}

void mach_thread_leave(struct mach_thread *t)
{
    struct kmsg *m = t->message;

    if (t->wait != MACH_RUNS)
        mach_unwait(t, KERN_TERMINATED);
    t->thread.continuation = NULL;
    t->message = NULL;
    if (m)
        kmsg_destroy(m);
}

void mach_return(struct mach_thread *t, enum kern_return kr)
{
    thread_frame(&t->thread)->rax = (uint32_t)kr;
    sched_resume();
}

void mach_switch(struct mach_thread *next)
{
    if (!next || next->thread.state != THREAD_READY)
        sched_resume();
    if (next->thread.rank <= cpu.ready_rank) {
        sched_ready(&next->thread);
        sched_resume();
    }
    cpu.reschedule = false;
    sched_switch_to(&next->thread);
}
