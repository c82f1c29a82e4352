/* SPDX-License-Identifier: BSD-2-Clause */
/* getpid: the C library's getpid(), which asks the kernel each time. */
#include <unistd.h>

#include "bench/linux/bench.h"

BENCH_LOOPS(REGION_GETPID, getpid())

static void check(void)
{
    CHECK(getpid() == 1);
}

static void initialise(unsigned int n)
{
    (void)n;
    check();
}

const struct bench bench_getpid = {
    .name = "getpid", .what = "getpid()", .region = REGION_GETPID, .iterations = 1000, .calls = 1,
    .initialise = initialise, .loop = loop, .overhead = overhead, .cleanup = check,
};
