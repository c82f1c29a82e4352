/* SPDX-License-Identifier: BSD-2-Clause */
/* The system call entry of the Mach-style path: all registers to the running thread's frame, then
 * C.
 *
 * The kernel does not use GS, so there is no SWAPGS; cs and ss of a frame are always the user's.
 * A trap that neither waits nor is preempted leaves by SYSRET, with the registers cleared that a
 * C function does not keep; all else leaves by frame_return(), which loads all of the frame. */
#include "mach_offsets.h"
#include "l4k/x86_64/gdt.h"
#include "l4k/x86_64/save_regs.h"

#define RUNNING cpu_tss+TSS_RSP0(%rip)

    .text
    .globl mach_syscall_entry
    .balign 64
mach_syscall_entry:
    mov %rsp, cpu+CPU_USER_RSP(%rip)
    mov RUNNING, %rsp
    mov %rcx, F_RIP(%rsp)
    mov %r11, F_RFLAGS(%rsp)
    mov %rcx, F_RCX(%rsp)
    mov %r11, F_R11(%rsp)
    save_arguments
    save_preserved
    mov %rsp, %rbx
    lea kernel_stack_top(%rip), %rsp
    mov cpu+CPU_USER_RSP(%rip), %rcx
    mov %rcx, F_RSP(%rbx)
    xor %ebp, %ebp
    cmpb $0, T_FOREIGN(%rbx)
    jne foreign
    cmp $-TRAP_MACH_MSG, %eax
    jne other

/* void mach_msg_trap(thread, msg, option, send_size, rcv_size, rcv_name, timeout, notify): the
 * last of the user's seven arguments is behind the return address on its stack. */
    add $8, %rcx
    call load_user_word
    test %eax, %eax
    jnz bad_stack
    push %rcx
    push %r9
    mov %r8, %r9
    mov %r10, %r8
    mov %rdx, %rcx
    mov %rsi, %rdx
    mov %rdi, %rsi
    mov %rbx, %rdi
    call mach_msg_trap
    ud2

other: /* uint32_t mach_trap(struct kern_thread *) */
    mov %rbx, %rdi
    call mach_trap
    cmpb $0, cpu+CPU_RESCHEDULE(%rip)
    jne give_way
    xor %edi, %edi
    xor %esi, %esi
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    xor %r9d, %r9d
    mov F_RIP(%rbx), %rcx
    mov F_RFLAGS(%rbx), %r11
    mov F_RBP(%rbx), %rbp
    mov F_RSP(%rbx), %rsp
    mov F_RBX(%rbx), %rbx
    sysretq

give_way: /* void mach_return(struct mach_thread *, enum kern_return) */
    mov %rbx, %rdi
    mov %eax, %esi
    call mach_return
    ud2

foreign:
    mov %rbx, %rdi
    call foreign_syscall
    ud2

bad_stack:
    mov %rbx, %rdi
    call mach_trap_bad_stack
    ud2

    .section .note.GNU-stack, "", @progbits
