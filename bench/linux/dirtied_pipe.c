/* SPDX-License-Identifier: BSD-2-Clause */
/* dirtied, the partner's case, by pipes: as pipe.c's round trip, but that the other process writes
 * to memory before it answers. */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "bench/dirtied.h"
#include "bench/linux/bench.h"
#include "l4k/abi/guest_log.h"

static int to_partner, from_partner;

static inline __attribute__((always_inline)) uint8_t ask(uint8_t order)
{
    uint8_t answer;

    CHECK(write(to_partner, &order, 1) == 1 && read(from_partner, &answer, 1) == 1);
    return answer;
}

/* The other process: obey until the pipe is closed. */
static void __attribute__((noreturn)) partner(int in, int out)
{
    uint8_t order, answer;

    while (read(in, &order, 1) == 1) {
        answer = dirtied_obey(order);
        if (write(out, &answer, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static pid_t start_partner(void)
{
    int there[2], back[2];
    pid_t child;

    CHECK(pipe2(there, 0) == 0 && pipe2(back, 0) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        partner(there[0], back[1]);
    }
    CHECK(close(there[0]) == 0 && close(back[1]) == 0);
    to_partner = there[1];
    from_partner = back[0];
    return child;
}

static void end_partner(pid_t child)
{
    int status;

    CHECK(close(to_partner) == 0);
    CHECK(wait4(child, &status, 0, NULL) == child && status == 0);
    CHECK(close(from_partner) == 0);
}

void dirtied_pipe(void)
{
    pid_t child = start_partner();

    CHECK(dirtied_measure(ask));
    end_partner(child);
    for (unsigned int k = 0; k < DIRTIED_KIBS; k++)
        say(LOG_RESULT DIRTIED_FORMAT, DIRTIED_PARTNER_VALUES("pipe", dirtied_kib[k]));
}
