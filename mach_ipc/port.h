/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports and port sets.
 *
 * A port is a queue of messages with one receiver. It is in one of these states:
 *   received    `receiver` is the space that has the receive right, `receiver_name` its name there
 *   kernel's    `kobject_type` is not KOBJECT_NONE: messages go to kobject_server() at once
 *   in transit  the receive right is in a message; `destination` (a reference) is the port that the
 *               message is queued at or sent to, NULL while no port is known
 *   dead        not `active`; send and send-once rights are dead names from now on
 *
 * References (`refs`): one for each entry that names it, one for each right in a message, one for
 * each pointer to it elsewhere in the kernel. Beside references the port counts rights:
 *   srights   send rights: one per space entry with the send type (whatever its user references),
 *             one per right in a message, one per right the kernel holds
 *   sorights  send-once rights, likewise
 *
 * A pointer to a port that stands for a right may also be PORT_DEAD (the right was to a port that
 * is dead) or NULL (none). */
#ifndef MACH_IPC_PORT_H
#define MACH_IPC_PORT_H

#include "l4k/lib/list.h"
#include "mach_ipc/space.h"

struct kmsg;
struct mach_thread;
struct port_set;

#define PORT_DEAD ((struct port *)-1)

static inline bool port_valid(const struct port *p)
{
    return (uint64_t)p + 1 > 1; /* neither NULL nor PORT_DEAD */
}

/* What a port stands for in the kernel. The layer above gives the numbers their meaning. */
enum kobject_type {
    KOBJECT_NONE, /* a user's port */
    KOBJECT_TASK,
    KOBJECT_THREAD,
    KOBJECT_HOST,
    KOBJECT_HOST_PRIVILEGED,
    KOBJECT_DEVICE,
    KOBJECT_MEMORY_CONTROL, /* pager requests */
    KOBJECT_MEMORY_NAME,
    KOBJECT_PROCESSOR_SET,
    KOBJECT_PROCESSOR_SET_NAME,
    KOBJECT_CLOCK,
    KOBJECT_EXCEPTION_REPLY, /* a thread that waits for its exception's reply */
    KOBJECT_OTHER,
};

struct port {
    uint32_t refs;
    bool active;
    uint8_t kobject_type;           /* enum kobject_type */
    mach_port_name_t receiver_name;
    struct space *receiver;         /* not a reference: the space clears it */
    union {
        struct port *destination;   /* in transit */
        void *kobject;              /* kernel's: what the type says */
    };
    uint32_t seqno;                 /* of the next message received */
    uint32_t msgcount;              /* messages queued */
    uint32_t qlimit;
    uint32_t srights, sorights;
    uint32_t mscount;               /* make-send count */
    struct list messages;           /* struct kmsg, by link */
    struct list receivers;          /* threads that wait for a message, by wait_link */
    struct list senders;            /* threads that wait for room, by wait_link */
    struct port_set *set;           /* a reference; or NULL */
    struct list set_link;           /* in set->members */
    struct list set_ready;          /* in set->ready while in a set and messages are queued */
    struct port *no_senders;        /* send-once rights for notifications, or NULL */
    struct port *port_destroyed;
    struct list requests;           /* struct dead_name_request */
    struct quota *payer;
    uint64_t mark;                  /* port_set_destination()'s */
};

struct port_set {
    uint32_t refs; /* its entry's and its members' */
    bool active;
    struct list members;   /* ports, by set_link */
    struct list ready;     /* members with messages, by set_ready: served in turn */
    struct list receivers; /* threads that wait, by wait_link */
    mach_port_name_t name;
    struct quota *payer;
};

/* A user's wish to know of a port's death, in an entry that names the port. */
struct dead_name_request {
    struct list link;      /* port->requests */
    mach_port_name_t name;
    struct port *notify;   /* send-once right; NULL once it was used */
};

/* A port without rights or receiver; one reference, the caller's. NULL: no memory. */
struct port *port_alloc(struct quota *payer);

/* A kernel's port for an object. The reference returned is the kernel's own; port_destroy() ends
 * it. NULL: no memory. */
struct port *port_alloc_kernel(struct quota *payer, enum kobject_type type, void *kobject);

static inline void port_reference(struct port *p)
{
    p->refs++;
}
void port_free(struct port *p); /* port_release()'s */
static inline void port_release(struct port *p)
{
    if (--p->refs == 0)
        port_free(p);
}

/* The port dies: whatever its state, it is the kernel's or in limbo now. Consumes the reference
 * that went with the receive right (entry's, message's or kernel's). Queued messages are destroyed,
 * threads that wait for it continue (receivers with MACH_RCV_PORT_DIED, senders as if their message
 * had arrived), notifications are sent; with a port-destroyed request the receive right goes there
 * instead and the port lives. */
void port_destroy(struct port *p);

/* The space loses the receive right: out of its set, receivers continue with `why`, make-send count
 * and sequence number begin anew. The port is in limbo afterwards; the reference is the caller's.
 * */
void port_clear_receiver(struct port *p, enum kern_return why);

/* Would a message to `destination` with the receive right `p` hold itself? Then true. Else it notes
 * that p is in transit there (takes a reference to `destination`). p is in limbo. */
bool port_set_destination(struct port *p, struct port *destination);

/* The receive right arrives in a space, with the reference it came with. */
void port_set_receiver(struct port *p, struct space *s, mach_port_name_t name);

/* Rights of the kernel's making. Each takes a reference. */
static inline struct port *port_make_send(struct port *p)
{
    p->mscount++;
    p->srights++;
    p->refs++;
    return p;
}
static inline struct port *port_make_send_once(struct port *p)
{
    p->sorights++;
    p->refs++;
    return p;
}
/* A copy of a send right; PORT_DEAD if the port is dead. NULL and PORT_DEAD stay. */
struct port *port_copy_send(struct port *p);

/* Consumes a right (NULL and PORT_DEAD: nothing): the last send right sends the no-senders
 * notification; an unused send-once right sends its own. */
void port_release_send(struct port *p);
void port_release_send_once(struct port *p);

/* Sets ports' state for mach_port_*. Take effect on waiting senders too. */
void port_set_qlimit(struct port *p, uint32_t qlimit);

/* NULL: no memory. One reference, the caller's. */
struct port_set *port_set_alloc(struct quota *payer, mach_port_name_t name);
void port_set_release(struct port_set *s);
/* The set dies: members leave, receivers continue with MACH_RCV_PORT_DIED. Consumes a reference. */
void port_set_destroy(struct port_set *s);
/* A received port enters or leaves a set; receivers that wait for the port alone continue with
 * MACH_RCV_PORT_CHANGED when it enters. Messages that are queued are received through the set then.
 * */
void port_set_add(struct port_set *s, struct port *p);
void port_set_remove(struct port *p);

/* Leak tests: ports and sets that exist. */
extern uint32_t ports_in_use, port_sets_in_use;

#endif
