/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame allocator's contract for tests on the host: "physical memory" is an arena of the test.
 * Found before the kernel's header of this name by the tests' include path. */
#ifndef L4K_KERN_FRAME_H
#define L4K_KERN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/layout.h"

typedef uint64_t paddr_t;

extern char *fake_memory;

paddr_t frame_alloc(void);
void frame_free(paddr_t frame);
size_t frame_free_count(void);
size_t frame_total_count(void);
paddr_t frame_end(void);

static inline void *phys_to_virt(paddr_t pa)
{
    return fake_memory + pa;
}

static inline paddr_t virt_to_phys(const void *va)
{
    return (paddr_t)((const char *)va - fake_memory);
}

#endif
