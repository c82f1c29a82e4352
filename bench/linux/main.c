/* SPDX-License-Identifier: BSD-2-Clause */
/* The Linux benchmark program: runs as the first process and measures each system call of a table.
 *
 * One ordinary static binary for every row, real Linux and our personality. Words of the kernel's
 * command line reach it as environment:
 *     bench=NAME,NAME,...   run only these (default: all but those with parameters)
 *     stackpad=BYTES        move the stack down, for a spread of the figures
 *     counter=tsc           time each loop by the time-stamp counter as well, after its self-test;
 *                           where that refuses the run ends with status 2. Not for benchmarks with
 *                           parameters
 * It prints one description line for each benchmark; the counts themselves come from the QEMU
 * plugin, which sees the markers. At the end it resets the machine. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "bench/linux/bench.h"
#include "bench/linux/tsc.h"
#include "l4k/abi/guest_log.h"

#define REPETITIONS 7
#define STACKPAD_MAX 65536
#define STATUS_REFUSED 2

static const struct bench *const table[] = {
    &bench_null,       &bench_getpid,     &bench_getppid,        &bench_write, &bench_read,
    &bench_stat,       &bench_open_close, &bench_signal_install, &bench_pipe,  &bench_fork,
    &bench_fork_exec,  &bench_page_fault, &bench_mmap,
};

void say(const char *format, ...)
{
    char line[512];
    va_list args;
    int length, done = 0;

    va_start(args, format);
    length = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (length > (int)sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    while (done < length) {
        int n = write(STDOUT_FILENO, line + done, length - done);

        if (n <= 0)
            return; /* there is nobody left to tell */
        done += n;
    }
}

/* Reset the machine, which ends QEMU. */
static void __attribute__((noreturn)) end_run(int status)
{
    say(LOG_END "bench status=%d", status);
    reboot(RB_AUTOBOOT);
    say(LOG_ASSERT "%s:%d: reboot() came back", __FILE__, __LINE__);
    _exit(1);
}

void check_failed(const char *file, int line, const char *condition)
{
    say(LOG_ASSERT "%s:%d: %s", file, line, condition);
    end_run(1);
}

static bool timed; /* by the time-stamp counter */

/* Ticks of a loop; 0 if it is not timed. */
static uint64_t run_loop(const struct bench *bench, int (*loop)(unsigned int n), bool verify)
{
    uint64_t ticks = 0;
    int result;

    if (bench->initialise)
        bench->initialise(bench->iterations);
    if (timed)
        ticks = tsc_read();
    result = loop(bench->iterations);
    if (timed)
        ticks = tsc_read() - ticks;
    if (bench->cleanup)
        bench->cleanup();
    if (verify && result < 0) {
        say(LOG_ASSERT "%s:%d: an operation of %s failed", __FILE__, __LINE__, bench->name);
        end_run(1);
    }
    return ticks;
}

static void run(const struct bench *bench)
{
    uint64_t loop[REPETITIONS], overhead[REPETITIONS];

    for (int i = 0; i < REPETITIONS; i++) {
        loop[i] = run_loop(bench, bench->loop, bench->calls != 0); /* only calls can fail */
        overhead[i] = run_loop(bench, bench->overhead, false);
    }
    say(LOG_RESULT "{\"bench\": \"%s\", \"what\": \"%s\", \"region\": %u, \"overhead\": %u, "
        "\"iterations\": %u, \"repetitions\": %d, \"calls\": %d}",
        bench->name, bench->what, bench->region, bench->region + 1, bench->iterations, REPETITIONS,
        bench->calls);
    if (timed)
        tsc_say(bench->name, loop, overhead, REPETITIONS);
}

/* Is `name` in the comma-separated `list`? */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *p = list; (p = strstr(p, name)); p += length)
        if ((p == list || p[-1] == ',') && (p[length] == ',' || p[length] == '\0'))
            return true;
    return false;
}

/* Is the time-stamp counter asked for? The run ends if it is and refuses. */
static bool want_tsc(void)
{
    const char *counter = getenv("counter");

    if (!counter)
        return false;
    CHECK(strcmp(counter, "tsc") == 0);
    if (!tsc_self_test())
        end_run(STATUS_REFUSED);
    return true;
}

static __attribute__((noinline)) void run_all(void)
{
    const char *wanted = getenv("bench");

    say(LOG_BEGIN "bench");
    timed = want_tsc();
    if (wanted ? listed(wanted, "counter_check") : !timed)
        counter_check(); /* of the plugin */
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (!wanted || listed(wanted, table[i]->name))
            run(table[i]);
    if (wanted && listed(wanted, "context_switch"))
        context_switch();
    if (wanted && listed(wanted, "dirtied")) {
        dirtied();
        dirtied_pipe();
    }
    end_run(0);
}

int main(void)
{
    const char *text = getenv("stackpad");
    unsigned long bytes = text ? strtoul(text, NULL, 10) : 0;
    volatile char *pad = __builtin_alloca((bytes < STACKPAD_MAX ? bytes : STACKPAD_MAX) + 1);

    pad[0] = 0;
    run_all();
    return pad[0];
}
