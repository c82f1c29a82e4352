/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls with every register given and every register seen, and the instructions that tests
 * let fault. */
#include "bench/native/raw.h"

    .text

/* void raw_syscall(struct raw_regs *): all registers but rsp from the structure, the system call,
 * all registers and the flags back into it. */
    .globl raw_syscall, raw_syscall_site, raw_syscall_return
raw_syscall:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    pushfq
    push %rdi
    pushq RAW_RFLAGS(%rdi)
    mov RAW_RAX(%rdi), %rax
    mov RAW_RBX(%rdi), %rbx
    mov RAW_RDX(%rdi), %rdx
    mov RAW_RSI(%rdi), %rsi
    mov RAW_RBP(%rdi), %rbp
    mov RAW_R8(%rdi), %r8
    mov RAW_R9(%rdi), %r9
    mov RAW_R10(%rdi), %r10
    mov RAW_R12(%rdi), %r12
    mov RAW_R13(%rdi), %r13
    mov RAW_R14(%rdi), %r14
    mov RAW_R15(%rdi), %r15
    mov RAW_RDI(%rdi), %rdi
    popfq
raw_syscall_site:
    syscall
raw_syscall_return:
    pushfq
    push %rdi
    mov 16(%rsp), %rdi
    popq RAW_RDI(%rdi)
    popq RAW_RFLAGS(%rdi)
    mov %rax, RAW_RAX(%rdi)
    mov %rbx, RAW_RBX(%rdi)
    mov %rcx, RAW_RCX(%rdi)
    mov %rdx, RAW_RDX(%rdi)
    mov %rsi, RAW_RSI(%rdi)
    mov %rbp, RAW_RBP(%rdi)
    mov %r8, RAW_R8(%rdi)
    mov %r9, RAW_R9(%rdi)
    mov %r10, RAW_R10(%rdi)
    mov %r11, RAW_R11(%rdi)
    mov %r12, RAW_R12(%rdi)
    mov %r13, RAW_R13(%rdi)
    mov %r14, RAW_R14(%rdi)
    mov %r15, RAW_R15(%rdi)
    pop %rdi
    popfq
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* Each faults at its own label; uint64_t result where a handler may continue it. */
    .globl fault_read, fault_read_site, fault_write, fault_write_site
fault_read: /* (address) */
fault_read_site:
    mov (%rdi), %rax
    ret
fault_write: /* (address, value) */
fault_write_site:
    mov %rsi, (%rdi)
    ret

    .globl fault_divide, fault_divide_site, fault_invalid, fault_invalid_site
fault_divide:
    xor %ecx, %ecx
    xor %edx, %edx
    mov $1, %eax
fault_divide_site:
    div %ecx
    ret
fault_invalid:
fault_invalid_site:
    ud2
    ret

    .globl fault_breakpoint, fault_breakpoint_after, fault_protection, fault_protection_site
fault_breakpoint:
    int3
fault_breakpoint_after:
    ret
fault_protection:
fault_protection_site:
    hlt
    ret

/* void fpu_fill(const void *): xmm0-15 from 256 bytes. void fpu_store(void *): back. */
    .globl fpu_fill, fpu_store
fpu_fill:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu \n*16(%rdi), %xmm\n
    .endr
    ret
fpu_store:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu %xmm\n, \n*16(%rdi)
    .endr
    ret

/* The first word of what FS and GS base point at. */
    .globl read_fs, read_gs, write_fs_base, write_gs_base
read_fs:
    mov %fs:0, %rax
    ret
read_gs:
    mov %gs:0, %rax
    ret
write_fs_base:
    wrfsbase %rdi
    ret
write_gs_base:
    wrgsbase %rdi
    ret

    .section .note.GNU-stack, "", @progbits
