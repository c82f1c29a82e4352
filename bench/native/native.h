/* SPDX-License-Identifier: BSD-2-Clause */
/* What the native tests and benchmarks share: console, checks, workers.
 *
 * The program is the root task. A worker is a thread that runs one function, in this task or in a
 * fork of it: the code is the same everywhere, and struct worker lies in memory that all of them
 * share. A worker's capabilities have the same numbers in every task. */
#ifndef BENCH_NATIVE_NATIVE_H
#define BENCH_NATIVE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/native/raw.h"
#include "l4k/abi/l4_user.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The priority of the program's first thread, as the kernel starts it. */
#define PRIORITY_ROOT 32

/* Capability slots: the first thread's gate, tests' own, then three of each worker. */
#define SLOT_ROOT_GATE 8
#define SLOT_CHILD 9 /* task_fork() */
#define SLOT_TEST 10 /* .. SLOT_TEST + 19 */
#define SLOT_WORKERS 32

#define WORKERS 8
#define RESULTS 16

#define STACK_SIZE 0x4000

struct worker {
    unsigned index;
    unsigned task;
    unsigned thread, gate; /* slots: the thread, a gate to it with badge BADGE(index) */
    void (*run)(struct worker *);
    uint64_t arg[4];
    volatile uint64_t result[RESULTS];
    volatile bool done; /* run() returned */
    uint64_t fs_block[2], gs_block[2]; /* where the bases point: own address, index */
    uint8_t stack[STACK_SIZE] __attribute__((aligned(16)));
};

#define BADGE(index) (0xbad6e000 + (index))

/* In memory that forks share. */
struct shared {
    struct worker worker[WORKERS];
    char failure[256]; /* the first, or empty */
    uint64_t data[64]; /* tests' own */
};

extern struct shared *shared;

/* --- lib.c --- */

/* Makes `shared` and the first thread's gate. */
void lib_init(void);

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* UTCBs: 0 the first thread's, then the workers'. */
static inline struct utcb *utcb_of(unsigned number)
{
    return (struct utcb *)(UTCB_BASE + (uint64_t)number * PAGE_SIZE);
}

static inline struct utcb *root_utcb(void)
{
    return utcb_of(0);
}

static inline struct utcb *worker_utcb(const struct worker *w)
{
    return utcb_of(1 + w->index);
}

/* Remembers the first failure of the running test; any thread may call it. */
void fail(const char *file, int line, const char *text, uint64_t a, uint64_t b);

/* Value of `cond`; for checks of two numbers both are told. */
#define CHECK(cond) ((cond) ? true : (fail(__FILE__, __LINE__, #cond, 0, 0), false))
#define CHECK_EQ(a, b)                                                                         \
    check_eq(__FILE__, __LINE__, #a " == " #b, (uint64_t)(a), (uint64_t)(b))
/* A status: both sides are small negative numbers. */
#define CHECK_STATUS(a, b) CHECK_EQ((int64_t)(a), (int64_t)(b))

static inline bool check_eq(const char *file, int line, const char *text, uint64_t a, uint64_t b)
{
    if (a == b)
        return true;
    fail(file, line, text, a, b);
    return false;
}

/* Ends the program when the test itself can't go on. */
#define MUST(call) must(__FILE__, __LINE__, #call, (call))
void must(const char *file, int line, const char *text, enum status s);

uint64_t now_ns(void);
uint64_t memory_free(void);
void reset(void) __attribute__((noreturn));

/* Anonymous memory at `address`. */
enum status map_memory(unsigned task, uint64_t address, uint64_t size, unsigned prot);
enum status unmap_memory(unsigned task, uint64_t address, uint64_t size);

/* A fork of this task in slot SLOT_CHILD, and its end. */
void child_create(void);
void child_destroy(void);

/* Worker `index` with thread, UTCB, gate, stack, bases; `task`: CAP_TASK or SLOT_CHILD. It is
 * stopped until worker_run(). */
struct worker *worker_create(unsigned index, unsigned task, unsigned priority);
void worker_run(struct worker *w, void (*run)(struct worker *));
/* Puts a capability of this task at the same slot of the child. */
void give(unsigned slot);
void worker_destroy(struct worker *w);
/* Lets others run until the worker's function has returned, some seconds at most, and not
 * after a failure. */
bool worker_wait(struct worker *w);

/* Own bases are as worker_create() set them. */
void check_bases(struct worker *w);

/* The first thread waits for microseconds. */
void sleep_us(uint64_t us);

/* Next of a sequence; any seed. */
uint64_t random_next(uint64_t *state);

/* An operation without words; its error, or OK. For none whose reply is long. */
static inline enum status op(unsigned operation, unsigned cap, uint64_t flags)
{
    struct l4_message m = {.tag = l4_tag(operation, cap, 0, 0, 0) | flags};

    l4_ipc(&m);
    return m.carry ? (enum status)(int64_t)m.tag : OK;
}

/* --- main.c --- */

struct test {
    const char *name;
    void (*run)(void);
};

extern const struct test message_tests[], order_tests[], state_tests[], timeout_tests[],
    end_tests[], item_tests[], cap_tests[], fault_tests[], event_tests[], limit_tests[],
    bad_tests[];

/* --- bench_ipc.c, bench_dirtied.c --- */

void bench_ipc(void);
void bench_dirtied(void);

#endif
