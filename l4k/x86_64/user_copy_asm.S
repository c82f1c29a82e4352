/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies between the kernel and the loaded address space; contract in user_copy.h. */
#include "l4k/abi/layout.h"
#include "l4k/x86_64/patch.h"

#define STATUS_ERR_ADDRESS -4 /* l4k/abi/status.h */

    .text
    .globl copy_from_user, copy_to_user, load_user_word
    .globl user_copy_start, user_copy_end, user_copy_failed

/* For entries in assembly: rcx: an address; answers in rax as the others do, the word in rcx.
 * Nothing else changes. */
    .balign 16
load_user_word:
    movabs $USER_MAX - 8, %rax
    cmp %rax, %rcx
    ja refused
    USER_ACCESS_BEGIN
user_copy_start:
    mov (%rcx), %rcx
    xor %eax, %eax
    USER_ACCESS_END
    ret
    .balign 16
copy_from_user:
    movabs $USER_MAX, %rax
    sub %rdx, %rax
    jb refused
    cmp %rax, %rsi
    ja refused
    jmp go
    .balign 16
copy_to_user:
    movabs $USER_MAX, %rax
    sub %rdx, %rax
    jb refused
    cmp %rax, %rdi
    ja refused
go: /* words, then the bytes left over */
    mov %rdx, %rcx
    shr $3, %rcx
    and $7, %edx
    USER_ACCESS_BEGIN
    rep movsq
    mov %edx, %ecx
    rep movsb
user_copy_end:
    xor %eax, %eax
user_copy_failed:
    USER_ACCESS_END
    ret
refused:
    mov $STATUS_ERR_ADDRESS, %rax
    ret

    .section .note.GNU-stack, "", @progbits
