/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of a native L4 program, and of the threads it makes. */
    .text
    .globl _start
_start:
    xor %ebp, %ebp
    call main
    ud2

/* rdi: struct worker; the stack is aligned as before a call. */
    .globl worker_start
worker_start:
    xor %ebp, %ebp
    call worker_main
    ud2

    .section .note.GNU-stack, "", @progbits
