/* SPDX-License-Identifier: BSD-2-Clause */
/* The system-call table as seen by the rest of the server. */
#ifndef PERSONALITY_SERVER_SYSCALL_H
#define PERSONALITY_SERVER_SYSCALL_H

#include "personality/server/thread.h"

/* The handler of t's call, run again. */
long syscall_rerun(struct thread *t);
/* A call, or a use of one, that is not there: counted under its number, result -ENOSYS. */
long sys_missing(struct thread *t) __attribute__((noinline, cold));
/* One log line with the numbers asked for in vain. */
void syscall_log_missing(void);

#endif
