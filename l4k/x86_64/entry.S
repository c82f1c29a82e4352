/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps and interrupts: in (256 vectors), out, and idling.
 *
 * From user mode the CPU pushes at TSS.RSP0, which is the top of the running thread's frame; from
 * ring 0 on the current stack. Both times a struct frame is completed and void trap(struct frame *)
 * is called, for user mode on the kernel stack. trap() returns only to ring 0. */

#include "l4k/x86_64/patch.h"

    .text
    .macro vector number, has_error
    .balign 16
    .if \has_error == 0
    push $0
    .endif
    push $\number
    jmp trap_entry
    .endm

    .globl trap_vectors
    .balign 16
trap_vectors:
    .set n, 0
    .rept 256
    /* Vectors with an error code: SDM vol. 3, table 6-1. */
    .if n == 8 || (n >= 10 && n <= 14) || n == 17 || n == 21 || n == 29 || n == 30
    vector n, 1
    .else
    vector n, 0
    .endif
    .set n, n + 1
    .endr

trap_entry:
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %rdi
    cld
    USER_ACCESS_END /* user code may have set AC */
    testb $3, 18*8(%rsp) /* cs */
    jz 1f
    lea kernel_stack_top(%rip), %rsp
    xor %ebp, %ebp
    call trap
    ud2
1:  mov %rsp, %rbx
    and $-16, %rsp
    call trap
    mov %rbx, %rdi

/* void frame_return(struct frame *): loads all of it and continues there. */
    .globl frame_return
frame_return:
    mov %rdi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $16, %rsp /* vector, error */
    iretq

/* void run_continuation(struct thread *, void (*)(struct thread *)). */
    .globl run_continuation
run_continuation:
    lea kernel_stack_top(%rip), %rsp
    xor %ebp, %ebp
    call *%rsi
    ud2

/* void cpu_idle(void): STI takes effect after the next instruction, so no wake-up is lost. */
    .globl cpu_idle
cpu_idle:
    sti
    hlt
    cli
    ret

    .section .note.GNU-stack, "", @progbits
