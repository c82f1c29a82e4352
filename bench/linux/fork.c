/* SPDX-License-Identifier: BSD-2-Clause */
/* fork: fork a child that exits at once, and wait for it. */
#include <sys/wait.h>
#include <unistd.h>

#include "bench/linux/bench.h"

static int fork_and_wait(void)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(0);
    return child < 0 || wait4(child, &status, 0, NULL) != child || status != 0 ? -1 : 0;
}

BENCH_LOOPS(REGION_FORK, fork_and_wait())

const struct bench bench_fork = {
    .name = "fork", .what = "fork, exit and wait", .region = REGION_FORK, .iterations = 10,
    .calls = -1, .loop = loop, .overhead = overhead,
};
