/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the L4-style path: what its files share.
 *
 * The current thread's operation ends by ipc_finish() or leaves it blocked; whoever called goes on
 * to sched_resume() or ipc_switch(). */
#ifndef L4K_IPC_IPC_H
#define L4K_IPC_IPC_H

#include "l4k/ipc/l4_thread.h"
#include "l4k/ipc_path.h"

/* A gate: whoever holds a capability for it may send to its receiver, who is told the badge. */
struct gate {
    struct object object;
    struct account *account;
    struct list link; /* receiver->gates */
};

/* Events that become messages: timers and interrupts. `pending` events are told in one message. */
struct notification {
    struct object object;
    struct account *account;
    struct thread *target; /* NULL once it died */
    uint64_t badge;
    uint64_t pending;
    struct list link;        /* target->notifications, while pending */
    struct list target_link; /* target->sources */
};

/* Gate to `receiver`. One reference, the caller's. */
enum status gate_create(struct account *payer, struct thread *receiver, uint64_t badge,
                        struct object **out);

void notification_init(struct notification *n, enum object_kind kind, struct account *payer,
                       struct thread *target, uint64_t badge, void (*destroy)(struct object *));
/* One more event: a message to the target, now or when it next waits. */
void notify(struct notification *n);
/* Detaches all that are bound to a dying thread. */
void notifications_orphan(struct thread *t);

enum status timer_create(struct account *payer, struct thread *target, uint64_t badge,
                         struct object **out);
void timer_set(struct object *timer, uint64_t deadline);
/* ERR_INVALID: no such line, ERR_BUSY: it is bound. */
enum status interrupt_create(struct account *payer, unsigned line, struct thread *target,
                             uint64_t badge, struct object **out);
void interrupt_ack(struct object *interrupt);
/* A hardware interrupt; false: the line is not bound. */
bool interrupt_raise(unsigned line);

/* Gives a new thread its UTCB: the page at `offset` of `object`, mapped at `address` of its task, or
 * with NULL a page of its own. Whatever the task does to its map or the object's other users to
 * theirs, the page stays the kernel's until utcb_drop(). */
enum status utcb_give(struct thread *t, uint64_t address, struct vm_object *object,
                      uint64_t offset);
void utcb_drop(struct thread *t);

/* Is `t` ready to take a message from `from` (NULL: from the kernel)? */
static inline bool ipc_waits_for(const struct thread *t, const struct thread *from)
{
    return l4(t)->open_rank ||
           (l4(t)->wait == L4_RECEIVING && (!l4(t)->partner || l4(t)->partner == from));
}

/* Moves the message of `from` (registers in its frame, the rest in its UTCB) to `to`. `tag`: the
 * sender's. On failure nothing has arrived. ERR_INVALID, ERR_TRUNCATED, ERR_NO_CAP and what the
 * items' operations say. */
enum status ipc_transfer(struct thread *from, struct thread *to, uint64_t tag);

/* The current operation of `t` ends with `s`; not OK sets carry. */
void ipc_finish(struct thread *t, enum status s);

/* `t`, which waits, waits no longer: off every list, timeout off, THREAD_READY. No result. */
void ipc_unwait(struct thread *t);

/* `t` just became ready, and the current thread blocked or not: go on with `t` at once where the
 * scheduler would, else queue it. Ends the kernel entry. */
void ipc_switch(struct thread *t) __attribute__((noreturn));

/* `t` waits for the reply of `server`, which just received from it. `timeout` in microseconds. */
void ipc_await_reply(struct thread *t, struct thread *server, uint64_t timeout);

/* `t` waits until `receiver` takes its message: send_tag, send_badge, receive_timeout are set. */
void ipc_await_send(struct thread *t, struct thread *receiver, uint64_t timeout);

/* `t` waits for a message, from `from` alone unless that is NULL. */
void ipc_await_message(struct thread *t, struct thread *from, uint64_t timeout);

/* Writes the message that tells of the fault of `from` to the words of `to`. */
void fault_message(struct thread *from, struct thread *to);

/* Writes the message that tells of the pending events to `t` and clears them. */
void notification_take(struct notification *n, struct thread *t);

/* Delivers what waits for the current thread `t`, or blocks it. `from`: NULL for anyone. */
void ipc_receive(struct thread *t, struct thread *from, uint64_t timeout);

/* `t` calls `gate` with the message in its frame; its badge and tag as given. */
void ipc_send(struct thread *t, struct object *gate, uint64_t tag, bool call);

/* The receiver's registers besides the words, which are in its frame already. */
void ipc_received(struct thread *t, uint64_t tag, uint64_t badge);

/* A call on a kernel object; arguments and results in the frame of `t`. */
void invoke(struct thread *t, struct object *o, uint32_t label);

/* The entry from assembly. */
void ipc_syscall(struct thread *t) __attribute__((noreturn));

#endif
