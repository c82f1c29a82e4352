/* SPDX-License-Identifier: BSD-2-Clause */
/* The collocated server's stack, and how it is entered from C. */
    .text
/* long server_enter(long (*f)(void *, const void *), void *, const void *): on the server's stack,
 * with interrupts on. */
    .globl server_enter
server_enter:
    push %rbp
    mov %rsp, %rbp
    lea server_stack_top(%rip), %rsp
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    sti
    call *%rax
    cli
    mov %rbp, %rsp
    pop %rbp
    ret

    .bss
    .balign 4096
    .globl server_stack, server_stack_top
server_stack:
    .skip 65536
server_stack_top:

    .section .note.GNU-stack, "", @progbits
