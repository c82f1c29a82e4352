/* SPDX-License-Identifier: BSD-2-Clause */
/* MACH_SEND_NOTIFY: who is told, under which name, when what was queued beyond the limit is
 * taken. */
#include "bench/mach/mach.h"

static name_t to, notify;

static void begin(void)
{
    struct mach_msg_header h = {.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0)};

    to = new_port();
    notify = mach_reply_port();
    h.remote = to;
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(mach_msg_trap(&h, MACH_SEND_MSG, sizeof(h), 0, 0, 0, 0), 0);
}

static void end(void)
{
    free_port(to);
    free_port(notify);
}

static uint32_t send(uint32_t disposition, name_t name, uint32_t option, uint32_t timeout)
{
    struct mach_msg_header h = {.bits = MACH_MSGH_BITS(disposition, 0), .remote = name};

    return mach_msg_trap(&h, MACH_SEND_MSG | MACH_SEND_NOTIFY | option, sizeof(h), 0, 0, timeout,
                         notify);
}

/* All messages of the port are taken: the name that the notice has. */
static name_t accepted(name_t port)
{
    struct mach_notification n = {0};

    while (receive_message(&n, sizeof(n), port, 0) == MACH_MSG_SUCCESS)
        ;
    CHECK_EQ(receive_message(&n, sizeof(n), notify, 0), 0);
    CHECK_EQ(n.header.id, MACH_NOTIFY_MSG_ACCEPTED);
    return (name_t)n.value;
}

/* With a timeout it waits that long, without one not at all. */
static void waits(void)
{
    uint64_t start;

    begin();
    start = now_ns();
    CHECK_EQ(send(MACH_MSG_TYPE_COPY_SEND, to, MACH_SEND_TIMEOUT, 20), MACH_SEND_WILL_NOTIFY);
    CHECK(now_ns() - start >= 20000000);
    CHECK_EQ(accepted(to), to);
    end();
    begin();
    CHECK_EQ(send(MACH_MSG_TYPE_COPY_SEND, to, 0, 1000000), MACH_SEND_WILL_NOTIFY);
    CHECK_EQ(accepted(to), to);
    end();
}

/* The notice follows the name, and there can be another for the new one. */
static void renamed(void)
{
    struct call c;

    begin();
    CHECK_EQ(send(MACH_MSG_TYPE_COPY_SEND, to, 0, 0), MACH_SEND_WILL_NOTIFY);
    call_begin(&c);
    put_name(&c, to);
    put_name(&c, 0x999);
    CHECK_EQ(call(&c, task_self, RPC_PORT_RENAME), 0);
    to = 0x999;
    port_mod_refs(to, MACH_PORT_RIGHT_SEND, 1);
    CHECK_EQ(send(MACH_MSG_TYPE_MOVE_SEND, to, 0, 0), MACH_SEND_NOTIFY_IN_PROGRESS);
    CHECK_EQ(accepted(to), to);
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send(MACH_MSG_TYPE_MAKE_SEND, to, 0, 0), 0);
    CHECK_EQ(send(MACH_MSG_TYPE_COPY_SEND, to, 0, 0), MACH_SEND_WILL_NOTIFY);
    CHECK_EQ(accepted(to), to);
    end();
}

static void taker(struct worker *w)
{
    struct mach_msg_header h;

    while (receive_message(&h, sizeof(h), (name_t)w->arg[0], 0) == MACH_MSG_SUCCESS)
        w->result[0]++;
}

/* The only right goes with the message: the notice has no name. */
static void nameless(void)
{
    struct mach_notification n;
    name_t child = child_create();
    struct worker *w = worker_create(0, child);

    begin();
    give_receive(child, to);
    CHECK_EQ(send(MACH_MSG_TYPE_MOVE_SEND, to, 0, 0), MACH_SEND_WILL_NOTIFY);
    CHECK_EQ(receive_message(&n, sizeof(n), notify, 0), MACH_RCV_TIMED_OUT);
    w->arg[0] = to;
    worker_run(w, taker);
    worker_wait(w);
    CHECK_EQ(w->result[0], MACH_PORT_QLIMIT_DEFAULT + 1);
    CHECK_EQ(receive_message(&n, sizeof(n), notify, 0), 0);
    CHECK(n.header.id == MACH_NOTIFY_MSG_ACCEPTED && n.value == MACH_PORT_NULL);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    free_port(w->thread);
    free_port(child);
    free_port(notify);
}

const struct test notice_tests[] = {
    {"notice: with and without a timeout", waits},
    {"notice: of a name that changes", renamed},
    {"notice: of a right that went with the message", nameless},
    {0},
};
