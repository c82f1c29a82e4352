/* SPDX-License-Identifier: BSD-2-Clause */
/* context_switch: what a switch between processes costs with their working sets, by the method of
 * lmbench's lat_ctx (McVoy and Staelin, USENIX 1996).
 *
 * `processes` stand in a ring of pipes. Each waits for a token, reads every word of an array of its
 * own of `kib` KiB and passes the token on. The loop counts whole turns of the token, in all
 * processes; subtracted is one process that takes the token through as many pipes and reads its one
 * array each time, so that what is left is switches and what they do to the caches. One operation
 * is one of `processes` passages of the token. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/linux/bench.h"
#include "l4k/abi/guest_log.h"

#define MAX_PROCESSES 16
#define MAX_KIB 64
#define TURNS 8
#define REPETITIONS 5

static const unsigned int ring_sizes[] = { 2, 4, 8, 16 };
static const unsigned int kibs[] = { 0, 4, 8, 16, 32, 64 };

static unsigned int processes, words;
static int pipes[MAX_PROCESSES][2];
static pid_t children[MAX_PROCESSES];
static uint64_t array[MAX_KIB * 1024 / sizeof(uint64_t)];

static void read_array(void)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < words; i++) {
        sum += array[i];
        __asm__ volatile("" : "+r"(sum)); /* one load each, never vectors */
    }
}

/* Take the token out of one pipe, work, put it into the next; 0, or negative at the end of the
 * pipe. */
static int pass(int in, int out)
{
    char token;

    if (read(in, &token, 1) != 1)
        return -1;
    read_array();
    return write(out, &token, 1) - 1;
}

/* A whole turn, begun and awaited by the parent: it holds the token between turns. */
static inline __attribute__((always_inline)) int ring_turn(void)
{
    char token = 0;
    int failed = write(pipes[0][1], &token, 1) - 1;

    failed |= read(pipes[processes - 1][0], &token, 1) - 1;
    read_array();
    return failed;
}

/* The same work in one process. */
static inline __attribute__((always_inline)) int alone_turn(void)
{
    char token = 0;
    int failed = 0;

    for (unsigned int i = 0; i < processes; i++) {
        failed |= write(pipes[i][1], &token, 1) - 1;
        failed |= read(pipes[i][0], &token, 1) - 1;
        read_array();
    }
    return failed;
}

BENCH_LOOP(ring_loop, REGION_CONTEXT_SWITCH, ring_turn())
BENCH_LOOP(alone_loop, REGION_CONTEXT_SWITCH + 1, alone_turn())

/* Child `number` (from 1) takes from the pipe before it; only the ends that it uses stay open, so
 * that the end of the first pipe reaches all. */
static void __attribute__((noreturn)) child(unsigned int number)
{
    int in = pipes[number - 1][0], out = pipes[number][1];

    for (unsigned int i = 0; i < processes; i++) {
        if (pipes[i][0] != in)
            close(pipes[i][0]);
        if (pipes[i][1] != out)
            close(pipes[i][1]);
    }
    for (unsigned int i = 0; i < words; i++)
        array[i] = i; /* pages of its own */
    while (pass(in, out) == 0)
        ;
    _exit(0);
}

static void open_pipes(void)
{
    for (unsigned int i = 0; i < processes; i++)
        CHECK(pipe2(pipes[i], 0) == 0);
}

static void start_children(void)
{
    for (unsigned int i = 1; i < processes; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0)
            child(i);
    }
    for (unsigned int i = 1; i < processes; i++)
        CHECK(close(pipes[i - 1][0]) == 0 && close(pipes[i][1]) == 0);
}

static void end_children(void)
{
    CHECK(close(pipes[0][1]) == 0);
    for (unsigned int i = 1; i < processes; i++) {
        int status;

        CHECK(wait4(children[i], &status, 0, NULL) == children[i] && status == 0);
    }
    CHECK(close(pipes[processes - 1][0]) == 0);
}

static void measure_ring(void)
{
    open_pipes();
    start_children();
    CHECK(ring_turn() == 0 && ring_turn() == 0); /* everybody has run and is warm */
    CHECK(ring_loop(TURNS) >= 0);
    end_children();
}

static void measure_alone(void)
{
    open_pipes();
    CHECK(alone_turn() == 0 && alone_turn() == 0);
    CHECK(alone_loop(TURNS) >= 0);
    for (unsigned int i = 0; i < processes; i++)
        CHECK(close(pipes[i][0]) == 0 && close(pipes[i][1]) == 0);
}

static void measure(unsigned int kib)
{
    words = kib * 1024 / sizeof(uint64_t);
    for (unsigned int i = 0; i < words; i++)
        array[i] = i;
    for (int i = 0; i < REPETITIONS; i++) {
        measure_ring();
        measure_alone();
    }
    say(LOG_RESULT "{\"bench\": \"context_switch-%u-%u\", \"what\": \"context switch, working set "
        "of each process\", \"region\": %u, \"overhead\": %u, \"iterations\": %u, "
        "\"repetitions\": %u, \"calls\": -1}", processes, kib, REGION_CONTEXT_SWITCH,
        REGION_CONTEXT_SWITCH + 1, TURNS * processes, REPETITIONS);
}

void context_switch(void)
{
    for (unsigned int i = 0; i < sizeof(ring_sizes) / sizeof(ring_sizes[0]); i++)
        for (unsigned int j = 0; j < sizeof(kibs) / sizeof(kibs[0]); j++) {
            processes = ring_sizes[i];
            measure(kibs[j]);
        }
}
