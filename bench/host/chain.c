/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for chains, and linking them. */
#include "bench/host/chain.h"

#include <stdlib.h>
#include <sys/mman.h>

#define GROUP_LINES (GROUP_PAGES * PAGE / LINE)

/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003) */
static uint64_t random_number(void)
{
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

void shuffle(size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = random_number() % (i + 1);

        order[i] = order[j];
        order[j] = i;
    }
}

void *chain_memory(size_t size)
{
    size_t pages = size / PAGE, *order = malloc(pages * sizeof(*order));
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (!order || memory == MAP_FAILED)
        return NULL;
    madvise(memory, size, MADV_NOHUGEPAGE); /* a kernel without huge pages refuses, rightly */
    shuffle(order, pages);
    for (size_t i = 0; i < pages; i++)
        memory[order[i] * PAGE] = 0;
    free(order);
    return memory;
}

static void **member(void *memory, size_t offset)
{
    return (void **)((char *)memory + offset);
}

void **chain_offsets(void *memory, const size_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *member(memory, offsets[i]) = member(memory, offsets[i + 1 < n ? i + 1 : 0]);
    return member(memory, offsets[0]);
}

void **chain_lines(void *memory, size_t size)
{
    static size_t order[GROUP_LINES];
    void **first = NULL, **last = NULL;

    for (size_t group = 0; group < size; group += GROUP_LINES * LINE) {
        size_t rest = (size - group) / LINE, n = rest < GROUP_LINES ? rest : GROUP_LINES;

        shuffle(order, n);
        for (size_t i = 0; i < n; i++) {
            void **next = member(memory, group + order[i] * LINE);

            if (last)
                *last = next;
            else
                first = next;
            last = next;
        }
    }
    *last = first;
    return first;
}

void **chain_pages(void *memory, size_t pages)
{
    size_t *offsets = malloc(pages * sizeof(*offsets));
    void **first;

    if (!offsets)
        return NULL;
    shuffle(offsets, pages);
    for (size_t i = 0; i < pages; i++)
        offsets[i] = offsets[i] * PAGE + offsets[i] % (PAGE / LINE) * LINE;
    first = chain_offsets(memory, offsets, pages);
    free(offsets);
    return first;
}

void **chain_follow(void **member, size_t n)
{
    size_t turns = (n + FOLLOW_UNROLL - 1) / FOLLOW_UNROLL;

    __asm__ volatile("1: .rept %c[unroll]\n\t"
                     "mov (%[member]), %[member]\n\t"
                     ".endr\n\t"
                     "dec %[turns]\n\t"
                     "jnz 1b"
                     : [member] "+r"(member), [turns] "+r"(turns)
                     : [unroll] "i"(FOLLOW_UNROLL)
                     : "cc", "memory");
    return member;
}
