/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame allocator: a free list through the free frames, before it the memory of each range
 * that was never handed out. Frames never used are never touched. */
#include "l4k/kern/frame.h"

#include "l4k/lib/assert.h"

#define MAX_RANGES 128

/* Frames of [start, next) have been handed out once, those of [next, end) never. */
struct range {
    paddr_t start, next, end;
};

static struct range ranges[MAX_RANGES];
static size_t n_ranges, first_fresh; /* ranges below first_fresh are exhausted */
static paddr_t free_list;            /* each free frame's first word holds the next, 0 ends it */
static size_t n_free, n_total;
static paddr_t highest;

void frame_add_range(paddr_t start, paddr_t end)
{
    start = (start + PAGE_SIZE - 1) & -(paddr_t)PAGE_SIZE;
    end &= -(paddr_t)PAGE_SIZE;
    if (start == 0)
        start = PAGE_SIZE;
    if (start >= end)
        return;
    assert(n_ranges < MAX_RANGES);
    ranges[n_ranges++] = (struct range){start, start, end};
    n_free += (end - start) / PAGE_SIZE;
    n_total += (end - start) / PAGE_SIZE;
    if (end > highest)
        highest = end;
}

paddr_t frame_alloc(void)
{
    paddr_t frame = free_list;

    if (frame != 0) {
        free_list = *(paddr_t *)phys_to_virt(frame);
        n_free--;
        return frame;
    }
    while (first_fresh < n_ranges && ranges[first_fresh].next == ranges[first_fresh].end)
        first_fresh++;
    if (first_fresh == n_ranges)
        return 0;
    frame = ranges[first_fresh].next;
    ranges[first_fresh].next += PAGE_SIZE;
    n_free--;
    return frame;
}

/* Whether the frame was handed out at some time. */
static bool was_given(paddr_t frame)
{
    for (size_t i = 0; i < n_ranges; i++)
        if (frame >= ranges[i].start && frame < ranges[i].next)
            return true;
    return false;
}

void frame_free(paddr_t frame)
{
    assert(frame % PAGE_SIZE == 0 && was_given(frame) && frame != free_list);
    *(paddr_t *)phys_to_virt(frame) = free_list;
    free_list = frame;
    n_free++;
    assert(n_free <= n_total);
}

size_t frame_free_count(void)
{
    return n_free;
}

size_t frame_total_count(void)
{
    return n_total;
}

paddr_t frame_end(void)
{
    return highest;
}
