/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's allocator: one free list per power of two. */
#include "personality/server/alloc.h"

#include "l4k/lib/string.h"
#include "personality/server/host.h"

enum { CLASS_MIN = 5, CLASS_MAX = 21, ARENA = 64 * 1024 };

struct block {
    struct block *next;
};

static struct block *free_lists[CLASS_MAX + 1];
static size_t budget; /* bytes that may still be asked of the host */

void mem_init(void)
{
    struct host_memory_info info;

    host_memory_info(&info);
    budget = info.total / 4;
    memset(free_lists, 0, sizeof(free_lists));
}

static unsigned class_of(size_t n)
{
    if (n <= (1u << CLASS_MIN))
        return CLASS_MIN;
    return 64 - (unsigned)__builtin_clzl(n - 1);
}

/* Fills an empty free list; leaves it empty when there is no memory. */
static void refill(unsigned class)
{
    size_t size = (size_t)1 << class;
    size_t arena = size < ARENA ? ARENA : size;
    char *p;

    if (arena > budget)
        return;
    p = host_memory(arena);
    if (!p)
        return;
    budget -= arena;
    for (size_t at = arena; at >= size; at -= size) {
        struct block *b = (struct block *)(p + at - size);

        b->next = free_lists[class];
        free_lists[class] = b;
    }
}

void *mem_alloc(size_t n)
{
    struct block *b;
    unsigned class;

    if (n == 0 || n > MEM_MAX)
        return NULL;
    class = class_of(n);
    if (!free_lists[class])
        refill(class);
    b = free_lists[class];
    if (b)
        free_lists[class] = b->next;
    return b;
}

void *mem_zalloc(size_t n)
{
    void *p = mem_alloc(n);

    return p ? memset(p, 0, n) : NULL;
}

void mem_free(void *p, size_t n)
{
    struct block *b = p;
    unsigned class;

    if (!p)
        return;
    class = class_of(n);
    b->next = free_lists[class];
    free_lists[class] = b;
}
