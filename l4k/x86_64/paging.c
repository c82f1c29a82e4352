/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel half of every address space: the physical map and the kernel image.
 *
 * start.S begins with the low 4 GiB, writable and executable. Here the physical map grows to all of
 * RAM and loses execution, the image gets 4 KiB pages with the rights of its sections (its text and
 * constants are read-only in the physical map too), and the identity map goes.
 * Formats: SDM 3A 4.5. */
#include "l4k/abi/layout.h"
#include "l4k/lib/assert.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/cpu.h"

#define PTE_P UINT64_C(0x1)
#define PTE_RW UINT64_C(0x2)
#define PTE_A UINT64_C(0x20)
#define PTE_D UINT64_C(0x40)
#define PTE_PS UINT64_C(0x80)
#define PTE_G UINT64_C(0x100)
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)

#define LARGE_PAGE UINT64_C(0x200000)
#define MIN_PHYS_MAP (UINT64_C(4) << 30)
#define MAX_PHYS_MAP (UINT64_C(64) << 40)

extern uint64_t kernel_pdpt[512];

static uint64_t *table_at(uint64_t pa)
{
    return (uint64_t *)(PHYS_MAP_BASE + pa);
}

/* The table that entry `i` of `table` refers to, made where it is missing. */
static uint64_t *next_table(struct boot_info *info, uint64_t *table, unsigned i)
{
    if (!(table[i] & PTE_P))
        table[i] = boot_take_page(info) | PTE_P | PTE_RW;
    return table_at(table[i] & PTE_FRAME);
}

/* The entry for `va` at the level whose entries cover 1 << `shift` bytes. */
static uint64_t *entry_for(struct boot_info *info, uint64_t va, int shift)
{
    uint64_t *table = kernel_pml4;

    for (int s = 39; s > shift; s -= 9)
        table = next_table(info, table, va >> s & 511);
    return &table[va >> shift & 511];
}

static void map_physical(struct boot_info *info, uint64_t flags)
{
    uint64_t end = info->phys_map_end;

    end = (end + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    if (end < MIN_PHYS_MAP)
        end = MIN_PHYS_MAP;
    assert(end <= MAX_PHYS_MAP);
    for (uint64_t pa = 0; pa < end; pa += LARGE_PAGE)
        *entry_for(info, PHYS_MAP_BASE + pa, 21) = pa | flags | PTE_RW | PTE_PS;
    info->phys_map_end = end;
}

/* Maps the pages of [start, end) of the image into the page tables below `pd`. */
static void map_image_range(struct boot_info *info, uint64_t *pd, const char *start,
                            const char *end, uint64_t flags)
{
    for (uint64_t va = (uint64_t)start & -PAGE_SIZE; va < (uint64_t)end; va += PAGE_SIZE) {
        uint64_t *table = next_table(info, pd, va >> 21 & 511);

        table[va >> PAGE_SHIFT & 511] = (va - KERNEL_BASE) | flags;
    }
}

/* Builds the image's tables beside the ones in use, then swaps them in. */
static void map_image(struct boot_info *info, uint64_t flags, uint64_t nx)
{
    uint64_t pd_frame = boot_take_page(info);
    uint64_t *pd = table_at(pd_frame), guard = (uint64_t)kernel_stack_guard;
    const char *data_start = (const char *)(((uint64_t)__rodata_end + PAGE_SIZE - 1) & -PAGE_SIZE);

    map_image_range(info, pd, __text_start, __text_end, flags);
    map_image_range(info, pd, __rodata_start, __rodata_end, flags | nx);
    map_image_range(info, pd, data_start, __kernel_end, flags | nx | PTE_RW);
    next_table(info, pd, guard >> 21 & 511)[guard >> PAGE_SHIFT & 511] = 0;
    kernel_pdpt[KERNEL_BASE >> 30 & 511] = pd_frame | PTE_P | PTE_RW;
}

/* Takes writing of [start, end) away from the physical map too: its 2 MiB pages there are split. */
static void protect_alias(struct boot_info *info, const char *start, const char *end)
{
    for (uint64_t pa = (uint64_t)start - KERNEL_BASE; pa < (uint64_t)end - KERNEL_BASE;
         pa += PAGE_SIZE) {
        uint64_t *large = entry_for(info, PHYS_MAP_BASE + pa, 21);

        if (*large & PTE_PS) {
            uint64_t frame = boot_take_page(info), *table = table_at(frame);

            for (unsigned i = 0; i < 512; i++)
                table[i] = (*large & ~PTE_PS) + (uint64_t)i * PAGE_SIZE;
            *large = frame | PTE_P | PTE_RW;
        }
        *entry_for(info, PHYS_MAP_BASE + pa, PAGE_SHIFT) &= ~PTE_RW;
    }
}

void paging_init(struct boot_info *info)
{
    uint64_t nx = cpu_features.nx ? PTE_NX : 0;
    uint64_t flags = PTE_P | PTE_A | PTE_D | (cpu_features.pge ? PTE_G : 0);

    assert((uint64_t)__kernel_end - KERNEL_BASE < UINT64_C(1) << 30);
    map_image(info, flags, nx); /* first: until then it shares the tables of the physical map */
    map_physical(info, flags | nx);
    protect_alias(info, __text_start, __rodata_end);
    next_table(info, kernel_pml4, KERNEL_DYNAMIC_SLOT);
    kernel_pml4[0] = 0;
    flush_tlb_all();
}
