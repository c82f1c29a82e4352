/* SPDX-License-Identifier: BSD-2-Clause */
/* How the collocated server is entered from C. */
    .text
/* long server_enter(long (*f)(void *, const void *), void *, const void *): on the server's stack,
 * with interrupts on. */
    .globl server_enter
server_enter:
    push %rbp
    mov %rsp, %rbp
    mov server_stack_top(%rip), %rsp
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    sti
    call *%rax
    cli
    mov %rbp, %rsp
    pop %rbp
    ret

    .section .note.GNU-stack, "", @progbits
