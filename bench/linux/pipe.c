/* SPDX-License-Identifier: BSD-2-Clause */
/* pipe: one byte to another process through a pipe, and back through a second one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/linux/bench.h"

static int to_child, from_child;
static pid_t child;
static char byte;

static inline __attribute__((always_inline)) int round_trip(void)
{
    int failed = write(to_child, &byte, 1) - 1;

    return failed | (read(from_child, &byte, 1) - 1);
}

BENCH_LOOPS(REGION_PIPE, round_trip())

/* The other process: send every byte back until the pipe is closed. */
static void __attribute__((noreturn)) echo(int in, int out)
{
    char c;

    while (read(in, &c, 1) == 1)
        if (write(out, &c, 1) != 1)
            _exit(1);
    _exit(0);
}

static void initialise(unsigned int n)
{
    int there[2], back[2];

    (void)n;
    CHECK(pipe2(there, 0) == 0 && pipe2(back, 0) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        echo(there[0], back[1]);
    }
    CHECK(close(there[0]) == 0 && close(back[1]) == 0);
    to_child = there[1];
    from_child = back[0];
    CHECK(round_trip() == 0);
}

static void cleanup(void)
{
    int status;

    CHECK(close(to_child) == 0);
    CHECK(wait4(child, &status, 0, NULL) == child && status == 0);
    CHECK(close(from_child) == 0);
}

const struct bench bench_pipe = {
    .name = "pipe", .what = "pipe round trip between two processes", .region = REGION_PIPE,
    .iterations = 200, .calls = -1, .initialise = initialise, .loop = loop, .overhead = overhead,
    .cleanup = cleanup,
};
