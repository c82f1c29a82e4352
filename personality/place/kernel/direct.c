/* SPDX-License-Identifier: BSD-2-Clause */
/* The `mono` row: a client's system calls (syscall.S) and faults come by a function call. */
#include "l4k/ipc/l4_thread.h"
#include "personality/place/kernel/kernel.h"

enum status place_equip(struct thread *t)
{
    l4(t)->stub_end = 0; /* every system call is Linux's */
    return OK;
}

void place_fault(struct thread *t, const struct host_fault *f)
{
    server_take_fault(t, f);
}
