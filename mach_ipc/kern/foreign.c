/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call of a foreign thread where its server is a user task: an exception message. */
#include "mach_ipc/kern/kern.h"

void foreign_syscall(struct kern_thread *t)
{
    exception_raise(t, EXC_SYSCALL, (int64_t)thread_frame(plain_thread(t))->rax, 0);
}
