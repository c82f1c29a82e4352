/* SPDX-License-Identifier: BSD-2-Clause */
/* Life and death of tasks and threads; what they leave behind. */
#include "bench/mach/mach.h"

#include "l4k/lib/string.h"

static void end_child(name_t child, const struct worker *w)
{
    CHECK_EQ(simple_call(child, RPC_TASK_TERMINATE), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, child), 0);
    if (w)
        CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread), 0);
}

static void counter(struct worker *w)
{
    for (;;)
        w->result[0]++;
}

static bool counts(struct worker *w)
{
    uint64_t before = w->result[0];

    sleep_ms(20);
    return w->result[0] != before;
}

static void suspending(void)
{
    name_t child = child_create();
    struct worker *w = worker_create(0, child);

    worker_run(w, counter);
    CHECK(counts(w));
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_SUSPEND), 0);
    CHECK(!counts(w));
    CHECK_EQ(simple_call(child, RPC_TASK_SUSPEND), 0);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_RESUME), 0);
    CHECK(!counts(w));
    CHECK_EQ(simple_call(child, RPC_TASK_SUSPEND), 0);
    CHECK_EQ(simple_call(child, RPC_TASK_RESUME), 0);
    CHECK(!counts(w));
    CHECK_EQ(simple_call(child, RPC_TASK_RESUME), 0);
    CHECK(counts(w));
    CHECK_EQ(simple_call(child, RPC_TASK_RESUME), KERN_FAILURE);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_RESUME), KERN_FAILURE);
    end_child(child, w);
}

static uint32_t count_threads(name_t task)
{
    struct call c;
    struct mach_msg_type *type = (struct mach_msg_type *)(c.body + 16);
    uint32_t number;
    name_t *names;

    call_begin(&c);
    MUST(call(&c, task, RPC_TASK_THREADS));
    number = type->number;
    names = (name_t *)*(uint64_t *)(type + 1);
    for (uint32_t i = 0; i < number; i++)
        MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, names[i]));
    if (number)
        MUST(trap_vm_deallocate(task_self, (uint64_t)names, number * sizeof(*names)));
    return number;
}

static void threads(void)
{
    name_t child = child_create();
    struct worker *w;

    CHECK_EQ(count_threads(child), 0);
    w = worker_create(0, child);
    CHECK_EQ(count_threads(child), 1);
    CHECK_EQ(count_threads(task_self), 1);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_TERMINATE), 0);
    CHECK_EQ(count_threads(child), 0);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_TERMINATE), MACH_SEND_INVALID_DEST);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread), 0);
    end_child(child, NULL);
    CHECK_EQ(simple_call(child, RPC_TASK_TERMINATE), MACH_SEND_INVALID_DEST);
}

static void info(void)
{
    struct mach_task_basic_info *t;
    struct mach_host_basic_info *h;
    struct call c;
    uint32_t n;

    call_begin(&c);
    put32(&c, TASK_BASIC_INFO);
    put32(&c, STATE_COUNT(*t));
    CHECK_EQ(call(&c, task_self, RPC_TASK_INFO), 0);
    t = get_array(&c, &n);
    CHECK(t->virtual_size > PAGE_SIZE && t->resident_size && t->resident_size < t->virtual_size);
    call_begin(&c);
    put32(&c, 999);
    put32(&c, STATE_COUNT(*t));
    CHECK_EQ(call(&c, task_self, RPC_TASK_INFO), KERN_INVALID_ARGUMENT);
    call_begin(&c);
    put32(&c, HOST_BASIC_INFO);
    put32(&c, STATE_COUNT(*h));
    CHECK_EQ(call(&c, host_priv, RPC_HOST_INFO), 0);
    h = get_array(&c, &n);
    CHECK(h->max_cpus == 1 && h->memory_size > (64u << 20));
    call_begin(&c);
    CHECK_EQ(call(&c, host_priv, RPC_HOST_KERNEL_VERSION), 0);
    CHECK(!strncmp(get_array(&c, &n), "l4k", 3));
    CHECK_EQ(n, 512);
    CHECK(now_ns() > UINT64_C(1700000000) * 1000000000);
}

static name_t get_special(name_t object, int32_t id, uint32_t which)
{
    struct call c;

    call_begin(&c);
    put32(&c, which);
    return call(&c, object, id) ? 0xbad : (name_t)get(&c);
}

static void special_ports(void)
{
    name_t child = child_create(), port = new_port();
    name_t list[5] = {port, port, 0, 0, 0}, *got;
    struct call c;

    CHECK_EQ(get_special(child, RPC_TASK_GET_SPECIAL_PORT, SPECIAL_KERNEL_PORT), child);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, child), 0);
    CHECK_EQ(set_special(child, RPC_TASK_SET_SPECIAL_PORT, SPECIAL_BOOTSTRAP_PORT, port), 0);
    CHECK_EQ(get_special(child, RPC_TASK_GET_SPECIAL_PORT, SPECIAL_BOOTSTRAP_PORT), port);
    CHECK_EQ(set_special(child, RPC_TASK_SET_SPECIAL_PORT, 77, port), KERN_INVALID_ARGUMENT);
    call_begin(&c);
    put_ports(&c, list, 2, MACH_MSG_TYPE_COPY_SEND);
    CHECK_EQ(call(&c, child, RPC_PORTS_REGISTER), 0);
    call_begin(&c);
    put_ports(&c, list, 5, MACH_MSG_TYPE_COPY_SEND);
    CHECK_EQ(call(&c, child, RPC_PORTS_REGISTER), KERN_INVALID_ARGUMENT);
    call_begin(&c);
    CHECK_EQ(call(&c, child, RPC_PORTS_LOOKUP), 0);
    got = (name_t *)get(&c);
    CHECK(got[0] == port && got[1] == port && !got[2] && !got[3]);
    MUST(trap_vm_deallocate(task_self, (uint64_t)got, 16));
    end_child(child, NULL);
    free_port(port);
}

/* --- death in every state: what a worker does when its task ends --- */

static void receives(struct worker *w)
{
    struct mach_msg_header h;

    w->result[7] = 1;
    mach_msg_trap(&h, MACH_RCV_MSG, 0, sizeof(h), mach_reply_port(), 0, 0);
}

static void receives_timed(struct worker *w)
{
    struct mach_msg_header h;

    w->result[7] = 1;
    mach_msg_trap(&h, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(h), mach_reply_port(), 100000, 0);
}

static void sends(struct worker *w)
{
    struct {
        struct mach_msg_header h;
        uint64_t body[2];
    } m = {{0}, {MACH_TYPE_PORT(MACH_MSG_TYPE_MAKE_SEND), mach_reply_port()}};

    w->result[7] = 1;
    for (;;) {
        m.h.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) | MACH_MSGH_BITS_COMPLEX;
        m.h.remote = w->arg[0];
        mach_msg_trap(&m, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0);
    }
}

static void excepts(struct worker *w)
{
    w->result[7] = 1;
    trap_beyond();
}

static void runs(struct worker *w)
{
    w->result[7] = 1;
    for (;;)
        ;
}

static void ends_itself(struct worker *w)
{
    w->result[7] = 1;
    simple_call(task_self, RPC_TASK_TERMINATE);
}

static void ends_own_thread(struct worker *w)
{
    w->result[7] = 1;
    simple_call(mach_thread_self(), RPC_THREAD_TERMINATE);
}

static void suspends_itself(struct worker *w)
{
    w->result[7] = 1;
    simple_call(mach_thread_self(), RPC_THREAD_SUSPEND);
    w->result[6] = 1;
}

static void (*const ways[])(struct worker *) = {
    receives, receives_timed, sends, excepts, runs, ends_itself, ends_own_thread, suspends_itself,
};

/* By its task's end, or (`alone`) by its own. Its messages still arrive, its ports are dead. */
static void one_death(void (*way)(struct worker *), bool alone)
{
    name_t port = new_port(), handler = new_port(), child = child_create();
    struct worker *w = worker_create(0, child);

    give(child, port);
    w->arg[0] = port;
    MUST(set_special(child, RPC_TASK_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, handler));
    worker_run(w, way);
    sleep_ms(10);
    CHECK_EQ(w->result[7], 1);
    CHECK_EQ(w->result[6], 0);
    if (alone)
        simple_call(w->thread, RPC_THREAD_TERMINATE);
    if (way != ends_itself)
        CHECK_EQ(simple_call(child, RPC_TASK_TERMINATE), 0);
    CHECK_EQ(simple_call(child, RPC_TASK_TERMINATE), MACH_SEND_INVALID_DEST);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, child), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread), 0);
    free_port(port);
    free_port(handler);
}

static void deaths(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
        for (unsigned alone = 0; alone < 2; alone++)
            one_death(ways[i], alone);
}

/* A waiting receiver or sender that is aborted hears so. */
static void aborted_receiver(struct worker *w)
{
    struct mach_msg_header h;

    w->result[0] = mach_msg_trap(&h, MACH_RCV_MSG, 0, sizeof(h), mach_reply_port(), 0, 0);
}

static void aborted_sender(struct worker *w)
{
    struct mach_msg_header h = {.bits = MACH_MSG_TYPE_COPY_SEND};

    do {
        h.bits = MACH_MSG_TYPE_COPY_SEND;
        h.remote = w->arg[0];
        w->result[0] = mach_msg_trap(&h, MACH_SEND_MSG, sizeof(h), 0, 0, 0, 0);
    } while (!w->result[0]);
}

static void aborting(void)
{
    name_t port = new_port(), child = child_create();
    struct worker *w = worker_create(0, child);

    give(child, port);
    w->arg[0] = port;
    worker_run(w, aborted_receiver);
    sleep_ms(5);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_ABORT), 0);
    worker_wait(w);
    CHECK_EQ(w->result[0], MACH_RCV_INTERRUPTED);
    worker_end(w);
    w = worker_create(0, child);
    w->arg[0] = port;
    worker_run(w, aborted_sender);
    sleep_ms(5);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_ABORT), 0);
    worker_wait(w);
    CHECK_EQ(w->result[0], MACH_SEND_INTERRUPTED);
    end_child(child, w);
    free_port(port);
}

/* Whoever waits for a port of a task that dies goes on. */
static void orphans(void)
{
    name_t child = child_create(), port = new_port(), notify = new_port(), previous;
    struct mach_msg_header h[2];
    struct mach_notification n;

    give_receive(child, port);
    CHECK_EQ(port_notify(port, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), 0);
    end_child(child, NULL);
    CHECK_EQ(receive_message(&n, sizeof(n), notify, 100), 0);
    CHECK_EQ(n.header.id, MACH_NOTIFY_DEAD_NAME);
    CHECK_EQ(n.value, port);
    h[0] = (struct mach_msg_header){.bits = MACH_MSG_TYPE_COPY_SEND, .remote = port};
    CHECK_EQ(send_message(h, sizeof(h[0]), 0), MACH_SEND_INVALID_DEST);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_DEAD_NAME, -2), 0);
    free_port(notify);
}

static uint32_t gsync_wait(name_t task, volatile uint64_t *word, uint32_t value, uint32_t ms,
                           uint32_t flags)
{
    struct call c;

    call_begin(&c);
    put64(&c, (uint64_t)word);
    put32(&c, value);
    put32(&c, 0);
    put32(&c, ms);
    put32(&c, flags);
    return call(&c, task, RPC_GSYNC_WAIT);
}

/* A simple routine: no reply. */
static uint32_t gsync_wake(name_t task, volatile uint64_t *word, uint32_t value, uint32_t flags)
{
    struct {
        struct mach_msg_header h;
        struct mach_arg a[3];
    } m = {.h = {.bits = MACH_MSG_TYPE_COPY_SEND, .remote = task, .id = RPC_GSYNC_WAKE}};

    *(uint64_t *)&m.a[0].type = MACH_TYPE_INT64;
    m.a[0].value = (uint64_t)word;
    *(uint64_t *)&m.a[1].type = *(uint64_t *)&m.a[2].type = MACH_TYPE_INT32;
    m.a[1].value = value;
    m.a[2].value = flags;
    return send_message(&m, sizeof(m), 0);
}

#define GSYNC_SHARED 1
#define GSYNC_TIMED 4
#define GSYNC_BROADCAST 8
#define GSYNC_MUTATE 16

static void syncs(struct worker *w)
{
    w->result[7] = 1;
    w->result[0] = 1 + gsync_wait(task_self, &shared->data[0], 7, 0, GSYNC_SHARED);
}

static void gsync(void)
{
    name_t child = child_create();
    struct worker *w = worker_create(0, child), *v = worker_create(1, child);

    shared->data[0] = 7;
    CHECK_EQ(gsync_wait(task_self, &shared->data[0], 8, 0, 0), KERN_INVALID_ARGUMENT);
    CHECK_EQ(gsync_wait(task_self, (uint64_t *)16, 8, 0, 0), KERN_INVALID_ADDRESS);
    CHECK_EQ(gsync_wait(task_self, &shared->data[0], 7, 0, 64), KERN_INVALID_ARGUMENT);
    CHECK_EQ(gsync_wait(task_self, &shared->data[0], 7, 5, GSYNC_TIMED), KERN_TIMEDOUT);
    worker_run(w, syncs);
    sleep_ms(5);
    CHECK(w->result[7] && !w->result[0]);
    CHECK_EQ(gsync_wake(task_self, &shared->data[0], 0, 0), 0); /* not by this task's address */
    sleep_ms(5);
    CHECK(!w->result[0]);
    CHECK_EQ(gsync_wake(task_self, &shared->data[0], 9, GSYNC_SHARED | GSYNC_MUTATE), 0);
    worker_wait(w);
    CHECK_EQ(w->result[0], 1);
    CHECK_EQ(shared->data[0], 9);
    shared->data[0] = 7;
    worker_run(v, syncs);
    sleep_ms(5);
    CHECK_EQ(simple_call(v->thread, RPC_THREAD_TERMINATE), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, v->thread), 0);
    end_child(child, w); /* with a wait in it */
    CHECK_EQ(gsync_wake(task_self, &shared->data[0], 0, GSYNC_SHARED | GSYNC_BROADCAST), 0);
}

/* What a child takes goes back, whatever it did: the same work again takes no more memory. */
static void leaks(void)
{
    uint32_t before, after;

    deaths();
    orphans();
    before = free_pages();
    for (int i = 0; i < 4; i++) {
        deaths();
        orphans();
    }
    after = free_pages();
    CHECK_EQ(after, before);
}

static name_t bare_task(name_t parent)
{
    struct call c;

    call_begin(&c);
    put_bool(&c, false);
    MUST(call(&c, parent, RPC_TASK_CREATE));
    return (name_t)get(&c);
}

static void empty_task(void)
{
    name_t child = bare_task(task_self);
    struct call c;

    call_begin(&c);
    put64(&c, 0);
    CHECK_EQ(call(&c, child, RPC_VM_REGION), KERN_NO_SPACE);
    end_child(child, NULL);
}

/* Has a value of its own in %xmm7 all the time. */
static void holds_xmm(struct worker *w)
{
    uint64_t value = 0x1122334455667788;

    asm volatile("movq %0, %%xmm7" : : "r"(value));
    w->result[7] = 1;
    while (!*(volatile uint64_t *)&w->arg[0])
        ;
    asm volatile("movq %%xmm7, %0" : "=r"(value));
    w->result[0] = value;
}

#define XMM7 (160 + 7 * 16)

static void xfloat_state(void)
{
    struct worker *w = worker_create(0, task_self);
    struct mach_xfloat_state s = {0};
    const uint32_t count = STATE_COUNT(struct mach_xfloat_state);
    struct call c;

    call_begin(&c);
    CHECK_EQ(call(&c, host_priv, RPC_XSTATE_SIZE), 0);
    CHECK_EQ(get(&c), sizeof(s));
    CHECK_EQ(simple_call(task_self, RPC_XSTATE_SIZE), KERN_INVALID_HOST);
    worker_run(w, holds_xmm);
    while (!*(volatile uint64_t *)&w->result[7])
        sleep_ms(1);
    MUST(simple_call(w->thread, RPC_THREAD_SUSPEND));
    CHECK_EQ(get_state(w->thread, STATE_XFLOAT, &s, count), 0);
    CHECK(s.initialized == 1 && s.kind == FP_387FX && s.save_kind == FP_FXSAVE);
    CHECK_EQ(*(uint64_t *)&s.image[XMM7], 0x1122334455667788);
    *(uint64_t *)&s.image[XMM7] = 42;
    s.save_kind = 0;
    CHECK_EQ(set_state(w->thread, STATE_XFLOAT, &s, count), KERN_INVALID_ARGUMENT);
    s.save_kind = FP_FXSAVE;
    CHECK_EQ(set_state(w->thread, STATE_XFLOAT, &s, count - 1), KERN_INVALID_ARGUMENT);
    CHECK_EQ(set_state(w->thread, STATE_XFLOAT, &s, count), 0);
    *(volatile uint64_t *)&w->arg[0] = 1;
    MUST(simple_call(w->thread, RPC_THREAD_RESUME));
    worker_wait(w);
    CHECK_EQ(w->result[0], 42);
    worker_end(w);
}

const struct test task_tests[] = {
    {"thread: i386_XFLOAT_STATE and its size", xfloat_state},
    {"task: suspend and resume", suspending},
    {"task: its threads", threads},
    {"task: information", info},
    {"task: special and registered ports", special_ports},
    {"task: an empty one", empty_task},
    {"task: thread_abort", aborting},
    {"task: gsync", gsync},
    {"task: death in every state", deaths},
    {"task: who waits for a dead one", orphans},
    {"task: nothing leaks", leaks},
    {0},
};
