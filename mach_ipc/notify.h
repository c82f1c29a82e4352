/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications: messages that the kernel sends to a send-once right. Each consumes it; without
 * memory for the message it is dropped and the right goes as unused. */
#ifndef MACH_IPC_NOTIFY_H
#define MACH_IPC_NOTIFY_H

#include "mach_ipc/port.h"

void notify_port_deleted(struct port *notify, mach_port_name_t name);
void notify_msg_accepted(struct port *notify, mach_port_name_t name);
void notify_dead_name(struct port *notify, mach_port_name_t name);
void notify_no_senders(struct port *notify, uint32_t mscount);
/* An unused send-once right goes: the message travels on the right itself. */
void notify_send_once(struct port *notify);
/* Consumes also the receive right `dying`, which is in limbo, with its reference. */
void notify_port_destroyed(struct port *notify, struct port *dying);

#endif
