/* SPDX-License-Identifier: BSD-2-Clause */
/* getppid: the C library's getppid(); the first process has parent 0. */
#include <unistd.h>

#include "bench/linux/bench.h"

BENCH_LOOPS(REGION_GETPPID, getppid())

static void check(void)
{
    CHECK(getppid() == 0);
}

static void initialise(unsigned int n)
{
    (void)n;
    check();
}

const struct bench bench_getppid = {
    .name = "getppid", .what = "getppid()", .region = REGION_GETPPID, .iterations = 1000,
    .calls = 1, .initialise = initialise, .loop = loop, .overhead = overhead, .cleanup = check,
};
