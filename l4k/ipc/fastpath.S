/* SPDX-License-Identifier: BSD-2-Clause */
/* The system call entry and the fast path of call and reply-and-wait (ABI: l4k/abi/l4.h).
 *
 * Live registers:
 *   rax rdi rsi rdx r10 r8 r9   message, untouched
 *   rsp    the running thread (struct thread; its frame lies below)
 *   r11    the partner, once known
 *   rcx    scratch, later the partner's rip
 *   rbx    badge (call), label (reply)
 *   rbp r12-r15   call: saved, then scratch and cleared; reply: the server's, dead
 *
 * Everything up to the mark "point of no return" only reads, or writes the caller's own frame.
 * A fast call needs: a capability in the table and nothing else in the lower half of rax; a
 * receiver that waits for anyone, with a rank above everything that is ready (open_rank > switch
 * rank); an FPU that is not live. A fast reply: exactly OP_REPLY_WAIT in the lower half; a caller
 * that waits untimed for it, with the rank to run; no sender or event queued here. */
#include "asm_offsets.h"
#include "l4k/x86_64/gdt.h"
#include "l4k/x86_64/save_regs.h"

#define RUNNING cpu_tss+TSS_RSP0(%rip)
#define MSR_FS_BASE 0xc0000100
#define CR0_TS 8

/* Segment bases from the thread in rsp to the thread in r11. User code can change them by itself,
 * so they are saved. Clobbers rcx. */
.macro switch_bases_fsgsbase
    rdfsbase %rcx
    mov %rcx, T_FS_BASE(%rsp)
    mov T_FS_BASE(%r11), %rcx
    wrfsbase %rcx
    rdgsbase %rcx
    mov %rcx, T_GS_BASE(%rsp)
    mov T_GS_BASE(%r11), %rcx
    wrgsbase %rcx
.endm

/* Without those instructions only the kernel sets the bases, and the threads hold them. GS base is
 * the next MSR. Clobbers rcx, r12, r13. */
.macro switch_bases_wrmsr
    mov %rax, %r12
    mov %rdx, %r13
    mov $MSR_FS_BASE, %ecx
    mov T_FS_BASE(%r11), %eax
    mov T_FS_BASE+4(%r11), %edx
    wrmsr
    inc %ecx
    mov T_GS_BASE(%r11), %eax
    mov T_GS_BASE+4(%r11), %edx
    wrmsr
    mov %r12, %rax
    mov %r13, %rdx
.endm

/* The running thread becomes the one in r11. Clobbers rcx. */
.macro switch_space
    mov %r11, RUNNING
    mov T_CR3(%r11), %rcx
    cmp T_CR3(%rsp), %rcx
    je 1f
    mov %rcx, %cr3
1:
.endm

/* Out to the thread in r11, which waits in a system call. */
.macro return_to_partner
    mov F_RIP(%r11), %rcx
    mov F_RSP(%r11), %rsp
    mov F_RFLAGS(%r11), %r11
    sysretq
.endm

/* Nobody but its owner may read the FPU: sets CR0.TS. */
.macro fpu_off scratch, scratch32
    mov %cr0, \scratch
    or $CR0_TS, \scratch
    mov \scratch, %cr0
    movb $0, cpu+CPU_FPU_LIVE(%rip)
    mov cpu+CPU_READY_RANK(%rip), \scratch32
    mov \scratch32, cpu+CPU_SWITCH_RANK(%rip)
.endm

.macro system_call_entry switch_bases
    mov %rsp, cpu+CPU_USER_RSP(%rip)
    mov RUNNING, %rsp
    mov %r11, F_RFLAGS(%rsp)
    mov %rcx, F_RIP(%rsp)
    mov cpu+CPU_USER_RSP(%rip), %r11
    mov %r11, F_RSP(%rsp)
    cmp T_STUB_END(%rsp), %rcx
    jae syscall_foreign
    mov %eax, %r11d
    cmp T_CAPS_COUNT(%rsp), %r11
    jae .Lnot_a_call\@

    mov T_CAPS_SLOT(%rsp), %rcx
    mov (%rcx,%r11,8), %rcx
    mov O_RECEIVER(%rcx), %r11
    save_preserved
.Lcall\@:
    mov cpu+CPU_SWITCH_RANK(%rip), %ebx
    cmp T_OPEN_RANK(%r11), %ebx
    jae .Lcall_no\@
    /* Point of no return. */
    mov O_BADGE(%rcx), %rbx
    mov %rsp, T_CALLER(%r11)
    mov %r11, T_WAITING_ON(%rsp)
    movl $0, T_OPEN_RANK(%r11)
    switch_space
    \switch_bases
    xor %ebp, %ebp
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    return_to_partner

.Lnot_a_call\@:
    cmp $TAG_REPLY_WAIT, %r11d
    jne syscall_slow
    mov T_CALLER(%rsp), %r11
.Lreply\@:
    mov cpu+CPU_SWITCH_RANK(%rip), %ecx
    cmp T_REPLY_RANK(%r11), %ecx
    jae .Lreply_no\@
    cmpl $0, T_QUEUED_EVENTS(%rsp)
    jne syscall_slow
    /* Point of no return. */
    mov T_RANK(%rsp), %ecx
    mov %ecx, T_OPEN_RANK(%rsp)
    movq $null_thread, T_CALLER(%rsp)
    movq $0, T_WAITING_ON(%r11)
    switch_space
    \switch_bases
    mov %rbx, %rax
    mov F_RBX(%r11), %rbx
    mov F_RBP(%r11), %rbp
    mov F_R12(%r11), %r12
    mov F_R13(%r11), %r13
    mov F_R14(%r11), %r14
    mov F_R15(%r11), %r15
    return_to_partner

    /* The switch was refused. If only because of the FPU, take that away and try again. */
.Lcall_no\@:
    cmpb $0, cpu+CPU_FPU_LIVE(%rip)
    je 2f
    fpu_off %rbx, %ebx
    jmp .Lcall\@
2:  mov F_RBX(%rsp), %rbx
    jmp syscall_slow
.Lreply_no\@:
    cmpb $0, cpu+CPU_FPU_LIVE(%rip)
    je syscall_slow
    fpu_off %rcx, %ecx
    jmp .Lreply\@
.endm

    .text
    .globl syscall_entry_fsgsbase, syscall_entry_wrmsr
    .balign 64
syscall_entry_fsgsbase:
    system_call_entry switch_bases_fsgsbase
    .balign 64
syscall_entry_wrmsr:
    system_call_entry switch_bases_wrmsr

/* Any other operation: all registers to the frame, then C. void ipc_syscall(struct thread *). */
    .globl syscall_slow
syscall_slow:
    save_arguments
    save_preserved
    mov %rsp, %rdi
    lea kernel_stack_top(%rip), %rsp
    xor %ebp, %ebp
    call ipc_syscall
    ud2

    .section .note.GNU-stack, "", @progbits
