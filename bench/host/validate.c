/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs loops and system calls and says how long each took by the time-stamp counter. One static
 * binary: a program of the host, and the first process of a guest under the cycle model, which sees
 * the markers; there the times mean nothing.
 *
 * usage: validate [REPETITIONS]
 *
 * Output is in the words of l4k/abi/guest_log.h; a line for each loop, with
 * [chain, loop, loop without the operation] in ticks for each repetition (bench/host/timer.h). */
#include "bench/host/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "bench/host/timer.h"
#include "l4k/abi/guest_log.h"

#define REPETITIONS 7
#define REPETITIONS_MAX 1000

/* The first process ends by a reset, which ends QEMU. */
static void __attribute__((noreturn)) end(int status)
{
    printf(LOG_END "validate status=%d\n", status);
    if (getpid() == 1)
        reboot(RB_AUTOBOOT);
    exit(status);
}

static void __attribute__((noreturn)) failed(const char *what, int line)
{
    printf(LOG_ASSERT "%s:%d: %s\n", __FILE__, line, what);
    end(STATUS_FAILED);
}

/* Ticks of one run. */
static uint64_t timed(int (*run)(unsigned int n), unsigned int n, const char *checked)
{
    uint64_t before = ticks(), after;
    int result = run(n);

    after = ticks();
    if (checked && result < 0)
        failed(checked, __LINE__);
    return after - before;
}

static void run(const struct loop *loop, const char *kind, unsigned int repetitions)
{
    static uint64_t taken[REPETITIONS_MAX][3];

    for (unsigned int i = 0; i < repetitions; i++) {
        taken[i][0] = chain_ticks();
        taken[i][1] = timed(loop->run, loop->n, loop->name);
        taken[i][2] = timed(loop->empty, loop->n, NULL);
    }
    printf(LOG_RESULT "{\"bench\": \"%s\", \"what\": \"%s\", \"kind\": \"%s\", \"region\": %u, "
           "\"overhead\": %u, \"iterations\": %lu, \"repetitions\": %u, \"insn\": %lu, "
           "\"overhead_insn\": %lu, \"chain\": %d, \"ticks\": [", loop->name, loop->what, kind,
           loop->region, loop->region + 1, loop->operations, repetitions, loop->insn,
           loop->overhead, CHAIN_CYCLES);
    for (unsigned int i = 0; i < repetitions; i++)
        printf("%s[%llu, %llu, %llu]", i ? ", " : "", (unsigned long long)taken[i][0],
               (unsigned long long)taken[i][1], (unsigned long long)taken[i][2]);
    printf("]}\n");
}

int main(int argc, char **argv)
{
    unsigned long repetitions = REPETITIONS;
    const char *reason = getpid() == 1 ? NULL : no_timer();

    if (argc > 1 && getpid() != 1) /* the kernel gives the first process words of its own */
        repetitions = strtoul(argv[1], NULL, 10);
    if (repetitions < 1 || repetitions > REPETITIONS_MAX) {
        fprintf(stderr, "usage: validate [REPETITIONS, up to %d]\n", REPETITIONS_MAX);
        return STATUS_FAILED;
    }
    if (reason) {
        fprintf(stderr, "validate: %s\n", reason);
        return STATUS_NO_TIMER;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf(LOG_BEGIN "validate\n");
    stay_on_processor();
    if (!loops_prepare())
        failed("no memory", __LINE__);
    if (!calls_prepare())
        failed("no /dev/null or no /dev/zero", __LINE__);
    for (const struct loop *loop = loops; loop->name; loop++)
        run(loop, "loop", repetitions);
    for (const struct loop *call = calls; call->name; call++)
        run(call, "call", repetitions);
    end(0);
}
