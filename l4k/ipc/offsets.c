/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets for assembly. Compiled to assembly text, of which the build makes asm_offsets.h: a line
 * "->NAME value" becomes a #define. Frame offsets count from the thread, that is, from the top. */
#include "l4k/abi/l4.h"
#include "l4k/ipc/l4_thread.h"
#include "l4k/kern/cpu_state.h"

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(value))
#define THREAD(name, field) DEFINE(name, offsetof(struct thread, field))
#define L4(name, field) DEFINE(name, offsetof(struct l4_thread, field))
#define FRAME(name, field) \
    DEFINE(name, (long)offsetof(struct frame, field) - (long)sizeof(struct frame))
#define CPU(name, field) DEFINE(name, offsetof(struct cpu_state, field))

void asm_offsets(void);
void asm_offsets(void)
{
    L4(T_STUB_END, stub_end);
    L4(T_CAPS_SLOT, caps.slot);
    L4(T_CAPS_COUNT, caps.count);
    L4(T_CALLER, caller);
    L4(T_WAITING_ON, waiting_on);
    L4(T_OPEN_RANK, open_rank);
    THREAD(T_RANK, rank);
    L4(T_REPLY_RANK, reply_rank);
    L4(T_QUEUED_EVENTS, queued_events);
    THREAD(T_CR3, cr3);
    THREAD(T_FS_BASE, fs_base);
    THREAD(T_GS_BASE, gs_base);
    L4(T_UTCB, utcb);
    L4(T_REFLECT_ENTRY, reflect_entry);
    THREAD(T_HOST_CALL, host_call);
    FRAME(F_R15, r15);
    FRAME(F_R14, r14);
    FRAME(F_R13, r13);
    FRAME(F_R12, r12);
    FRAME(F_RBP, rbp);
    FRAME(F_RBX, rbx);
    FRAME(F_R10, r10);
    FRAME(F_R9, r9);
    FRAME(F_R8, r8);
    FRAME(F_RAX, rax);
    FRAME(F_RDX, rdx);
    FRAME(F_RSI, rsi);
    FRAME(F_RDI, rdi);
    FRAME(F_RIP, rip);
    FRAME(F_RFLAGS, rflags);
    FRAME(F_RSP, rsp);
    DEFINE(O_RECEIVER, offsetof(struct object, receiver));
    DEFINE(O_BADGE, offsetof(struct object, badge));
    CPU(CPU_USER_RSP, user_rsp);
    CPU(CPU_READY_RANK, ready_rank);
    CPU(CPU_SWITCH_RANK, switch_rank);
    CPU(CPU_FPU_LIVE, fpu_live);
    CPU(CPU_RESCHEDULE, reschedule);
    DEFINE(TAG_REPLY_WAIT, OP_REPLY_WAIT << TAG_OP_SHIFT);
}
