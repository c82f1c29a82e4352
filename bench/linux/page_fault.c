/* SPDX-License-Identifier: BSD-2-Clause */
/* page_fault: the first write to a page of anonymous memory. */
#include <stddef.h>
#include <sys/mman.h>

#include "bench/linux/bench.h"

#define PAGE 4096

static volatile char *area;
static unsigned long size;

BENCH_LOOPS(REGION_PAGE_FAULT, area[(unsigned long)n * PAGE] = 1)

static void initialise(unsigned int n)
{
    size = (n + 1) * (unsigned long)PAGE;
    area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    area[0] = 1; /* the tables that lead there */
}

static void cleanup(void)
{
    CHECK(munmap((void *)area, size) == 0);
}

const struct bench bench_page_fault = {
    .name = "page_fault", .what = "first write to an anonymous page", .region = REGION_PAGE_FAULT,
    .iterations = 200, .calls = 0, .initialise = initialise, .loop = loop, .overhead = overhead,
    .cleanup = cleanup,
};
