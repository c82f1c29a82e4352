/* SPDX-License-Identifier: BSD-2-Clause */
/* fork_exec: fork a child that executes /hello, a static program, and wait for it.
 *
 * The child's standard output is /dev/null; reopening it is part of the operation. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/linux/bench.h"

static char *const arguments[] = { "/hello", NULL };
static char *const environment[] = { NULL };

static void __attribute__((noreturn)) child_main(void)
{
    close(STDOUT_FILENO);
    if (open("/dev/null", O_WRONLY) == STDOUT_FILENO)
        execve(arguments[0], arguments, environment);
    _exit(1);
}

static int fork_and_exec(void)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        child_main();
    return child < 0 || wait4(child, &status, 0, NULL) != child || status != 0 ? -1 : 0;
}

BENCH_LOOPS(REGION_FORK_EXEC, fork_and_exec())

const struct bench bench_fork_exec = {
    .name = "fork_exec", .what = "fork, exec of a static program, exit and wait",
    .region = REGION_FORK_EXEC, .iterations = 5, .calls = -1, .loop = loop, .overhead = overhead,
};
