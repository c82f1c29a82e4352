/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: sending, and delivery on the way back to user mode (signal(7)). */
#ifndef PERSONALITY_SERVER_SIGNAL_H
#define PERSONALITY_SERVER_SIGNAL_H

#include "personality/server/linux.h"
#include "personality/server/thread.h"

struct process;

struct sigactions {
    unsigned refs;
    struct linux_sigaction action[NSIG + 1];
};

/* The part of a siginfo_t that the server ever fills. */
struct siginfo_head {
    uint8_t bytes[32];
};

static inline uint64_t sigmask_of(int sig)
{
    return 1ul << (sig - 1);
}
#define SIGMASK_UNBLOCKABLE (1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1))

struct sigactions *sigactions_create(void); /* all default; NULL: no memory */
struct sigactions *sigactions_get(struct sigactions *a);
void sigactions_put(struct sigactions *a); /* NULL is allowed */
/* Handlers become default, ignored stays (exec). */
int sigactions_exec(struct process *p);

/* `info` NULL: from the kernel. signal_group: to every process of a group; the number reached. */
void signal_send(struct process *p, int sig, const struct linux_siginfo *info);
unsigned signal_group(int pgid, int sig, const struct linux_siginfo *info);
/* By the thread's own doing (fault, SIGPIPE of a fault): can't be blocked or ignored. */
void signal_force(struct thread *t, int sig, const struct linux_siginfo *info);
static inline void siginfo_init(struct linux_siginfo *i, int sig, int code)
{
    *i = (struct linux_siginfo){.signo = sig, .code = code};
}

/* Must `t` handle a signal before it may wait? */
bool signal_pending(const struct thread *t);
/* Delivers what is pending to `t`, which would continue with `result` (HOST_REGS: with its
 * registers as they are). Returns what it continues with instead, HOST_DEFER when it stopped or
 * ended, or -ERESTART* when the call is to be run again without the program noticing. */
long signal_deliver(struct thread *t, long result);
/* After a change of the mask. */
void signal_mask_changed(struct thread *t);

#endif
