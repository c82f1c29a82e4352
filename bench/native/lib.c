/* SPDX-License-Identifier: BSD-2-Clause */
/* Console, checks, and the making of tasks and threads for native tests. */
#include "bench/native/native.h"

#include "l4k/abi/guest_log.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/format.h"
#include "l4k/lib/string.h"

#define SHARED_BASE 0x10000000
#define PATIENCE_NS UINT64_C(3000000000)

struct shared *shared;

void worker_start(void);
void worker_main(struct worker *w) __attribute__((noreturn));

static void write_console(const char *text, size_t size)
{
    while (size) {
        uint64_t w[MESSAGE_REGISTERS] = {(uint64_t)text, size};

        if (l4_invoke(CAP_SYSTEM, SYSTEM_CONSOLE_WRITE, w) != OK)
            return;
        text += w[0];
        size -= w[0];
    }
}

void say(const char *fmt, ...)
{
    char line[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    write_console(line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void reset(void)
{
    for (;;)
        (void)!l4_do(CAP_SYSTEM, SYSTEM_RESET, 0, 0, 0, 0);
}

void assert_fail(const char *file, int line, const char *text)
{
    say(LOG_ASSERT "%s:%d: %s\n", file, line, text);
    reset();
}

void must(const char *file, int line, const char *text, enum status s)
{
    if (s == OK)
        return;
    say(LOG_ASSERT "%s:%d: %s answered %d\n", file, line, text, (int)s);
    reset();
}

void fail(const char *file, int line, const char *text, uint64_t a, uint64_t b)
{
    if (shared->failure[0])
        return;
    snprintf(shared->failure, sizeof(shared->failure), "%s:%d: %s (%#lx, %#lx)", file, line, text,
             (unsigned long)a, (unsigned long)b);
}

uint64_t now_ns(void)
{
    uint64_t w[MESSAGE_REGISTERS] = {0};

    MUST(l4_invoke(CAP_SYSTEM, SYSTEM_CLOCK, w));
    return w[0];
}

uint64_t memory_free(void)
{
    uint64_t w[MESSAGE_REGISTERS] = {0};

    MUST(l4_invoke(CAP_SYSTEM, SYSTEM_MEMORY, w));
    return w[1];
}

static enum status map_flags(unsigned task, uint64_t address, uint64_t size, unsigned flags)
{
    return l4_do(task, TASK_MAP, address, size, MAP_FIXED_AT | flags, 0);
}

enum status map_memory(unsigned task, uint64_t address, uint64_t size, unsigned prot)
{
    return map_flags(task, address, size, prot);
}

enum status unmap_memory(unsigned task, uint64_t address, uint64_t size)
{
    return l4_do(task, TASK_UNMAP, address, size, 0, 0);
}

void lib_init(void)
{
    uint64_t size = (sizeof(struct shared) + PAGE_SIZE - 1) & -(uint64_t)PAGE_SIZE;

    shared = (struct shared *)SHARED_BASE;
    MUST(map_flags(CAP_TASK, SHARED_BASE, size, PROT_R | PROT_W | MAP_SHARED_WITH));
    MUST(l4_do(CAP_TASK, TASK_GATE, SLOT_ROOT_GATE, CAP_THREAD, BADGE(0xff), 0));
}

void child_create(void)
{
    MUST(l4_do(CAP_TASK, TASK_FORK, SLOT_CHILD, 0, 0, 0));
    give(SLOT_ROOT_GATE);
    give(CAP_SYSTEM);
}

void child_destroy(void)
{
    (void)!l4_do(SLOT_CHILD, TASK_DESTROY, 0, 0, 0, 0);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_CHILD, 0, 0, 0));
}

void give(unsigned slot)
{
    MUST(l4_do(SLOT_CHILD, TASK_CAP_COPY, slot, slot, 0, 0));
}

struct worker *worker_create(unsigned index, unsigned task, unsigned priority)
{
    struct worker *w = &shared->worker[index];

    memset(w, 0, offsetof(struct worker, stack));
    w->index = index;
    w->task = task;
    w->thread = SLOT_WORKERS + 2 * index;
    w->gate = w->thread + 1;
    w->fs_block[0] = (uint64_t)w->fs_block;
    w->gs_block[0] = (uint64_t)w->gs_block;
    MUST(l4_do(task, TASK_THREAD, w->thread, (uint64_t)worker_utcb(w), priority, 0));
    MUST(l4_do(CAP_TASK, TASK_GATE, w->gate, w->thread, BADGE(index), 0));
    return w;
}

void worker_run(struct worker *w, void (*run)(struct worker *))
{
    struct thread_regs *r = (struct thread_regs *)root_utcb()->word;

    w->run = run;
    w->done = false;
    memset(r, 0, sizeof(*r));
    r->rip = (uint64_t)worker_start;
    r->rsp = (uint64_t)(w->stack + STACK_SIZE);
    r->rdi = (uint64_t)w;
    r->fs_base = (uint64_t)w->fs_block;
    r->gs_base = (uint64_t)w->gs_block;
    MUST(l4_do(w->thread, THREAD_SET_REGS, 0, 0, 0, 0));
    MUST(l4_do(w->thread, THREAD_RESUME, 0, 0, 0, 0));
}

void worker_main(struct worker *w)
{
    w->run(w);
    w->done = true;
    for (;;)
        (void)!op(OP_RECEIVE, 0, 0);
}

void worker_destroy(struct worker *w)
{
    (void)!l4_do(w->thread, THREAD_DESTROY, 0, 0, 0, 0);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, w->thread, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CAP_REVOKE, w->gate, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, w->gate, 0, 0, 0));
    (void)!unmap_memory(w->task, (uint64_t)worker_utcb(w), PAGE_SIZE);
}

void sleep_us(uint64_t us)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0) | TAG_TIMEOUT};

    root_utcb()->receive_timeout = us;
    l4_ipc(&m);
}

bool worker_wait(struct worker *w)
{
    uint64_t end = now_ns() + PATIENCE_NS;

    while (!w->done && now_ns() < end && !shared->failure[0])
        sleep_us(1000);
    return CHECK(w->done);
}

void check_bases(struct worker *w)
{
    CHECK_EQ(read_fs(), (uint64_t)w->fs_block);
    CHECK_EQ(read_gs(), (uint64_t)w->gs_block);
}

/* splitmix64. */
uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
