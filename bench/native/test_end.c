/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancel, and the end of threads and tasks, in every state and with partners in every state. */
#include "bench/native/native.h"
#include "l4k/lib/string.h"

/* A victim does one thing (its `arg` slots), in which its end finds it. Its holder is a thread that
 * takes one message, or none, and then waits for itself: for good. */
enum { ARG_HOLDER_GATE, ARG_HOLDER_TAKES, ARG_VICTIM };

static void hold(struct worker *w)
{
    if (w->arg[ARG_HOLDER_TAKES])
        CHECK_STATUS(op(OP_RECEIVE, 0, 0), OK);
    CHECK_STATUS(op(OP_RECEIVE_FROM, w->thread, 0), ERR_CANCELLED);
}

static void do_call(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_CALL, (unsigned)w->arg[ARG_HOLDER_GATE], 0);
    w->result[1]++;
}

static void do_timed_call(struct worker *w)
{
    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = UINT64_C(1) << 40;
    w->result[0] = (uint64_t)(int64_t)op(OP_CALL, (unsigned)w->arg[ARG_HOLDER_GATE], TAG_TIMEOUT);
    w->result[1]++;
}

static void do_send(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_SEND, (unsigned)w->arg[ARG_HOLDER_GATE], 0);
    w->result[1]++;
}

static void do_receive(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_RECEIVE, 0, 0);
    w->result[1]++;
    if (w->result[0] == OK) /* a partner's call: keep it waiting */
        (void)!op(OP_RECEIVE_FROM, w->thread, 0);
}

static void do_timed_receive(struct worker *w)
{
    worker_utcb(w)->receive_timeout = UINT64_C(1) << 40;
    w->result[0] = (uint64_t)(int64_t)op(OP_RECEIVE, 0, TAG_TIMEOUT);
    w->result[1]++;
    if (w->result[0] == OK)
        (void)!op(OP_RECEIVE_FROM, w->thread, 0);
}

static void do_receive_from(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_RECEIVE_FROM, w->thread, 0);
    w->result[1]++;
}

static void do_fault(struct worker *w)
{
    (void)w;
    fault_read(0x20000000);
}

static void do_spin(struct worker *w)
{
    for (;;)
        w->result[2]++;
}

struct state {
    const char *name;
    void (*run)(struct worker *); /* NULL: it is stopped */
    bool holder_takes;
    bool low; /* runs below the first thread, which finds it ready */
};

static const struct state states[] = {
    {"sending a call", do_call, false, false},
    {"waiting for a reply", do_call, true, false},
    {"waiting for a reply, timed", do_timed_call, true, false},
    {"sending a timed call", do_timed_call, false, false},
    {"sending", do_send, false, false},
    {"waiting for anyone", do_receive, false, false},
    {"waiting for anyone, timed", do_timed_receive, false, false},
    {"waiting for one", do_receive_from, false, false},
    {"faulted, taken", do_fault, true, false},
    {"faulted, not taken", do_fault, false, false},
    {"ready", do_spin, false, true},
    {"stopped", NULL, false, false},
};

static struct worker *holder, *victim;

/* Victim in `task`, in the given state. */
static void prepare(const struct state *s, unsigned task)
{
    holder = worker_create(0, CAP_TASK, 40);
    holder->arg[ARG_HOLDER_TAKES] = s->holder_takes;
    worker_run(holder, hold);
    victim = worker_create(1, task, s->low ? 20 : 40);
    victim->arg[ARG_HOLDER_GATE] = holder->gate;
    if (task == SLOT_CHILD) {
        give(holder->gate);
        give(victim->thread);
    }
    MUST(l4_do(victim->thread, THREAD_HANDLER, holder->gate, 0, 0, 0));
    if (s->run)
        worker_run(victim, s->run);
    if (s->low)
        sleep_us(3000);
}

static void clean_up(void)
{
    worker_destroy(victim);
    worker_destroy(holder);
}

static void cancel(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(states) && !shared->failure[0]; i++) {
        const struct state *s = &states[i];
        bool operation = s->run && s->run != do_fault && s->run != do_spin;

        prepare(s, CAP_TASK);
        CHECK_STATUS(l4_do(victim->thread, THREAD_CANCEL, 0, 0, 0, 0), OK);
        CHECK_EQ(victim->result[1], operation);
        if (operation)
            CHECK_STATUS(victim->result[0], ERR_CANCELLED);
        if (operation)
            CHECK_STATUS(worker_utcb(victim)->status, ERR_CANCELLED);
        if (shared->failure[0])
            say("# cancel: %s\n", s->name);
        clean_up();
    }
}

/* Whoever holds its message has nobody to answer to. */
static void reply_to_nobody(struct worker *w)
{
    CHECK_STATUS(op(OP_RECEIVE, 0, 0), OK);
    CHECK_STATUS(op(OP_RECEIVE_FROM, w->thread, 0), ERR_CANCELLED);
    CHECK_STATUS(op(OP_REPLY, 0, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_REPLY_TO, (unsigned)w->arg[ARG_VICTIM], 0), ERR_DEAD);
}

static void cancelled_caller(void)
{
    prepare(&states[1], CAP_TASK);
    worker_destroy(holder);
    holder = worker_create(0, CAP_TASK, 40);
    holder->arg[ARG_VICTIM] = victim->thread;
    worker_run(holder, reply_to_nobody);
    worker_run(victim, do_call);
    CHECK_STATUS(l4_do(victim->thread, THREAD_CANCEL, 0, 0, 0, 0), OK);
    CHECK_STATUS(l4_do(holder->thread, THREAD_CANCEL, 0, 0, 0, 0), OK);
    worker_wait(holder);
    clean_up();
}

static void partner_calls(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_CALL, (unsigned)w->arg[ARG_VICTIM], 0);
    w->result[1] = 1;
}

static void partner_timed_call(struct worker *w)
{
    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = UINT64_C(1) << 40;
    w->result[0] = (uint64_t)(int64_t)op(OP_CALL, (unsigned)w->arg[ARG_VICTIM], TAG_TIMEOUT);
    w->result[1] = 1;
}

static void partner_waits(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_RECEIVE_FROM, (unsigned)w->arg[ARG_VICTIM], 0);
    w->result[1] = 1;
}

static void (*const partners[])(struct worker *) = {partner_calls, partner_timed_call,
                                                    partner_waits};

/* The holder waits as before, and goes on when told to. */
static void check_holder(void)
{
    CHECK(!holder->done);
    CHECK_STATUS(l4_do(holder->thread, THREAD_CANCEL, 0, 0, 0, 0), OK);
    CHECK(holder->done);
}

static void end_one(const struct state *s, void (*partner_run)(struct worker *), bool whole_task)
{
    struct worker *partner;

    child_create();
    prepare(s, SLOT_CHILD);
    partner = worker_create(2, CAP_TASK, 40);
    partner->arg[ARG_VICTIM] = partner_run == partner_waits ? victim->thread : victim->gate;
    worker_run(partner, partner_run);
    CHECK_EQ(partner->result[1], 0);
    if (whole_task)
        CHECK_STATUS(l4_do(SLOT_CHILD, TASK_DESTROY, 0, 0, 0, 0), OK);
    else
        CHECK_STATUS(l4_do(victim->thread, THREAD_DESTROY, 0, 0, 0, 0), OK);
    CHECK_EQ(partner->result[1], 1);
    CHECK_STATUS(partner->result[0], ERR_DEAD);
    CHECK_STATUS(l4_do(victim->thread, THREAD_CANCEL, 0, 0, 0, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_CALL, victim->gate, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_RECEIVE_FROM, victim->thread, 0), ERR_DEAD);
    check_holder();
    worker_destroy(partner);
    clean_up();
    child_destroy();
}

static void all_ends(bool whole_task)
{
    for (unsigned i = 0; i < ARRAY_SIZE(states); i++)
        for (unsigned p = 0; p < ARRAY_SIZE(partners) && !shared->failure[0]; p++) {
            end_one(&states[i], partners[p], whole_task);
            if (shared->failure[0])
                say("# end: %s, partner %u\n", states[i].name, p);
        }
}

/* The second time leaves as much memory as there was before. */
static void without_loss(void (*run)(bool), bool argument)
{
    uint64_t before;

    run(argument);
    before = memory_free();
    run(argument);
    CHECK_EQ(memory_free(), before);
}

static void thread_ends(void)
{
    without_loss(all_ends, false);
}

static void task_ends(void)
{
    without_loss(all_ends, true);
}

static void end_self(struct worker *w)
{
    (void)!l4_do(w->thread, THREAD_DESTROY, 0, 0, 0, 0);
    w->result[1] = 1;
}

static void end_own_task(struct worker *w)
{
    (void)!l4_do(SLOT_CHILD, TASK_DESTROY, 0, 0, 0, 0);
    w->result[1] = 1;
}

static void stop_self(struct worker *w)
{
    w->result[0]++;
    (void)!l4_do(w->thread, THREAD_STOP, 0, 0, 0, 0);
    w->result[1]++;
}

static void end_running(bool whole_task)
{
    struct worker *w;

    child_create();
    give(SLOT_CHILD);
    w = worker_create(0, SLOT_CHILD, 40);
    give(w->thread);
    worker_run(w, whole_task ? end_own_task : end_self);
    CHECK_EQ(w->result[1], 0);
    CHECK_STATUS(l4_do(w->thread, THREAD_RESUME, 0, 0, 0, 0), ERR_DEAD);
    worker_destroy(w);
    child_destroy();
}

static void ends_self(void)
{
    without_loss(end_running, false);
    without_loss(end_running, true);
}

static void stop_and_resume(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);
    uint64_t words[MESSAGE_REGISTERS] = {0};

    worker_run(w, stop_self);
    CHECK_EQ(w->result[0], 1);
    CHECK_EQ(w->result[1], 0);
    CHECK_STATUS(l4_do(w->thread, THREAD_RESUME, 0, 0, 0, 0), OK);
    CHECK_EQ(w->result[1], 1);
    CHECK_STATUS(l4_invoke(w->thread, THREAD_STOP, words), OK);
    CHECK_EQ(words[0], 0); /* it waits for a message, and goes on waiting */
    CHECK_STATUS(op(OP_SEND, w->gate, 0), OK);
    worker_destroy(w);
    w = worker_create(0, CAP_TASK, 20);
    worker_run(w, do_spin);
    sleep_us(3000);
    CHECK_STATUS(l4_invoke(w->thread, THREAD_STOP, words), OK);
    CHECK_EQ(words[0], 1);
    words[1] = w->result[2];
    sleep_us(3000);
    CHECK(words[1] > 0);
    CHECK_EQ(w->result[2], words[1]);
    worker_destroy(w);
}

/* A task that holds the only capabilities for others ends, and they with it (a task with a
 * thread, or with a capability for itself, does not end before it is told to). */
static void nested_tasks(bool unused)
{
    (void)unused;
    child_create();
    MUST(l4_do(CAP_TASK, TASK_CREATE, SLOT_TEST, 0, 0, 0));
    MUST(l4_do(SLOT_TEST, TASK_CREATE, SLOT_TEST + 1, 0, 0, 0));
    MUST(l4_do(SLOT_TEST, TASK_GATE, SLOT_TEST + 2, CAP_THREAD, 1, 0));
    MUST(l4_do(SLOT_TEST, TASK_TIMER, SLOT_TEST + 3, CAP_THREAD, 1, 0));
    MUST(l4_do(SLOT_TEST, TASK_OBJECT, SLOT_TEST + 4, 0x10000, 0, 0));
    MUST(l4_do(SLOT_TEST + 3, TIMER_SET, now_ns() + 1000000000, 0, 0, 0));
    MUST(map_memory(SLOT_TEST, 0x400000, 0x4000, PROT_R | PROT_W));
    MUST(l4_do(SLOT_TEST, TASK_COPY_OUT, 0x400000, (uint64_t)shared, 0x4000, 0));
    for (unsigned i = 0; i < 5; i++) {
        give(SLOT_TEST + i);
        MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST + i, 0, 0, 0));
    }
    MUST(l4_do(CAP_TASK, TASK_CAP_COPY, SLOT_TEST, SLOT_CHILD, 0, 0));
    child_destroy();
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
}

static void limited_task(bool unused)
{
    (void)unused;
    CHECK_STATUS(l4_do(CAP_TASK, TASK_CREATE, SLOT_TEST, UINT64_C(1) << 50, 0, 0), ERR_NO_MEMORY);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_CREATE, SLOT_TEST, 100, 0, 0), ERR_NO_MEMORY);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_CREATE, SLOT_TEST, 0x80000, 0, 0), OK);
    CHECK_STATUS(map_memory(SLOT_TEST, 0x400000, 0x1000000, PROT_R | PROT_W), OK);
    enum status s = OK;

    for (uint64_t at = 0; s == OK && at < 0x1000000; at += 0x10000)
        s = l4_do(SLOT_TEST, TASK_COPY_OUT, 0x400000 + at, (uint64_t)shared, 0x4000, 0);
    CHECK_STATUS(s, ERR_NO_MEMORY);
    for (unsigned i = 1; s == OK && i < 65536; i++)
        s = l4_do(SLOT_TEST, TASK_CAP_COPY, i, CAP_TASK, 0, 0);
    CHECK_STATUS(l4_do(SLOT_TEST, TASK_DESTROY, 0, 0, 0, 0), OK);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0), OK);
}

static void task_with_limit(void)
{
    without_loss(limited_task, false);
}

static void nested(void)
{
    without_loss(nested_tasks, false);
}

const struct test end_tests[] = {
    {"end: cancel in every state", cancel},
    {"end: reply to a cancelled caller", cancelled_caller},
    {"end: threads in every state", thread_ends},
    {"end: tasks in every state", task_ends},
    {"end: of oneself", ends_self},
    {"end: stop and resume", stop_and_resume},
    {"end: tasks held by tasks", nested},
    {"end: task with a limit", task_with_limit},
    {NULL, NULL},
};
