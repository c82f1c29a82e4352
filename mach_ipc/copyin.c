/* SPDX-License-Identifier: BSD-2-Clause */
/* From a user's message to the kernel's: rights out of the space, memory out of the map. */
#include "l4k/vm/vm_ool.h"
#include "l4k/x86_64/user_copy.h"
#include "mach_ipc/kmsg.h"
#include "mach_ipc/right.h"

/* How often the right must be there when both header ports name one entry. */
static unsigned times(uint32_t dest_type, uint32_t reply_type)
{
    bool moves = dest_type == MACH_MSG_TYPE_MOVE_SEND || dest_type == MACH_MSG_TYPE_MOVE_SEND_ONCE;

    return moves && dest_type == reply_type ? 2 : 1;
}

/* The entry the reply name stands for in `*out`; NULL for the names that mean no right. */
static enum kern_return check_reply(struct space *space, mach_port_name_t name, uint32_t type,
                                    const struct entry *dest, uint32_t dest_type,
                                    struct entry **out)
{
    struct entry *e;

    *out = NULL;
    if (!mach_port_valid(name))
        return type || name == MACH_PORT_NULL ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_HEADER;
    if (!type)
        return MACH_SEND_INVALID_HEADER;
    e = space_lookup(space, name);
    if (!e)
        return MACH_SEND_INVALID_REPLY;
    right_check(space, name, e);
    if (!right_copyin_check(e, type, e == dest ? times(dest_type, type) : 1))
        return MACH_SEND_INVALID_REPLY;
    *out = e;
    return MACH_MSG_SUCCESS;
}

/* MACH_SEND_CANCEL: a right that leaves the space with a request for this notify port leaves it
 * without a port-deleted notification. */
static void cancel_request(struct space *space, struct entry *e, uint32_t type,
                           const struct port *notify)
{
    bool moves = type == MACH_MSG_TYPE_MOVE_SEND || type == MACH_MSG_TYPE_MOVE_SEND_ONCE;
    struct port *old;

    if (!moves || (e->bits & ENTRY_UREFS_MASK) != 1 || e->bits & MACH_PORT_TYPE_RECEIVE ||
        !e->request || e->request->notify != notify)
        return;
    old = right_cancel_request(space, e);
    old->sorights--;
    port_release(old);
}

/* Decodes, checks, then commits: a failure leaves everything as it was. */
static __attribute__((noinline)) enum kern_return
copyin_header(struct kmsg *m, struct space *space, uint32_t option, mach_port_name_t notify)
{
    struct mach_msg_header *h = &m->header;
    mach_port_name_t dest_name = (mach_port_name_t)h->remote;
    mach_port_name_t reply_name = (mach_port_name_t)h->local;
    uint32_t dest_type = MACH_MSGH_BITS_REMOTE(h->bits);
    uint32_t reply_type = MACH_MSGH_BITS_LOCAL(h->bits);
    struct entry *dest, *reply;
    struct port *dest_port, *reply_port;
    enum kern_return kr;

    if (!MACH_MSG_TYPE_PORT_ANY_SEND(dest_type) ||
        (reply_type && !MACH_MSG_TYPE_PORT_ANY_SEND(reply_type)))
        return MACH_SEND_INVALID_HEADER;
    dest = space_lookup(space, dest_name);
    if (!dest)
        return MACH_SEND_INVALID_DEST;
    right_check(space, dest_name, dest);
    if (dest->bits & MACH_PORT_TYPE_DEAD_NAME || !right_copyin_check(dest, dest_type, 1))
        return MACH_SEND_INVALID_DEST;
    kr = check_reply(space, reply_name, reply_type, dest, dest_type, &reply);
    if (kr != MACH_MSG_SUCCESS)
        return kr;
    if (option & MACH_SEND_CANCEL) {
        struct port *port = right_lookup_receive(space, notify);

        if (!port)
            return MACH_SEND_INVALID_NOTIFY;
        cancel_request(space, dest, dest_type, port);
    }
    reply_port = reply_name ? PORT_DEAD : NULL;
    /* In one entry a move comes last: it may take the entry away. */
    if (reply && reply_type != MACH_MSG_TYPE_MOVE_SEND) {
        reply_port = right_take(space, reply_name, reply, reply_type);
        reply = NULL;
    }
    dest_port = right_take(space, dest_name, dest, dest_type);
    if (reply)
        reply_port = right_take(space, reply_name, reply, reply_type);
    h->bits = (h->bits & MACH_MSGH_BITS_COMPLEX) |
              MACH_MSGH_BITS(right_sent_type(dest_type),
                             reply_type ? right_sent_type(reply_type) : 0);
    h->remote = (uint64_t)dest_port;
    h->local = (uint64_t)reply_port;
    return MACH_MSG_SUCCESS;
}

/* The two headers of nearly all messages, a request (copied send right, reply port made send-once)
 * and a reply, in the order they are checked in above. False: nothing happened, the general way
 * decides. */
static inline bool copyin_common(struct mach_msg_header *h, struct space *space)
{
    mach_port_name_t dest_name = (mach_port_name_t)h->remote;
    struct entry *dest = space_lookup(space, dest_name), *reply;
    struct port *port;

    if (!dest || !(dest->bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_SEND_ONCE)))
        return false;
    port = dest->port;
    if (!port->active)
        return false;
    if ((h->bits & ~MACH_MSGH_BITS_COMPLEX) ==
        MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE)) {
        reply = space_lookup(space, (mach_port_name_t)h->local);
        if (!reply || !(dest->bits & MACH_PORT_TYPE_SEND) ||
            !(reply->bits & MACH_PORT_TYPE_RECEIVE))
            return false;
        port->srights++;
        port_reference(port);
        h->local = (uint64_t)port_make_send_once(reply->port);
        h->bits ^= MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE) ^
                   MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND_ONCE);
    } else {
        if ((h->bits & ~MACH_MSGH_BITS_COMPLEX) != MACH_MSG_TYPE_MOVE_SEND_ONCE ||
            (mach_port_name_t)h->local || dest->request ||
            !(dest->bits & MACH_PORT_TYPE_SEND_ONCE))
            return false;
        entry_free(space, dest_name, dest);
        h->local = 0;
    }
    h->remote = (uint64_t)port;
    return true;
}

/* One right of a body; a receive right is in transit to the destination from here on. */
static enum kern_return copyin_right(struct kmsg *m, struct space *space, mach_port_name_t name,
                                     uint32_t disposition, struct port **out)
{
    *out = name == MACH_PORT_DEAD ? PORT_DEAD : NULL;
    if (!mach_port_valid(name))
        return MACH_MSG_SUCCESS;
    if (right_copyin(space, name, disposition, out) != KERN_SUCCESS) {
        *out = NULL;
        return MACH_SEND_INVALID_RIGHT;
    }
    if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE && port_set_destination(*out, kmsg_remote(m)))
        m->header.bits |= MACH_MSGH_BITS_CIRCULAR;
    return MACH_MSG_SUCCESS;
}

/* After a failure the slots that were not reached hold NULL. */
static enum kern_return copyin_inline(struct kmsg *m, struct space *space,
                                      struct kmsg_item *item, uint32_t disposition)
{
    uint64_t *slot = (uint64_t *)item->data;
    enum kern_return kr = MACH_MSG_SUCCESS;

    for (uint32_t i = 0; i < item->type->number; i++) {
        struct port *port = NULL;

        if (kr == MACH_MSG_SUCCESS)
            kr = copyin_right(m, space, (mach_port_name_t)slot[i], disposition, &port);
        slot[i] = (uint64_t)port;
    }
    return kr;
}

/* The names are read into the upper half of the array, where each is used before its slot is. */
static enum kern_return copyin_array(struct kmsg *m, struct space *space, struct vm_map *map,
                                     struct kmsg_item *item, uint32_t disposition)
{
    uint64_t *pointer = (uint64_t *)item->data, addr = *pointer;
    uint32_t number = item->type->number;
    struct port_array *a;
    mach_port_name_t *name;
    enum kern_return kr = MACH_MSG_SUCCESS;

    *pointer = 0;
    if (number == 0)
        return MACH_MSG_SUCCESS;
    a = port_array_alloc(number, m->payer);
    if (!a)
        return MACH_SEND_NO_BUFFER;
    name = (mach_port_name_t *)(a->port + number) - number;
    if (copy_from_user(name, addr, number * sizeof(*name)) != OK) {
        port_array_free(a);
        return MACH_SEND_INVALID_MEMORY;
    }
    *pointer = (uint64_t)a;
    for (uint32_t i = 0; i < number; i++) {
        struct port *port = NULL;

        if (kr == MACH_MSG_SUCCESS)
            kr = copyin_right(m, space, name[i], disposition, &port);
        a->port[i] = port;
    }
    if (kr == MACH_MSG_SUCCESS && item->type->deallocate &&
        vm_map_remove(map, vm_trunc_page(addr), vm_round_page(addr + item->length)) != OK)
        kr = MACH_SEND_INVALID_MEMORY;
    return kr;
}

static enum kern_return copyin_memory(struct kmsg *m, struct vm_map *map, struct kmsg_item *item)
{
    uint64_t *pointer = (uint64_t *)item->data, addr = *pointer;
    struct vm_ool *ool;

    *pointer = 0;
    if (item->length == 0)
        return MACH_MSG_SUCCESS;
    if (vm_ool_take(map, addr, item->length, item->type->deallocate, m->payer, &ool) != OK)
        return MACH_SEND_INVALID_MEMORY;
    *pointer = (uint64_t)ool;
    return MACH_MSG_SUCCESS;
}

static bool well_formed(const struct kmsg_item *item)
{
    const struct mach_msg_type *t = item->type;

    if (t->unused || (t->is_inline && t->deallocate))
        return false;
    return !item->is_port ||
           t->size == (t->is_inline ? MACH_MSG_PORT_INLINE_BITS : MACH_MSG_PORT_OOL_BITS);
}

static enum kern_return copyin_item(struct kmsg *m, struct space *space, struct vm_map *map,
                                    struct kmsg_item *item)
{
    uint32_t disposition = item->type->name;

    if (!item->is_port)
        return item->type->is_inline ? MACH_MSG_SUCCESS : copyin_memory(m, map, item);
    item->type->name = right_sent_type(disposition);
    return item->type->is_inline ? copyin_inline(m, space, item, disposition)
                                 : copyin_array(m, space, map, item, disposition);
}

/* After a failure the message ends behind the last item that has been looked at, which is in order
 * as far as it got. */
static __attribute__((noinline)) enum kern_return
copyin_body(struct kmsg *m, struct space *space, struct vm_map *map)
{
    uint32_t at = sizeof(m->header), end = m->header.size;
    enum kern_return kr = MACH_MSG_SUCCESS;

    while (kr == MACH_MSG_SUCCESS && at < end) {
        struct kmsg_item item;
        uint32_t start = at;

        if (!kmsg_next(m, &at, &item))
            kr = MACH_SEND_MSG_TOO_SMALL;
        else if (!well_formed(&item))
            kr = MACH_SEND_INVALID_TYPE;
        else if ((kr = copyin_item(m, space, map, &item)) != MACH_MSG_SUCCESS)
            start = at;
        if (kr != MACH_MSG_SUCCESS)
            m->header.size = start;
    }
    return kr;
}

enum kern_return kmsg_copyin(uint64_t msg, uint32_t size, struct space *space, struct vm_map *map,
                             struct quota *payer, uint32_t option, mach_port_name_t notify,
                             struct kmsg **out)
{
    struct kmsg *m;
    enum kern_return kr;

    if (size < sizeof(m->header) || size % 8)
        return MACH_SEND_MSG_TOO_SMALL;
    m = kmsg_alloc(size, payer);
    if (!m)
        return MACH_SEND_NO_BUFFER;
    if (copy_from_user(&m->header, msg, size) != OK) {
        kmsg_free(m);
        return MACH_SEND_INVALID_DATA;
    }
    m->header.size = size;
    if (option & MACH_SEND_CANCEL || !copyin_common(&m->header, space)) {
        kr = copyin_header(m, space, option, notify);
        if (kr != MACH_MSG_SUCCESS) {
            kmsg_free(m);
            return kr;
        }
    }
    if (m->header.bits & MACH_MSGH_BITS_COMPLEX) {
        kr = copyin_body(m, space, map);
        if (kr != MACH_MSG_SUCCESS) {
            kmsg_destroy(m);
            return kr;
        }
    }
    *out = m;
    return MACH_MSG_SUCCESS;
}
