/* SPDX-License-Identifier: BSD-2-Clause */
/* From the kernel's message to the receiver's: rights into the space, memory into the map. */
#include "l4k/vm/vm_ool.h"
#include "l4k/x86_64/user_copy.h"
#include "mach_ipc/kmsg.h"
#include "mach_ipc/right.h"

/* The bits that say why a right or memory did not arrive. */
static uint32_t right_bits(enum kern_return kr)
{
    return kr == KERN_RESOURCE_SHORTAGE ? MACH_MSG_IPC_KERNEL : MACH_MSG_IPC_SPACE;
}

static uint32_t memory_bits(enum status s)
{
    return s == ERR_NO_SPACE ? MACH_MSG_VM_SPACE : MACH_MSG_VM_KERNEL;
}

/* A right, or MACH_PORT_NULL and bits in `*lost`. */
static mach_port_name_t copyout_right(struct space *space, struct port *port, uint32_t type,
                                      uint32_t *lost)
{
    mach_port_name_t name;
    enum kern_return kr = right_copyout(space, port, type, true, &name);

    if (kr == KERN_SUCCESS)
        return name;
    right_destroy(port, type);
    *lost |= right_bits(kr);
    return MACH_PORT_NULL;
}

static void copyout_inline(struct space *space, struct kmsg_item *item, uint32_t *lost)
{
    uint64_t *slot = (uint64_t *)item->data;

    for (uint32_t i = 0; i < item->type->number; i++)
        slot[i] = copyout_right(space, (struct port *)slot[i], item->type->name, lost);
}

/* The names take the array's own memory, from its start: a name is written where a right was read.
 * */
static uint64_t copyout_array(struct space *space, struct vm_map *map, struct kmsg_item *item,
                              struct port_array *a, uint32_t *lost)
{
    mach_port_name_t *name = (mach_port_name_t *)a->port;
    uint64_t addr = map->min, size = (uint64_t)a->number * sizeof(*name);
    enum status s = vm_map_enter(map, &addr, size, 0, true, NULL, 0, false,
                                 VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY);

    if (s != OK) {
        for (uint32_t i = 0; i < a->number; i++)
            right_destroy(a->port[i], item->type->name);
    } else {
        for (uint32_t i = 0; i < a->number; i++)
            name[i] = copyout_right(space, a->port[i], item->type->name, lost);
        s = copy_to_user(addr, name, size);
        if (s != OK && vm_map_remove(map, addr, addr + vm_round_page(size)) != OK)
            s = ERR_NO_MEMORY; /* the region stays, which harms only the receiver */
    }
    port_array_free(a);
    if (s == OK)
        return addr;
    *lost |= memory_bits(s);
    return 0;
}

static uint64_t copyout_memory(struct vm_map *map, struct vm_ool *ool, uint32_t *lost)
{
    uint64_t addr;
    enum status s = vm_ool_put(map, ool, &addr);

    if (s == OK)
        return addr;
    vm_ool_free(ool);
    *lost |= memory_bits(s);
    return 0;
}

/* Bits of what was lost; 0: all arrived. Out-of-line memory is the receiver's alone: sent on as it
 * came, it leaves. */
static __attribute__((noinline)) uint32_t
copyout_body(struct kmsg *m, struct space *space, struct vm_map *map)
{
    uint32_t at = sizeof(m->header), lost = 0;
    struct kmsg_item item;

    while (at < m->header.size && kmsg_next(m, &at, &item)) {
        uint64_t *pointer = (uint64_t *)item.data;

        if (item.type->is_inline) {
            if (item.is_port)
                copyout_inline(space, &item, &lost);
            continue;
        }
        item.type->deallocate = 1;
        if (!*pointer)
            continue;
        if (item.is_port)
            *pointer = copyout_array(space, map, &item, (struct port_array *)*pointer, &lost);
        else
            *pointer = copyout_memory(map, (struct vm_ool *)*pointer, &lost);
    }
    return lost;
}

/* The destination right is used up; the receiver's name of the port. */
static inline mach_port_name_t consume_destination(struct port *port, uint32_t type,
                                            const struct space *space)
{
    mach_port_name_t name = port->receiver == space ? port->receiver_name : MACH_PORT_DEAD;

    if (type == MACH_MSG_TYPE_PORT_SEND_ONCE) {
        port->sorights--;
        port_release(port);
    } else if (port->srights > 1) {
        port->srights--;
        port_release(port);
    } else {
        port_release_send(port);
    }
    return name;
}

void kmsg_consume_remote(struct kmsg *m)
{
    consume_destination(kmsg_remote(m), MACH_MSGH_BITS_REMOTE(m->header.bits), NULL);
    m->header.remote = 0;
    m->header.bits &= ~MACH_MSGH_BITS_REMOTE_MASK;
}

void kmsg_copyout_destination(struct kmsg *m, struct space *space)
{
    struct mach_msg_header *h = &m->header;
    uint32_t dest_type = MACH_MSGH_BITS_REMOTE(h->bits);
    uint32_t reply_type = MACH_MSGH_BITS_LOCAL(h->bits);

    right_destroy(kmsg_local(m), reply_type);
    kmsg_clean_body(m);
    h->local = consume_destination(kmsg_remote(m), dest_type, space);
    h->remote = MACH_PORT_NULL;
    h->bits = MACH_MSGH_BITS(0, dest_type);
}

/* MACH_RCV_NOTIFY: the receiver wants to know of the death of a reply port whose name is new to it.
 * Without memory for the request it will not know. */
static __attribute__((noinline)) void
request_notification(struct space *space, mach_port_name_t name, struct port *notify)
{
    struct port *right = port_make_send_once(notify), *previous;

    if (right_request(space, name, space_lookup(space, name), right, false, &previous) !=
        KERN_SUCCESS) {
        right->sorights--;
        port_release(right);
    }
}

static __attribute__((noinline)) enum kern_return
no_reply_name(struct kmsg *m, struct space *space, enum kern_return kr)
{
    kmsg_copyout_destination(m, space);
    m->header.size = sizeof(m->header);
    return MACH_RCV_HEADER_ERROR | right_bits(kr);
}

enum kern_return kmsg_copyout(struct kmsg *m, struct space *space, struct vm_map *map,
                              struct port *notify)
{
    struct mach_msg_header *h = &m->header;
    uint32_t dest_type = MACH_MSGH_BITS_REMOTE(h->bits);
    uint32_t reply_type = MACH_MSGH_BITS_LOCAL(h->bits);
    uint32_t names = space->count, lost;
    mach_port_name_t reply;
    enum kern_return kr = right_copyout(space, kmsg_local(m), reply_type, true, &reply);

    if (kr != KERN_SUCCESS)
        return no_reply_name(m, space, kr);
    if (notify && space->count > names)
        request_notification(space, reply, notify);
    h->local = consume_destination(kmsg_remote(m), dest_type, space);
    h->remote = reply;
    h->bits = (h->bits & MACH_MSGH_BITS_COMPLEX) | MACH_MSGH_BITS(reply_type, dest_type);
    if (!(h->bits & MACH_MSGH_BITS_COMPLEX))
        return MACH_MSG_SUCCESS;
    lost = copyout_body(m, space, map);
    return lost ? MACH_RCV_BODY_ERROR | lost : MACH_MSG_SUCCESS;
}

uint32_t kmsg_copyout_pseudo(struct kmsg *m, struct space *space, struct vm_map *map)
{
    struct mach_msg_header *h = &m->header;
    uint32_t dest_type = MACH_MSGH_BITS_REMOTE(h->bits);
    uint32_t reply_type = MACH_MSGH_BITS_LOCAL(h->bits);
    uint32_t lost = 0;

    h->remote = copyout_right(space, kmsg_remote(m), dest_type, &lost);
    h->local = copyout_right(space, kmsg_local(m), reply_type, &lost);
    h->bits &= MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS_PORTS_MASK;
    if (h->bits & MACH_MSGH_BITS_COMPLEX)
        lost |= copyout_body(m, space, map);
    return lost;
}

enum kern_return kmsg_put(struct kmsg *m, uint64_t msg)
{
    enum status s = copy_to_user(msg, &m->header, m->header.size);

    kmsg_free(m);
    return s == OK ? MACH_MSG_SUCCESS : MACH_RCV_INVALID_DATA;
}
