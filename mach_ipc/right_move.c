/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving rights between name spaces and messages. */
#include "l4k/lib/assert.h"
#include "mach_ipc/right.h"

bool right_copyin_check(const struct entry *e, uint32_t disposition, unsigned times)
{
    uint32_t bits = e->bits;

    switch (disposition) {
    case MACH_MSG_TYPE_MOVE_RECEIVE:
    case MACH_MSG_TYPE_MAKE_SEND:
    case MACH_MSG_TYPE_MAKE_SEND_ONCE:
        return bits & MACH_PORT_TYPE_RECEIVE;
    case MACH_MSG_TYPE_COPY_SEND:
        return bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DEAD_NAME);
    case MACH_MSG_TYPE_MOVE_SEND:
        return bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DEAD_NAME) &&
               (bits & ENTRY_UREFS_MASK) >= times;
    default:
        assert(disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE);
        return bits & (MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DEAD_NAME) &&
               (bits & ENTRY_UREFS_MASK) >= times;
    }
}

static struct port *take_dead(struct space *s, mach_port_name_t name, struct entry *e,
                              uint32_t disposition)
{
    if (disposition == MACH_MSG_TYPE_COPY_SEND)
        return PORT_DEAD;
    if ((e->bits & ENTRY_UREFS_MASK) > 1)
        e->bits--;
    else
        entry_free(s, name, e);
    return PORT_DEAD;
}

static struct port *take_send(struct space *s, mach_port_name_t name, struct entry *e)
{
    struct port *p = e->port;

    if ((e->bits & ENTRY_UREFS_MASK) > 1) {
        e->bits--;
        p->srights++;
        port_reference(p);
    } else if (e->bits & MACH_PORT_TYPE_RECEIVE) {
        e->bits &= ~(MACH_PORT_TYPE_SEND | ENTRY_UREFS_MASK | ENTRY_ACCEPTED);
        port_reference(p);
    } else {
        right_drop_entry(s, name, e);
    }
    return p;
}

static struct port *take_receive(struct space *s, mach_port_name_t name, struct entry *e)
{
    struct port *p = e->port;

    port_clear_receiver(p, MACH_RCV_PORT_DIED);
    if (e->bits & MACH_PORT_TYPE_SEND) {
        e->bits &= ~MACH_PORT_TYPE_RECEIVE;
        entry_hash(s, name, e);
        port_reference(p);
    } else {
        right_drop_entry(s, name, e);
    }
    return p;
}

struct port *right_take(struct space *s, mach_port_name_t name, struct entry *e,
                        uint32_t disposition)
{
    struct port *p = e->port;

    if (e->bits & MACH_PORT_TYPE_DEAD_NAME)
        return take_dead(s, name, e, disposition);
    switch (disposition) {
    case MACH_MSG_TYPE_COPY_SEND:
        p->srights++;
        port_reference(p);
        return p;
    case MACH_MSG_TYPE_MAKE_SEND:
        return port_make_send(p);
    case MACH_MSG_TYPE_MAKE_SEND_ONCE:
        return port_make_send_once(p);
    case MACH_MSG_TYPE_MOVE_SEND:
        return take_send(s, name, e);
    case MACH_MSG_TYPE_MOVE_SEND_ONCE:
        right_drop_entry(s, name, e);
        return p;
    default:
        assert(disposition == MACH_MSG_TYPE_MOVE_RECEIVE);
        return take_receive(s, name, e);
    }
}

enum kern_return right_copyin(struct space *s, mach_port_name_t name, uint32_t disposition,
                              struct port **out)
{
    struct entry *e = space_lookup(s, name);

    if (!e)
        return KERN_INVALID_NAME;
    right_check(s, name, e);
    if (!right_copyin_check(e, disposition, 1))
        return KERN_INVALID_RIGHT;
    *out = right_take(s, name, e, disposition);
    return KERN_SUCCESS;
}

/* Where a send or receive right to `port` is in the space already; NULL: nowhere. */
static struct entry *find(struct space *s, struct port *port, mach_port_name_t *name)
{
    if (port->receiver == s) {
        *name = port->receiver_name;
        return space_lookup(s, *name);
    }
    return entry_find(s, port, name);
}

/* The right joins those that the entry has to the same port; its reference goes. */
static enum kern_return merge(struct space *s, struct port *port, uint32_t type, bool stick,
                              mach_port_name_t name, struct entry *e)
{
    if (type == MACH_MSG_TYPE_PORT_RECEIVE) {
        entry_unhash(s, name, e);
        e->bits |= MACH_PORT_TYPE_RECEIVE;
        port_set_receiver(port, s, name);
    } else if (!(e->bits & MACH_PORT_TYPE_SEND)) {
        e->bits |= MACH_PORT_TYPE_SEND | 1;
    } else {
        if ((e->bits & ENTRY_UREFS_MASK) < ENTRY_UREFS_MAX)
            e->bits++;
        else if (!stick)
            return KERN_UREFS_OVERFLOW;
        port->srights--;
    }
    port_release(port);
    return KERN_SUCCESS;
}

static void fill(struct space *s, struct port *port, uint32_t type, mach_port_name_t name,
                 struct entry *e)
{
    e->port = port;
    if (type == MACH_MSG_TYPE_PORT_SEND_ONCE) {
        e->bits |= MACH_PORT_TYPE_SEND_ONCE | 1;
    } else if (type == MACH_MSG_TYPE_PORT_SEND) {
        e->bits |= MACH_PORT_TYPE_SEND | 1;
        entry_hash(s, name, e);
    } else {
        e->bits |= MACH_PORT_TYPE_RECEIVE;
        port_set_receiver(port, s, name);
    }
}

static __attribute__((noinline)) enum kern_return
copyout(struct space *s, struct port *port, uint32_t type, bool stick, mach_port_name_t *name)
{
    struct entry *e;
    enum kern_return kr;

    if (!port->active) {
        right_destroy(port, type);
        *name = MACH_PORT_DEAD;
        return KERN_SUCCESS;
    }
    if (type != MACH_MSG_TYPE_PORT_SEND_ONCE && (e = find(s, port, name)))
        return merge(s, port, type, stick, *name, e);
    kr = entry_alloc(s, name, &e);
    if (kr == KERN_SUCCESS)
        fill(s, port, type, *name, e);
    return kr;
}

enum kern_return right_copyout(struct space *s, struct port *port, uint32_t type, bool stick,
                               mach_port_name_t *name)
{
    struct entry *e;

    if (!port_valid(port)) {
        *name = port ? MACH_PORT_DEAD : MACH_PORT_NULL;
        return KERN_SUCCESS;
    }
    if (type != MACH_MSG_TYPE_PORT_SEND_ONCE || !port->active || !entry_pop(s, name, &e))
        return copyout(s, port, type, stick, name);
    e->port = port;
    e->bits |= MACH_PORT_TYPE_SEND_ONCE | 1;
    return KERN_SUCCESS;
}

enum kern_return right_copyout_name(struct space *s, struct port *port, uint32_t type,
                                    mach_port_name_t name)
{
    mach_port_name_t has;
    struct entry *e;
    enum kern_return kr;

    assert(port->active);
    if (type != MACH_MSG_TYPE_PORT_SEND_ONCE && (e = find(s, port, &has)))
        return has == name ? merge(s, port, type, false, name, e) : KERN_RIGHT_EXISTS;
    e = space_lookup(s, name);
    if (e)
        return KERN_NAME_EXISTS;
    kr = entry_alloc_name(s, name, &e);
    if (kr == KERN_SUCCESS)
        fill(s, port, type, name, e);
    return kr;
}
