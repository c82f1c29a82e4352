/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, of files that every Linux system has. */
#include "bench/host/validate.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/linux/bench.h"

enum { GETPID = 40, GETPPID = 42, WRITE = 44, READ = 46, STAT = 48, OPEN_CLOSE = 50 };

static int null, zero;
static char byte;
static struct stat st;

bool calls_prepare(void)
{
    null = open("/dev/null", O_WRONLY);
    zero = open("/dev/zero", O_RDONLY);
    return null >= 0 && zero >= 0;
}

#define CALL(name, id, operation)                                                                 \
    BENCH_LOOP(name##_loop, id, operation)                                                        \
    BENCH_LOOP(name##_empty, (id) + 1, NO_OPERATION)

CALL(getpid, GETPID, getpid())
CALL(getppid, GETPPID, getppid())
CALL(write_null, WRITE, write(null, &byte, 1))
CALL(read_zero, READ, read(zero, &byte, 1))
CALL(stat, STAT, stat("/dev/null", &st))
CALL(open_close, OPEN_CLOSE, close(open("/dev/null", O_RDONLY)))

#define ENTRY(name, what, region, n) \
    { #name, what, region, n, 0, 0, name##_loop, name##_empty, n }

const struct loop calls[] = {
    ENTRY(getpid, "getpid()", GETPID, 1000),
    ENTRY(getppid, "getppid()", GETPPID, 1000),
    ENTRY(write_null, "write of 1 byte to /dev/null", WRITE, 1000),
    ENTRY(read_zero, "read of 1 byte from /dev/zero", READ, 1000),
    ENTRY(stat, "stat of /dev/null", STAT, 500),
    ENTRY(open_close, "open and close of /dev/null", OPEN_CLOSE, 200),
    { 0 },
};
