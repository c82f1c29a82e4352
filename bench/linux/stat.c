/* SPDX-License-Identifier: BSD-2-Clause */
/* stat: of /hello, a file in the root directory of the initramfs. */
#include <sys/stat.h>

#include "bench/linux/bench.h"

static struct stat st;

BENCH_LOOPS(REGION_STAT, stat("/hello", &st))

static void initialise(unsigned int n)
{
    (void)n;
    st.st_size = 0;
}

static void cleanup(void)
{
    CHECK(stat("/hello", &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0);
}

const struct bench bench_stat = {
    .name = "stat", .what = "stat of /hello", .region = REGION_STAT, .iterations = 200, .calls = 1,
    .initialise = initialise, .loop = loop, .overhead = overhead, .cleanup = cleanup,
};
