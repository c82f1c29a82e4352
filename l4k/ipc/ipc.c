/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations: call, send, reply, receive, in full generality (ABI: l4k/abi/l4.h). What the fast
 * path does in one piece is here the same in steps; both leave threads in the same states. */
#include "l4k/ipc/ipc.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/assert.h"

/* Timeouts of the operation that `tag` begins. */
static uint64_t send_timeout(const struct thread *t, uint64_t tag)
{
    return tag & TAG_TIMEOUT && l4(t)->utcb ? l4(t)->utcb->send_timeout : NO_TIMEOUT;
}

static uint64_t receive_timeout(const struct thread *t, uint64_t tag)
{
    return tag & TAG_TIMEOUT && l4(t)->utcb ? l4(t)->utcb->receive_timeout : NO_TIMEOUT;
}

void ipc_received(struct thread *t, uint64_t tag, uint64_t badge)
{
    struct frame *f = thread_frame(t);

    f->rax = tag;
    f->rbx = badge;
    f->rbp = f->r12 = f->r13 = f->r14 = f->r15 = 0;
}

void ipc_switch(struct thread *t)
{
    struct thread *cur = current();

    if (!l4_blocked(cur) || t->rank <= cpu.ready_rank) {
        sched_ready(t);
        sched_resume();
    }
    cpu.reschedule = false;
    sched_switch_to(t);
}

/* `from`, in the middle of a send or call, has got its message through to `server`. False: it does
 * not wait for a reply. */
static bool sent(struct thread *from, struct thread *server, bool call, uint64_t timeout)
{
    if (call && timeout) {
        ipc_await_reply(from, server, timeout);
        return true;
    }
    ipc_finish(from, call ? ERR_TIMEOUT : OK);
    return false;
}

/* The receiver does not wait for it: `t` waits, if it may. */
static __attribute__((noinline)) void queue_send(struct thread *t, struct object *gate,
                                                 uint64_t tag)
{
    uint64_t timeout = send_timeout(t, tag);

    if (timeout == 0)
        return ipc_finish(t, ERR_TIMEOUT);
    l4(t)->send_tag = tag;
    l4(t)->send_badge = gate->badge;
    l4(t)->receive_timeout = receive_timeout(t, tag);
    ipc_await_send(t, gate->receiver, timeout);
}

void ipc_send(struct thread *t, struct object *gate, uint64_t tag, bool call)
{
    struct thread *receiver = gate->receiver;
    enum status s;

    if (receiver == &null_thread)
        return ipc_finish(t, ERR_DEAD);
    if (receiver == t)
        return ipc_finish(t, ERR_INVALID);
    if (!ipc_waits_for(receiver, t))
        return queue_send(t, gate, tag);
    s = ipc_transfer(t, receiver, tag);
    if (s != OK)
        return ipc_finish(t, s);
    ipc_unwait(receiver);
    ipc_received(receiver, tag, gate->badge);
    sent(t, receiver, call, receive_timeout(t, tag));
    ipc_switch(receiver);
}

static bool sends_a_call(const struct thread *t)
{
    return l4(t)->faulted || (l4(t)->send_tag >> TAG_OP_SHIFT & 0xf) == OP_CALL;
}

/* Takes the message of a queued sender. False: it could not be had, and the sender knows. */
static bool take_from(struct thread *t, struct thread *sender)
{
    bool faulted = l4(sender)->faulted, call = sends_a_call(sender);
    uint64_t tag = l4(sender)->send_tag, badge = l4(sender)->send_badge;
    uint64_t timeout = l4(sender)->receive_timeout;
    enum status s = OK;

    if (faulted)
        fault_message(sender, t);
    else
        s = ipc_transfer(sender, t, tag);
    if (s != OK) {
        ipc_cancel(sender, s);
        return false;
    }
    ipc_unwait(sender);
    l4(sender)->faulted = faulted;
    ipc_received(t, tag, badge);
    if (!sent(sender, t, call, timeout))
        sched_ready(sender);
    return true;
}

static bool take_notification(struct thread *t)
{
    if (list_empty(&l4(t)->notifications))
        return false;
    notification_take(container_of(l4(t)->notifications.next, struct notification, link), t);
    return true;
}

/* Takes the first thing that waits for `t` and is wanted. False: there is none. */
static __attribute__((noinline)) bool take_queued(struct thread *t, struct thread *from)
{
    struct list *l, *next;

    if (!from && take_notification(t))
        return true;
    list_for_each_safe(l, next, &l4(t)->senders) {
        struct thread *sender = &container_of(l, struct l4_thread, sender_link)->thread;

        if ((!from || from == sender) && take_from(t, sender))
            return true;
    }
    return false;
}

void ipc_receive(struct thread *t, struct thread *from, uint64_t timeout)
{
    l4(t)->caller = &null_thread;
    if (l4(t)->queued_events && take_queued(t, from))
        return;
    if (timeout == 0)
        return ipc_finish(t, ERR_TIMEOUT);
    ipc_await_message(t, from, timeout);
}

/* The reply of `t` to `client`, which waits for it, becomes the result of its call. On failure the
 * client goes on waiting. Does not make it ready. */
static enum status reply(struct thread *t, struct thread *client, uint64_t tag)
{
    struct frame *f = thread_frame(client);
    uint64_t counts = tag & (TAG_WORDS_MASK << TAG_WORDS_SHIFT | TAG_ITEMS_MASK << TAG_ITEMS_SHIFT);

    if (l4(client)->faulted) {
        ipc_unwait(client);
        return OK;
    }
    enum status s = ipc_transfer(t, client, tag);

    if (s != OK)
        return s;
    ipc_unwait(client);
    f->rax = thread_frame(t)->rbx;
    if (counts) {
        f->rflags |= RFLAGS_CARRY;
        l4(client)->utcb->status = OK;
        l4(client)->utcb->tag = (uint32_t)counts;
    }
    return OK;
}

static void op_call(struct thread *t, uint64_t tag, bool call)
{
    struct object *o = cap_object(&l4_task(t->task)->caps, tag & TAG_CAP_MASK);

    if (o->kind == OBJECT_GATE)
        ipc_send(t, o, tag, call);
    else if (o->kind == OBJECT_NULL || !call)
        ipc_finish(t, ERR_NO_CAP);
    else
        invoke(t, o, (uint32_t)(tag >> TAG_LABEL_SHIFT));
}

static void op_reply_wait(struct thread *t, uint64_t tag)
{
    struct thread *client = l4(t)->caller;
    bool replied = client != &null_thread;

    if (replied) {
        enum status s = reply(t, client, tag);

        if (s != OK)
            return ipc_finish(t, s);
    }
    ipc_receive(t, NULL, receive_timeout(t, tag));
    if (replied)
        ipc_switch(client);
}

static void op_reply(struct thread *t, struct thread *client, uint64_t tag)
{
    enum status s;

    if (client == &null_thread || l4(client)->waiting_on != t)
        return ipc_finish(t, ERR_DEAD);
    s = reply(t, client, tag);
    ipc_finish(t, s);
    if (s == OK)
        ipc_switch(client);
}

/* The live thread behind a capability of `t`, or NULL after telling `t`. */
static struct thread *named_thread(struct thread *t, uint64_t tag)
{
    struct object *o;
    enum status s = cap_lookup(&l4_task(t->task)->caps, tag & TAG_CAP_MASK, OBJECT_THREAD, &o);

    if (s == OK && thread_of(o)->state == THREAD_DEAD)
        s = ERR_DEAD;
    if (s == OK)
        return thread_of(o);
    ipc_finish(t, s);
    return NULL;
}

static void dispatch(struct thread *t, uint64_t tag)
{
    struct thread *other;

    switch (tag >> TAG_OP_SHIFT & 0xf) {
    case OP_CALL:
        return op_call(t, tag, true);
    case OP_SEND:
        return op_call(t, tag, false);
    case OP_REPLY_WAIT:
        return op_reply_wait(t, tag);
    case OP_RECEIVE:
        return ipc_receive(t, NULL, receive_timeout(t, tag));
    case OP_REPLY:
        return op_reply(t, l4(t)->caller, tag);
    case OP_REPLY_TO:
        other = named_thread(t, tag);
        return other ? op_reply(t, other, tag) : (void)0;
    case OP_RECEIVE_FROM:
        other = named_thread(t, tag);
        return other ? ipc_receive(t, other, receive_timeout(t, tag)) : (void)0;
    case OP_YIELD:
        ipc_finish(t, OK);
        return sched_yield();
    default:
        return ipc_finish(t, ERR_INVALID);
    }
}

/* The server behind a Linux thread's stub relies on it: a call ends by the server's reply only. */
static bool forbidden(const struct thread *t, uint64_t tag)
{
    return l4(t)->stub_end != UINT64_MAX && (uint32_t)tag & ~TAG_CAP_MASK;
}

void ipc_syscall(struct thread *t)
{
    uint64_t tag = thread_frame(t)->rax;

    if (forbidden(t, tag))
        ipc_finish(t, ERR_INVALID);
    else
        dispatch(t, tag);
    sched_resume();
}
