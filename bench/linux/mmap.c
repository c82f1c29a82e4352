/* SPDX-License-Identifier: BSD-2-Clause */
/* mmap: map one page of anonymous memory and unmap it, untouched. */
#include <stddef.h>
#include <sys/mman.h>

#include "bench/linux/bench.h"

#define PAGE 4096

BENCH_LOOPS(REGION_MMAP, munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE))

const struct bench bench_mmap = {
    .name = "mmap", .what = "mmap and munmap of an untouched page", .region = REGION_MMAP,
    .iterations = 200, .calls = 2, .loop = loop, .overhead = overhead,
};
