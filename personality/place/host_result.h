/* SPDX-License-Identifier: BSD-2-Clause */
/* The HOST_* results of host.h for assembly, and kernel statuses in the server's words. */
#ifndef PERSONALITY_PLACE_HOST_RESULT_H
#define PERSONALITY_PLACE_HOST_RESULT_H

#define HOST_FIRST (-4097)
#define HOST_LAST (-4099)

#ifndef __ASSEMBLER__
#include "l4k/abi/status.h"
#include "personality/server/host.h"

_Static_assert(HOST_FIRST == HOST_DEFER && HOST_LAST == HOST_PENDING_CALL, "range of HOST_*");
_Static_assert(offsetof(struct host_call, nr) == 0 && offsetof(struct host_call, arg) == 8,
               "assembly fills them");

/* A copy can only be pending where there are external pagers, and no configuration has them yet. */
#define NO_PAGERS "a page is pending, but this kernel has no pagers"

/* Linux errno values that a placement itself answers. */
#define ERRNO_ENOENT 2
#define ERRNO_EAGAIN 11
#define ERRNO_ENOMEM 12
#define ERRNO_EACCES 13
#define ERRNO_EINVAL 22

static inline int errno_of(enum status s)
{
    switch (s) {
    case OK:
        return 0;
    case ERR_NO_MEMORY:
    case ERR_NO_SPACE:
    case ERR_ADDRESS: /* mprotect over a hole */
        return -ERRNO_ENOMEM;
    case ERR_PROTECTION:
        return -ERRNO_EACCES;
    default:
        return -ERRNO_EINVAL;
    }
}

static inline enum host_copy copy_result(enum status s)
{
    return s == OK ? HOST_DONE : s == ERR_PENDING ? HOST_PENDING : HOST_EFAULT;
}

/* The argument registers of a call, which the kernel does not hold meanwhile, in their places. */
static inline void merge_call(const struct host_call *c, struct host_regs *regs)
{
    regs->rax = c->nr;
    regs->rdi = c->arg[0];
    regs->rsi = c->arg[1];
    regs->rdx = c->arg[2];
    regs->r10 = c->arg[3];
    regs->r8 = c->arg[4];
    regs->r9 = c->arg[5];
    regs->rcx = regs->rip;
    regs->r11 = regs->rflags;
}
#endif
#endif
