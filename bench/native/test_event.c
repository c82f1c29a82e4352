/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers and interrupts as messages; preemption and priorities. */
#include "bench/native/native.h"

#define BADGE_TIMER 0x71e4
#define LINE_SERIAL 4
#define SHORT_NS 3000000
#define SPIN_NS 60000000
#define PATIENCE_NS 1000000000

static bool receive(struct l4_message *m, uint64_t timeout_us)
{
    *m = (struct l4_message){.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0) | TAG_TIMEOUT};
    root_utcb()->receive_timeout = timeout_us;
    l4_ipc(m);
    return !m->carry;
}

static void check_event(const struct l4_message *m, uint64_t badge, uint64_t count)
{
    CHECK_EQ(m->tag, (uint64_t)LABEL_INTERRUPT << TAG_LABEL_SHIFT);
    CHECK_EQ(m->label, badge);
    CHECK_EQ(m->w[0], count);
    CHECK_EQ(m->w[1] | m->w[2] | m->w[3] | m->w[4] | m->w[5], 0);
}

static void set_timer(uint64_t deadline)
{
    CHECK_STATUS(l4_do(SLOT_TEST, TIMER_SET, deadline, 0, 0, 0), OK);
}

static void timer(void)
{
    struct l4_message m;
    uint64_t deadline = now_ns() + SHORT_NS;

    MUST(l4_do(CAP_TASK, TASK_TIMER, SLOT_TEST, CAP_THREAD, BADGE_TIMER, 0));
    set_timer(deadline);
    CHECK(receive(&m, 1000000)); /* the target waits */
    CHECK(now_ns() >= deadline);
    check_event(&m, BADGE_TIMER, 1);
    set_timer(1); /* long ago */
    while (!receive(&m, 0)) /* it comes before the target waits */
        if (!CHECK(now_ns() < deadline + PATIENCE_NS))
            return;
    check_event(&m, BADGE_TIMER, 1);
    set_timer(now_ns() + SHORT_NS);
    set_timer(0);
    CHECK(!receive(&m, 2 * SHORT_NS / 1000));
    set_timer(UINT64_MAX);
    CHECK_STATUS(l4_do(SLOT_TEST, 99, 0, 0, 0, 0), ERR_INVALID);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
}

/* A closed wait does not take events; they stay. A timer that is deleted takes its events along. */
static void timer_and_closed_wait(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);
    struct l4_message m;

    MUST(l4_do(CAP_TASK, TASK_TIMER, SLOT_TEST, CAP_THREAD, BADGE_TIMER, 0));
    set_timer(1);
    root_utcb()->receive_timeout = SHORT_NS / 1000;
    CHECK_STATUS(op(OP_RECEIVE_FROM, w->thread, TAG_TIMEOUT), ERR_TIMEOUT);
    CHECK(receive(&m, 0));
    check_event(&m, BADGE_TIMER, 1);
    set_timer(1);
    CHECK_STATUS(op(OP_RECEIVE_FROM, w->thread, TAG_TIMEOUT), ERR_TIMEOUT);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
    CHECK(!receive(&m, 0));
    worker_destroy(w);
}

static void wait_for_event(struct worker *w)
{
    (void)w;
    (void)!op(OP_RECEIVE, 0, 0);
}

/* Timers of a thread that ends: pending, set, and for good off. */
static void timers_of_the_dead(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct worker *w = worker_create(0, CAP_TASK, 40);

        MUST(l4_do(CAP_TASK, TASK_TIMER, SLOT_TEST, w->thread, BADGE_TIMER, 0));
        set_timer(i == 0 ? 1 : now_ns() + SHORT_NS);
        if (i == 1)
            worker_run(w, wait_for_event);
        sleep_us(i == 0 ? SHORT_NS / 1000 : 0);
        worker_destroy(w);
        sleep_us(2 * SHORT_NS / 1000);
        set_timer(1);
        sleep_us(SHORT_NS / 1000);
        MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
    }
}

static void timer_of_the_dead(void)
{
    uint64_t before;

    timers_of_the_dead();
    before = memory_free();
    timers_of_the_dead();
    CHECK_EQ(memory_free(), before);
}

static void interrupts(void)
{
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, 0, CAP_THREAD, 1), ERR_INVALID);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, 2, CAP_THREAD, 1), ERR_INVALID);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, 16, CAP_THREAD, 1), ERR_INVALID);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, UINT64_C(1) << 32 | 4, CAP_THREAD,
                       1), ERR_INVALID);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, LINE_SERIAL, 999, 1), ERR_NO_CAP);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, CAP_TASK, LINE_SERIAL, CAP_THREAD, 1),
                 ERR_EXISTS);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, LINE_SERIAL, CAP_THREAD, 1), OK);
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST + 1, LINE_SERIAL, CAP_THREAD, 1),
                 ERR_BUSY);
    CHECK_STATUS(l4_do(SLOT_TEST, INTERRUPT_ACK, 0, 0, 0, 0), OK);
    CHECK_STATUS(l4_do(SLOT_TEST, 7, 0, 0, 0, 0), ERR_INVALID);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
    CHECK_STATUS(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, LINE_SERIAL, CAP_THREAD, 1), OK);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
}

/* Counts until arg[0]. */
static void spin(struct worker *w)
{
    w->result[1] = now_ns();
    while (now_ns() < w->arg[0])
        w->result[0]++;
    w->result[2] = now_ns();
}

static void equals_share(void)
{
    struct worker *w[3];
    uint64_t end = now_ns() + SPIN_NS;

    for (unsigned i = 0; i < ARRAY_SIZE(w); i++) {
        w[i] = worker_create(i, CAP_TASK, 20);
        w[i]->arg[0] = end;
        worker_run(w[i], spin);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(w); i++)
        worker_wait(w[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(w); i++) {
        CHECK(w[i]->result[0] > 0);
        CHECK(w[i]->result[1] < end); /* it began before the others were through */
        CHECK(w[i]->result[0] * 20 > w[(i + 1) % 3]->result[0]);
        worker_destroy(w[i]);
    }
}

/* The lower one runs when the higher one is through. */
static void higher_goes_first(void)
{
    struct worker *low = worker_create(0, CAP_TASK, 20), *high = worker_create(1, CAP_TASK, 21);

    low->arg[0] = high->arg[0] = now_ns() + SPIN_NS / 3;
    worker_run(low, spin);
    worker_run(high, spin);
    worker_wait(low);
    worker_wait(high);
    CHECK(low->result[0] == 0 || low->result[1] >= high->result[2]);
    worker_destroy(low);
    worker_destroy(high);
}

static void note_time(struct worker *w)
{
    (void)!op(OP_RECEIVE, 0, 0);
    w->result[0] = now_ns();
}

/* A timer wakes a thread above the one that runs: it runs at once. */
static void wake_up_preempts(void)
{
    struct worker *low = worker_create(0, CAP_TASK, 20), *high = worker_create(1, CAP_TASK, 21);
    uint64_t deadline = now_ns() + SPIN_NS / 3;

    MUST(l4_do(CAP_TASK, TASK_TIMER, SLOT_TEST, high->thread, BADGE_TIMER, 0));
    set_timer(deadline);
    low->arg[0] = deadline + SPIN_NS / 3;
    worker_run(high, note_time);
    worker_run(low, spin);
    worker_wait(low);
    worker_wait(high);
    CHECK(high->result[0] >= deadline && high->result[0] < low->result[2]);
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, SLOT_TEST, 0, 0, 0));
    worker_destroy(low);
    worker_destroy(high);
}

/* Each adds to a row who it is, and yields. */
static void take_turns(struct worker *w)
{
    for (unsigned i = 0; i < 8; i++) {
        shared->data[1 + shared->data[0]++] = w->index;
        CHECK_STATUS(op(OP_YIELD, 0, 0), OK);
    }
}

static void yield(void)
{
    struct worker *w[2];
    unsigned changes = 0;

    shared->data[0] = 0;
    for (unsigned i = 0; i < 2; i++) {
        w[i] = worker_create(i, CAP_TASK, 20);
        worker_run(w[i], take_turns);
    }
    for (unsigned i = 0; i < 2; i++)
        worker_wait(w[i]);
    CHECK_EQ(shared->data[0], 16);
    for (unsigned i = 1; i < 16; i++)
        changes += shared->data[i] != shared->data[i + 1];
    CHECK(changes >= 13); /* a tick may fall in */
    worker_destroy(w[0]);
    worker_destroy(w[1]);
}

static void raise_and_lower(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 20);

    w->arg[0] = now_ns() + SHORT_NS;
    worker_run(w, spin);
    CHECK_EQ(w->result[1], 0);
    CHECK_STATUS(l4_do(w->thread, THREAD_PRIORITY, 64, 0, 0, 0), ERR_INVALID);
    CHECK_STATUS(l4_do(w->thread, THREAD_PRIORITY, 50, 0, 0, 0), OK);
    CHECK(w->done); /* it ran at once, and to its end */
    CHECK_STATUS(l4_do(CAP_THREAD, THREAD_PRIORITY, PRIORITY_ROOT, 0, 0, 0), OK);
    worker_destroy(w);
}

const struct test event_tests[] = {
    {"event: timer", timer},
    {"event: timer and closed wait", timer_and_closed_wait},
    {"event: timer of the dead", timer_of_the_dead},
    {"event: interrupt lines", interrupts},
    {"priority: equals share", equals_share},
    {"priority: higher goes first", higher_goes_first},
    {"priority: wake-up preempts", wake_up_preempts},
    {"priority: yield", yield},
    {"priority: raise and lower", raise_and_lower},
    {NULL, NULL},
};
