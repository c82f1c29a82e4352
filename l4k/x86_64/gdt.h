/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments and the task state segment.
 *
 * The order of selectors is what SYSCALL and SYSRET compute from STAR (AMD APM 2, 6.1.1): kernel
 * SS is kernel CS + 8; user SS and CS are the SYSRET base + 8 and + 16. */
#ifndef L4K_X86_64_GDT_H
#define L4K_X86_64_GDT_H

#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_DS 0x1b
#define USER_CS 0x23
#define TSS_SELECTOR 0x28

/* What STAR holds in its upper half: SYSRET base (with RPL 3) and SYSCALL base. */
#define STAR_HIGH (((USER_DS - 8) << 16) | KERNEL_CS)

/* Interrupt stacks of the TSS: of exceptions that must not use the stack they meet. */
#define IST_DOUBLE_FAULT 1
#define IST_NMI 2
#define IST_MACHINE_CHECK 3
#define IST_COUNT 3

/* Byte offset of rsp0 in cpu_tss, for assembly. */
#define TSS_RSP0 4

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* SDM 3A 7.7. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp0, rsp1, rsp2;
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "SDM 3A figure 7-11");
_Static_assert(offsetof(struct tss, rsp0) == TSS_RSP0, "for assembly");

extern struct tss cpu_tss;

/* Loads GDT, TSS and STAR. RSP0 is the boot stack until somebody sets it. */
void gdt_init(void);

/* The stack that holds `sp`, if it is the kernel's or an interrupt stack: [*low, *high). */
_Bool kernel_stack_bounds(uint64_t sp, uint64_t *low, uint64_t *high);

#endif
#endif
