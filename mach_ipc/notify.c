/* SPDX-License-Identifier: BSD-2-Clause */
/* Notification messages. */
#include "mach_ipc/notify.h"

#include "mach_ipc/message.h"

/* A right whose notification cannot be made goes unused, and silently. */
static void drop(struct port *notify)
{
    notify->sorights--;
    port_release(notify);
}

/* NULL: nobody to tell any more, or no memory. */
static struct kmsg *make(struct port *notify, int32_t id, uint32_t size)
{
    struct quota *payer;
    struct kmsg *m;

    /* A kernel's port (an exception's reply) takes it at once: nobody's limit can keep it away. */
    payer = notify->kobject_type == KOBJECT_NONE ? notify->payer : NULL;
    m = notify->active ? kmsg_alloc(size, payer) : NULL;
    if (!m) {
        drop(notify);
        return NULL;
    }
    kmsg_set_header(m, notify, MACH_MSG_TYPE_PORT_SEND_ONCE, NULL, 0, id);
    return m;
}

static void send_value(struct port *notify, int32_t id, uint32_t type, uint32_t value)
{
    struct kmsg *m = make(notify, id, sizeof(struct mach_notification));
    struct mach_notification *n;

    if (!m)
        return;
    n = (struct mach_notification *)&m->header;
    n->type = (struct mach_msg_type){.name = type & 0xff, .size = 32, .is_inline = 1, .number = 1};
    n->value = value;
    message_send(m);
}

void notify_port_deleted(struct port *notify, mach_port_name_t name)
{
    send_value(notify, MACH_NOTIFY_PORT_DELETED, MACH_MSG_TYPE_PORT_NAME, name);
}

void notify_msg_accepted(struct port *notify, mach_port_name_t name)
{
    send_value(notify, MACH_NOTIFY_MSG_ACCEPTED, MACH_MSG_TYPE_PORT_NAME, name);
}

void notify_dead_name(struct port *notify, mach_port_name_t name)
{
    send_value(notify, MACH_NOTIFY_DEAD_NAME, MACH_MSG_TYPE_PORT_NAME, name);
}

void notify_no_senders(struct port *notify, uint32_t mscount)
{
    send_value(notify, MACH_NOTIFY_NO_SENDERS, MACH_MSG_TYPE_INTEGER_32, mscount);
}

void notify_send_once(struct port *notify)
{
    struct kmsg *m = make(notify, MACH_NOTIFY_SEND_ONCE, sizeof(struct mach_msg_header));

    if (m)
        message_send(m);
}

void notify_port_destroyed(struct port *notify, struct port *dying)
{
    struct kmsg *m = make(notify, MACH_NOTIFY_PORT_DESTROYED, sizeof(struct mach_notification));
    struct mach_notification *n;

    if (!m)
        return port_destroy(dying);
    n = (struct mach_notification *)&m->header;
    n->type = (struct mach_msg_type){.name = MACH_MSG_TYPE_PORT_RECEIVE,
                                     .size = MACH_MSG_PORT_INLINE_BITS,
                                     .is_inline = 1,
                                     .number = 1};
    n->value = (uint64_t)dying;
    m->header.bits |= MACH_MSGH_BITS_COMPLEX;
    if (port_set_destination(dying, notify))
        m->header.bits |= MACH_MSGH_BITS_CIRCULAR;
    message_send(m);
}
