/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest of a few instructions, to test the counting plugin and the runner without a kernel.
 *
 * A 32-bit multiboot (version 1) image. The last letter of its command line tells what it does:
 *   c  regions of known length, then a good end       h  hangs        t  triple fault
 *   m  resets without a word                          u  resets inside its run
 *   a  a failed assertion                             k  a kernel panic
 */
#define OPEN(id)  .byte 0x0f, 0x1f, 0x80; .long 0x4c340100 + id
#define CLOSE(id) .byte 0x0f, 0x1f, 0x80; .long 0x4c340200 + id
#define TURNS 1000
#define VECTOR_NM 7 /* device not available: an FPU instruction while CR0.TS is set */

    .section .text
image:
    .align 4
    .long 0x1badb002, 0, -0x1badb002

    .globl _start
_start:
    cli
    mov $stack_top, %esp
    lgdt gdt_pointer
    ljmp $8, $1f
1:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov 16(%ebx), %esi          /* command line: find its last letter */
2:  lodsb
    test %al, %al
    jnz 2b
    mov -2(%esi), %bl
    cmp $'m', %bl
    je reset
    mov $begin, %esi
    call print
    cmp $'h', %bl
    je hang
    cmp $'t', %bl
    je triple_fault
    cmp $'u', %bl
    je reset
    mov $assertion, %esi
    cmp $'a', %bl
    je say_and_end
    mov $panic, %esi
    cmp $'k', %bl
    je say_and_hang
    call regions
    mov $end_good, %esi
    call print
reset:
    mov $0xfe, %al
    out %al, $0x64
hang:
    jmp hang
say_and_hang:
    call print
    jmp hang
say_and_end:
    call print
    mov $end_bad, %esi
    call print
    jmp reset
triple_fault:
    lidt empty_idt
    ud2

/* Regions whose lengths scripts/test/exact.py knows. */
regions:
    OPEN(1)                     /* nothing */
    CLOSE(1)

    OPEN(2)                     /* 1 + 2 * TURNS */
    mov $TURNS, %ecx
1:  dec %ecx
    jnz 1b
    CLOSE(2)

    mov $buffer, %edi           /* 2, with 4 * 256 bytes */
    mov $256, %ecx
    xor %eax, %eax
    cld
    OPEN(3)
    rep stosl
    nop
    CLOSE(3)

    mov $buffer, %esi           /* 2, with 100 bytes stored */
    mov $buffer + 512, %edi
    mov $100, %ecx
    OPEN(4)
    rep movsb
    nop
    CLOSE(4)

    xor %ecx, %ecx              /* 2: a repeat instruction with nothing to do */
    OPEN(5)
    rep stosb
    nop
    CLOSE(5)

    lidt idt_pointer            /* 3: fld1 faults and is restarted after clts and iret */
    mov %cr0, %eax
    and $~4, %eax               /* no emulation */
    or $8, %eax                 /* CR0.TS */
    mov %eax, %cr0
    OPEN(6)
    fld1
    CLOSE(6)

    OPEN(7)                     /* 1 + 2 * TURNS + 3 */
    rdtsc
    mov %eax, %esi
    mov $TURNS, %ecx
1:  dec %ecx
    jnz 1b
    rdtsc
    CLOSE(7)
    sub %esi, %eax              /* ticks: the region less the second reading */
    cmp $(2 * TURNS + 3), %eax
    je 1f
    mov $wrong_tsc, %esi
    call print
1:  ret

not_available:
    clts
    iret

/* The string at %esi, to the serial port. */
print:
    mov $0x3f8, %dx
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  ret

    .section .data
begin:     .asciz "@l4k-begin tiny\n"
end_good:  .asciz "@l4k-end tiny status=0\n"
end_bad:   .asciz "@l4k-end tiny status=1\n"
assertion: .asciz "@l4k-assert tiny.S:1: two and two are five\n"
panic:     .asciz "@l4k-panic nothing works\n"
wrong_tsc: .asciz "@l4k-assert tiny.S:1: the time-stamp counter disagrees\n"

    .align 8
gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .word . - gdt - 1
    .long gdt
empty_idt:
    .word 0
    .long 0

/* One gate counts. Its handler lies in the first 64 KiB of the image, which is linked at
 * BASE_HIGH << 16. */
#define BASE_HIGH 0x10
    .align 8
idt:
    .fill VECTOR_NM, 8, 0
    .word not_available - image, 8, 0x8e00, BASE_HIGH
idt_pointer:
    .word . - idt - 1
    .long idt

    .section .bss
    .align 16
    .skip 4096
stack_top:
buffer:
    .skip 1024
