/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame that a signal handler finds on its stack, and the way back (rt_sigreturn). */
#ifndef PERSONALITY_SERVER_SIGFRAME_H
#define PERSONALITY_SERVER_SIGFRAME_H

#include "personality/server/linux.h"
#include "personality/server/thread.h"

/* Puts a frame on the stack of `t`, which would continue with `result`, and sets its registers to
 * enter the handler. -EFAULT when the frame can't be made; nothing has changed then. */
int sigframe_push(struct thread *t, int sig, const struct linux_sigaction *act,
                  const struct linux_siginfo *info, long result);

#endif
