/* SPDX-License-Identifier: BSD-2-Clause */
/* From the boot loader to C: headers for multiboot2 and PVH, long mode, kernel stack.
 *
 * All loaders enter in 32-bit protected mode without paging, the image at its physical address
 * and its bss zeroed: GRUB, under BIOS and UEFI alike (Multiboot2 specification 3.3), and
 * `qemu -kernel` by the PVH note (Xen docs/misc/pvh). The multiboot image (kernel.mb) has the
 * header of Multiboot 1 (kernel.lds) and enters here as well. */
#include "l4k/abi/layout.h"
#include "l4k/x86_64/boot.h"

#define PHYS(sym) ((sym) - KERNEL_BASE)

#define MB2_MAGIC 0xe85250d6
#define MB2_LOADED 0x36d76289
#define MB1_LOADED 0x2badb002
#define MB2_TAG_MODULE_ALIGN 6
#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define PTE_P 1
#define PTE_RW 2
#define PTE_PS 0x80

    .section .multiboot, "a", @progbits
    .balign 8
mb2_header:
    .long MB2_MAGIC, 0, mb2_header_end - mb2_header
    .long -(MB2_MAGIC + (mb2_header_end - mb2_header))
    .short MB2_TAG_MODULE_ALIGN, 0
    .long 8
    .short 0, 0
    .long 8
mb2_header_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long PHYS(pvh_start)

    .section .text.boot, "ax", @progbits
    .code32
    .globl mb2_start
mb2_start:
    cli
    movl $BOOT_MULTIBOOT2, %edi
    cmpl $MB2_LOADED, %eax
    je 1f
    movl $BOOT_MULTIBOOT1, %edi
    cmpl $MB1_LOADED, %eax
    je 1f
    jmp 2f
pvh_start:
    cli
    movl $BOOT_PVH, %edi
1:  movl %ebx, %esi
    cld
    movl $PHYS(kernel_stack_top), %esp

    /* A processor without long mode is told so on the serial line. */
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb 2f
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc 2f

    /* SDM 3A 9.8.5: PAE, CR3, EFER.LME, then paging. */
    movl %cr4, %eax
    orl $(1 << 5), %eax
    movl %eax, %cr4
    movl $PHYS(kernel_pml4), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $(1 << 8), %eax
    wrmsr
    movl %cr0, %eax
    orl $(1 << 31 | 1), %eax
    movl %eax, %cr0
    lgdt PHYS(boot_gdt_pointer)
    ljmp $8, $PHYS(start64)

2:  movl $PHYS(no_long_mode), %esi
    movw $0x3f8, %dx
3:  lodsb
    testb %al, %al
    jz 4f
    outb %al, %dx
    jmp 3b
4:  hlt
    jmp 4b

    .code64
start64:
    movabsq $1f, %rax
    jmp *%rax
1:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $kernel_stack_top, %rsp
    xorl %ebp, %ebp             /* ends the chain of frames of a backtrace */
    call boot_main              /* boot_main(kind, info) does not return */
    ud2

    .section .rodata.boot, "a", @progbits
no_long_mode:
    .asciz "l4k: needs a 64-bit x86 processor and a multiboot or PVH loader\r\n"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* 64-bit code */
    .quad 0x00cf93000000ffff    /* data */
boot_gdt_pointer:
    .short 23
    .long PHYS(boot_gdt), 0

    /* The first page tables: the low 4 GiB in 2 MiB pages as identity and as the physical map,
     * the first GiB of them as the kernel image. paging_init() refines them. */
    .section .data.page_tables, "aw", @progbits
    .balign PAGE_SIZE
    .globl kernel_pml4
kernel_pml4:
    .quad PHYS(phys_pdpt) + PTE_P + PTE_RW
    .fill 255, 8, 0
    .quad PHYS(phys_pdpt) + PTE_P + PTE_RW
    .fill 254, 8, 0
    .quad PHYS(kernel_pdpt) + PTE_P + PTE_RW
    .globl phys_pdpt
phys_pdpt:
    .set i, 0
    .rept 4
    .quad PHYS(phys_pds) + PAGE_SIZE * i + PTE_P + PTE_RW
    .set i, i + 1
    .endr
    .fill 508, 8, 0
    .globl kernel_pdpt
kernel_pdpt:
    .fill 510, 8, 0
    .quad PHYS(phys_pds) + PTE_P + PTE_RW
    .quad 0
    .globl phys_pds
phys_pds:
    .set i, 0
    .rept 2048
    .quad (i << 21) + PTE_P + PTE_RW + PTE_PS
    .set i, i + 1
    .endr

    .section .bss.stack, "aw", @nobits
    .balign PAGE_SIZE
    .globl kernel_stack_guard, kernel_stack, kernel_stack_top
kernel_stack_guard:             /* paging_init() unmaps it */
    .skip PAGE_SIZE
kernel_stack:
    .skip KERNEL_STACK_SIZE
kernel_stack_top:

    .section .note.GNU-stack, "", @progbits
