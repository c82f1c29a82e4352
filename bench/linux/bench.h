/* SPDX-License-Identifier: BSD-2-Clause */
/* The harness of the Linux benchmark program: what a benchmark is and how its loops are made.
 *
 * A benchmark measures one operation. Its loop and the same loop without the operation are made
 * from one macro and run in regions of their own; the cost of one operation is the difference
 * of the two counts, divided by the iterations. */
#ifndef BENCH_LINUX_BENCH_H
#define BENCH_LINUX_BENCH_H

#include <stdbool.h>

#include "bench/marker.h"

/* Region of each benchmark's loop; the loop without the operation has the next number. */
enum {
    REGION_NULL = 2,
    REGION_GETPID = 4,
    REGION_GETPPID = 6,
    REGION_WRITE = 8,
    REGION_READ = 10,
    REGION_STAT = 12,
    REGION_OPEN_CLOSE = 14,
    REGION_SIGNAL_INSTALL = 16,
    REGION_PIPE = 18,
    REGION_FORK = 20,
    REGION_FORK_EXEC = 22,
    REGION_PAGE_FAULT = 24,
    REGION_MMAP = 26,
    REGION_KNOWN_LENGTH = 28,
    REGION_TSC = 30,
    REGION_TSC_GETPID = 32,
    REGION_TSC_FAULT = 34,
    REGION_CONTEXT_SWITCH = 36,
    REGION_DIRTIED = 38, /* 40 and 41: bench/dirtied.h */
};

struct bench {
    const char *name;
    const char *what; /* one operation, for people */
    unsigned int region;
    unsigned int iterations; /* of the loop, in each repetition */
    int calls; /* system calls of one operation, or -1 where that is no fixed number */
    void (*initialise)(unsigned int n); /* before each loop; may be NULL */
    int (*loop)(unsigned int n); /* negative if an operation failed */
    int (*overhead)(unsigned int n);
    void (*cleanup)(void); /* after each loop; may be NULL */
};

extern const struct bench bench_null, bench_getpid, bench_getppid, bench_write, bench_read,
    bench_stat, bench_open_close, bench_signal_install, bench_pipe, bench_fork, bench_fork_exec,
    bench_page_fault, bench_mmap;

/* Checks of the counter itself; no rows of the table. */
void counter_check(void);

/* Benchmarks with parameters, run only when they are named: a description line for each value, in the
 * order of the loops that it describes, which share their regions. */
void context_switch(void);
void dirtied(void);
void dirtied_pipe(void);

/* One loop: `n` times `operation`, an integer expression, negative on failure. */
#define BENCH_LOOP(function, id, operation)                                                       \
    static int function(unsigned int n)                                                           \
    {                                                                                             \
        int failed = 0;                                                                           \
                                                                                                  \
        MARKER(MARKER_OPEN, id);                                                                  \
        for (; n; n--)                                                                            \
            failed |= (int)(operation);                                                           \
        MARKER(MARKER_CLOSE, id);                                                                 \
        return failed;                                                                            \
    }

/* An integer that the compiler does not know, made by no instruction. */
#define NO_OPERATION                                                                              \
    ({                                                                                            \
        int nothing_;                                                                             \
        __asm__ volatile("" : "=a"(nothing_));                                                    \
        nothing_;                                                                                 \
    })

/* Both loops of a benchmark, as `loop` and `overhead`. */
#define BENCH_LOOPS(id, operation)                                                                \
    BENCH_LOOP(loop, id, operation)                                                               \
    BENCH_LOOP(overhead, (id) + 1, NO_OPERATION)

/* Print one line, format as printf's; at most 511 bytes. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A benchmark that does not do its work measures nothing: say where, and end the run. */
#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (!(condition))                                                                         \
            check_failed(__FILE__, __LINE__, #condition);                                         \
    } while (0)
void check_failed(const char *file, int line, const char *condition) __attribute__((noreturn));

#endif
