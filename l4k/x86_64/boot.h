/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader told, in one form for all loaders. */
#ifndef L4K_X86_64_BOOT_H
#define L4K_X86_64_BOOT_H

/* Kinds of loader, the first argument of boot_main(). */
#define BOOT_MULTIBOOT2 1
#define BOOT_PVH 2
#define BOOT_MULTIBOOT1 3

#define KERNEL_STACK_SIZE 0x4000

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_MAX_RANGES 128
#define BOOT_MAX_MODULES 8
#define BOOT_CMDLINE_SIZE 1024
#define BOOT_MODULE_LINE_SIZE 512

/* Physical addresses [start, end). */
struct boot_range {
    uint64_t start, end;
};

/* A module's command line, NUL-terminated; `cut`: the loader's was longer. */
struct boot_line {
    char text[BOOT_MODULE_LINE_SIZE];
    bool cut;
};

/* `usable` is RAM free for any use: page aligned, sorted, disjoint, above 1 MiB, without the kernel
 * image, its page tables and the modules. The loader's own tables are copied and need no care. */
struct boot_info {
    struct boot_range usable[BOOT_MAX_RANGES];
    size_t n_usable;
    struct boot_range modules[BOOT_MAX_MODULES];
    struct boot_line module_lines[BOOT_MAX_MODULES]; /* PVH under QEMU has none: empty */
    size_t n_modules;
    uint64_t ram_bytes;              /* all RAM of the memory map */
    uint64_t phys_map_end;           /* one past the last address in the physical map */
    char cmdline[BOOT_CMDLINE_SIZE]; /* NUL-terminated, cut where too long */
    const char *loader;              /* "multiboot", "multiboot2" or "pvh" */
};

/* A slot of kernel_pml4 that boot fills with an empty table, for kernel mappings made later:
 * the 512 GiB from 0xffffc00000000000 on. */
#define KERNEL_DYNAMIC_SLOT 384

/* The kernel's root page table. Its upper half (slots 256..511) is complete before kernel_main()
 * and never changes: an address space copies it. */
extern uint64_t kernel_pml4[512];

/* The one kernel stack of this CPU; below it lies an unmapped page. */
extern char kernel_stack_guard[], kernel_stack[], kernel_stack_top[];

/* Bounds that kernel.lds defines. */
extern char __kernel_start[], __kernel_end[];
extern char __text_start[], __text_end[];
extern char __server_text_start[], __server_text_end[];
extern char __rodata_start[], __rodata_end[];

/* The kernel proper: called on the kernel stack with interrupts off, the machine set up but for
 * the vectors of the IDT. */
void kernel_main(const struct boot_info *info) __attribute__((noreturn));

/* Reads the loader's tables at physical address `info` into `out` (boot_info.c). */
void boot_info_read(unsigned kind, uint64_t info, struct boot_info *out);

/* Takes a zeroed page out of the usable ranges, below 4 GiB, for tables that stay for ever;
 * returns its physical address. Only before kernel_main(). */
uint64_t boot_take_page(struct boot_info *info);

/* Completes kernel_pml4 (paging.c). */
void paging_init(struct boot_info *info);

#endif
#endif
