/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations on port names. */
#include "mach_ipc/mach_port.h"

#include "mach_ipc/kmsg.h"
#include "mach_ipc/notify.h"

/* The entry of a name, up to date; KERN_INVALID_NAME. */
static enum kern_return lookup(struct space *s, mach_port_name_t name, struct entry **out)
{
    struct entry *e = space_lookup(s, name);

    if (!e)
        return KERN_INVALID_NAME;
    right_check(s, name, e);
    *out = e;
    return KERN_SUCCESS;
}

/* The same; KERN_INVALID_RIGHT unless it has the right. */
static enum kern_return lookup_right(struct space *s, mach_port_name_t name, uint32_t type,
                                     struct entry **out)
{
    enum kern_return kr = lookup(s, name, out);

    if (kr == KERN_SUCCESS && !((*out)->bits & type))
        kr = KERN_INVALID_RIGHT;
    return kr;
}

static uint32_t type_of(const struct entry *e)
{
    return (e->bits & ENTRY_TYPE_MASK) | (e->request ? MACH_PORT_TYPE_DNREQUEST : 0);
}

struct names {
    mach_port_name_t *names;
    uint32_t *types;
    uint32_t room, count;
};

static void add_name(struct space *s, mach_port_name_t name, struct entry *e, void *argument)
{
    struct names *n = argument;

    right_check(s, name, e);
    if (n->count < n->room) {
        n->names[n->count] = name;
        n->types[n->count] = type_of(e);
    }
    n->count++;
}

void mach_port_names(struct space *s, mach_port_name_t *names, uint32_t *types, uint32_t room,
                     uint32_t *count)
{
    struct names n = {names, types, room, 0};

    space_for_each(s, add_name, &n);
    *count = n.count;
}

enum kern_return mach_port_type(struct space *s, mach_port_name_t name, uint32_t *type)
{
    struct entry *e;
    enum kern_return kr = lookup(s, name, &e);

    if (kr == KERN_SUCCESS)
        *type = type_of(e);
    return kr;
}

/* Messages that tell the space of `from` when they are taken tell it of `to`. */
static void rename_accepted(const struct space *s, const struct port *p, mach_port_name_t from,
                            mach_port_name_t to)
{
    struct list *l;

    list_for_each(l, &p->messages) {
        struct kmsg *m = container_of(l, struct kmsg, link);

        if (m->accepted && m->accepted_space == s && m->accepted_name == from)
            m->accepted_name = to;
    }
}

enum kern_return mach_port_rename(struct space *s, mach_port_name_t from, mach_port_name_t to)
{
    struct entry *e, *n;
    bool hashed;
    enum kern_return kr;

    if (!mach_port_valid(to))
        return KERN_INVALID_VALUE;
    kr = lookup(s, from, &e);
    if (kr == KERN_SUCCESS)
        kr = entry_alloc_name(s, to, &n);
    if (kr != KERN_SUCCESS)
        return kr;
    hashed = (e->bits & ENTRY_TYPE_MASK) == MACH_PORT_TYPE_SEND;
    if (hashed)
        entry_unhash(s, from, e);
    n->port = e->port;
    n->request = e->request;
    n->bits |= e->bits & ~(ENTRY_GEN_MASK | ENTRY_LISTED);
    e->request = NULL;
    entry_free(s, from, e);
    if (n->request)
        n->request->name = to;
    if (n->bits & ENTRY_ACCEPTED)
        rename_accepted(s, n->port, from, to);
    if (hashed)
        entry_hash(s, to, n);
    if (n->bits & MACH_PORT_TYPE_RECEIVE)
        n->port->receiver_name = to;
    if (n->bits & MACH_PORT_TYPE_PORT_SET)
        n->set->name = to;
    return KERN_SUCCESS;
}

/* Gives a blank entry the right that is allocated. */
static enum kern_return fill(struct space *s, uint32_t right, mach_port_name_t name,
                             struct entry *e)
{
    if (right == MACH_PORT_RIGHT_DEAD_NAME) {
        e->bits |= MACH_PORT_TYPE_DEAD_NAME | 1;
        return KERN_SUCCESS;
    }
    if (right == MACH_PORT_RIGHT_PORT_SET) {
        struct port_set *set = port_set_alloc(s->payer, name);

        if (!set)
            return KERN_RESOURCE_SHORTAGE;
        e->set = set;
    } else {
        struct port *port = port_alloc(s->payer);

        if (!port)
            return KERN_RESOURCE_SHORTAGE;
        e->port = port;
        port_set_receiver(port, s, name);
    }
    e->bits |= MACH_PORT_TYPE(right);
    return KERN_SUCCESS;
}

static bool allocatable(uint32_t right)
{
    return right == MACH_PORT_RIGHT_RECEIVE || right == MACH_PORT_RIGHT_PORT_SET ||
           right == MACH_PORT_RIGHT_DEAD_NAME;
}

enum kern_return mach_port_allocate(struct space *s, uint32_t right, mach_port_name_t *name)
{
    struct entry *e;
    enum kern_return kr;

    if (!allocatable(right))
        return KERN_INVALID_VALUE;
    kr = entry_alloc(s, name, &e);
    if (kr != KERN_SUCCESS)
        return kr;
    kr = fill(s, right, *name, e);
    if (kr != KERN_SUCCESS)
        entry_free(s, *name, e);
    return kr;
}

enum kern_return mach_port_allocate_name(struct space *s, uint32_t right, mach_port_name_t name)
{
    struct entry *e;
    enum kern_return kr;

    if (!allocatable(right))
        return KERN_INVALID_VALUE;
    kr = entry_alloc_name(s, name, &e);
    if (kr != KERN_SUCCESS)
        return kr;
    kr = fill(s, right, name, e);
    if (kr != KERN_SUCCESS)
        entry_free(s, name, e);
    return kr;
}

enum kern_return mach_port_destroy(struct space *s, mach_port_name_t name)
{
    struct entry *e;
    enum kern_return kr = lookup(s, name, &e);

    if (kr == KERN_SUCCESS)
        right_destroy_entry(s, name, e);
    return kr;
}

enum kern_return mach_port_deallocate(struct space *s, mach_port_name_t name)
{
    struct entry *e;
    uint32_t right;
    enum kern_return kr = lookup(s, name, &e);

    if (kr != KERN_SUCCESS)
        return kr;
    if (e->bits & MACH_PORT_TYPE_SEND)
        right = MACH_PORT_RIGHT_SEND;
    else if (e->bits & MACH_PORT_TYPE_SEND_ONCE)
        right = MACH_PORT_RIGHT_SEND_ONCE;
    else if (e->bits & MACH_PORT_TYPE_DEAD_NAME)
        right = MACH_PORT_RIGHT_DEAD_NAME;
    else
        return KERN_INVALID_RIGHT;
    return right_delta(s, name, e, right, -1);
}

enum kern_return mach_port_get_refs(struct space *s, mach_port_name_t name, uint32_t right,
                                    uint32_t *refs)
{
    struct entry *e;
    enum kern_return kr;

    if (right >= MACH_PORT_RIGHT_NUMBER)
        return KERN_INVALID_VALUE;
    kr = lookup(s, name, &e);
    if (kr != KERN_SUCCESS)
        return kr;
    if (!(e->bits & MACH_PORT_TYPE(right)))
        *refs = 0;
    else if (right == MACH_PORT_RIGHT_RECEIVE || right == MACH_PORT_RIGHT_PORT_SET)
        *refs = 1;
    else
        *refs = e->bits & ENTRY_UREFS_MASK;
    return KERN_SUCCESS;
}

enum kern_return mach_port_mod_refs(struct space *s, mach_port_name_t name, uint32_t right,
                                    int32_t delta)
{
    struct entry *e;
    enum kern_return kr;

    if (right >= MACH_PORT_RIGHT_NUMBER)
        return KERN_INVALID_VALUE;
    kr = lookup(s, name, &e);
    return kr == KERN_SUCCESS ? right_delta(s, name, e, right, delta) : kr;
}

enum kern_return mach_port_insert_right(struct space *s, mach_port_name_t name,
                                        struct port *port, uint32_t type)
{
    if (!port || !mach_port_valid(name) || type - MACH_MSG_TYPE_PORT_RECEIVE > 2)
        return KERN_INVALID_VALUE;
    if (port == PORT_DEAD)
        return KERN_INVALID_CAPABILITY;
    return right_copyout_name(s, port, type, name);
}

enum kern_return mach_port_extract_right(struct space *s, mach_port_name_t name,
                                         uint32_t disposition, struct port **port,
                                         uint32_t *type)
{
    if (!MACH_MSG_TYPE_PORT_ANY(disposition))
        return KERN_INVALID_VALUE;
    *type = right_sent_type(disposition);
    return right_copyin(s, name, disposition, port);
}

enum kern_return mach_port_move_member(struct space *s, mach_port_name_t member,
                                       mach_port_name_t after)
{
    struct entry *m, *a = NULL;
    enum kern_return kr = lookup_right(s, member, MACH_PORT_TYPE_RECEIVE, &m);

    if (kr == KERN_SUCCESS && after != MACH_PORT_NULL)
        kr = lookup_right(s, after, MACH_PORT_TYPE_PORT_SET, &a);
    if (kr != KERN_SUCCESS)
        return kr;
    if (!a && !m->port->set)
        return KERN_NOT_IN_SET;
    if (m->port->set)
        port_set_remove(m->port);
    if (a)
        port_set_add(a->set, m->port);
    return KERN_SUCCESS;
}

enum kern_return mach_port_get_set_status(struct space *s, mach_port_name_t name,
                                          mach_port_name_t *members, uint32_t room,
                                          uint32_t *count)
{
    struct entry *e;
    struct list *l;
    enum kern_return kr = lookup_right(s, name, MACH_PORT_TYPE_PORT_SET, &e);

    if (kr != KERN_SUCCESS)
        return kr;
    *count = 0;
    list_for_each(l, &e->set->members) {
        if (*count < room)
            members[*count] = container_of(l, struct port, set_link)->receiver_name;
        ++*count;
    }
    return KERN_SUCCESS;
}

enum kern_return mach_port_get_receive_status(struct space *s, mach_port_name_t name,
                                              struct mach_port_status *status)
{
    struct entry *e;
    const struct port *p;
    enum kern_return kr = lookup_right(s, name, MACH_PORT_TYPE_RECEIVE, &e);

    if (kr != KERN_SUCCESS)
        return kr;
    p = e->port;
    *status = (struct mach_port_status){
        .pset = p->set ? p->set->name : MACH_PORT_NULL,
        .seqno = p->seqno,
        .mscount = p->mscount,
        .qlimit = p->qlimit,
        .msgcount = p->msgcount,
        .sorights = p->sorights,
        .srights = p->srights > 0,
        .pdrequest = p->port_destroyed != NULL,
        .nsrequest = p->no_senders != NULL,
    };
    return KERN_SUCCESS;
}

enum kern_return mach_port_set_qlimit(struct space *s, mach_port_name_t name, uint32_t qlimit)
{
    struct entry *e;
    enum kern_return kr;

    if (qlimit > MACH_PORT_QLIMIT_MAX)
        return KERN_INVALID_VALUE;
    kr = lookup_right(s, name, MACH_PORT_TYPE_RECEIVE, &e);
    if (kr == KERN_SUCCESS)
        port_set_qlimit(e->port, qlimit);
    return kr;
}

enum kern_return mach_port_set_mscount(struct space *s, mach_port_name_t name, uint32_t mscount)
{
    struct entry *e;
    enum kern_return kr = lookup_right(s, name, MACH_PORT_TYPE_RECEIVE, &e);

    if (kr == KERN_SUCCESS)
        e->port->mscount = mscount;
    return kr;
}

enum kern_return mach_port_set_seqno(struct space *s, mach_port_name_t name, uint32_t seqno)
{
    struct entry *e;
    enum kern_return kr = lookup_right(s, name, MACH_PORT_TYPE_RECEIVE, &e);

    if (kr == KERN_SUCCESS)
        e->port->seqno = seqno;
    return kr;
}

/* Told at once, if there are no senders already and `sync` make-sends have been. */
static void request_no_senders(struct port *p, uint32_t sync, struct port *notify,
                               struct port **previous)
{
    *previous = p->no_senders;
    p->no_senders = NULL;
    if (notify && p->srights == 0 && sync <= p->mscount)
        notify_no_senders(notify, p->mscount);
    else
        p->no_senders = notify;
}

enum kern_return mach_port_request_notification(struct space *s, mach_port_name_t name, int32_t id,
                                                uint32_t sync, struct port *notify,
                                                struct port **previous)
{
    uint32_t right = id == MACH_NOTIFY_DEAD_NAME ? ENTRY_TYPE_MASK : MACH_PORT_TYPE_RECEIVE;
    struct entry *e;
    enum kern_return kr;

    if (notify == PORT_DEAD)
        return KERN_INVALID_CAPABILITY;
    if (id != MACH_NOTIFY_DEAD_NAME && id != MACH_NOTIFY_NO_SENDERS &&
        (id != MACH_NOTIFY_PORT_DESTROYED || sync))
        return KERN_INVALID_VALUE;
    kr = lookup_right(s, name, right, &e);
    if (kr != KERN_SUCCESS)
        return kr;
    if (id == MACH_NOTIFY_DEAD_NAME)
        return right_request(s, name, e, notify, sync != 0, previous);
    if (id == MACH_NOTIFY_NO_SENDERS) {
        request_no_senders(e->port, sync, notify, previous);
    } else {
        *previous = e->port->port_destroyed;
        e->port->port_destroyed = notify;
    }
    return KERN_SUCCESS;
}
