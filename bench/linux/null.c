/* SPDX-License-Identifier: BSD-2-Clause */
/* null: the empty loop of every other benchmark, against a region with nothing in it. */
#include "bench/linux/bench.h"

BENCH_LOOP(loop, REGION_NULL, NO_OPERATION)

static int overhead(unsigned int n)
{
    (void)n;
    MARKER(MARKER_OPEN, REGION_NULL + 1);
    MARKER(MARKER_CLOSE, REGION_NULL + 1);
    return 0;
}

const struct bench bench_null = {
    .name = "null", .what = "one turn of the empty loop", .region = REGION_NULL,
    .iterations = 1000, .calls = 0, .loop = loop, .overhead = overhead,
};
