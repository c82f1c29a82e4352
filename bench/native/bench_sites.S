/* SPDX-License-Identifier: BSD-2-Clause */
/* The loops of the IPC benchmark. A passage is named by the `syscall` it begins with and the
 * instruction behind the partner's `syscall`; nothing else in them enters the kernel. */
#include "bench/marker.h"
#include "bench/native/bench_sites.h"

    .text

/* void bench_client(uint64_t tag, uint64_t calls, void (*open)(void), void (*close)(void)) */
    .globl bench_client, bench_call_site, bench_call_return
bench_client:
    push %rbx
    push %r12
    push %r13
    mov %rdi, %r12
    mov %rsi, %rbx
    mov %rcx, %r13
    call *%rdx
1:  mov %r12, %rax
    clc
bench_call_site:
    syscall
bench_call_return:
    dec %rbx
    jnz 1b
    call *%r13
    pop %r13
    pop %r12
    pop %rbx
    ret

/* void bench_server(uint64_t tag): answers every call with the words it brought, for good. */
    .globl bench_server, bench_reply_site, bench_reply_return
bench_server:
    mov %rdi, reply_tag(%rip)
1:  mov reply_tag(%rip), %rax
    mov $BENCH_LABEL, %ebx
    clc
bench_reply_site:
    syscall
bench_reply_return:
    jmp 1b

    .local reply_tag
    .comm reply_tag, 8, 8

/* Functions of BENCH_MARKER_SIZE bytes, each a marker: BENCH_REGIONS that open one, as many that
 * close one. */
    .macro marker_functions kind
    .set id, BENCH_REGION_FIRST
    .rept BENCH_REGIONS
    .byte 0x0f, 0x1f, 0x80
    .long MARKER_MAGIC | \kind << 8 | id
    ret
    .balign BENCH_MARKER_SIZE
    .set id, id + 1
    .endr
    .endm

    .globl bench_open, bench_close
    .balign BENCH_MARKER_SIZE
bench_open:
    marker_functions MARKER_OPEN
bench_close:
    marker_functions MARKER_CLOSE

    .section .note.GNU-stack, "", @progbits
