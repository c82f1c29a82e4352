/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the placement in the kernel: what its files share.
 *
 * The server runs with interrupts on, kernel functions with interrupts off: every host_ function that
 * enters the kernel does so between kernel_enter() and kernel_leave(). A client thread runs user
 * code, or is THREAD_STOPPED: its call was deferred, or the server stopped it. */
#ifndef PERSONALITY_PLACE_KERNEL_KERNEL_H
#define PERSONALITY_PLACE_KERNEL_KERNEL_H

#include "l4k/kern/task.h"
#include "personality/place/host_result.h"

struct host_space {
    struct task task;
};

struct host_thread {
    struct thread *thread;
    bool own_regs; /* the frame holds all registers; else it is in a call, of which struct
                    * host_call holds the argument registers */
};

/* All clients draw on what was free at boot, less a reserve. */
extern struct account *client_account;

/* The server runs because of an event: the running thread is then not in a call, but interrupted in
 * user code or about to return to it. */
extern bool in_event;

/* Sees to it that the system calls and exceptions of a new client thread reach the server: what sets
 * the rows apart. */
enum status place_equip(struct thread *t);

/* A fault or exception of the running thread goes to the server by the row's way, which calls
 * server_take_fault(). */
void place_fault(struct thread *t, const struct host_fault *f);
void server_take_fault(struct thread *t, const struct host_fault *f);

/* The server's answer to the call of the running thread is no result but HOST_*: ends the kernel
 * entry. The thread may be gone. */
void place_no_answer(long result) __attribute__((noreturn));

/* The running thread's call is answered: ends the kernel entry with what came up meanwhile. */
void place_give_way(struct thread *t, long result) __attribute__((noreturn));

/* The registers of a call and its result, as frame_return() will load them. */
void finish_call(struct thread *t, const struct host_call *c, long result);

/* f(a, b) on the server's stack, with interrupts on (enter.S). */
long server_enter(long (*f)(void *, const void *), void *a, const void *b);
/* The server's stack: [server_stack, server_stack_top), and nothing is mapped below. */
extern uint64_t server_stack, server_stack_top;

/* Interrupts off; tells whether they were on. */
static inline bool kernel_enter(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq\n\tpop %0\n\tcli" : "=r"(flags) : : "memory");
    return flags & RFLAGS_IF;
}

static inline void kernel_leave(bool interrupts_on)
{
    if (interrupts_on)
        __asm__ volatile("sti" : : : "memory");
}

/* The value of a kernel function's call from the server. */
#define IN_KERNEL(call)                                                                        \
    ({                                                                                         \
        bool irq_ = kernel_enter();                                                            \
        __auto_type result_ = (call);                                                          \
        kernel_leave(irq_);                                                                    \
        result_;                                                                               \
    })

#endif
