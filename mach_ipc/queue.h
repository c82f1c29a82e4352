/* SPDX-License-Identifier: BSD-2-Clause */
/* What message.c and mach_msg.c share. */
#ifndef MACH_IPC_QUEUE_H
#define MACH_IPC_QUEUE_H

#include "mach_ipc/message.h"

/* To a live user's port, whatever its limit: a waiting receiver that got the message (neither
 * waiting nor ready now), or NULL when it was queued. */
struct mach_thread *message_deliver(struct port *p, struct kmsg *m);

/* To a live kernel's port. Consumes the message; returns the reply, addressed to a live port, or
 * NULL. `*next` as of kobject_server(). */
struct kmsg *message_to_kernel(struct mach_thread *self, struct kmsg *m, struct mach_thread **next);

#endif
