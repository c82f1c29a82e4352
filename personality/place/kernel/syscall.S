/* SPDX-License-Identifier: BSD-2-Clause */
/* The `mono` row: a Linux system call is a call of the server's function.
 *
 * The server runs in ring 0 on a stack of its own with interrupts on, and is not preempted by
 * threads: an interrupt returns to it, and what the interrupt wants of it waits until it leaves.
 *
 * The registers that C preserves are saved all the same, because the server may want to see them (a
 * fork, a signal); on the way out they are still in place. */
#include "asm_offsets.h"
#include "l4k/x86_64/save_regs.h"
#include "personality/place/host_result.h"

    .text
    .globl syscall_foreign
    .balign 64
syscall_foreign:
    mov T_HOST_CALL(%rsp), %r11
    mov %eax, %eax
    mov %rax, (%r11)
    mov %rdi, 8(%r11)
    mov %rsi, 16(%r11)
    mov %rdx, 24(%r11)
    mov %r10, 32(%r11)
    mov %r8, 40(%r11)
    mov %r9, 48(%r11)
    save_preserved
    mov %rsp, %rbx
    mov server_stack_top(%rip), %rsp
    mov %r11, %rdi
    sti
    call server_syscall
    cli
    lea -HOST_LAST(%rax), %rcx
    cmp $HOST_FIRST - HOST_LAST, %rcx
    jbe no_answer
    cmpb $0, cpu+CPU_RESCHEDULE(%rip)
    jne give_way
    mov T_HOST_CALL(%rbx), %rcx
    mov 8(%rcx), %rdi
    mov 16(%rcx), %rsi
    mov 24(%rcx), %rdx
    mov 32(%rcx), %r10
    mov 40(%rcx), %r8
    mov 48(%rcx), %r9
    mov F_RIP(%rbx), %rcx
    mov F_RFLAGS(%rbx), %r11
    mov F_RSP(%rbx), %rsp
    mov F_RBX(%rbx), %rbx
    sysretq

/* void place_no_answer(long result), void place_give_way(struct thread *, long result): both end the
 * kernel entry. The thread may be gone after the first. */
no_answer:
    mov %rax, %rdi
    lea kernel_stack_top(%rip), %rsp
    call place_no_answer
    ud2
give_way:
    mov %rbx, %rdi
    mov %rax, %rsi
    lea kernel_stack_top(%rip), %rsp
    call place_give_way
    ud2

    .section .note.GNU-stack, "", @progbits
