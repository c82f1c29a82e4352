/* SPDX-License-Identifier: BSD-2-Clause */
/* signal_install: sigaction() with a handler for SIGUSR1. */
#include <signal.h>
#include <stddef.h>

#include "bench/linux/bench.h"

static void handler(int signal)
{
    (void)signal;
}

static const struct sigaction action = { .sa_handler = handler };

BENCH_LOOPS(REGION_SIGNAL_INSTALL, sigaction(SIGUSR1, &action, NULL))

static void cleanup(void)
{
    struct sigaction now;

    CHECK(sigaction(SIGUSR1, NULL, &now) == 0);
    CHECK(now.sa_handler == handler || now.sa_handler == SIG_DFL);
}

const struct bench bench_signal_install = {
    .name = "signal_install", .what = "sigaction of SIGUSR1", .region = REGION_SIGNAL_INSTALL,
    .iterations = 200, .calls = 1, .loop = loop, .overhead = overhead, .cleanup = cleanup,
};
