/* SPDX-License-Identifier: BSD-2-Clause */
/* The server task: its start, and the loop that turns messages into calls of server_syscall().
 *
 * A client's call arrives with its registers as message words, the number in the label and the
 * client's struct host_call as badge, which nobody can forge. The reply carries the six argument
 * registers back, so the client finds them as Linux would leave them. Badges with low bits set are
 * anything else (l4_user.h) and go to C.
 *
 * Carry is clear at each `syscall`: TEST and JA's not-below see to it. */
#include "l4k/abi/l4.h"
#include "personality/place/host_result.h"
#include "personality/place/l4_user/l4_user.h"

    .text
    .globl _start
_start:
    xor %ebp, %ebp
    call place_start
    ud2

/* void place_loop(void), never returns. */
    .globl place_loop
place_loop:
    mov $OP_RECEIVE << TAG_OP_SHIFT, %eax
    clc
    jmp 2f

    .balign 64
1:  mov 8(%rbx), %rdi
    mov 16(%rbx), %rsi
    mov 24(%rbx), %rdx
    mov 32(%rbx), %r10
    mov 40(%rbx), %r8
    mov 48(%rbx), %r9
    mov %rax, %rbx
    mov $OP_REPLY_WAIT << TAG_OP_SHIFT, %eax
2:  syscall
    jc receive_failed
    test $BADGE_KIND_MASK, %bl
    jnz other
    shr $TAG_LABEL_SHIFT, %rax
    mov %rax, (%rbx)
    mov %rdi, 8(%rbx)
    mov %rsi, 16(%rbx)
    mov %rdx, 24(%rbx)
    mov %r10, 32(%rbx)
    mov %r8, 40(%rbx)
    mov %r9, 48(%rbx)
    mov %rbx, %rdi
    call server_syscall
3:  lea -HOST_LAST(%rax), %rcx
    cmp $HOST_FIRST - HOST_LAST, %rcx
    ja 1b
    /* No plain answer. */
    mov %rbx, %rdi
    mov %rax, %rsi
    call place_special
    jmp place_loop

/* long place_other(badge, tag, words[6]): HOST_DEFER, or the answer for the call of this badge. */
other:
    push %r9
    push %r8
    push %r10
    push %rdx
    push %rsi
    push %rdi
    mov %rbx, %rdi
    mov %rax, %rsi
    mov %rsp, %rdx
    call place_other
    add $48, %rsp
    and $~BADGE_KIND_MASK, %rbx
    jnz 3b
    jmp place_loop

receive_failed:
    call place_receive_failed
    ud2

    .section .note.GNU-stack, "", @progbits
