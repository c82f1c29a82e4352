/* SPDX-License-Identifier: BSD-2-Clause */
/* What the layer above the messages implements: the kernel as receiver. A configuration links one.
 * */
#ifndef MACH_IPC_KOBJECT_H
#define MACH_IPC_KOBJECT_H

#include "mach_ipc/mach_thread.h"

/* `self`, the running thread, sent `request` to a kernel's port (kmsg_remote(request), alive; type
 * and object in it).
 *
 * The request stays the caller's: a right or memory that the server keeps is taken out of the body
 * by storing 0 in its place (and, for the reply port, in header.local). All the rest is destroyed
 * after the call. The reply: *reply is NULL (none, or it is sent later by message_send()), or a
 * message with id, size, MACH_MSGH_BITS_COMPLEX and body set; the reply right moves into its header
 * after the call. It may be `request` itself, used again when kmsg.capacity is enough and all that
 * its body held has been taken out. *next, NULL before: without a reply, a thread that mach_unwait()
 * took out of its wait and that should run next. Does not return where it ends `self`. */
void kobject_server(struct mach_thread *self, struct kmsg *request, struct kmsg **reply,
                    struct mach_thread **next);

/* The last send right to a kernel's port is gone. */
void kobject_no_senders(struct port *p);

#endif
