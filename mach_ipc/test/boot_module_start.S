/* SPDX-License-Identifier: BSD-2-Clause */
/* Start and traps of a program that knows nothing of this project's own. */
    .text
    .globl _start
_start:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call module_main
    ud2

    .globl mach_msg
mach_msg:
    mov %rcx, %r10
    mov $-25, %eax
    syscall
    ret

    .globl mach_reply_port
mach_reply_port:
    mov $-26, %eax
    syscall
    ret

    .globl mach_task_self
mach_task_self:
    mov $-28, %eax
    syscall
    ret

    .globl mach_print
mach_print:
    mov $-30, %eax
    syscall
    ret

    .section .note.GNU-stack, "", @progbits
