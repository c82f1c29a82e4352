/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of an interrupted or calling context, as the trap entry leaves them.
 *
 * The upper five words are what the CPU pushes (Intel SDM vol. 3, 6.14.2). A user thread's frame
 * lies right below its struct thread, where TSS.RSP0 points: a trap from user mode fills it in place,
 * a system call fills what it must. Traps from ring 0 push one on the current stack. */
#ifndef L4K_X86_64_FRAME_H
#define L4K_X86_64_FRAME_H

#include <stdint.h>

struct frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct frame) % 16 == 0, "the CPU aligns RSP0 to 16 bytes before it pushes");

#define RFLAGS_CARRY 0x1
#define RFLAGS_FIXED 0x2
#define RFLAGS_IF 0x200
/* What user code may set by itself: CF PF AF ZF SF TF DF OF RF AC ID. */
#define RFLAGS_USER 0x250dd5

#endif
