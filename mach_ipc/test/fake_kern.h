/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel around the Mach-style path on the host: tasks with maps and spaces, threads that trap,
 * block and go on, a clock that the test moves, and the count of everything that could leak. */
#ifndef MACH_IPC_TEST_FAKE_KERN_H
#define MACH_IPC_TEST_FAKE_KERN_H

#include "l4k/vm/test/fake.h"
#include "mach_ipc/mach_port.h"
#include "mach_ipc/message.h"
#include "mach_ipc/wait.h"

#define USER_BASE UINT64_C(0x100000)
#define USER_PAGES 64
#define USER_SIZE ((uint64_t)USER_PAGES * PAGE_SIZE)

/* A task with one mapped, writable range at USER_BASE and a space of its own. */
struct client {
    struct account account;
    struct mach_task task;
    struct client *next;
};

/* Every thread has its frame right below it. */
struct fake_thread {
    struct frame frame;
    struct mach_thread t;
};

/* Once. */
void world_init(void);

/* What is there now, and the check that it is there again: ports, sets, messages, kernel memory,
 * stretches, frames. */
void world_mark(void);
void world_check(void);

struct client *client_create(void);
/* Ends its space and map. */
void client_destroy(struct client *c);

static inline struct space *client_space(struct client *c)
{
    return c->task.space;
}

struct mach_thread *client_thread(struct client *c);
void thread_destroy(struct mach_thread *t);

/* The client's memory, as the user sees it. */
void poke(struct client *c, uint64_t addr, const void *from, size_t n);
void peek(struct client *c, uint64_t addr, void *to, size_t n);

/* mach_msg by `t`; runs whoever gets ready by it to the end of its trap. True: the trap is over,
 * its result in *kr; false: `t` waits. */
bool trap_msg(struct mach_thread *t, uint64_t msg, uint32_t option, uint32_t send_size,
              uint32_t rcv_size, mach_port_name_t rcv_name, uint32_t timeout,
              mach_port_name_t notify, enum kern_return *kr);

/* `t` waits no longer; its result. */
bool trap_over(struct mach_thread *t, enum kern_return *kr);

/* Lets everybody who is ready run: continuations. */
void run_ready(void);

/* The clock moves; timeouts expire, and who they woke runs. */
void advance(uint64_t milliseconds);

/* What kobject_server() is, for a test; NULL: no replies. */
extern void (*fake_server)(struct mach_thread *self, struct kmsg *request, struct kmsg **reply,
                           struct mach_thread **next);
extern unsigned fake_no_senders; /* calls of kobject_no_senders() */
extern unsigned fake_switches;   /* direct switches made */

#endif
