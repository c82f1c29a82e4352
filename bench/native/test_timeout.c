/* SPDX-License-Identifier: BSD-2-Clause */
/* Timeouts of sending, receiving and waiting for a reply: zero, some microseconds, never. */
#include "bench/native/native.h"

#define WAIT_US 3000
#define SLACK_NS 2000000000

/* The operation, with both timeouts, ends with ERR_TIMEOUT after `us` microseconds at least. */
static void times_out(unsigned operation, unsigned cap, uint64_t send, uint64_t receive,
                      uint64_t us)
{
    uint64_t start = now_ns(), taken;

    root_utcb()->send_timeout = send;
    root_utcb()->receive_timeout = receive;
    root_utcb()->status = 0;
    CHECK_STATUS(op(operation, cap, TAG_TIMEOUT), ERR_TIMEOUT);
    CHECK_STATUS(root_utcb()->status, ERR_TIMEOUT);
    taken = now_ns() - start;
    CHECK(taken >= us * 1000);
    CHECK(taken < us * 1000 + SLACK_NS);
}

static void deaf(struct worker *w)
{
    (void)!op(OP_RECEIVE_FROM, w->thread, 0);
}

static void send_timeouts(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);

    times_out(OP_CALL, w->gate, 0, NO_TIMEOUT, 0); /* stopped */
    worker_run(w, deaf);
    times_out(OP_CALL, w->gate, 0, NO_TIMEOUT, 0);
    times_out(OP_SEND, w->gate, 0, 0, 0);
    times_out(OP_CALL, w->gate, WAIT_US, NO_TIMEOUT, WAIT_US);
    times_out(OP_SEND, w->gate, WAIT_US, 0, WAIT_US);
    worker_destroy(w);
}

static void receive_timeouts(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);

    times_out(OP_RECEIVE, 0, 0, 0, 0);
    times_out(OP_RECEIVE, 0, 0, WAIT_US, WAIT_US);
    times_out(OP_RECEIVE_FROM, w->thread, 0, 0, 0);
    times_out(OP_RECEIVE_FROM, w->thread, 0, WAIT_US, WAIT_US);
    times_out(OP_REPLY_WAIT, 0, 0, WAIT_US, WAIT_US);
    worker_destroy(w);
}

/* Takes a message, gives the sender time to go away, and answers it. */
static void late_server(struct worker *w)
{
    CHECK_STATUS(op(OP_RECEIVE, 0, 0), OK);
    w->result[0] = 1;
    worker_utcb(w)->receive_timeout = 20 * WAIT_US;
    CHECK_STATUS(op(OP_RECEIVE_FROM, w->thread, TAG_TIMEOUT), ERR_TIMEOUT);
    CHECK_STATUS(op(OP_REPLY, 0, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_REPLY_TO, CAP_THREAD, 0), ERR_DEAD);
}

static void reply_timeout(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);

    worker_run(w, late_server);
    times_out(OP_CALL, w->gate, NO_TIMEOUT, WAIT_US, WAIT_US);
    CHECK_EQ(w->result[0], 1);
    worker_wait(w);
    worker_destroy(w);
}

/* A call that was queued has its reply's timeout, too. */
static void queued_reply_timeout(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 20);

    worker_run(w, late_server);
    times_out(OP_CALL, w->gate, NO_TIMEOUT, WAIT_US, WAIT_US);
    CHECK_EQ(w->result[0], 1);
    worker_wait(w);
    worker_destroy(w);
}

/* Answers, then waits in vain. */
static void answer_and_wait(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    l4_ipc(&m);
    worker_utcb(w)->receive_timeout = WAIT_US;
    m.tag = l4_tag(OP_REPLY_WAIT, 0, 0, 0, 0) | TAG_TIMEOUT;
    m.label = 0x123456789abcdef0;
    l4_ipc(&m);
    CHECK(m.carry);
    CHECK_STATUS(m.tag, ERR_TIMEOUT);
}

static void reply_wait_timeout(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);
    struct l4_message m;

    worker_run(w, answer_and_wait);
    m = (struct l4_message){.tag = l4_tag(OP_CALL, w->gate, 0, 0, 0)};
    l4_ipc(&m);
    CHECK(!m.carry);
    CHECK_EQ(m.tag, 0x123456789abcdef0);
    worker_wait(w);
    worker_destroy(w);
}

/* arg: timeout. */
static void timed_receive(struct worker *w)
{
    worker_utcb(w)->receive_timeout = w->arg[0];
    w->result[0] = (uint64_t)op(OP_RECEIVE, 0, TAG_TIMEOUT);
    w->result[1] = 1;
}

/* Times that overflow nanoseconds mean never; a message that comes in time ends the timeout. */
static void long_timeouts(void)
{
    static const uint64_t times[] = {NO_TIMEOUT, NO_TIMEOUT - 1, UINT64_MAX / 1000,
                                     UINT64_MAX / 1000 + 1, UINT64_C(1) << 63, 1000000};

    for (unsigned i = 0; i < ARRAY_SIZE(times); i++) {
        struct worker *w = worker_create(0, CAP_TASK, 40);

        w->arg[0] = times[i];
        worker_run(w, timed_receive);
        sleep_us(WAIT_US);
        CHECK_EQ(w->result[1], 0);
        CHECK_STATUS(op(OP_SEND, w->gate, 0), OK);
        CHECK_EQ(w->result[1], 1);
        CHECK_STATUS(w->result[0], OK);
        worker_destroy(w);
    }
}

#define CALLS 100

static void echo(struct worker *w)
{
    (void)w;
    (void)!op(OP_RECEIVE, 0, 0);
    for (unsigned i = 0; i < CALLS; i++)
        (void)!op(OP_REPLY_WAIT, 0, 0);
}

/* Calls that are answered in time, then a wait without a timeout; arg: gate. */
static void timed_calls(struct worker *w)
{
    for (unsigned i = 0; i < CALLS; i++) {
        worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = WAIT_US;
        CHECK_STATUS(op(OP_CALL, (unsigned)w->arg[0], TAG_TIMEOUT), OK);
    }
    w->result[0] = 1;
    w->result[1] = (uint64_t)(int64_t)op(OP_RECEIVE, 0, 0);
    w->result[2] = 1;
}

/* Nothing is left of a timeout when the message or the reply came, fast or not. */
static void none_left(void)
{
    for (unsigned server_priority = 35; server_priority <= 45; server_priority += 10) {
        struct worker *s = worker_create(0, CAP_TASK, server_priority);
        struct worker *c = worker_create(1, CAP_TASK, 40);

        c->arg[0] = s->gate;
        worker_run(s, echo);
        worker_run(c, timed_calls);
        CHECK_EQ(c->result[0], 1);
        sleep_us(3 * WAIT_US);
        CHECK_EQ(c->result[2], 0);
        CHECK_STATUS(l4_do(c->thread, THREAD_CANCEL, 0, 0, 0, 0), OK);
        CHECK_STATUS(c->result[1], ERR_CANCELLED);
        worker_destroy(c);
        worker_destroy(s);
    }
}

const struct test timeout_tests[] = {
    {"timeout: of sending", send_timeouts},
    {"timeout: of receiving", receive_timeouts},
    {"timeout: of a reply", reply_timeout},
    {"timeout: of the reply to a queued call", queued_reply_timeout},
    {"timeout: of reply-and-wait", reply_wait_timeout},
    {"timeout: longest", long_timeouts},
    {"timeout: none left", none_left},
    {NULL, NULL},
};
