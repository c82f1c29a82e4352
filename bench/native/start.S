/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of a native L4 program. */
    .text
    .globl _start
_start:
    xor %ebp, %ebp
    call main
    ud2

    .section .note.GNU-stack, "", @progbits
