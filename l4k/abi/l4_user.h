/* SPDX-License-Identifier: BSD-2-Clause */
/* The L4 system call for C programs that run on it (ABI: l4.h). */
#ifndef L4K_ABI_L4_USER_H
#define L4K_ABI_L4_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "l4k/abi/l4.h"
#include "l4k/abi/status.h"

/* What goes in and comes out besides the UTCB. */
struct l4_message {
    uint64_t tag;   /* in: tag; out: rax */
    uint64_t label; /* in: a reply's label; out: the badge, after a receive */
    uint64_t w[MESSAGE_REGISTERS];
    bool carry;     /* out: see utcb->status */
};

/* Any operation. */
static inline void l4_ipc(struct l4_message *m)
{
    register uint64_t r10 __asm__("r10") = m->w[3];
    register uint64_t r8 __asm__("r8") = m->w[4];
    register uint64_t r9 __asm__("r9") = m->w[5];
    uint64_t rax = m->tag, rbx = m->label;
    bool carry;

    __asm__ volatile("push %%rbp\n\tclc\n\tsyscall\n\tpop %%rbp"
                     : "+a"(rax), "+b"(rbx), "+D"(m->w[0]), "+S"(m->w[1]), "+d"(m->w[2]),
                       "+r"(r10), "+r"(r8), "+r"(r9), "=@ccc"(carry)
                     :
                     : "rcx", "r11", "r12", "r13", "r14", "r15", "memory");
    m->tag = rax;
    m->label = rbx;
    m->w[3] = r10;
    m->w[4] = r8;
    m->w[5] = r9;
    m->carry = carry;
}

/* A call on a kernel object: words in and out through `w`. */
static inline enum status l4_invoke(unsigned cap, uint32_t label, uint64_t w[MESSAGE_REGISTERS])
{
    register uint64_t r10 __asm__("r10") = w[3];
    register uint64_t r8 __asm__("r8") = w[4];
    register uint64_t r9 __asm__("r9") = w[5];
    int64_t rax = (int64_t)((uint64_t)label << TAG_LABEL_SHIFT | cap);

    __asm__ volatile("syscall"
                     : "+a"(rax), "+D"(w[0]), "+S"(w[1]), "+d"(w[2]), "+r"(r10), "+r"(r8),
                       "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    w[3] = r10;
    w[4] = r8;
    w[5] = r9;
    return (enum status)rax;
}

/* The same where nothing but the status comes back. */
static inline enum status l4_do(unsigned cap, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2,
                                uint64_t w3)
{
    uint64_t w[MESSAGE_REGISTERS] = {w0, w1, w2, w3, 0, 0};

    return l4_invoke(cap, label, w);
}

#endif
