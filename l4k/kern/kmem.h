/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel memory for objects, accounted to who asked for it.
 *
 * Sizes up to 2048 bytes come from per-size-class pages, larger ones (to one page) from whole
 * frames. Everything a user can cause the kernel to allocate names the quota that pays. */
#ifndef L4K_KERN_KMEM_H
#define L4K_KERN_KMEM_H

#include <stddef.h>

/* A limit on kernel memory, in bytes. `used` never exceeds `limit`. */
struct quota {
    size_t used;
    size_t limit;
};

/* Zeroed memory of `size` (1..4096) bytes, 16-byte aligned (page aligned from 2049 bytes on),
 * charged to `payer` unless that is NULL (the kernel itself). NULL when memory or quota is short. */
void *kmem_alloc(size_t size, struct quota *payer);

/* Frees what kmem_alloc(size, payer) returned; NULL is ignored. */
void kmem_free(void *p, size_t size, struct quota *payer);

/* Bytes handed out and not freed: leak tests compare it before and after. */
size_t kmem_in_use(void);

#endif
