/* SPDX-License-Identifier: BSD-2-Clause */
/* What the native Mach tests and benchmarks share: traps, requests to the kernel, checks, workers.
 *
 * The program is the first task. A worker is a thread that runs one function, in this task or in
 * a copy of it; struct shared lies in memory that all of them share. */
#ifndef BENCH_MACH_MACH_H
#define BENCH_MACH_MACH_H

#include <stdbool.h>

#include "l4k/abi/layout.h"
#include "l4k/abi/mach_rpc.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

typedef mach_port_name_t name_t;

/* --- traps (start.S) --- */
uint32_t mach_msg_trap(void *msg, uint32_t option, uint32_t send_size, uint32_t rcv_size,
                       name_t rcv_name, uint32_t timeout, name_t notify);
name_t mach_reply_port(void);
name_t mach_thread_self(void);
name_t mach_task_self(void);
name_t mach_host_self(void);
void mach_print(const char *text);
uint32_t trap_vm_allocate(name_t task, uint64_t *address, uint64_t size, uint32_t anywhere);
uint32_t trap_vm_deallocate(name_t task, uint64_t address, uint64_t size);
uint32_t trap_port_allocate(name_t task, uint32_t right, name_t *name);
uint32_t trap_set_self_state(uint32_t flavor, const void *state, uint32_t count);
uint32_t trap_hole(void);
void trap_beyond(void);
void trap_no_stack(uint64_t rsp);

/* --- the program's own --- */
/* reply_port, park: of the calling thread's task. */
extern name_t host_priv, device, task_self, park, reply_port;

struct worker;
#define WORKERS 4
#define WORKER_STACK 0x8000

struct worker {
    void (*run)(struct worker *);
    name_t task, thread; /* as the first task names them */
    uint64_t arg[6];
    volatile uint64_t result[8];
    volatile bool done;
    uint8_t stack[WORKER_STACK] __attribute__((aligned(16)));
};

struct shared {
    struct worker worker[WORKERS];
    char failure[256];
    volatile uint64_t data[64];
};
extern struct shared *shared;

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void reset(void) __attribute__((noreturn));

/* Remembers the first failure of the running test. */
void fail(const char *file, int line, const char *text, uint64_t a, uint64_t b);
static inline bool check_eq(const char *file, int line, const char *text, uint64_t a, uint64_t b)
{
    if (a != b)
        fail(file, line, text, a, b);
    return a == b;
}
#define CHECK(cond) ((cond) ? true : (fail(__FILE__, __LINE__, #cond, 0, 0), false))
#define CHECK_EQ(a, b) check_eq(__FILE__, __LINE__, #a " == " #b, (uint64_t)(a), (uint64_t)(b))
/* Ends the program when the test itself can't go on. */
#define MUST(call)                                                                             \
    do {                                                                                       \
        uint32_t kr_ = (call);                                                                 \
        if (kr_)                                                                               \
            must(__FILE__, __LINE__, #call, kr_);                                              \
    } while (0)
void must(const char *file, int line, const char *text, uint32_t kr)
    __attribute__((noreturn, cold));

/* --- requests (lib.c): arguments are appended, the reply's are taken out in order --- */
#define CALL_MAX 6144
struct call {
    struct mach_msg_header header;
    uint8_t body[CALL_MAX];
    uint32_t bytes; /* of the body: appended, then taken out */
};

void call_begin(struct call *c);
void put(struct call *c, uint64_t type, uint64_t value);
void put_port(struct call *c, name_t name, uint32_t disposition);
void put_memory(struct call *c, const void *data, uint32_t bytes, bool deallocate);
void put_ports(struct call *c, const name_t *names, uint32_t number, uint32_t disposition);
void put_array(struct call *c, uint32_t type, uint32_t bits, const void *data, uint32_t number);
static inline void put32(struct call *c, uint32_t v)
{
    put(c, MACH_TYPE_INT32, v);
}
static inline void put64(struct call *c, uint64_t v)
{
    put(c, MACH_TYPE_INT64, v);
}
static inline void put_bool(struct call *c, bool v)
{
    put(c, MACH_TYPE_BOOL, v);
}
static inline void put_name(struct call *c, name_t v)
{
    put(c, MACH_TYPE_NAME, v);
}

/* Sends it with `id` to `target` and receives the reply: its result, or what mach_msg said. */
uint32_t call(struct call *c, name_t target, int32_t id);
uint64_t get(struct call *c);
/* An inline array of the reply; `*number` elements. */
void *get_array(struct call *c, uint32_t *number);

/* A message without waiting longer than `timeout`. */
uint32_t send_message(void *msg, uint32_t size, uint32_t timeout);
uint32_t receive_message(void *msg, uint32_t room, name_t port, uint32_t timeout);

/* Requests used everywhere. */
uint32_t port_allocate(uint32_t right, name_t *name);
uint32_t port_type(name_t task, name_t name, uint32_t *type);
uint32_t port_simple(int32_t id, name_t task, name_t name); /* destroy, deallocate */
uint32_t port_mod_refs(name_t name, uint32_t right, int32_t delta);
uint32_t port_refs(name_t name, uint32_t right, uint32_t *refs);
uint32_t port_insert(name_t task, name_t name, name_t right, uint32_t disposition);
uint32_t port_status(name_t name, struct mach_port_status *status);
uint32_t port_notify(name_t name, int32_t id, uint32_t sync, name_t notify, name_t *previous);
uint32_t simple_call(name_t target, int32_t id);
uint32_t vm_protect(uint64_t address, uint64_t size, bool max, uint32_t prot);
uint32_t vm_inherit(uint64_t address, uint64_t size, uint32_t inheritance);
uint32_t get_state(name_t thread, uint32_t flavor, void *state, uint32_t count);
uint32_t set_state(name_t thread, uint32_t flavor, const void *state, uint32_t count);
uint32_t set_special(name_t object, int32_t id, uint32_t which, name_t port);
/* A new receive right with a send right of the same name. */
name_t new_port(void);
void free_port(name_t name);

uint64_t now_ns(void);
void sleep_ms(uint32_t ms);
uint32_t free_pages(void);
uint32_t count_names(void);

extern char __executable_start[], _end[]; /* the linker's: the program */
/* Reads a byte of each page: they are mapped. */
void touch(uint64_t start, uint64_t end);

/* --- workers --- */

/* A copy of this task; workers in it see the shared memory. */
name_t child_create(void);
/* In `task` (this one's name: task_self); suspended until worker_run(). */
struct worker *worker_create(unsigned index, name_t task);
void worker_run(struct worker *w, void (*run)(struct worker *));
bool worker_wait(struct worker *w);
void worker_end(struct worker *w);

/* A send right to `port` for `task` under the same name. */
void give(name_t task, name_t port);
/* Moves the receive right there, and keeps a send right here. */
void give_receive(name_t task, name_t port);

/* --- tests --- */
struct test {
    const char *name;
    void (*run)(void);
};
extern const struct test port_tests[], message_tests[], exception_tests[], vm_tests[], task_tests[],
    state_tests[], circle_tests[], mig_tests[], notice_tests[], selftest_send[], selftest_body[],
    selftest_receive[], selftest_wait[], selftest_rpc[], selftest_kern[], selftest_exception[],
    selftest_names[], selftest_memory[], selftest_machine[], storm_tests[];
extern uint64_t storm_messages; /* how many storm_tests sends */

void bench_mach(void);
void bench_dirtied(void);

#endif
