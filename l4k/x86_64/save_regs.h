/* SPDX-License-Identifier: BSD-2-Clause */
/* Assembler macros: registers of user code, at a system call's entry, to the frame at rsp. Who includes
 * this has the frame's offsets. */
#ifndef L4K_X86_64_SAVE_REGS_H
#define L4K_X86_64_SAVE_REGS_H

/* A system call's number and arguments. */
.macro save_arguments
    mov %rax, F_RAX(%rsp)
    mov %rdi, F_RDI(%rsp)
    mov %rsi, F_RSI(%rsp)
    mov %rdx, F_RDX(%rsp)
    mov %r10, F_R10(%rsp)
    mov %r8, F_R8(%rsp)
    mov %r9, F_R9(%rsp)
.endm

/* What a C function preserves. */
.macro save_preserved
    mov %rbx, F_RBX(%rsp)
    mov %rbp, F_RBP(%rsp)
    mov %r12, F_R12(%rsp)
    mov %r13, F_R13(%rsp)
    mov %r14, F_R14(%rsp)
    mov %r15, F_R15(%rsp)
.endm

#endif
