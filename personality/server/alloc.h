/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own memory: blocks in powers of two from host_memory(), recycled by free lists.
 *
 * Blocks of 64 bytes and more are aligned to 64 at least, from 4096 bytes on to 4096. The owner
 * remembers the size. All of it together is bounded (mem_init), so clients can't make the server
 * take the machine. */
#ifndef PERSONALITY_SERVER_ALLOC_H
#define PERSONALITY_SERVER_ALLOC_H

#include <stddef.h>

#define MEM_MAX (2ul << 20) /* the largest block */

void mem_init(void);
/* NULL when the bound is reached or n is 0 or above MEM_MAX. mem_zalloc: zeroed. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
/* `n` as given to mem_alloc(). NULL is allowed. */
void mem_free(void *p, size_t n);

#endif
