/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets for the Mach-style path's assembly, made into mach_offsets.h as l4k/ipc/offsets.c is into
 * asm_offsets.h. Frame offsets count from the thread, that is, from the top. */
#include "l4k/kern/cpu_state.h"
#include "mach_ipc/kern/kern.h"

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(value))
#define FRAME(name, field) \
    DEFINE(name, (long)offsetof(struct frame, field) - (long)sizeof(struct frame))

void mach_offsets(void);
void mach_offsets(void)
{
    FRAME(F_R15, r15);
    FRAME(F_R14, r14);
    FRAME(F_R13, r13);
    FRAME(F_R12, r12);
    FRAME(F_RBP, rbp);
    FRAME(F_RBX, rbx);
    FRAME(F_R11, r11);
    FRAME(F_R10, r10);
    FRAME(F_R9, r9);
    FRAME(F_R8, r8);
    FRAME(F_RAX, rax);
    FRAME(F_RCX, rcx);
    FRAME(F_RDX, rdx);
    FRAME(F_RSI, rsi);
    FRAME(F_RDI, rdi);
    FRAME(F_RIP, rip);
    FRAME(F_RFLAGS, rflags);
    FRAME(F_RSP, rsp);
    DEFINE(T_FOREIGN, offsetof(struct kern_thread, foreign));
    DEFINE(CPU_USER_RSP, offsetof(struct cpu_state, user_rsp));
    DEFINE(CPU_RESCHEDULE, offsetof(struct cpu_state, reschedule));
    DEFINE(TRAP_MACH_MSG, TRAP_MACH_MSG);
}
