/* SPDX-License-Identifier: BSD-2-Clause */
/* Message queues: delivery to who waits, limits, flushing. */
#include "mach_ipc/message.h"

#include "l4k/kern/cpu_state.h"
#include "mach_ipc/kobject.h"
#include "mach_ipc/queue.h"
#include "mach_ipc/wait.h"

/* MACH_RCV_LARGE: a receiver without room learns how much it needs and leaves the message. */
static bool refuses(struct mach_thread *r, const struct kmsg *m)
{
    if (m->header.size <= r->rcv_size || !(r->option & MACH_RCV_LARGE))
        return false;
    r->send_size = m->header.size;
    mach_wake(r, MACH_RCV_TOO_LARGE);
    return true;
}

static void enqueue(struct port *p, struct kmsg *m)
{
    list_add_tail(&p->messages, &m->link);
    if (p->msgcount++ == 0 && p->set)
        list_add_tail(&p->set->ready, &p->set_ready);
}

struct mach_thread *message_deliver(struct port *p, struct kmsg *m)
{
    struct list *receivers = p->set ? &p->set->receivers : &p->receivers;

    while (!list_empty(receivers)) {
        struct mach_thread *r = container_of(receivers->next, struct mach_thread, wait_link);

        if (refuses(r, m))
            continue;
        m->header.seqno = p->seqno++;
        r->message = m;
        mach_unwait(r, MACH_MSG_SUCCESS);
        return r;
    }
    enqueue(p, m);
    return NULL;
}

struct mach_thread *message_send_handoff(struct kmsg *m)
{
    struct port *p = kmsg_remote(m);
    struct mach_thread *next = NULL;

    if (!port_valid(p) || !p->active || m->header.bits & MACH_MSGH_BITS_CIRCULAR) {
        kmsg_destroy(m);
        return NULL;
    }
    if (p->kobject_type == KOBJECT_NONE)
        return message_deliver(p, m);
    m = message_to_kernel(mach_thread(current()), m, &next);
    return m ? message_send_handoff(m) : next;
}

void message_send(struct kmsg *m)
{
    struct mach_thread *r = message_send_handoff(m);

    if (r)
        mach_ready(r);
}

/* The request keeps what the server did not take; the reply right goes to the reply. */
struct kmsg *message_to_kernel(struct mach_thread *self, struct kmsg *m, struct mach_thread **next)
{
    struct kmsg *reply = NULL;
    uint32_t type;
    uint64_t right;

    kobject_server(self, m, &reply, next);
    type = MACH_MSGH_BITS_LOCAL(m->header.bits);
    right = m->header.local;
    kmsg_consume_remote(m);
    if (!reply) {
        kmsg_destroy(m);
        return NULL;
    }
    m->header.local = 0;
    if (reply != m)
        kmsg_destroy(m);
    reply->header.bits = (reply->header.bits & MACH_MSGH_BITS_COMPLEX) | type;
    reply->header.remote = right;
    reply->header.local = 0;
    reply->header.seqno = 0;
    if (!port_valid(kmsg_remote(reply)) || !kmsg_remote(reply)->active) {
        kmsg_destroy(reply);
        return NULL;
    }
    return reply;
}

struct kmsg *message_take(struct port *p)
{
    struct kmsg *m = container_of(p->messages.next, struct kmsg, link);

    list_remove(&m->link);
    m->header.seqno = p->seqno++;
    list_remove(&p->set_ready);
    if (--p->msgcount > 0 && p->set) /* the others' turn */
        list_add_tail(&p->set->ready, &p->set_ready);
    if (m->accepted)
        kmsg_accept(m);
    if (!list_empty(&p->senders))
        message_room(p);
    return m;
}

struct kmsg *message_take_set(struct port_set *s)
{
    return message_take(container_of(s->ready.next, struct port, set_ready));
}

void message_match_set(struct port_set *s)
{
    while (!list_empty(&s->receivers) && !list_empty(&s->ready)) {
        struct mach_thread *r = container_of(s->receivers.next, struct mach_thread, wait_link);
        struct port *p = container_of(s->ready.next, struct port, set_ready);

        if (refuses(r, container_of(p->messages.next, struct kmsg, link)))
            continue;
        mach_unwait(r, MACH_MSG_SUCCESS);
        r->message = message_take(p);
        mach_ready(r);
    }
}

void message_room(struct port *p)
{
    while (!list_empty(&p->senders) && p->msgcount < p->qlimit) {
        struct mach_thread *s = container_of(p->senders.next, struct mach_thread, wait_link);
        struct kmsg *m = s->message;
        struct mach_thread *r;

        s->message = NULL;
        mach_wake(s, MACH_MSG_SUCCESS);
        r = message_deliver(p, m);
        if (r)
            mach_ready(r);
    }
}

void message_flush(struct port *p)
{
    while (!list_empty(&p->messages)) {
        struct kmsg *m = container_of(p->messages.next, struct kmsg, link);

        list_remove(&m->link);
        p->msgcount--;
        kmsg_destroy(m);
    }
    while (!list_empty(&p->senders)) {
        struct mach_thread *s = container_of(p->senders.next, struct mach_thread, wait_link);
        struct kmsg *m = s->message;

        s->message = NULL;
        mach_wake(s, MACH_MSG_SUCCESS);
        kmsg_destroy(m);
    }
}
