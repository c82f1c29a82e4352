/* SPDX-License-Identifier: BSD-2-Clause */
/* read: one byte of /dev/zero. */
#include <fcntl.h>
#include <unistd.h>

#include "bench/linux/bench.h"

static int fd;
static char byte;

BENCH_LOOPS(REGION_READ, read(fd, &byte, 1))

static void initialise(unsigned int n)
{
    (void)n;
    fd = open("/dev/zero", O_RDONLY);
    CHECK(fd >= 0);
    byte = 1;
}

static void cleanup(void)
{
    byte = 1;
    CHECK(read(fd, &byte, 1) == 1 && byte == 0);
    CHECK(close(fd) == 0);
}

const struct bench bench_read = {
    .name = "read", .what = "read of 1 byte of /dev/zero", .region = REGION_READ,
    .iterations = 500, .calls = 1, .initialise = initialise, .loop = loop, .overhead = overhead,
    .cleanup = cleanup,
};
