/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights arithmetic: what an entry holds, and moving rights between spaces and messages.
 *
 * A port that died makes each entry that names it a dead name; that happens when the entry is next
 * looked at, which right_check() does and every function here calls.
 *
 * "In a message" a right is a port pointer with a reference and a right counted (port.h), of type
 * MACH_MSG_TYPE_PORT_RECEIVE, _SEND or _SEND_ONCE. */
#ifndef MACH_IPC_RIGHT_H
#define MACH_IPC_RIGHT_H

#include "mach_ipc/port.h"

/* The entry's port is dead: makes it a dead name (user references stay; a send-once right's is one;
 * one more if a dead-name request was there, for its notification). */
void right_dies(struct space *s, mach_port_name_t name, struct entry *e);

static inline void right_check(struct space *s, mach_port_name_t name, struct entry *e)
{
    if (e->bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_SEND_ONCE) && !e->port->active)
        right_dies(s, name, e);
}

/* The type as it is in a message, of a MACH_MSG_TYPE_* disposition as it is sent. */
static inline uint32_t right_sent_type(uint32_t disposition)
{
    return disposition == MACH_MSG_TYPE_MOVE_RECEIVE ? MACH_MSG_TYPE_PORT_RECEIVE
           : disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE ||
                   disposition == MACH_MSG_TYPE_MAKE_SEND_ONCE
               ? MACH_MSG_TYPE_PORT_SEND_ONCE
               : MACH_MSG_TYPE_PORT_SEND;
}

/* Could right_copyin() take this out of the entry? `times`: that often in a row. The entry was
 * checked. */
bool right_copyin_check(const struct entry *e, uint32_t disposition, unsigned times);

/* Takes a right out of a space as the disposition says. `*out` is what a message holds: PORT_DEAD
 * for a dead name (a MAKE or RECEIVE of one is refused). The space's entry goes with its last
 * right; a dead-name request then sends port-deleted. KERN_INVALID_NAME, KERN_INVALID_RIGHT:
 * nothing happened. MACH_PORT_NULL and MACH_PORT_DEAD are not names here. */
enum kern_return right_copyin(struct space *s, mach_port_name_t name, uint32_t disposition,
                              struct port **out);

/* The same of an entry at hand that right_copyin_check() let pass. */
struct port *right_take(struct space *s, mach_port_name_t name, struct entry *e,
                        uint32_t disposition);

/* Puts a right (of a message: its reference is consumed) into a space. `type` is
 * MACH_MSG_TYPE_PORT_*. A dead port gives MACH_PORT_DEAD. The right is still the caller's after a
 * failure: KERN_NO_SPACE, KERN_RESOURCE_SHORTAGE, KERN_UREFS_OVERFLOW (a send right; never in a
 * receive, where the user references stick at the maximum: `stick`). */
enum kern_return right_copyout(struct space *s, struct port *port, uint32_t type, bool stick,
                               mach_port_name_t *name);

/* Puts one to a live port under a name of choice: KERN_NAME_EXISTS, KERN_RIGHT_EXISTS (the space has the right
 * under another name), else as above. */
enum kern_return right_copyout_name(struct space *s, struct port *port, uint32_t type,
                                    mach_port_name_t name);

/* Consumes a right that never arrives: message destroyed. Valid pointer or not. A receive right's
 * port dies. */
void right_destroy(struct port *port, uint32_t type);

/* A live send right of the space, for the kernel to look at, not consumed; NULL: not one. */
struct port *right_lookup_send(struct space *s, mach_port_name_t name);
/* The port whose receive right the space has under that name, or NULL. */
struct port *right_lookup_receive(struct space *s, mach_port_name_t name);

/* Drops all that the entry holds, and the entry. */
void right_destroy_entry(struct space *s, mach_port_name_t name, struct entry *e);

/* Adds `delta` user references to the right named by a MACH_PORT_RIGHT_*; entry and rights go when
 * it falls to 0. KERN_INVALID_RIGHT, KERN_INVALID_VALUE, KERN_UREFS_OVERFLOW as mach_port_mod_refs.
 * */
enum kern_return right_delta(struct space *s, mach_port_name_t name, struct entry *e,
                             uint32_t right, int32_t delta);

/* A dead-name request on the entry; `notify` (send-once right or NULL) replaces `*previous`, which
 * becomes the caller's. With `immediate` a dead name is told at once (and gains a user reference).
 * KERN_INVALID_RIGHT: neither a port nor (immediate) a dead name; KERN_INVALID_ARGUMENT: dead;
 * KERN_RESOURCE_SHORTAGE. `notify` is consumed only on success. */
enum kern_return right_request(struct space *s, mach_port_name_t name, struct entry *e,
                               struct port *notify, bool immediate, struct port **previous);

/* Takes the request back: its send-once right, or NULL. */
struct port *right_cancel_request(struct space *s, struct entry *e);

/* Frees the entry, whose rights are the caller's now; a dead-name request sends port-deleted. */
void right_drop_entry(struct space *s, mach_port_name_t name, struct entry *e);

#endif
