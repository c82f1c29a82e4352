/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending and receiving messages: queues, limits, hand-off, and mach_msg itself.
 *
 * The state machine of mach_msg, one thread:
 *   send: copy in -> deliver | queue | wait for room (MACH_WAIT_SEND) -> deliver
 *   receive: take from queue -> copy out | wait (MACH_WAIT_RECEIVE) -> given a message -> copy out
 * A message is copied out by its receiver, when it runs: until then it is in t->message. */
#ifndef MACH_IPC_MESSAGE_H
#define MACH_IPC_MESSAGE_H

#include "mach_ipc/kmsg.h"
#include "mach_ipc/mach_thread.h"

/* Delivers or queues a message whatever the queue limit, without waiting; never fails: a message to
 * a dead port, or a circular one, is destroyed. For the kernel's own: notifications, exceptions,
 * replies. To a kernel's port it goes to kobject_server() at once. Consumes the message; a receiver
 * that got it is made ready. */
void message_send(struct kmsg *m);

/* The same; a receiver that got the message is returned instead of made ready, to be handed over to
 * by mach_switch(). NULL: none. */
struct mach_thread *message_send_handoff(struct kmsg *m);

/* Takes the next message of a received port, where one is queued. Room made lets a waiting sender's
 * message in. */
struct kmsg *message_take(struct port *p);
/* The next of any member, where there is one. */
struct kmsg *message_take_set(struct port_set *s);

/* Gives queued messages of a set's members to threads that wait for the set. */
void message_match_set(struct port_set *s);

/* Lets waiting senders' messages in as far as the limit goes. */
void message_room(struct port *p);

/* Destroys all that is queued; waiting senders go on as if sent. The port is dead. */
void message_flush(struct port *p);

/* The trap: `t` is running; ends the kernel entry. */
void mach_msg_trap(struct mach_thread *t, uint64_t msg, uint32_t option, uint32_t send_size,
                   uint32_t rcv_size, mach_port_name_t rcv_name, uint32_t timeout,
                   mach_port_name_t notify) __attribute__((noreturn));

#endif
