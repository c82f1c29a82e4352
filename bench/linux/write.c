/* SPDX-License-Identifier: BSD-2-Clause */
/* write: one byte to /dev/null. */
#include <fcntl.h>
#include <unistd.h>

#include "bench/linux/bench.h"

static int fd;
static char byte;

BENCH_LOOPS(REGION_WRITE, write(fd, &byte, 1))

static void initialise(unsigned int n)
{
    (void)n;
    fd = open("/dev/null", O_WRONLY);
    CHECK(fd >= 0);
    CHECK(write(fd, &byte, 1) == 1);
}

static void cleanup(void)
{
    CHECK(close(fd) == 0);
}

const struct bench bench_write = {
    .name = "write", .what = "write of 1 byte to /dev/null", .region = REGION_WRITE,
    .iterations = 500, .calls = 1, .initialise = initialise, .loop = loop, .overhead = overhead,
    .cleanup = cleanup,
};
