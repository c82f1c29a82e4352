/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the kernel's functions: a table sorted by address that scripts/gen-symbols writes from
 * a first link of the same image. */
#include "l4k/kern/symbols.h"

#include <stddef.h>

#include "l4k/abi/layout.h"
#include "l4k/x86_64/boot.h"

/* Address relative to KERNEL_BASE, and where the name starts in symbol_names. */
struct symbol {
    uint32_t addr, name;
};

extern const uint32_t symbol_count;
extern const struct symbol symbol_table[];
extern const char symbol_names[];

const char *symbol_name(uint64_t addr, uint64_t *offset)
{
    uint32_t low = 0, high = symbol_count;

    if (addr < (uint64_t)__text_start || addr >= (uint64_t)__text_end)
        return NULL;
    while (low < high) {
        uint32_t mid = (low + high) / 2;

        if (KERNEL_BASE + symbol_table[mid].addr <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return NULL;
    *offset = addr - KERNEL_BASE - symbol_table[low - 1].addr;
    return &symbol_names[symbol_table[low - 1].name];
}
