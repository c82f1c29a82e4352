/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting and its ends: results, timeouts, cancel, stop, the death of threads. */
#include "l4k/ipc/ipc.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/sched.h"
#include "l4k/x86_64/clock.h"

void ipc_finish(struct thread *t, enum status s)
{
    struct frame *f = thread_frame(t);

    f->rax = (uint64_t)(int64_t)s;
    if (s == OK)
        return;
    f->rflags |= RFLAGS_CARRY;
    if (l4(t)->utcb)
        l4(t)->utcb->status = s;
}

void ipc_unwait(struct thread *t)
{
    struct l4_thread *l = l4(t);

    if (l->wait == L4_SENDING) {
        list_remove(&l->sender_link);
        l4(l->partner)->queued_events--;
    }
    if (l->waiting_on && l4(l->waiting_on)->caller == t)
        l4(l->waiting_on)->caller = &null_thread;
    l->wait = L4_NOT_SLOW;
    l->waiting_on = NULL;
    l->partner = NULL;
    l->open_rank = 0;
    l->faulted = false;
    l->reply_rank = t->rank;
    if (t->timeout.deadline)
        timeout_set(&t->timeout, 0);
}

static bool waits(const struct thread *t)
{
    return t->state == THREAD_READY && l4_blocked(t);
}

void ipc_cancel(struct thread *t, enum status why)
{
    bool faulted = l4(t)->faulted;

    if (!waits(t))
        return;
    ipc_unwait(t);
    if (!faulted) /* a fault is no operation: the instruction is tried again */
        ipc_finish(t, why);
    sched_ready(t);
}

void ipc_stop(struct thread *t)
{
    if (t->state == THREAD_DEAD)
        return;
    if (waits(t))
        ipc_unwait(t);
    sched_remove(t);
    t->state = THREAD_STOPPED;
}

static void timed_out(struct timeout *timeout)
{
    ipc_cancel(container_of(timeout, struct thread, timeout), ERR_TIMEOUT);
}

/* Whoever waits for `t` learns that it is gone. */
static void abandon_partners(struct thread *t)
{
    struct list *l, *next;

    while (!list_empty(&l4(t)->senders))
        ipc_cancel(&container_of(l4(t)->senders.next, struct l4_thread, sender_link)->thread, ERR_DEAD);
    if (!l4(t)->known)
        return;
    list_for_each_safe(l, next, &all_threads) {
        struct thread *other = container_of(l, struct thread, all_link);

        if (l4(other)->waiting_on == t ||
            (l4(other)->wait == L4_RECEIVING && l4(other)->partner == t))
            ipc_cancel(other, ERR_DEAD);
    }
}

static void unbind_gates(struct thread *t)
{
    while (!list_empty(&l4(t)->gates)) {
        struct gate *g = container_of(l4(t)->gates.next, struct gate, link);

        g->object.receiver = &null_thread;
        list_remove(&g->link);
    }
}

void ipc_thread_destroy(struct thread *t)
{
    if (t->state == THREAD_DEAD)
        return;
    ipc_stop(t);
    t->state = THREAD_DEAD;
    abandon_partners(t);
    unbind_gates(t);
    notifications_orphan(t);
    fpu_flush(t);
    list_remove(&t->task_link);
    list_remove(&t->all_link);
    if (l4(t)->handler)
        object_release(l4(t)->handler);
    l4(t)->handler = NULL;
    utcb_drop(t);
    if (t == current())
        cpu_tss.rsp0 = (uint64_t)&null_thread;
    object_release(&t->object);
}

static uint64_t deadline_in(uint64_t microseconds)
{
    uint64_t now = clock_ns();

    return microseconds > (UINT64_MAX - now) / 1000 ? UINT64_MAX : now + microseconds * 1000;
}

/* Arms the timeout of a wait; NO_TIMEOUT arms nothing. */
static __attribute__((noinline)) void arm(struct thread *t, uint64_t microseconds)
{
    if (microseconds == NO_TIMEOUT)
        return;
    t->timeout.expired = timed_out;
    timeout_set(&t->timeout, deadline_in(microseconds));
}

void ipc_await_reply(struct thread *t, struct thread *server, uint64_t timeout)
{
    l4(t)->waiting_on = server;
    l4(server)->caller = t;
    if (timeout != NO_TIMEOUT || l4(t)->faulted) {
        l4(t)->wait = L4_CALLING;
        l4(t)->reply_rank = 0;
        arm(t, timeout);
    }
    sched_block(t);
}

void ipc_await_send(struct thread *t, struct thread *receiver, uint64_t timeout)
{
    sched_block(t);
    l4(t)->wait = L4_SENDING;
    l4(t)->partner = receiver;
    list_add_tail(&l4(receiver)->senders, &l4(t)->sender_link);
    l4(receiver)->queued_events++;
    arm(t, timeout);
}

void ipc_await_message(struct thread *t, struct thread *from, uint64_t timeout)
{
    if (!from && timeout == NO_TIMEOUT) {
        l4(t)->open_rank = t->rank;
    } else {
        if (from)
        l4(from)->known = true;
    l4(t)->wait = L4_RECEIVING;
        l4(t)->partner = from;
        arm(t, timeout);
    }
    sched_block(t);
}
