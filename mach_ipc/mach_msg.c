/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_msg: the state machine of message.h. The arguments are kept in the thread, so that any wait
 * can be continued. */
#include "l4k/x86_64/user_copy.h"
#include "mach_ipc/queue.h"
#include "mach_ipc/right.h"
#include "mach_ipc/wait.h"

/* The current thread's trap ends with `kr`; `next`, if not NULL, got a message from it. */
static void __attribute__((noreturn)) finish(struct mach_thread *t, struct mach_thread *next,
                                             enum kern_return kr)
{
    if (next)
        mach_ready(next);
    mach_return(t, kr);
}

static inline struct vm_map *map_of(const struct mach_thread *t)
{
    return t->thread.task->map;
}

/* --- receive --- */

/* MACH_RCV_LARGE: the message stays, its size is told. */
static enum kern_return tell_size(struct mach_thread *t, uint32_t size)
{
    uint64_t at = t->msg + offsetof(struct mach_msg_header, size);

    return copy_to_user(at, &size, sizeof(size)) == OK ? MACH_RCV_TOO_LARGE
                                                       : MACH_RCV_INVALID_DATA;
}

/* A message longer than the buffer is lost but for its header. */
static enum kern_return too_large(struct mach_thread *t, struct kmsg *m)
{
    uint32_t size = m->header.size;

    kmsg_copyout_destination(m, mach_space(t));
    if (t->rcv_size < sizeof(m->header)) {
        kmsg_free(m);
        return MACH_RCV_TOO_LARGE;
    }
    if (copy_to_user(t->msg, &m->header, sizeof(m->header)) == OK) {
        kmsg_free(m);
        return tell_size(t, size);
    }
    kmsg_free(m);
    return MACH_RCV_INVALID_DATA;
}

/* Copies out what the running thread received. */
static enum kern_return receive_message(struct mach_thread *t, struct kmsg *m)
{
    struct port *notify = NULL;
    enum kern_return kr, put;

    if (m->header.size > t->rcv_size)
        return too_large(t, m);
    if (t->option & MACH_RCV_NOTIFY)
        notify = right_lookup_receive(mach_space(t), t->notify);
    kr = kmsg_copyout(m, mach_space(t), map_of(t), notify);
    put = kmsg_put(m, t->msg);
    return put == MACH_MSG_SUCCESS ? kr : put;
}

static void receive_continue(struct thread *thread)
{
    struct mach_thread *t = mach_thread(thread);
    struct kmsg *m = t->message;
    enum kern_return kr = t->result;

    t->message = NULL;
    if (m)
        kr = receive_message(t, m);
    else if (kr == MACH_RCV_TOO_LARGE)
        kr = tell_size(t, t->send_size);
    mach_return(t, kr);
}

/* What is received from: a port in no set, or a set. */
static enum kern_return find_source(struct mach_thread *t, struct port **port,
                                    struct port_set **set)
{
    struct entry *e = space_lookup(mach_space(t), t->rcv_name);

    *port = NULL;
    *set = NULL;
    if (!e)
        return MACH_RCV_INVALID_NAME;
    if (e->bits & MACH_PORT_TYPE_RECEIVE) {
        if (e->port->set)
            return MACH_RCV_IN_SET;
        *port = e->port;
    } else if (e->bits & MACH_PORT_TYPE_PORT_SET) {
        *set = e->set;
    } else {
        return MACH_RCV_INVALID_NAME;
    }
    if (t->option & MACH_RCV_NOTIFY && !right_lookup_receive(mach_space(t), t->notify))
        return MACH_RCV_INVALID_NOTIFY;
    return MACH_MSG_SUCCESS;
}

/* The message that is first in the queue of `port`, or of a member of the set; or NULL. */
static struct kmsg *first(struct port *port, struct port_set *set)
{
    if (set) {
        if (list_empty(&set->ready))
            return NULL;
        port = container_of(set->ready.next, struct port, set_ready);
    }
    return port->msgcount ? container_of(port->messages.next, struct kmsg, link) : NULL;
}

static void __attribute__((noreturn)) receive(struct mach_thread *t, struct mach_thread *next)
{
    struct port *port;
    struct port_set *set;
    struct kmsg *m;
    enum kern_return kr = find_source(t, &port, &set);

    if (kr != MACH_MSG_SUCCESS)
        finish(t, next, kr);
    m = first(port, set);
    if (m) {
        if (m->header.size > t->rcv_size && t->option & MACH_RCV_LARGE)
            finish(t, next, tell_size(t, m->header.size));
        m = set ? message_take_set(set) : message_take(port);
        finish(t, next, receive_message(t, m));
    }
    if (t->option & MACH_RCV_TIMEOUT && t->timeout == 0)
        finish(t, next, MACH_RCV_TIMED_OUT);
    mach_block(t, MACH_WAIT_RECEIVE, set ? &set->receivers : &port->receivers,
               t->option & MACH_RCV_TIMEOUT, t->timeout, receive_continue);
    mach_switch(next);
}

/* --- send --- */

/* MACH_SEND_NOTIFY after a timeout: the message is queued all the same, and who sent it is told
 * when it is taken, once for each name of the port at a time; who has no name for it any more (the
 * message took it) is told of MACH_PORT_NULL. Not MACH_SEND_WILL_NOTIFY: it was not queued. */
static enum kern_return send_with_notice(struct mach_thread *t, struct kmsg *m,
                                         struct mach_thread **next)
{
    struct space *space = mach_space(t);
    struct port *dest = kmsg_remote(m), *notify = right_lookup_receive(space, t->notify);
    mach_port_name_t name = dest->receiver_name;
    struct entry *e = dest->receiver == space ? space_lookup(space, name)
                                              : entry_find(space, dest, &name);

    if (!notify)
        return MACH_SEND_INVALID_NOTIFY;
    if (e && e->bits & ENTRY_ACCEPTED)
        return MACH_SEND_NOTIFY_IN_PROGRESS;
    if (e)
        e->bits |= ENTRY_ACCEPTED;
    m->accepted = port_make_send_once(notify);
    m->accepted_name = e ? name : MACH_PORT_NULL;
    m->accepted_space = space;
    space_reference(space);
    *next = message_send_handoff(m);
    if (*next) /* it was not queued: a limit of 0 keeps senders from receivers that wait */
        kmsg_accept(m);
    return MACH_SEND_WILL_NOTIFY;
}

/* The message could not be sent for `kr`: back to its sender, in its own buffer. */
static void __attribute__((noreturn)) send_failed(struct mach_thread *t, struct kmsg *m,
                                                  enum kern_return kr)
{
    struct mach_thread *next = NULL;
    uint32_t lost;

    if (kr == MACH_SEND_TIMED_OUT && t->option & MACH_SEND_NOTIFY) {
        kr = send_with_notice(t, m, &next);
        if (kr == MACH_SEND_WILL_NOTIFY)
            finish(t, next, kr);
    }
    lost = kmsg_copyout_pseudo(m, mach_space(t), map_of(t));
    if (kmsg_put(m, t->msg) != MACH_MSG_SUCCESS)
        kr = MACH_SEND_INVALID_DATA;
    mach_return(t, kr | lost);
}

static void send_continue(struct thread *thread)
{
    struct mach_thread *t = mach_thread(thread);
    struct kmsg *m = t->message;

    t->message = NULL;
    if (m)
        send_failed(t, m, t->result);
    if (t->option & MACH_RCV_MSG)
        receive(t, NULL);
    mach_return(t, MACH_MSG_SUCCESS);
}

/* MACH_SEND_NOTIFY without a timeout does not wait. */
static void __attribute__((noreturn)) wait_for_room(struct mach_thread *t, struct port *dest,
                                                    struct kmsg *m)
{
    bool timed = t->option & MACH_SEND_TIMEOUT;

    if (timed ? t->timeout == 0 : t->option & MACH_SEND_NOTIFY)
        send_failed(t, m, MACH_SEND_TIMED_OUT);
    t->message = m;
    mach_block(t, MACH_WAIT_SEND, &dest->senders, timed, t->timeout, send_continue);
    mach_switch(NULL);
}

/* Could the running thread take this reply at once, as if it had been queued and received? */
static bool takes_reply(struct mach_thread *t, const struct kmsg *reply)
{
    struct port *p = kmsg_remote(reply);

    return t->option & MACH_RCV_MSG && !(t->option & MACH_RCV_NOTIFY) &&
           p->receiver == mach_space(t) && p->receiver_name == t->rcv_name && !p->set &&
           p->msgcount == 0 && list_empty(&p->receivers) && reply->header.size <= t->rcv_size;
}

/* A request to the kernel: its reply is there when the call is over. */
static struct mach_thread *call_kernel(struct mach_thread *t, struct kmsg *m)
{
    struct mach_thread *next = NULL;
    struct kmsg *reply = message_to_kernel(t, m, &next);

    if (!reply)
        return next;
    if (takes_reply(t, reply)) {
        reply->header.seqno = kmsg_remote(reply)->seqno++;
        mach_return(t, receive_message(t, reply));
    }
    return message_send_handoff(reply);
}

/* A message copied in goes where it is to go. */
static struct mach_thread *send(struct mach_thread *t, struct kmsg *m)
{
    struct port *dest = kmsg_remote(m);

    if (m->header.bits & MACH_MSGH_BITS_CIRCULAR || !dest->active) {
        kmsg_destroy(m);
        return NULL;
    }
    if (dest->kobject_type != KOBJECT_NONE)
        return call_kernel(t, m);
    if (dest->msgcount >= dest->qlimit &&
        MACH_MSGH_BITS_REMOTE(m->header.bits) == MACH_MSG_TYPE_PORT_SEND)
        wait_for_room(t, dest, m);
    return message_deliver(dest, m);
}

void mach_msg_trap(struct mach_thread *t, uint64_t msg, uint32_t option, uint32_t send_size,
                   uint32_t rcv_size, mach_port_name_t rcv_name, uint32_t timeout,
                   mach_port_name_t notify)
{
    struct mach_thread *next = NULL;
    struct kmsg *m;
    enum kern_return kr;

    t->msg = msg;
    t->option = option;
    t->rcv_size = rcv_size;
    t->rcv_name = rcv_name;
    t->timeout = timeout;
    t->notify = notify;
    if (option & MACH_SEND_MSG) {
        kr = kmsg_copyin(msg, send_size, mach_space(t), map_of(t), task_quota(t->thread.task),
                         option, notify, &m);
        if (kr != MACH_MSG_SUCCESS)
            mach_return(t, kr);
        next = send(t, m);
    }
    if (option & MACH_RCV_MSG)
        receive(t, next);
    finish(t, next, MACH_MSG_SUCCESS);
}
