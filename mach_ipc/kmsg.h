/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in the kernel.
 *
 * A message has the layout of the ABI (l4k/abi/mach.h), but where a user's message has names and
 * addresses, this one has pointers:
 *   header.remote   struct port *, the destination: a right of type MACH_MSGH_BITS_REMOTE(bits)
 *   header.local    struct port *, the reply port: of type MACH_MSGH_BITS_LOCAL(bits)
 *   inline rights   a struct port * in each 8-byte slot, of the type the descriptor names
 *   out-of-line     the 8-byte pointer is a struct vm_ool * (data) or struct port_array * (rights);
 *                   NULL: empty
 * The types are MACH_MSG_TYPE_PORT_SEND, _SEND_ONCE, _RECEIVE, or 0 where there is no right. Rights
 * are counted and referenced as right.h says; whoever has the message has them.
 *
 * A body without MACH_MSGH_BITS_COMPLEX is bytes only. With it, copyin checked all descriptors. */
#ifndef MACH_IPC_KMSG_H
#define MACH_IPC_KMSG_H

#include "l4k/lib/list.h"
#include "mach_ipc/port.h"

struct vm_map;
struct vm_ool;

struct kmsg {
    struct list link;      /* in port->messages */
    uint32_t capacity;     /* bytes from `header` on that the buffer has */
    uint32_t buffer;       /* bytes of the allocation; at most PAGE_SIZE: kmem, else a stretch */
    struct quota *payer;
    /* MACH_SEND_NOTIFY: whom to tell when the message is taken, or NULL. The name is the sender's
     * of the destination (MACH_PORT_NULL: it has none), its space referenced. */
    struct port *accepted;
    struct space *accepted_space;
    mach_port_name_t accepted_name;
    struct mach_msg_header header; /* `size` is the length, header included */
    char body[];
};

/* The rights of an out-of-line array. */
struct port_array {
    uint32_t number;
    uint32_t bytes; /* of this allocation */
    struct quota *payer;
    struct port *port[];
};

/* Longest message: what a stretch of kernel addresses holds. MACH_SEND_NO_BUFFER beyond. */
#define KMSG_MAX (0x80000u - 128u)
/* Most rights in an out-of-line array. MACH_SEND_NO_BUFFER beyond. */
#define PORT_ARRAY_MAX ((0x80000u - 64u) / 8u)

/* A buffer for a message of `size` bytes (header included), header.size set, rest of the header and
 * body undefined. NULL: no memory, quota used up, or larger than KMSG_MAX. Small ones come off a
 * list of free ones; the payer is charged all the same. */
struct kmsg *kmsg_alloc(uint32_t size, struct quota *payer);

/* Frees the buffer alone: the rights and memory in it are gone already. */
void kmsg_free(struct kmsg *m);

/* Frees a message with all it holds. Safe at any depth of messages in ports in messages. */
void kmsg_destroy(struct kmsg *m);

/* The message of a MACH_SEND_NOTIFY was taken: tells its sender, `accepted` becomes NULL. */
void kmsg_accept(struct kmsg *m);

/* kmsg_destroy() without the header's rights, and the buffer stays. What was taken out of a body by
 * a kernel server is NULL there. */
void kmsg_clean_body(struct kmsg *m);

/* A message of `size` bytes from the user at `msg` becomes one of the kernel: rights are taken out
 * of `space`, out-of-line memory out of `map`, which must be the current address space's. Options:
 * the MACH_SEND_* bits; `notify` as in mach_msg. MACH_SEND_MSG_TOO_SMALL, _NO_BUFFER,
 * _INVALID_DATA, _INVALID_HEADER, _INVALID_DEST, _INVALID_REPLY, _INVALID_NOTIFY: nothing happened.
 * _INVALID_TYPE, _INVALID_RIGHT, _INVALID_MEMORY, and _MSG_TOO_SMALL or _NO_BUFFER of a complex
 * body: the message is consumed (Mach's manual, mach_msg). */
enum kern_return kmsg_copyin(uint64_t msg, uint32_t size, struct space *space, struct vm_map *map,
                             struct quota *payer, uint32_t option, mach_port_name_t notify,
                             struct kmsg **out);

/* Rights and memory go to the receiver: the header holds names afterwards, the body names and
 * addresses. MACH_RCV_HEADER_ERROR with its bits: no name for the reply port; body and reply right
 * are destroyed, the header alone is fit to be put. MACH_RCV_BODY_ERROR with bits: what did not
 * arrive is MACH_PORT_NULL or a zero address, the rest did. */
enum kern_return kmsg_copyout(struct kmsg *m, struct space *space, struct vm_map *map,
                              struct port *notify);

/* Pseudo-receive: gives a message that could not be sent back to its sender, header ports in their
 * sent places. Answers MACH_MSG_IPC_SPACE... of what was lost on the way; 0: nothing. */
uint32_t kmsg_copyout_pseudo(struct kmsg *m, struct space *space, struct vm_map *map);

/* Only the destination is consumed, to be told: the rest of the message is destroyed (too large, or
 * the header could not be copied out). */
void kmsg_copyout_destination(struct kmsg *m, struct space *space);

/* Uses the destination right of a message up: one that the kernel itself received. */
void kmsg_consume_remote(struct kmsg *m);

/* Writes header.size bytes to the user at `msg`, whose address space is current, and frees the
 * buffer. MACH_RCV_INVALID_DATA: the user's memory took it not; what it named is the receiver's. */
enum kern_return kmsg_put(struct kmsg *m, uint64_t msg);

/* --- messages of the kernel's own making --- */

/* Header of a kernel's message: `remote` and `local` are rights of these types, consumed by it. */
static inline void kmsg_set_header(struct kmsg *m, struct port *remote, uint32_t remote_type,
                                   struct port *local, uint32_t local_type, int32_t id)
{
    m->header.bits = MACH_MSGH_BITS(remote_type, local_type);
    m->header.remote = (uint64_t)remote;
    m->header.local = (uint64_t)local;
    m->header.seqno = 0;
    m->header.id = id;
}

static inline struct port *kmsg_remote(const struct kmsg *m)
{
    return (struct port *)m->header.remote;
}

static inline struct port *kmsg_local(const struct kmsg *m)
{
    return (struct port *)m->header.local;
}

/* A walk over the descriptors of a body. */
struct kmsg_item {
    struct mach_msg_type *type;
    bool is_port;
    uint64_t length; /* bytes of data, wherever they are */
    char *data;      /* inline data, or the 8-byte pointer */
};

/* The item at `*at` bytes from the start of the message; `*at` moves behind it. False: it does not
 * fit into the message. An inline length is rounded up for `*at`, not in `length`. */
static inline bool kmsg_next(struct kmsg *m, uint32_t *at, struct kmsg_item *item)
{
    uint64_t room = m->header.size - *at, data;
    struct mach_msg_type *type = (struct mach_msg_type *)((char *)&m->header + *at);

    if (room < sizeof(*type))
        return false;
    item->type = type;
    item->is_port = MACH_MSG_TYPE_PORT_ANY(type->name);
    item->length = ((uint64_t)type->number * type->size + 7) / 8;
    item->data = (char *)(type + 1);
    data = type->is_inline ? MACH_MSG_ALIGN(item->length) : sizeof(uint64_t);
    if (room - sizeof(*type) < data)
        return false;
    *at += (uint32_t)(sizeof(*type) + data);
    return true;
}

/* An array for `number` rights; NULL: no memory or too many. */
struct port_array *port_array_alloc(uint32_t number, struct quota *payer);
void port_array_free(struct port_array *a);

/* Leak tests: messages that exist, free ones on the lists not counted. */
extern uint32_t kmsgs_in_use;
/* Gives the free lists back. */
void kmsg_trim(void);

#endif
