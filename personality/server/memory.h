/* SPDX-License-Identifier: BSD-2-Clause */
/* A client's address space, and where things go in it. */
#ifndef PERSONALITY_SERVER_MEMORY_H
#define PERSONALITY_SERVER_MEMORY_H

#include "l4k/abi/layout.h"
#include "personality/server/host.h"

/* Code lies below LINUX_EXEC_MAX, within a jump's reach of the stub. Everything else, far up. */
#define PIE_BASE 0x20000000ul
#define CODE_MAP_BASE 0x50000000ul
#define MMAP_BASE 0x0000100000000000ul
#define STACK_SIZE (8ul << 20)
#define MMAP_LIMIT (LINUX_STACK_TOP - STACK_SIZE - (1ul << 20))

struct mm {
    struct host_space *space;
    uint64_t brk_start, brk; /* bytes; brk's page is mapped */
};

int mm_create(struct mm **out);
int mm_fork(struct mm *mm, struct mm **out);
void mm_release(struct mm *mm);

static inline uint64_t page_up(uint64_t v)
{
    return (v + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}
static inline uint64_t page_down(uint64_t v)
{
    return v & ~(uint64_t)(PAGE_SIZE - 1);
}
/* Is [addr, addr + len) within what a program may be given? The stub lies outside of that. */
bool range_is_user(uint64_t addr, uint64_t len);
/* Anonymous zeroed memory at exactly this place. */
int map_anonymous(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot);

#endif
