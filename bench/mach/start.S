/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of a native Mach program and of the threads it makes; the traps. */
    .text
    .globl _start
_start: /* rsp: argc, argv, NULL, environment, NULL */
    xor %ebp, %ebp
    mov (%rsp), %rdi
    lea 8(%rsp), %rsi
    and $-16, %rsp
    call mach_main
    ud2

/* rdi: struct worker; the stack is aligned as before a call. */
    .globl worker_start
worker_start:
    xor %ebp, %ebp
    call worker_main
    ud2

/* A trap as a C function: the seventh argument is where the kernel wants it. */
    .macro trap name, number
    .globl \name
    .balign 16
\name:
    mov $-\number, %eax
    mov %rcx, %r10
    syscall
    ret
    .endm

    trap mach_msg_trap, 25
    trap mach_reply_port, 26
    trap mach_thread_self, 27
    trap mach_task_self, 28
    trap mach_host_self, 29
    trap mach_print, 30
    trap trap_vm_allocate, 65
    trap trap_vm_deallocate, 66
    trap trap_port_allocate, 72
    trap trap_set_self_state, 77
    trap trap_hole, 60

/* Numbers out of range, and a seventh argument that can't be read (rsp is rdi meanwhile). */
    .globl trap_beyond, trap_no_stack
trap_beyond:
    mov $-200, %eax
    syscall
    ret
trap_no_stack:
    push %rbx
    mov %rsp, %rbx
    mov %rdi, %rsp
    mov $-25, %eax
    syscall
    .globl trap_no_stack_end
trap_no_stack_end:
    mov %rbx, %rsp
    pop %rbx
    ret

    .section .note.GNU-stack, "", @progbits
