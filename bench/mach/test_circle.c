/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights and messages that could hold themselves: nothing may be left behind. */
#include "bench/mach/mach.h"
#include "l4k/lib/string.h"

static void counters(struct mach_counters *c)
{
    struct call k;
    uint32_t n;

    call_begin(&k);
    MUST(call(&k, host_priv, RPC_HOST_COUNTERS));
    memcpy(c, get_array(&k, &n), sizeof(*c));
}

/* Sends mach_port_extract_right for the receive right `name`, the reply to `reply`. */
static void send_extract(name_t name, name_t reply)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, MACH_MSG_TYPE_MOVE_RECEIVE);
    c.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    c.header.remote = task_self;
    c.header.local = reply;
    c.header.id = RPC_PORT_EXTRACT_RIGHT;
    CHECK_EQ(send_message(&c, 32 + c.bytes, 0), 0);
}

/* A right extracted into a reply to itself. */
static void extract_own(void)
{
    struct mach_counters a, b;

    counters(&a);
    for (int i = 0; i < 32; i++) {
        name_t r = mach_reply_port();

        send_extract(r, r);
    }
    counters(&b);
    CHECK_EQ(b.ports, a.ports);
    CHECK_EQ(b.messages, a.messages);
}

/* x is extracted, the reply goes to r; r then moves to x: a circle of two. */
static void extract_circle(void)
{
    struct mach_counters a, b;

    counters(&a);
    for (int i = 0; i < 32; i++) {
        struct call c;
        name_t r = mach_reply_port(), x = new_port();

        send_extract(x, r);
        call_begin(&c);
        put_port(&c, r, MACH_MSG_TYPE_MOVE_RECEIVE);
        c.header.bits |= MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
        c.header.remote = x;
        c.header.local = 0;
        CHECK_EQ(send_message(&c, 32 + c.bytes, 0), 0);
        CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, x), 0);
    }
    counters(&b);
    CHECK_EQ(b.ports, a.ports);
    CHECK_EQ(b.messages, a.messages);
}

/* A receive right that goes to its own port when it is destroyed, or to one that goes to the first. */
static void own_heir(void)
{
    struct mach_counters a, b;

    counters(&a);
    for (int i = 0; i < 32; i++) {
        name_t r = mach_reply_port(), x = mach_reply_port(), y = mach_reply_port(), previous;

        CHECK_EQ(port_notify(r, MACH_NOTIFY_PORT_DESTROYED, 0, r, &previous), 0);
        free_port(r);
        CHECK_EQ(port_notify(x, MACH_NOTIFY_PORT_DESTROYED, 0, y, &previous), 0);
        CHECK_EQ(port_notify(y, MACH_NOTIFY_PORT_DESTROYED, 0, x, &previous), 0);
        free_port(x);
        free_port(y);
    }
    counters(&b);
    CHECK_EQ(b.ports, a.ports);
    CHECK_EQ(b.messages, a.messages);
}

static void waiter(struct worker *w)
{
    static struct {
        struct mach_msg_header h;
        uint8_t more[128];
    } m;

    w->result[0] = mach_msg_trap(&m, MACH_RCV_MSG, 0, sizeof(m), (name_t)w->arg[0], 0, 0);
}

/* A receiver that waits takes what no queue could hold: the sender is told at once. */
static void notify_no_limit(void)
{
    struct mach_counters a, b;

    counters(&a);
    for (int i = 0; i < 2; i++) {
        struct worker *w = worker_create(0, task_self);
        name_t p = new_port(), n = mach_reply_port();
        struct {
            struct mach_msg_header h;
            uint8_t more[128];
        } m = {0};
        struct call c;

        w->arg[0] = p;
        worker_run(w, waiter);
        sleep_ms(50);
        call_begin(&c);
        put_name(&c, p);
        put32(&c, 0);
        CHECK_EQ(call(&c, task_self, RPC_PORT_SET_QLIMIT), 0);
        m.h.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
        m.h.remote = p;
        CHECK_EQ(mach_msg_trap(&m, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, 32, 0, 0, 0,
                               n),
                 MACH_SEND_WILL_NOTIFY);
        CHECK(worker_wait(w));
        CHECK_EQ(receive_message(&m, sizeof(m), n, 0), 0);
        CHECK_EQ(m.h.id, MACH_NOTIFY_MSG_ACCEPTED);
        worker_end(w);
        free_port(p);
        free_port(n);
    }
    counters(&b);
    CHECK_EQ(b.ports, a.ports);
    CHECK_EQ(b.messages, a.messages);
}

const struct test circle_tests[] = {
    {"circle: a right extracted into its own reply", extract_own},
    {"circle: of an extracted right and its reply port", extract_circle},
    {"circle: a right that its own port inherits", own_heir},
    {"circle: an accepted message that was never queued", notify_no_limit},
    {0},
};
