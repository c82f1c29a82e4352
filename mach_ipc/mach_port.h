/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations on port names: mach_port_* of the Mach manual, on an active space at hand. Rights that come and go in messages are port pointers as
 * in right.h. Nothing happens on failure, and rights passed stay the caller's. */
#ifndef MACH_IPC_MACH_PORT_H
#define MACH_IPC_MACH_PORT_H

#include "mach_ipc/right.h"

/* All names and their types, at most `room` of them; `*count` is how many there are. */
void mach_port_names(struct space *s, mach_port_name_t *names, uint32_t *types, uint32_t room,
                     uint32_t *count);
enum kern_return mach_port_type(struct space *s, mach_port_name_t name, uint32_t *type);
enum kern_return mach_port_rename(struct space *s, mach_port_name_t from, mach_port_name_t to);

/* `right`: MACH_PORT_RIGHT_RECEIVE, _PORT_SET or _DEAD_NAME. */
enum kern_return mach_port_allocate(struct space *s, uint32_t right, mach_port_name_t *name);
enum kern_return mach_port_allocate_name(struct space *s, uint32_t right, mach_port_name_t name);

enum kern_return mach_port_destroy(struct space *s, mach_port_name_t name);
/* One user reference of a send, send-once or dead name less. */
enum kern_return mach_port_deallocate(struct space *s, mach_port_name_t name);
enum kern_return mach_port_get_refs(struct space *s, mach_port_name_t name, uint32_t right,
                                    uint32_t *refs);
enum kern_return mach_port_mod_refs(struct space *s, mach_port_name_t name, uint32_t right,
                                    int32_t delta);

/* `port` is a right of type MACH_MSG_TYPE_PORT_*, consumed on success; a live one, NULL
 * (KERN_INVALID_VALUE) or PORT_DEAD (KERN_INVALID_CAPABILITY). */
enum kern_return mach_port_insert_right(struct space *s, mach_port_name_t name,
                                        struct port *port, uint32_t type);
/* `disposition`: MACH_MSG_TYPE_*; `*type` is what it became. */
enum kern_return mach_port_extract_right(struct space *s, mach_port_name_t name,
                                         uint32_t disposition, struct port **port,
                                         uint32_t *type);

/* `after`: a port set's name, or MACH_PORT_NULL to leave any. */
enum kern_return mach_port_move_member(struct space *s, mach_port_name_t member,
                                       mach_port_name_t after);
/* The names of the members, at most `room`. */
enum kern_return mach_port_get_set_status(struct space *s, mach_port_name_t name,
                                          mach_port_name_t *members, uint32_t room,
                                          uint32_t *count);
enum kern_return mach_port_get_receive_status(struct space *s, mach_port_name_t name,
                                              struct mach_port_status *status);
enum kern_return mach_port_set_qlimit(struct space *s, mach_port_name_t name, uint32_t qlimit);
enum kern_return mach_port_set_mscount(struct space *s, mach_port_name_t name, uint32_t mscount);
enum kern_return mach_port_set_seqno(struct space *s, mach_port_name_t name, uint32_t seqno);

/* `id`: MACH_NOTIFY_DEAD_NAME (sync: tell at once of a dead name), _NO_SENDERS (sync: at once if
 * the make-send count is at least that and there are none), _PORT_DESTROYED (sync: 0). `notify`: a
 * send-once right or NULL, consumed on success; `*previous`: the one it replaces. */
enum kern_return mach_port_request_notification(struct space *s, mach_port_name_t name, int32_t id,
                                                uint32_t sync, struct port *notify,
                                                struct port **previous);

#endif
