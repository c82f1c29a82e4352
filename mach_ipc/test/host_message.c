/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_msg: RPC, sets, limits, timeouts, notifications, refusals, deaths. After each test nothing
 * may be left of ports, rights, messages or memory. */
#include "mach_ipc/test/message_test.h"

#define SEND_RCV (MACH_SEND_MSG | MACH_RCV_MSG)

/* Client and server in combined send and receive; each leg hands over directly. */
static void rpc(void **state)
{
    mach_port_name_t service = new_port(bob), reply = new_port(alice);
    mach_port_name_t dest = give(bob, service, MACH_MSG_TYPE_MAKE_SEND, alice);
    struct message m;

    (void)state;
    assert_int_equal(receive(tb, service), -1);
    for (int i = 0; i < 5; i++) {
        unsigned switches = fake_switches;

        m = header(MACH_MSG_TYPE_COPY_SEND, dest, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply, 100 + i);
        assert_int_equal(msg(ta, &m, SEND_RCV, HEADER, reply, 0, 0), -1);
        assert_int_equal(result(tb), MACH_MSG_SUCCESS);
        assert_int_equal(fake_switches, switches + 1);
        m = received(tb);
        assert_int_equal(m.header.bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE,
                                                       MACH_MSG_TYPE_PORT_SEND));
        assert_int_equal(m.header.local, service);
        assert_int_equal(m.header.size, HEADER);
        assert_int_equal(m.header.seqno, i);
        assert_int_equal(m.header.id, 100 + i);
        assert_int_equal(type_of(bob, (mach_port_name_t)m.header.remote),
                         MACH_PORT_TYPE_SEND_ONCE);
        m = header(MACH_MSG_TYPE_MOVE_SEND_ONCE, (mach_port_name_t)m.header.remote, 0, 0, 200 + i);
        assert_int_equal(msg(tb, &m, SEND_RCV, HEADER, service, 0, 0), -1);
        assert_int_equal(fake_switches, switches + 2);
        assert_int_equal(result(ta), MACH_MSG_SUCCESS);
        m = received(ta);
        assert_int_equal(m.header.id, 200 + i);
        assert_int_equal(m.header.seqno, i);
        assert_int_equal(m.header.local, reply);
        assert_int_equal(m.header.remote, MACH_PORT_NULL);
        assert_int_equal(m.header.bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
    }
    assert_int_equal(client_space(bob)->count, 1);
    assert_int_equal(status_of(bob, service).srights, 1);
}

static void echo_server(struct mach_thread *self, struct kmsg *request, struct kmsg **reply,
                        struct mach_thread **next)
{
    (void)self, (void)next;
    if (request->header.id == MACH_NOTIFY_SEND_ONCE)
        return;
    assert_ptr_equal(kmsg_remote(request)->kobject, &alice->task);
    *reply = request;
    if (request->header.id & 1)
        *reply = kmsg_alloc(HEADER, NULL);
    (*reply)->header.bits &= ~MACH_MSGH_BITS_COMPLEX;
    (*reply)->header.size = HEADER;
    (*reply)->header.id = request->header.id + 100;
}

static void kernel_rpc(void **state)
{
    mach_port_name_t reply = new_port(alice), set = new_set(alice), self;
    struct port *p = port_alloc_kernel(NULL, KOBJECT_TASK, &alice->task);
    struct message m;

    (void)state;
    fake_server = echo_server;
    assert_int_equal(right_copyout(client_space(alice), port_make_send(p), MACH_MSG_TYPE_PORT_SEND,
                                   false, &self), 0);
    for (int id = 2000; id < 2004; id++) {
        m = header(MACH_MSG_TYPE_COPY_SEND, self, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply, id);
        assert_int_equal(msg(ta, &m, SEND_RCV, HEADER, reply, 0, 0), MACH_MSG_SUCCESS);
        assert_int_equal(received(ta).header.id, id + 100);
        assert_int_equal(received(ta).header.seqno, id - 2000);
        assert_int_equal(received(ta).header.local, reply);
    }
    /* Through a set the reply is queued first. */
    assert_int_equal(mach_port_move_member(client_space(alice), reply, set), 0);
    m = header(MACH_MSG_TYPE_COPY_SEND, self, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply, 2010);
    assert_int_equal(msg(ta, &m, SEND_RCV, HEADER, set, 0, 0), MACH_MSG_SUCCESS);
    assert_int_equal(received(ta).header.id, 2110);
    assert_int_equal(received(ta).header.seqno, 4);
    fake_no_senders = 0;
    assert_int_equal(mach_port_deallocate(client_space(alice), self), 0);
    assert_int_equal(fake_no_senders, 1);
    port_destroy(p);
}

static void send_id(struct mach_thread *t, mach_port_name_t dest, int32_t id, int64_t expected)
{
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, id);

    assert_int_equal(send(t, &m), expected);
}

static void port_sets(void **state)
{
    mach_port_name_t set = new_set(bob), p[3], dest[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        p[i] = new_port(bob);
        dest[i] = give(bob, p[i], MACH_MSG_TYPE_MAKE_SEND, alice);
    }
    send_id(ta, dest[2], 20, 0); /* queued before it is a member */
    for (int i = 0; i < 3; i++)
        assert_int_equal(mach_port_move_member(client_space(bob), p[i], set), 0);
    assert_int_equal(receive(tb, p[0]), MACH_RCV_IN_SET);
    send_id(ta, dest[0], 0, 0);
    send_id(ta, dest[0], 1, 0);
    send_id(ta, dest[1], 10, 0);
    /* In turn: 2, 0, 1, 0. */
    assert_int_equal(receive(tb, set), 0);
    assert_int_equal(received(tb).header.id, 20);
    assert_int_equal(received(tb).header.local, p[2]);
    assert_int_equal(receive(tb, set), 0);
    assert_int_equal(received(tb).header.id, 0);
    assert_int_equal(receive(tb, set), 0);
    assert_int_equal(received(tb).header.id, 10);
    assert_int_equal(receive(tb, set), 0);
    assert_int_equal(received(tb).header.id, 1);
    assert_int_equal(receive(tb, set), -1);
    send_id(ta, dest[1], 11, 0);
    assert_int_equal(result(tb), 0);
    assert_int_equal(status_of(bob, p[1]).pset, set);
    assert_int_equal(mach_port_move_member(client_space(bob), p[1], MACH_PORT_NULL), 0);
    assert_int_equal(mach_port_move_member(client_space(bob), p[1], MACH_PORT_NULL),
                     KERN_NOT_IN_SET);
    assert_int_equal(receive(tb, p[1]), -1);
    assert_int_equal(mach_port_move_member(client_space(bob), p[1], set), 0);
    run_ready();
    assert_int_equal(result(tb), MACH_RCV_PORT_CHANGED);
    /* Queued messages find the receiver of the set they enter. */
    assert_int_equal(mach_port_move_member(client_space(bob), p[1], MACH_PORT_NULL), 0);
    send_id(ta, dest[1], 12, 0);
    assert_int_equal(receive(tb, set), -1);
    assert_int_equal(mach_port_move_member(client_space(bob), p[1], set), 0);
    run_ready();
    assert_int_equal(result(tb), 0);
    assert_int_equal(received(tb).header.id, 12);
    assert_int_equal(receive(tb, set), -1);
    assert_int_equal(mach_port_destroy(client_space(bob), set), 0);
    run_ready();
    assert_int_equal(result(tb), MACH_RCV_PORT_DIED);
}

static void fill_queue(mach_port_name_t dest)
{
    for (int i = 0; i < (int)MACH_PORT_QLIMIT_DEFAULT; i++)
        send_id(ta, dest, i, 0);
}

static void queue_limit(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    struct mach_thread *t2 = client_thread(alice);
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 50);
    enum kern_return kr;

    (void)state;
    fill_queue(dest);
    send_id(ta, dest, 5, -1);
    poke(alice, BUFFER, &m, HEADER);
    assert_false(trap_msg(t2, BUFFER, MACH_SEND_MSG, HEADER, 0, 0, 0, 0, &kr));
    assert_int_equal(status_of(bob, p).msgcount, 5);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(receive(tb, p), 0);
        assert_int_equal(received(tb).header.id, i);
        run_ready();
        assert_int_equal(result(ta), 0);
        assert_int_equal(trap_over(t2, &kr), i == 1);
    }
    for (int i = 2; i < 7; i++) {
        assert_int_equal(receive(tb, p), 0);
        assert_int_equal(received(tb).header.id, i < 6 ? i : 50);
        assert_int_equal(received(tb).header.seqno, i);
    }
    /* A send-once right is not held up. */
    fill_queue(dest);
    m = header(MACH_MSG_TYPE_MOVE_SEND_ONCE, give(bob, p, MACH_MSG_TYPE_MAKE_SEND_ONCE, alice),
               0, 0, 60);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(status_of(bob, p).msgcount, 6);
    /* A higher limit lets who waits in. */
    send_id(ta, dest, 61, -1);
    assert_int_equal(mach_port_set_qlimit(client_space(bob), p, MACH_PORT_QLIMIT_MAX + 1),
                     KERN_INVALID_VALUE);
    assert_int_equal(mach_port_set_qlimit(client_space(bob), p, 8), 0);
    run_ready();
    assert_int_equal(result(ta), 0);
    assert_int_equal(status_of(bob, p).msgcount, 7);
    thread_destroy(t2);
}

/* What could not be sent comes back, rights and all. */
static void send_timeout(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    mach_port_name_t reply = new_port(alice), other = new_port(alice);
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply,
                              7);

    (void)state;
    fill_queue(dest);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, other);
    assert_int_equal(msg(ta, &m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, 0, 0, 0, 0),
                     MACH_SEND_TIMED_OUT);
    m = received(ta);
    assert_int_equal(m.header.remote, dest);
    assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_SEND), 2);
    assert_int_equal(type_of(alice, (mach_port_name_t)m.header.local), MACH_PORT_TYPE_SEND_ONCE);
    memcpy(&other, m.body + 8, 4);
    assert_int_equal(type_of(alice, other), MACH_PORT_TYPE_RECEIVE);
    m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 8);
    assert_int_equal(msg(ta, &m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, 0, 0, 50, 0), -1);
    advance(49);
    assert_int_equal(result(ta), -1);
    advance(2);
    assert_int_equal(result(ta), MACH_SEND_TIMED_OUT);
    assert_int_equal(msg(ta, &m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, 0, 0, 50, 0), -1);
    mach_interrupt(ta);
    run_ready();
    assert_int_equal(result(ta), MACH_SEND_INTERRUPTED);
    advance(100);
    assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_SEND), 4);
}

static void send_notify(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    mach_port_name_t notify = new_port(alice);
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 9);
    uint32_t option = MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY;

    (void)state;
    fill_queue(dest);
    assert_int_equal(msg(ta, &m, option, 0, 0, 0, 12345), MACH_SEND_INVALID_NOTIFY);
    assert_int_equal(msg(ta, &m, option, 0, 0, 0, notify), MACH_SEND_WILL_NOTIFY);
    assert_int_equal(msg(ta, &m, option, 0, 0, 0, notify), MACH_SEND_NOTIFY_IN_PROGRESS);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(poll(ta, notify), MACH_RCV_TIMED_OUT);
        assert_int_equal(receive(tb, p), 0);
    }
    assert_int_equal(receive(tb, p), 0);
    assert_int_equal(received(tb).header.id, 9);
    assert_int_equal(notified(ta, notify, MACH_NOTIFY_MSG_ACCEPTED), dest);
    fill_queue(dest);
    assert_int_equal(msg(ta, &m, option, 0, 0, 0, notify), MACH_SEND_WILL_NOTIFY);
}

static void receive_options(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 1);
    uint32_t size;

    (void)state;
    m.header.size = 64;
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(msg(tb, NULL, MACH_RCV_MSG | MACH_RCV_LARGE, 40, p, 0, 0),
                     MACH_RCV_TOO_LARGE);
    peek(bob, BUFFER + 4, &size, 4);
    assert_int_equal(size, 64);
    assert_int_equal(status_of(bob, p).msgcount, 1);
    assert_int_equal(msg(tb, NULL, MACH_RCV_MSG, 40, p, 0, 0), MACH_RCV_TOO_LARGE);
    assert_int_equal(received(tb).header.size, 64);
    assert_int_equal(received(tb).header.local, p);
    assert_int_equal(status_of(bob, p).msgcount, 0);
    /* The same for a receiver that waited. */
    assert_int_equal(msg(tb, NULL, MACH_RCV_MSG | MACH_RCV_LARGE, 40, p, 0, 0), -1);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(result(tb), MACH_RCV_TOO_LARGE);
    assert_int_equal(receive(tb, p), 0);
    assert_int_equal(received(tb).header.seqno, 1);
    assert_int_equal(receive(tb, dest + 100), MACH_RCV_INVALID_NAME);
    assert_int_equal(receive(ta, dest), MACH_RCV_INVALID_NAME);
    assert_int_equal(msg(tb, NULL, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 64, p, 10, 0), -1);
    advance(11);
    assert_int_equal(result(tb), MACH_RCV_TIMED_OUT);
    assert_int_equal(receive(tb, p), -1);
    mach_interrupt(tb);
    run_ready();
    assert_int_equal(result(tb), MACH_RCV_INTERRUPTED);
    /* A buffer that is not there: the message is gone. */
    assert_int_equal(send(ta, &m), 0);
    {
        enum kern_return kr;

        assert_true(trap_msg(tb, 8, MACH_RCV_MSG, 0, 64, p, 0, 0, &kr));
        assert_int_equal(kr, MACH_RCV_INVALID_DATA);
    }
    assert_int_equal(status_of(bob, p).msgcount, 0);
}

static void receive_notify(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    mach_port_name_t reply = new_port(alice), notify = new_port(bob), got;
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply,
                              1);
    uint32_t option = MACH_RCV_MSG | MACH_RCV_NOTIFY;

    (void)state;
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(msg(tb, NULL, option, 64, p, 0, dest + 9), MACH_RCV_INVALID_NOTIFY);
    assert_int_equal(msg(tb, NULL, option, 64, p, 0, notify), 0);
    got = (mach_port_name_t)received(tb).header.remote;
    assert_int_equal(type_of(bob, got), MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DNREQUEST);
    assert_int_equal(mach_port_destroy(client_space(alice), reply), 0);
    assert_int_equal(notified(tb, notify, MACH_NOTIFY_DEAD_NAME), got);
    assert_int_equal(type_of(bob, got), MACH_PORT_TYPE_DEAD_NAME);
    assert_int_equal(refs_of(bob, got, MACH_PORT_RIGHT_DEAD_NAME), 2);
    /* A reply that gives up the right cancels the request, or else is told. */
    for (uint32_t cancel = 0; cancel <= MACH_SEND_CANCEL; cancel += MACH_SEND_CANCEL) {
        reply = new_port(alice);
        m = header(MACH_MSG_TYPE_COPY_SEND, dest, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply, 1);
        assert_int_equal(send(ta, &m), 0);
        assert_int_equal(msg(tb, NULL, option, 64, p, 0, notify), 0);
        got = (mach_port_name_t)received(tb).header.remote;
        m = header(MACH_MSG_TYPE_MOVE_SEND_ONCE, got, 0, 0, 1);
        assert_int_equal(msg(tb, &m, MACH_SEND_MSG | cancel, 0, 0, 0, notify), 0);
        if (cancel)
            assert_int_equal(poll(tb, notify), MACH_RCV_TIMED_OUT);
        else
            assert_int_equal(notified(tb, notify, MACH_NOTIFY_PORT_DELETED), got);
    }
}

static void notifications(void **state)
{
    mach_port_name_t p = new_port(bob), n = new_port(bob), dest, again;
    struct port *previous;

    (void)state;
    assert_int_equal(mach_port_request_notification(client_space(bob), p, MACH_NOTIFY_NO_SENDERS,
                                                    1, notify_right(bob, n), &previous), 0);
    assert_null(previous);
    dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    again = give(alice, dest, MACH_MSG_TYPE_COPY_SEND, bob);
    assert_int_equal(again, p);
    assert_int_equal(type_of(bob, p), MACH_PORT_TYPE_SEND_RECEIVE);
    assert_int_equal(mach_port_deallocate(client_space(alice), dest), 0);
    assert_int_equal(poll(tb, n), MACH_RCV_TIMED_OUT);
    assert_int_equal(mach_port_mod_refs(client_space(bob), p, MACH_PORT_RIGHT_SEND, -1), 0);
    assert_int_equal(notified(tb, n, MACH_NOTIFY_NO_SENDERS), 1);
    /* At once, if that is so already. */
    assert_int_equal(mach_port_request_notification(client_space(bob), p, MACH_NOTIFY_NO_SENDERS,
                                                    1, notify_right(bob, n), &previous), 0);
    assert_int_equal(notified(tb, n, MACH_NOTIFY_NO_SENDERS), 1);
    /* Send-once rights that go unused. */
    dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND_ONCE, alice);
    assert_int_equal(mach_port_deallocate(client_space(alice), dest), 0);
    notified(tb, p, MACH_NOTIFY_SEND_ONCE);
    /* Dead names. */
    dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    again = new_port(alice);
    assert_int_equal(mach_port_request_notification(client_space(alice), dest,
                                                    MACH_NOTIFY_DEAD_NAME, 0,
                                                    notify_right(alice, again), &previous), 0);
    assert_int_equal(mach_port_destroy(client_space(bob), p), 0);
    assert_int_equal(notified(ta, again, MACH_NOTIFY_DEAD_NAME), dest);
    assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_DEAD_NAME), 2);
    send_id(ta, dest, 0, MACH_SEND_INVALID_DEST);
    assert_int_equal(mach_port_request_notification(client_space(alice), dest,
                                                    MACH_NOTIFY_DEAD_NAME, 1,
                                                    notify_right(alice, again), &previous), 0);
    assert_int_equal(notified(ta, again, MACH_NOTIFY_DEAD_NAME), dest);
    assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_DEAD_NAME), 3);
    /* A name that goes before its port. */
    p = new_port(bob);
    dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    assert_int_equal(mach_port_request_notification(client_space(alice), dest,
                                                    MACH_NOTIFY_DEAD_NAME, 0,
                                                    notify_right(alice, again), &previous), 0);
    assert_int_equal(mach_port_deallocate(client_space(alice), dest), 0);
    assert_int_equal(notified(ta, again, MACH_NOTIFY_PORT_DELETED), dest);
    /* A receive right saved from destruction. */
    assert_int_equal(mach_port_request_notification(client_space(bob), p,
                                                    MACH_NOTIFY_PORT_DESTROYED, 0,
                                                    notify_right(bob, n), &previous), 0);
    assert_true(status_of(bob, p).pdrequest);
    assert_int_equal(mach_port_destroy(client_space(bob), p), 0);
    p = (mach_port_name_t)notified(tb, n, MACH_NOTIFY_PORT_DESTROYED);
    assert_int_equal(type_of(bob, p), MACH_PORT_TYPE_RECEIVE);
}

/* Receive rights that would hold themselves die, and nothing is left of them. */
static void circular(void **state)
{
    mach_port_name_t p = new_port(alice), q = new_port(alice), ps, qs;
    struct message m;

    (void)state;
    ps = give(alice, p, MACH_MSG_TYPE_MAKE_SEND, bob);
    qs = give(alice, q, MACH_MSG_TYPE_MAKE_SEND, bob);
    m = header(MACH_MSG_TYPE_MAKE_SEND, p, 0, 0, 1);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, p);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(type_of(bob, ps), MACH_PORT_TYPE_DEAD_NAME);
    /* Over two ports. */
    p = new_port(alice);
    ps = give(alice, p, MACH_MSG_TYPE_MAKE_SEND, bob);
    assert_int_equal(give(bob, qs, MACH_MSG_TYPE_COPY_SEND, alice), q);
    m = header(MACH_MSG_TYPE_MAKE_SEND, q, 0, 0, 2);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, p);
    assert_int_equal(send(ta, &m), 0);
    m = header(MACH_MSG_TYPE_COPY_SEND, ps, 0, 0, 3);
    poke(bob, BUFFER, &m, HEADER);
    assert_int_equal(send(tb, &m), 0); /* p is in q's queue */
    ps = give(bob, ps, MACH_MSG_TYPE_COPY_SEND, alice);
    m = header(MACH_MSG_TYPE_COPY_SEND, ps, 0, 0, 4);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, q);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(type_of(bob, qs), MACH_PORT_TYPE_DEAD_NAME);
    assert_int_equal(type_of(alice, ps), MACH_PORT_TYPE_DEAD_NAME);
}

/* A long chain of receive rights in queues goes at once, on a flat stack. */
static void long_chain(void **state)
{
    mach_port_name_t first = new_port(alice), p = first;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        mach_port_name_t next = new_port(alice);
        struct message m = header(MACH_MSG_TYPE_MAKE_SEND, next, 0, 0, i);

        add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, p);
        assert_int_equal(send(ta, &m), 0);
        p = next;
    }
    assert_int_equal(client_space(alice)->count, 1);
    assert_int_equal(mach_port_destroy(client_space(alice), p), 0);
}

/* What is refused before the point of no return leaves everything as it was. */
static void refusals(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    mach_port_name_t mine = new_port(alice), set = new_set(alice), dead;
    uint32_t names = client_space(alice)->count + 1;
    struct {
        uint32_t remote_type;
        uint64_t remote;
        uint32_t local_type;
        uint64_t local;
        uint32_t size, expected;
    } bad[] = {
        {19, dest, 0, 0, 24, MACH_SEND_MSG_TOO_SMALL},
        {19, dest, 0, 0, 0, MACH_SEND_MSG_TOO_SMALL},
        {19, dest, 0, 0, 36, MACH_SEND_MSG_TOO_SMALL},
        {19, dest, 0, 0, KMSG_MAX + 8, MACH_SEND_NO_BUFFER},
        {19, dest, 0, 0, 0x40000, MACH_SEND_INVALID_DATA},
        {0, dest, 0, 0, 32, MACH_SEND_INVALID_HEADER},
        {16, mine, 0, 0, 32, MACH_SEND_INVALID_HEADER},
        {22, dest, 0, 0, 32, MACH_SEND_INVALID_HEADER},
        {255, dest, 0, 0, 32, MACH_SEND_INVALID_HEADER},
        {19, dest, 16, mine, 32, MACH_SEND_INVALID_HEADER},
        {19, dest, 0, mine, 32, MACH_SEND_INVALID_HEADER},
        {19, 0, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {19, MACH_PORT_DEAD, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {19, 999, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {19, dest | 0x01000000, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {19, mine, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {20, dest, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {21, dest, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {18, dest, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {19, set, 0, 0, 32, MACH_SEND_INVALID_DEST},
        {17, 0, 17, 0, 32, MACH_SEND_INVALID_DEST},
        {17, dest, 17, dest, 32, MACH_SEND_INVALID_REPLY},
        {17, dest, 20, 999, 32, MACH_SEND_INVALID_REPLY},
        {17, dest, 20, dest, 32, MACH_SEND_INVALID_REPLY},
        {17, dest, 18, mine, 32, MACH_SEND_INVALID_REPLY},
        {17, dest, 20, set, 32, MACH_SEND_INVALID_REPLY},
    };

    (void)state;
    assert_int_equal(mach_port_allocate(client_space(alice), MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct message m = header(bad[i].remote_type, (mach_port_name_t)bad[i].remote,
                                  bad[i].local_type, (mach_port_name_t)bad[i].local, 1);
        enum kern_return kr;

        poke(alice, BUFFER, &m, HEADER);
        assert_true(trap_msg(ta, bad[i].size == 0x40000 ? USER_BASE + USER_SIZE - 64 : BUFFER,
                             MACH_SEND_MSG, bad[i].size, 0, 0, 0, 0, &kr));
        assert_int_equal(kr, bad[i].expected);
        assert_int_equal(client_space(alice)->count, names);
        assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_SEND), 1);
        assert_int_equal(status_of(bob, p).msgcount, 0);
    }
    send_id(ta, dead, 0, MACH_SEND_INVALID_DEST);
    /* Both header ports from one name, as often as it is there. */
    assert_int_equal(mach_port_mod_refs(client_space(alice), dest, MACH_PORT_RIGHT_SEND, 1), 0);
    {
        struct message m = header(MACH_MSG_TYPE_MOVE_SEND, dest, MACH_MSG_TYPE_MOVE_SEND, dest, 1);

        assert_int_equal(send(ta, &m), 0);
    }
    assert_int_equal(type_of(alice, dest), 0);
    assert_int_equal(receive(tb, p), 0);
    assert_int_equal(received(tb).header.remote, p);
    assert_int_equal(type_of(bob, p), MACH_PORT_TYPE_SEND_RECEIVE);
}

/* One name, dest moved and reply copied or the other way round. */
static void same_name(void **state)
{
    mach_port_name_t p = new_port(bob), dest;
    static const uint32_t pair[][2] = {
        {MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_COPY_SEND},
        {MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND},
        {MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND},
    };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct message m;

        dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
        m = header(pair[i][0], dest, pair[i][1], dest, 1);
        assert_int_equal(send(ta, &m), 0);
        assert_int_equal(type_of(alice, dest), i == 2 ? MACH_PORT_TYPE_SEND : 0);
        assert_int_equal(receive(tb, p), 0);
        assert_int_equal(refs_of(bob, p, MACH_PORT_RIGHT_SEND), i + 1);
    }
}

static void deaths(void **state)
{
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 1);
    struct mach_thread *t2;
    enum kern_return kr;

    (void)state;
    assert_int_equal(receive(tb, p), -1);
    assert_int_equal(mach_port_destroy(client_space(bob), p), 0);
    run_ready();
    assert_int_equal(result(tb), MACH_RCV_PORT_DIED);
    /* Senders that wait when the port dies. */
    p = new_port(bob);
    dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    fill_queue(dest);
    m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 1);
    add_port(&m, MACH_MSG_TYPE_MAKE_SEND, new_port(alice));
    assert_int_equal(send(ta, &m), -1);
    assert_int_equal(mach_port_destroy(client_space(bob), p), 0);
    run_ready();
    assert_int_equal(result(ta), 0);
    /* Threads that die in each state: sending, receiving, with a message not yet copied out. */
    p = new_port(bob);
    dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    m.header.remote = dest;
    t2 = client_thread(bob);
    assert_false(trap_msg(t2, BUFFER, MACH_RCV_MSG, 0, 512, p, 0, 0, &kr));
    thread_destroy(t2);
    t2 = client_thread(bob);
    assert_false(trap_msg(t2, BUFFER, MACH_RCV_MSG, 0, 512, p, 0, 0, &kr));
    mach_unwait(t2, MACH_MSG_SUCCESS);
    assert_int_equal(send(ta, &m), 0);
    t2->message = message_take(right_lookup_receive(client_space(bob), p));
    assert_non_null(t2->message);
    thread_destroy(t2);
    fill_queue(dest);
    t2 = client_thread(alice);
    poke(alice, BUFFER, &m, m.header.size);
    assert_false(trap_msg(t2, BUFFER, MACH_SEND_MSG, m.header.size, 0, 0, 0, 0, &kr));
    thread_destroy(t2);
    /* And a task with all of it: see world_tear_down(). */
    m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 1);
    assert_int_equal(send(ta, &m), -1);
}

/* A receive right that is sent away, out of a set or from under a receiver, with what is queued. */
static void receive_right_moves(void **state)
{
    mach_port_name_t p = new_port(bob), set = new_set(bob), inbox = new_port(alice), got;
    mach_port_name_t dest = give(alice, inbox, MACH_MSG_TYPE_MAKE_SEND, bob);
    mach_port_name_t ps = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    struct mach_thread *t2 = client_thread(bob);
    struct message m;
    enum kern_return kr;

    (void)state;
    send_id(ta, ps, 1, 0);
    assert_int_equal(receive(tb, p), 0);
    assert_int_equal(status_of(bob, p).seqno, 1);
    assert_false(trap_msg(t2, BUFFER, MACH_RCV_MSG, 0, 512, p, 0, 0, &kr));
    m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 2);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, p);
    assert_int_equal(send(tb, &m), 0);
    assert_true(trap_over(t2, &kr));
    assert_int_equal(kr, MACH_RCV_PORT_DIED);
    send_id(ta, ps, 3, 0); /* it is in transit, and queues */
    assert_int_equal(receive(ta, inbox), 0);
    m = received(ta);
    memcpy(&got, m.body + 8, sizeof(got));
    assert_int_equal(got, ps);
    assert_int_equal(type_of(alice, got), MACH_PORT_TYPE_SEND_RECEIVE);
    assert_int_equal(status_of(alice, got).seqno, 0);
    assert_int_equal(status_of(alice, got).mscount, 0);
    assert_int_equal(receive(ta, got), 0);
    assert_int_equal(received(ta).header.id, 3);
    /* From a set: it is no member any more. */
    p = new_port(bob);
    ps = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    assert_int_equal(mach_port_move_member(client_space(bob), p, set), 0);
    send_id(ta, ps, 4, 0);
    m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 5);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, p);
    assert_int_equal(send(tb, &m), 0);
    assert_int_equal(poll(tb, set), MACH_RCV_TIMED_OUT);
    assert_int_equal(receive(ta, inbox), 0);
    assert_int_equal(receive(ta, ps), 0);
    assert_int_equal(received(ta).header.id, 4);
    thread_destroy(t2);
}

/* 64 KiB and beyond. */
static void long_messages(void **state)
{
    static char bytes[160 * 1024], back[sizeof(bytes)];
    mach_port_name_t p = new_port(bob), dest = give(bob, p, MACH_MSG_TYPE_MAKE_SEND, alice);
    struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 1);
    static const uint32_t sizes[] = {456, 464, 4000, 4048, 65536, sizeof(bytes)};

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 + i / 256);
    memcpy(bytes, &m.header, HEADER);
    poke(alice, BUFFER, bytes, sizeof(bytes));
    for (int i = 0; i < 6; i++) {
        enum kern_return kr;

        assert_true(trap_msg(ta, BUFFER, MACH_SEND_MSG, sizes[i], 0, 0, 0, 0, &kr));
        assert_int_equal(kr, 0);
        assert_true(trap_msg(tb, BUFFER, MACH_RCV_MSG, 0, sizeof(bytes), p, 0, 0, &kr));
        assert_int_equal(kr, 0);
        peek(bob, BUFFER, back, sizes[i]);
        assert_int_equal(received(tb).header.size, sizes[i]);
        assert_memory_equal(back + HEADER, bytes + HEADER, sizes[i] - HEADER);
    }
}

static int set_up(void **state)
{
    (void)state;
    world_init();
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rpc),
        TEST(kernel_rpc),
        TEST(port_sets),
        TEST(queue_limit),
        TEST(send_timeout),
        TEST(send_notify),
        TEST(receive_options),
        TEST(receive_notify),
        TEST(notifications),
        TEST(circular),
        TEST(long_chain),
        TEST(refusals),
        TEST(same_name),
        TEST(deaths),
        TEST(receive_right_moves),
        TEST(long_messages),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
