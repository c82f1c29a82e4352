/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that wait in a send or a receive, and what ends the wait: room, a higher limit, the
 * death of the port, of the sender, of the receiver, a receive right that goes away. */
#include "bench/mach/mach.h"

static struct {
    struct mach_msg_header h;
    struct mach_arg a;
    uint64_t room[8];
} m;

static uint32_t send_plain(name_t port, int32_t id)
{
    struct mach_msg_header h = {.bits = MACH_MSG_TYPE_MAKE_SEND, .remote = port, .id = id};

    return send_message(&h, sizeof(h), 0);
}

static void fill(name_t port)
{
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_plain(port, (int32_t)i), MACH_MSG_SUCCESS);
}

/* arg: port; a port that a send right to goes along, or 0; id. */
static void waiting_sender(struct worker *w)
{
    struct {
        struct mach_msg_header h;
        struct mach_arg a;
    } msg = {.h = {.bits = MACH_MSG_TYPE_COPY_SEND, .remote = w->arg[0], .id = (int32_t)w->arg[2]}};

    if (w->arg[1]) {
        msg.h.bits |= MACH_MSGH_BITS_COMPLEX;
        *(uint64_t *)&msg.a.type = MACH_TYPE_PORT(MACH_MSG_TYPE_COPY_SEND);
        msg.a.value = w->arg[1];
    }
    w->result[7] = 1;
    w->result[0] = mach_msg_trap(&msg, MACH_SEND_MSG, w->arg[1] ? sizeof(msg) : sizeof(msg.h), 0, 0,
                                 0, 0);
    w->result[1] = 1;
}

/* arg: port. */
static void waiting_receiver(struct worker *w)
{
    struct mach_msg_header h;

    w->result[7] = 1;
    w->result[0] = mach_msg_trap(&h, MACH_RCV_MSG, 0, sizeof(h), (name_t)w->arg[0], 0, 0);
    w->result[1] = 1;
}

/* A worker that has begun to wait. */
static struct worker *waiter(unsigned index, name_t task, void (*run)(struct worker *), name_t port,
                             name_t right)
{
    struct worker *w = worker_create(index, task);

    w->arg[0] = port;
    w->arg[1] = right;
    w->arg[2] = 100 + index;
    worker_run(w, run);
    sleep_ms(5);
    CHECK(w->result[7] && !w->result[1]);
    return w;
}

static void ended(struct worker *w, uint32_t result)
{
    worker_wait(w);
    CHECK_EQ(w->result[0], result);
    worker_end(w);
}

static void end_child(name_t child)
{
    CHECK_EQ(simple_call(child, RPC_TASK_TERMINATE), 0);
    free_port(child);
}

static uint32_t set_qlimit(name_t port, uint32_t limit)
{
    struct call c;

    call_begin(&c);
    put_name(&c, port);
    put32(&c, limit);
    return call(&c, task_self, RPC_PORT_SET_QLIMIT);
}

static uint32_t received_id(name_t port)
{
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_MSG_SUCCESS);
    return (uint32_t)m.h.id;
}

/* Room is given to senders in the order they came. */
static void room(void)
{
    name_t port = new_port();
    struct worker *w[2];

    fill(port);
    w[0] = waiter(0, task_self, waiting_sender, port, 0);
    w[1] = waiter(1, task_self, waiting_sender, port, 0);
    CHECK_EQ(received_id(port), 0);
    ended(w[0], MACH_MSG_SUCCESS);
    CHECK(!w[1]->result[1]);
    CHECK_EQ(set_qlimit(port, MACH_PORT_QLIMIT_DEFAULT + 1), KERN_SUCCESS);
    ended(w[1], MACH_MSG_SUCCESS);
    for (uint32_t i = 1; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(received_id(port), i);
    CHECK_EQ(received_id(port), 100);
    CHECK_EQ(received_id(port), 101);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_RCV_TIMED_OUT);
    free_port(port);
}

/* A limit of 0: each message waits for its receiver. */
static void no_room_at_all(void)
{
    name_t port = new_port();
    struct worker *w;

    CHECK_EQ(set_qlimit(port, 0), KERN_SUCCESS);
    CHECK_EQ(send_plain(port, 1), MACH_SEND_TIMED_OUT);
    free_port(port);
    port = new_port();
    fill(port);
    w = waiter(0, task_self, waiting_sender, port, 0);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_TERMINATE), KERN_SUCCESS);
    for (uint32_t i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(received_id(port), i);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_RCV_TIMED_OUT);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread), KERN_SUCCESS);
    free_port(port);
}

/* The port dies: waiting senders have sent; what they sent is gone, with its rights. */
static void port_death_with_senders(void)
{
    name_t port = new_port(), inner = new_port();
    struct mach_port_status status;
    struct worker *w[2];

    fill(port);
    w[0] = waiter(0, task_self, waiting_sender, port, inner);
    w[1] = waiter(1, task_self, waiting_sender, port, inner);
    CHECK_EQ(port_mod_refs(inner, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
    MUST(port_status(inner, &status));
    CHECK_EQ(status.srights, 1);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
    ended(w[0], MACH_MSG_SUCCESS);
    ended(w[1], MACH_MSG_SUCCESS);
    MUST(port_status(inner, &status));
    CHECK_EQ(status.srights, 0);
    free_port(port);
    free_port(inner);
}

/* A task dies with senders that wait: nothing of their messages remains. */
static void sender_death(void)
{
    name_t port = new_port(), inner = new_port(), child = child_create();
    struct mach_port_status status;
    struct worker *w;

    give(child, port);
    give(child, inner);
    CHECK_EQ(port_mod_refs(inner, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
    fill(port);
    w = waiter(0, child, waiting_sender, port, inner);
    end_child(child);
    free_port(w->thread);
    MUST(port_status(inner, &status));
    CHECK_EQ(status.srights, 0);
    for (uint32_t i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(received_id(port), i);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_RCV_TIMED_OUT);
    free_port(port);
    free_port(inner);
}

/* The receiver's task dies while senders of this task wait. */
static void receiver_task_death(void)
{
    name_t port = new_port(), child = child_create();
    struct worker *w;

    give_receive(child, port);
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
        struct mach_msg_header h = {.bits = MACH_MSG_TYPE_COPY_SEND, .remote = port};

        CHECK_EQ(send_message(&h, sizeof(h), 0), MACH_MSG_SUCCESS);
    }
    w = waiter(0, task_self, waiting_sender, port, 0);
    end_child(child);
    ended(w, MACH_MSG_SUCCESS);
    free_port(port);
}

/* What takes the port from under its receivers. */
static void receivers(void)
{
    name_t port = new_port(), set, child = child_create();
    struct worker *w;
    struct call c;

    w = waiter(0, task_self, waiting_receiver, port, 0);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
    ended(w, MACH_RCV_PORT_DIED);
    free_port(port);

    port = new_port();
    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set));
    w = waiter(0, task_self, waiting_receiver, port, 0);
    call_begin(&c);
    put_name(&c, port);
    put_name(&c, set);
    CHECK_EQ(call(&c, task_self, RPC_PORT_MOVE_MEMBER), KERN_SUCCESS);
    ended(w, MACH_RCV_PORT_CHANGED);

    w = waiter(0, task_self, waiting_receiver, set, 0);
    CHECK_EQ(send_plain(port, 7), MACH_MSG_SUCCESS);
    ended(w, MACH_MSG_SUCCESS);
    w = waiter(0, task_self, waiting_receiver, set, 0);
    free_port(set);
    ended(w, MACH_RCV_PORT_DIED);

    w = waiter(0, task_self, waiting_receiver, port, 0);
    give_receive(child, port);
    ended(w, MACH_RCV_PORT_DIED);
    end_child(child);
    free_port(port);
}

const struct test state_tests[] = {
    {"wait: senders and room", room},
    {"wait: a sender that ends", no_room_at_all},
    {"wait: senders of a dying port", port_death_with_senders},
    {"wait: the sender's task dies", sender_death},
    {"wait: the receiver's task dies", receiver_task_death},
    {"wait: receivers of a dying port", receivers},
    {0},
};
