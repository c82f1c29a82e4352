/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls of a Linux thread from outside its stub: reflected to the stub's entry in the process,
 * which makes the L4 call.
 *
 * The entry finds the tag (the number in the label, which is what Linux looks at: eax) in rax, and
 * where the program goes on, and all of its rax, in the UTCB. Flags and all other registers are the program's. */
#include "asm_offsets.h"
#include "l4k/abi/l4.h"

    .text
    .globl syscall_foreign, syscall_reflect
    .balign 64
syscall_foreign:
syscall_reflect:
    mov T_UTCB(%rsp), %r11
    mov %rcx, UTCB_REFLECT_RIP(%r11)
    mov %rax, UTCB_REFLECT_RAX(%r11)
    mov T_REFLECT_ENTRY(%rsp), %rcx
    shl $TAG_LABEL_SHIFT, %rax
    mov F_RFLAGS(%rsp), %r11
    mov F_RSP(%rsp), %rsp
    sysretq

    .section .note.GNU-stack, "", @progbits
