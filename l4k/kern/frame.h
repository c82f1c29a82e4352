/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame allocator: page frames of physical memory, from the boot memory map.
 *
 * Uniprocessor, interrupts off: no locks. Frame 0 is never handed out, so 0 means "none". */
#ifndef L4K_KERN_FRAME_H
#define L4K_KERN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/layout.h"

typedef uint64_t paddr_t;

/* Gives all of [start, end) that is whole pages to the allocator. Called at boot, per usable range
 * that neither the kernel image nor a boot module occupies. */
void frame_add_range(paddr_t start, paddr_t end);

/* One frame, contents undefined; 0 when there is none. */
paddr_t frame_alloc(void);

/* Returns a frame that frame_alloc() gave. */
void frame_free(paddr_t frame);

/* Frames now free, and frames ever added. */
size_t frame_free_count(void);
size_t frame_total_count(void);

/* One past the highest physical address ever added. */
paddr_t frame_end(void);

static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(PHYS_MAP_BASE + pa);
}

static inline paddr_t virt_to_phys(const void *va)
{
    return (uint64_t)va - PHYS_MAP_BASE;
}

#endif
