/* SPDX-License-Identifier: BSD-2-Clause */
/* What entries hold: deaths, user references, dead-name requests, the end of entries. */
#include "mach_ipc/right.h"

#include "l4k/lib/assert.h"
#include "mach_ipc/notify.h"

static void free_request(struct space *s, struct entry *e)
{
    kmem_free(e->request, sizeof(*e->request), s->payer);
    e->request = NULL;
}

void right_dies(struct space *s, mach_port_name_t name, struct entry *e)
{
    struct port *p = e->port;

    if (e->bits & MACH_PORT_TYPE_SEND) {
        p->srights--;
        entry_unhash(s, name, e);
    } else {
        p->sorights--;
    }
    e->bits = (e->bits & ~ENTRY_TYPE_MASK & ~ENTRY_ACCEPTED) | MACH_PORT_TYPE_DEAD_NAME;
    if (e->request) {
        if ((e->bits & ENTRY_UREFS_MASK) < ENTRY_UREFS_MAX)
            e->bits++;
        free_request(s, e);
    }
    e->port = NULL;
    port_release(p);
}

struct port *right_cancel_request(struct space *s, struct entry *e)
{
    struct port *notify;

    if (!e->request)
        return NULL;
    notify = e->request->notify;
    list_remove(&e->request->link);
    free_request(s, e);
    return notify;
}

/* Frees the entry, whose rights are the caller's now; who asked for its death is told. */
void right_drop_entry(struct space *s, mach_port_name_t name, struct entry *e)
{
    struct port *notify = right_cancel_request(s, e);

    if ((e->bits & ENTRY_TYPE_MASK) == MACH_PORT_TYPE_SEND)
        entry_unhash(s, name, e);
    entry_free(s, name, e);
    if (notify)
        notify_port_deleted(notify, name);
}

struct port *right_lookup_send(struct space *s, mach_port_name_t name)
{
    struct entry *e = space_lookup(s, name);

    if (!e || !(e->bits & MACH_PORT_TYPE_SEND) || !e->port->active)
        return NULL;
    return e->port;
}

struct port *right_lookup_receive(struct space *s, mach_port_name_t name)
{
    struct entry *e = space_lookup(s, name);

    return e && e->bits & MACH_PORT_TYPE_RECEIVE ? e->port : NULL;
}

void right_destroy(struct port *port, uint32_t type)
{
    if (!port_valid(port))
        return;
    if (type == MACH_MSG_TYPE_PORT_SEND)
        port_release_send(port);
    else if (type == MACH_MSG_TYPE_PORT_SEND_ONCE)
        port_release_send_once(port);
    else
        port_destroy(port);
}

void right_destroy_entry(struct space *s, mach_port_name_t name, struct entry *e)
{
    uint32_t type = e->bits & ENTRY_TYPE_MASK;
    struct port *p = e->port;

    if (type == MACH_PORT_TYPE_PORT_SET) {
        struct port_set *set = e->set;

        entry_free(s, name, e);
        return port_set_destroy(set);
    }
    right_drop_entry(s, name, e);
    switch (type) {
    case MACH_PORT_TYPE_SEND:
        return port_release_send(p);
    case MACH_PORT_TYPE_SEND_ONCE:
        return port_release_send_once(p);
    case MACH_PORT_TYPE_SEND_RECEIVE:
        port_reference(p);
        port_release_send(p);
        return port_destroy(p);
    case MACH_PORT_TYPE_RECEIVE:
        return port_destroy(p);
    default: /* a dead name */
        return;
    }
}

/* The receive right goes, a send right in the entry stays and becomes a dead name with the port. */
static void destroy_receive(struct space *s, mach_port_name_t name, struct entry *e)
{
    struct port *p = e->port;

    if (!(e->bits & MACH_PORT_TYPE_SEND))
        return right_destroy_entry(s, name, e);
    e->bits &= ~MACH_PORT_TYPE_RECEIVE;
    entry_hash(s, name, e);
    port_reference(p);
    port_destroy(p);
    right_check(s, name, e);
}

/* The last user reference of the send right goes; a receive right in the entry stays. */
static void drop_send(struct space *s, mach_port_name_t name, struct entry *e)
{
    struct port *p = e->port;

    if (!(e->bits & MACH_PORT_TYPE_RECEIVE))
        return right_destroy_entry(s, name, e);
    e->bits &= ~(MACH_PORT_TYPE_SEND | ENTRY_UREFS_MASK | ENTRY_ACCEPTED);
    port_reference(p);
    port_release_send(p);
}

/* Rights without user references: there, or taken away. */
static enum kern_return delta_one(struct space *s, mach_port_name_t name, struct entry *e,
                                  int32_t delta,
                                  void (*destroy)(struct space *, mach_port_name_t,
                                                  struct entry *))
{
    if (delta != 0 && delta != -1)
        return KERN_INVALID_VALUE;
    if (delta)
        destroy(s, name, e);
    return KERN_SUCCESS;
}

static enum kern_return delta_counted(struct space *s, mach_port_name_t name, struct entry *e,
                                      int32_t delta)
{
    int64_t urefs = (int64_t)(e->bits & ENTRY_UREFS_MASK) + delta;

    if (urefs < 0)
        return KERN_INVALID_VALUE;
    if (urefs > (int64_t)ENTRY_UREFS_MAX)
        return KERN_UREFS_OVERFLOW;
    if (urefs > 0)
        e->bits = (e->bits & ~ENTRY_UREFS_MASK) | (uint32_t)urefs;
    else if (e->bits & MACH_PORT_TYPE_SEND)
        drop_send(s, name, e);
    else
        right_drop_entry(s, name, e);
    return KERN_SUCCESS;
}

enum kern_return right_delta(struct space *s, mach_port_name_t name, struct entry *e,
                             uint32_t right, int32_t delta)
{
    assert(right < MACH_PORT_RIGHT_NUMBER);
    right_check(s, name, e);
    if (!(e->bits & MACH_PORT_TYPE(right)))
        return KERN_INVALID_RIGHT;
    switch (right) {
    case MACH_PORT_RIGHT_RECEIVE:
        return delta_one(s, name, e, delta, destroy_receive);
    case MACH_PORT_RIGHT_SEND_ONCE:
    case MACH_PORT_RIGHT_PORT_SET:
        return delta_one(s, name, e, delta, right_destroy_entry);
    default:
        return delta_counted(s, name, e, delta);
    }
}

static enum kern_return tell_at_once(mach_port_name_t name, struct entry *e, struct port *notify)
{
    if ((e->bits & ENTRY_UREFS_MASK) == ENTRY_UREFS_MAX)
        return KERN_UREFS_OVERFLOW;
    e->bits++;
    notify_dead_name(notify, name);
    return KERN_SUCCESS;
}

enum kern_return right_request(struct space *s, mach_port_name_t name, struct entry *e,
                               struct port *notify, bool immediate, struct port **previous)
{
    struct dead_name_request *r;

    *previous = NULL;
    right_check(s, name, e);
    if (e->bits & MACH_PORT_TYPE_DEAD_NAME)
        return immediate && notify ? tell_at_once(name, e, notify) : KERN_INVALID_ARGUMENT;
    if (e->bits & MACH_PORT_TYPE_PORT_SET)
        return KERN_INVALID_RIGHT;
    if (!notify) {
        *previous = right_cancel_request(s, e);
        return KERN_SUCCESS;
    }
    if (e->request) {
        *previous = e->request->notify;
        e->request->notify = notify;
        return KERN_SUCCESS;
    }
    r = kmem_alloc(sizeof(*r), s->payer);
    if (!r)
        return KERN_RESOURCE_SHORTAGE;
    r->name = name;
    r->notify = notify;
    list_add_tail(&e->port->requests, &r->link);
    e->request = r;
    return KERN_SUCCESS;
}
