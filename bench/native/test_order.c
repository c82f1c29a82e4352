/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets which message, and which answer: several clients at one server, senders in order,
 * senders and receivers without UTCB, operations on nobody. */
#include "bench/native/native.h"

#define CLIENTS 4

/* Calls worker 0 with its own number; the answer is to be that number's. */
static void numbered_client(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_CALL, (unsigned)w->arg[0], 0, 0, w->index),
                           .w = {w->index}};

    l4_ipc(&m);
    CHECK(!m.carry);
    CHECK_EQ(m.tag, 100 + w->index);
    CHECK_EQ(m.w[0], 200 + w->index);
}

/* Takes all calls, then answers them by name, last first. */
static void collecting_server(struct worker *w)
{
    struct l4_message m;
    unsigned seen = 0;

    for (unsigned i = 0; i < CLIENTS; i++) {
        m = (struct l4_message){.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};
        l4_ipc(&m);
        CHECK_EQ(m.w[0], m.tag >> TAG_LABEL_SHIFT);
        CHECK_EQ(m.label, BADGE(0));
        seen = seen * 10 + (unsigned)m.w[0];
    }
    w->result[0] = seen;
    for (unsigned client = CLIENTS; client > 0; client--) {
        m = (struct l4_message){
            .tag = l4_tag(OP_REPLY_TO, shared->worker[client].thread, 0, 0, 0),
            .label = 100 + client, .w = {200 + client}};
        l4_ipc(&m);
        CHECK_STATUS(m.tag, OK);
        l4_ipc(&(struct l4_message){.tag = l4_tag(OP_YIELD, 0, 0, 0, 0)});
    }
}

/* Clients above the server and below it: they queue, or come one by one. */
static void answers(unsigned priority)
{
    struct worker *s = worker_create(0, CAP_TASK, 30), *c[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++) {
        c[i] = worker_create(i + 1, CAP_TASK, priority);
        c[i]->arg[0] = s->gate;
    }
    if (priority < 30)
        worker_run(s, collecting_server);
    for (unsigned i = 0; i < CLIENTS; i++)
        worker_run(c[i], numbered_client);
    if (priority >= 30)
        worker_run(s, collecting_server);
    for (unsigned i = 0; i < CLIENTS; i++)
        worker_wait(c[i]);
    worker_wait(s);
    CHECK_EQ(s->result[0], 1234); /* first come, first served */
    for (unsigned i = 0; i < CLIENTS; i++)
        worker_destroy(c[i]);
    worker_destroy(s);
}

static void many_clients(void)
{
    answers(40);
    answers(20);
}

/* Takes worker 2's message before worker 1's, which came first. */
static void choosing_server(struct worker *w)
{
    struct l4_message m = {
        .tag = l4_tag(OP_RECEIVE_FROM, shared->worker[2].thread, 0, 0, 0)};

    l4_ipc(&m);
    w->result[0] = m.w[0];
    m = (struct l4_message){.tag = l4_tag(OP_REPLY_WAIT, 0, 0, 0, 0), .label = 102, .w = {202}};
    l4_ipc(&m);
    w->result[1] = m.w[0];
    m = (struct l4_message){.tag = l4_tag(OP_REPLY, 0, 0, 0, 0), .label = 101, .w = {201}};
    l4_ipc(&m);
}

static void closed_wait_chooses(void)
{
    struct worker *w[3];

    for (unsigned i = 0; i < 3; i++) {
        w[i] = worker_create(i, CAP_TASK, 40);
        w[i]->arg[0] = w[0]->gate;
    }
    worker_run(w[1], numbered_client);
    worker_run(w[2], numbered_client);
    worker_run(w[0], choosing_server);
    for (unsigned i = 0; i < 3; i++)
        worker_wait(w[i]);
    CHECK_EQ(w[0]->result[0], 2);
    CHECK_EQ(w[0]->result[1], 1);
    for (unsigned i = 0; i < 3; i++)
        worker_destroy(w[i]);
}

static void nobody(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);

    CHECK_STATUS(op(OP_CALL, SLOT_ROOT_GATE, 0), ERR_INVALID); /* oneself */
    CHECK_STATUS(op(OP_SEND, SLOT_ROOT_GATE, 0), ERR_INVALID);
    CHECK_STATUS(op(OP_REPLY, 0, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_REPLY_TO, w->thread, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_REPLY_TO, CAP_THREAD, 0), ERR_DEAD);
    CHECK_STATUS(op(OP_REPLY_TO, CAP_TASK, 0), ERR_NO_CAP);
    CHECK_STATUS(op(OP_RECEIVE_FROM, SLOT_ROOT_GATE, 0), ERR_NO_CAP);
    CHECK_STATUS(op(OP_CALL, 0, 0), ERR_NO_CAP);
    for (unsigned operation = OP_RECEIVE_FROM + 1; operation < 16; operation++)
        CHECK_STATUS(op(operation, 0, 0), ERR_INVALID);
    worker_destroy(w);
}

/* Only registers, without a UTCB: two threads of another task, whose code is this one's. */
static void bare_server(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    l4_ipc(&m);
    w->result[0] = m.w[5];
    m.tag = l4_tag(OP_REPLY, 0, 20, 0, 0); /* more than it has */
    l4_ipc(&m);
    w->result[1] = m.tag;
    m.tag = l4_tag(OP_REPLY, 0, 0, 0, 0) | TAG_TIMEOUT;
    m.label = 5;
    l4_ipc(&m);
    w->result[2] = m.tag;
}

static void without_utcb(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);
    struct l4_message m;

    MUST(l4_do(w->thread, THREAD_DESTROY, 0, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, w->thread, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, w->gate, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_THREAD, w->thread, 0, 40, 0));
    MUST(l4_do(CAP_TASK, TASK_GATE, w->gate, w->thread, BADGE(0), 0));
    worker_run(w, bare_server);
    m = (struct l4_message){.tag = l4_tag(OP_CALL, w->gate, 7, 0, 0)};
    l4_ipc(&m);
    CHECK(m.carry);
    CHECK_STATUS(m.tag, ERR_TRUNCATED);
    m = (struct l4_message){.tag = l4_tag(OP_CALL, w->gate, 6, 0, 0), .w = {1, 2, 3, 4, 5, 66}};
    l4_ipc(&m);
    CHECK(!m.carry);
    CHECK_EQ(m.tag, 5);
    CHECK_EQ(m.w[5], 66);
    CHECK_EQ(w->result[0], 66);
    CHECK_STATUS(w->result[1], ERR_INVALID);
    CHECK_STATUS(w->result[2], OK);
    CHECK_STATUS(l4_do(w->thread, THREAD_LINUX, 0, 0x400000, 0, 0), ERR_INVALID);
    worker_destroy(w);
}

/* Counts that exceed the ABI's. */
static void too_long(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40);
    uint64_t too_many = (uint64_t)(UTCB_WORDS + 1) << TAG_WORDS_SHIFT;

    worker_run(w, bare_server);
    CHECK_STATUS(op(OP_CALL, w->gate, too_many), ERR_INVALID);
    CHECK_STATUS(op(OP_CALL, w->gate, (uint64_t)TAG_WORDS_MASK << TAG_WORDS_SHIFT), ERR_INVALID);
    CHECK_STATUS(op(OP_SEND, w->gate, (uint64_t)TAG_ITEMS_MASK << TAG_ITEMS_SHIFT), ERR_INVALID);
    CHECK_EQ(w->result[0], 0);
    worker_destroy(w);
}

const struct test order_tests[] = {
    {"order: many clients at one server", many_clients},
    {"order: closed wait chooses", closed_wait_chooses},
    {"order: nobody there", nobody},
    {"order: without UTCB", without_utcb},
    {"order: too long", too_long},
    {NULL, NULL},
};
