/* SPDX-License-Identifier: BSD-2-Clause */
/* A storm of random messages: two child tasks of two threads each send them to each other's
 * ports, to this task's and to the kernel's, until they have sent enough, killed each other or
 * got stuck, or this task has ended them. Then the kernel has what it had before. */
#include "bench/mach/storm.h"

#include "l4k/lib/string.h"

#define BATCH 500 /* messages of one thread */
#define PATIENCE 3 /* milliseconds without a message: all that live wait for something */

void worker_start(void);
#define WARM_UP 4 /* generations, until this task has the pages that it uses */
#define NORMAL_PRIORITY 31

static uint64_t seed = 0x6c346b;

struct child {
    name_t task, port;
    struct worker *w[2];
};

static struct child child[2];
static name_t first_port, exception_port;

static void counters(struct mach_counters *c)
{
    struct call request;
    uint32_t n;

    call_begin(&request);
    MUST(call(&request, host_priv, RPC_HOST_COUNTERS));
    memcpy(c, get_array(&request, &n), sizeof(*c));
}

static uint64_t random_below(uint64_t n)
{
    return storm_random(&seed) % n;
}

static void insert(name_t task, name_t name, name_t right, uint32_t disposition)
{
    MUST(port_insert(task, name, right, disposition));
}

static void make_child(unsigned i)
{
    struct child *c = &child[i];

    c->task = child_create();
    c->port = new_port();
    MUST(set_special(c->task, RPC_TASK_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, exception_port));
    for (unsigned k = 0; k < 2; k++)
        c->w[k] = worker_create(2 * i + k, c->task);
}

static void give_names(struct child *c, const struct child *peer)
{
    insert(c->task, STORM_PEER, peer->port, MACH_MSG_TYPE_COPY_SEND);
    insert(c->task, STORM_FIRST, first_port, MACH_MSG_TYPE_MAKE_SEND);
    insert(c->task, STORM_FIRST_ONCE, first_port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    insert(c->task, STORM_HOST, host_priv, MACH_MSG_TYPE_COPY_SEND);
    insert(c->task, STORM_DEVICE, device, MACH_MSG_TYPE_COPY_SEND);
    insert(c->task, STORM_PEER_TASK, peer->task, MACH_MSG_TYPE_COPY_SEND);
    insert(c->task, STORM_PEER_THREAD, peer->w[0]->thread, MACH_MSG_TYPE_COPY_SEND);
    insert(c->task, STORM_SIBLING, c->w[1]->thread, MACH_MSG_TYPE_COPY_SEND);
}

static void prepare(struct worker *w)
{
    struct mach_thread_state s = {
        .rip = (uint64_t)worker_start,
        .rdi = (uint64_t)w,
        .ursp = (uint64_t)(w->stack + WORKER_STACK),
    };

    w->arg[STORM_SEED] = storm_random(&seed);
    w->arg[STORM_COUNT] = BATCH;
    w->run = storm_worker;
    MUST(set_state(w->thread, STATE_REGS, &s, STATE_COUNT(s)));
}

static void begin(void)
{
    first_port = new_port();
    exception_port = new_port();
    make_child(0);
    make_child(1);
    for (unsigned i = 0; i < 2; i++) {
        give_names(&child[i], &child[!i]);
        insert(child[i].task, STORM_OWN, child[i].port, MACH_MSG_TYPE_MAKE_SEND);
    }
    for (unsigned i = 0; i < 4; i++)
        prepare(child[i / 2].w[i % 2]);
    for (unsigned i = 0; i < 2; i++)
        insert(child[i].task, STORM_OWN, child[i].port, MACH_MSG_TYPE_MOVE_RECEIVE);
    for (unsigned i = 0; i < 4; i++) /* the others may have ended it by then */
        simple_call(child[i / 2].w[i % 2]->thread, RPC_THREAD_RESUME);
}

static uint64_t sent(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < 4; i++)
        n += child[i / 2].w[i % 2]->result[0];
    return n;
}

static bool all_done(void)
{
    for (unsigned i = 0; i < 4; i++)
        if (!child[i / 2].w[i % 2]->done)
            return false;
    return true;
}

/* What a careless neighbour does. */
static void meddle(void)
{
    struct child *c = &child[random_below(2)];
    name_t thread = c->w[random_below(2)]->thread;

    switch (random_below(24)) {
    case 0:
        simple_call(c->task, RPC_TASK_TERMINATE);
        break;
    case 1:
        simple_call(thread, RPC_THREAD_TERMINATE);
        break;
    case 2 ... 6:
        simple_call(thread, RPC_THREAD_ABORT);
        break;
    case 7:
        simple_call(c->task, RPC_TASK_SUSPEND);
        simple_call(c->task, RPC_TASK_RESUME);
        break;
    case 8:
        port_mod_refs(first_port, MACH_PORT_RIGHT_RECEIVE, -1);
        break;
    case 9:
        simple_call(thread, RPC_THREAD_RESUME);
        break;
    }
}

static void end(void)
{
    for (unsigned i = 0; i < 2; i++) {
        simple_call(child[i].task, RPC_TASK_TERMINATE);
        free_port(child[i].w[0]->thread);
        free_port(child[i].w[1]->thread);
        free_port(child[i].task);
        free_port(child[i].port);
    }
    free_port(first_port);
    free_port(exception_port);
}

/* How many were sent. */
static uint64_t generation(void)
{
    uint64_t n = 0, before;
    unsigned idle = 0;

    begin();
    while (idle < PATIENCE && !all_done()) {
        before = n;
        sleep_ms(1);
        n = sent();
        idle = n == before ? idle + 1 : 0;
        meddle();
    }
    n = sent();
    end();
    return n;
}

/* A read from the device waits with its reply port; one without a wait finds it dead. */
static void forget_reader(void)
{
    struct call c;

    call_begin(&c);
    put32(&c, 8);
    put32(&c, 0);
    put32(&c, 0);
    call(&c, device, RPC_DEVICE_READ_INBAND);
}

/* This task's own: pages that are copied or filled late, and memory objects that copies of it left
 * behind, until a fault collapses them. A leak grows with the generations. */
#define PAGES_SLACK 8
#define KMEM_SLACK 512

static bool leaked(const struct mach_counters *before, unsigned number)
{
    struct mach_counters now;

    forget_reader();
    counters(&now);
    if (CHECK_EQ(now.ports, before->ports) && CHECK_EQ(now.port_sets, before->port_sets) &&
        CHECK_EQ(now.messages, before->messages) && CHECK(now.kmem <= before->kmem + KMEM_SLACK) &&
        CHECK(now.resident_pages < before->resident_pages + PAGES_SLACK))
        return false;
    say("# after generation %u\n", number);
    return true;
}

/* No child is more urgent than this task. */
static void lead(uint32_t priority)
{
    struct call c;
    name_t thread = mach_thread_self();

    call_begin(&c);
    put32(&c, priority);
    put_bool(&c, false);
    MUST(call(&c, thread, RPC_THREAD_PRIORITY));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, thread));
}

/* Empty slabs that are kept for reuse, records of frames and tables for long messages may be
 * more. */
#define FRAMES_SLACK 32

uint64_t storm_messages = 1000000;

static void storm(void)
{
    struct mach_counters before, after;
    uint64_t n = 0, start;
    unsigned g;

    lead(0);
    for (g = 0; g < WARM_UP; g++)
        generation();
    forget_reader();
    counters(&before);
    start = now_ns();
    for (g = 0; n < storm_messages; g++) {
        n += generation();
        if (leaked(&before, g))
            break;
    }
    counters(&after);
    lead(NORMAL_PRIORITY);
    CHECK(after.free_frames + FRAMES_SLACK > before.free_frames);
    say("# %lu messages, %u generations, %lu ms; frames %lu, then %lu\n", (unsigned long)n, g,
        (unsigned long)((now_ns() - start) / 1000000), (unsigned long)before.free_frames,
        (unsigned long)after.free_frames);
}

const struct test storm_tests[] = {{"storm: random messages", storm}, {0}};
