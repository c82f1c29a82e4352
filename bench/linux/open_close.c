/* SPDX-License-Identifier: BSD-2-Clause */
/* open_close: open /dev/null and close it again. */
#include <fcntl.h>
#include <unistd.h>

#include "bench/linux/bench.h"

BENCH_LOOPS(REGION_OPEN_CLOSE, close(open("/dev/null", O_RDONLY)))

const struct bench bench_open_close = {
    .name = "open_close", .what = "open and close of /dev/null", .region = REGION_OPEN_CLOSE,
    .iterations = 100, .calls = 2, .loop = loop, .overhead = overhead,
};
