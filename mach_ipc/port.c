/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of ports: states, death, rights that the kernel holds. */
#include "mach_ipc/port.h"

#include "l4k/lib/assert.h"
#include "mach_ipc/kobject.h"
#include "mach_ipc/message.h"
#include "mach_ipc/notify.h"
#include "mach_ipc/wait.h"

uint32_t ports_in_use;

static struct port *chain_from; /* NULL: the way may be another by now */
static uint64_t chain_mark;

struct port *port_alloc(struct quota *payer)
{
    struct port *p = kmem_alloc(sizeof(*p), payer);

    if (!p)
        return NULL;
    ports_in_use++;
    p->refs = 1;
    p->active = true;
    p->qlimit = MACH_PORT_QLIMIT_DEFAULT;
    p->payer = payer;
    list_init(&p->messages);
    list_init(&p->receivers);
    list_init(&p->senders);
    list_init(&p->set_link);
    list_init(&p->set_ready);
    list_init(&p->requests);
    return p;
}

struct port *port_alloc_kernel(struct quota *payer, enum kobject_type type, void *kobject)
{
    struct port *p = port_alloc(payer);

    if (p) {
        p->kobject_type = (uint8_t)type;
        p->kobject = kobject;
    }
    return p;
}

void port_free(struct port *p)
{
    assert(!p->active && p->msgcount == 0 && p->srights == 0 && p->sorights == 0);
    ports_in_use--;
    chain_from = NULL;
    kmem_free(p, sizeof(*p), p->payer);
}

static bool in_transit(const struct port *p)
{
    return p->active && !p->receiver && p->kobject_type == KOBJECT_NONE;
}

void port_clear_receiver(struct port *p, enum kern_return why)
{
    if (p->set)
        port_set_remove(p);
    mach_wake_all(&p->receivers, why);
    p->receiver = NULL;
    p->receiver_name = MACH_PORT_NULL;
    p->destination = NULL;
    p->mscount = 0;
    p->seqno = 0;
}

/* The ports on the way from chain_from have this mark. It is followed once for all the rights of a
 * message, however long it is. */
static void follow(struct port *d)
{
    chain_from = d;
    chain_mark++;
    for (; d; d = in_transit(d) ? d->destination : NULL)
        d->mark = chain_mark;
}

bool port_set_destination(struct port *p, struct port *destination)
{
    assert(in_transit(p) && !p->destination);
    if (!port_valid(destination))
        return false;
    if (chain_from != destination)
        follow(destination);
    if (p->mark == chain_mark)
        return true;
    port_reference(destination);
    p->destination = destination;
    return false;
}

/* Not in transit any more. */
static void clear_destination(struct port *p)
{
    struct port *d = p->destination;

    p->destination = NULL;
    chain_from = NULL;
    if (d)
        port_release(d);
}

void port_set_receiver(struct port *p, struct space *s, mach_port_name_t name)
{
    assert(in_transit(p));
    clear_destination(p);
    p->receiver = s;
    p->receiver_name = name;
}

/* Those who asked are told; their entries find the request without a notify port (right_dies()). */
static void tell_death(struct port *p)
{
    while (!list_empty(&p->requests)) {
        struct dead_name_request *r = container_of(p->requests.next, struct dead_name_request,
                                                   link);
        struct port *notify = r->notify;

        list_remove(&r->link);
        r->notify = NULL;
        notify_dead_name(notify, r->name);
    }
}

void port_destroy(struct port *p)
{
    struct port *notify;

    assert(p->active);
    if (p->receiver)
        port_clear_receiver(p, MACH_RCV_PORT_DIED);
    else if (p->kobject_type == KOBJECT_NONE)
        clear_destination(p);
    notify = p->port_destroyed;
    p->port_destroyed = NULL;
    if (notify)
        return notify_port_destroyed(notify, p);
    p->active = false;
    p->kobject_type = KOBJECT_NONE;
    p->kobject = NULL;
    message_flush(p);
    notify = p->no_senders;
    p->no_senders = NULL;
    port_release_send_once(notify);
    tell_death(p);
    port_release(p);
}

struct port *port_copy_send(struct port *p)
{
    if (!port_valid(p))
        return p;
    if (!p->active)
        return PORT_DEAD;
    p->srights++;
    port_reference(p);
    return p;
}

void port_release_send(struct port *p)
{
    struct port *notify;

    if (!port_valid(p))
        return;
    assert(p->srights > 0);
    if (--p->srights == 0 && p->active) {
        notify = p->no_senders;
        p->no_senders = NULL;
        if (notify)
            notify_no_senders(notify, p->mscount);
        if (p->kobject_type != KOBJECT_NONE)
            kobject_no_senders(p);
    }
    port_release(p);
}

void port_release_send_once(struct port *p)
{
    if (!port_valid(p))
        return;
    if (p->active)
        return notify_send_once(p);
    assert(p->sorights > 0);
    p->sorights--;
    port_release(p);
}

void port_set_qlimit(struct port *p, uint32_t qlimit)
{
    p->qlimit = qlimit;
    message_room(p);
}
