/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cheapest system calls cost: an upper bound of entering and leaving the kernel. */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/host/calibrate.h"

#define CALLS 100
#define REPEATS 201

static void run(void *number)
{
    for (int i = 0; i < CALLS; i++)
        syscall(*(const long *)number);
}

static void call(const char *name, long number)
{
    struct spread spread = measure(run, &number, REPEATS);

    printf("{\"call\": \"%s\", \"least\": %.1f, \"median\": %.1f}\n", name, spread.least / CALLS,
           spread.median / CALLS);
}

void measure_calls(void)
{
    call("getpid", SYS_getpid);
    call("getppid", SYS_getppid);
}
