/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what is checked of a message to be sent before its body: size, address, header,
 * options. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

#define MOVE_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MOVE_SEND MACH_MSG_TYPE_MOVE_SEND
#define MOVE_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define COPY_SEND MACH_MSG_TYPE_COPY_SEND
#define MAKE_SEND MACH_MSG_TYPE_MAKE_SEND
#define MAKE_ONCE MACH_MSG_TYPE_MAKE_SEND_ONCE

static uint32_t send_header(uint32_t dest_type, name_t dest, uint32_t reply_type, name_t reply)
{
    struct mach_msg_header h;

    header(&h, dest_type, dest, reply_type, reply);
    return send_message(&h, sizeof(h), 0);
}

static uint32_t send_at(void *msg, uint32_t size)
{
    return send_message(msg, size, 0);
}

static void sizes(void)
{
    static uint64_t words[8];
    struct mach_msg_header *h = (struct mach_msg_header *)words;

    kinds_make();
    header(h, COPY_SEND, kinds.both, 0, 0);
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_at(h, 0));
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_at(h, 24));
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_at(h, 31));
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_at(h, 33));
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_at(h, 36));
    REFUSES(MACH_SEND_NO_BUFFER, send_at(h, 0x80000));
    REFUSES(MACH_SEND_NO_BUFFER, send_at(h, 0xfffffff8));
    kinds_free();
}

static void addresses(void)
{
    uint64_t address = 0;

    kinds_make();
    MUST(trap_vm_allocate(task_self, &address, 2 * PAGE_SIZE, true));
    MUST(trap_vm_deallocate(task_self, address + PAGE_SIZE, PAGE_SIZE));
    header((void *)(address + PAGE_SIZE - 32), COPY_SEND, kinds.both, 0, 0);
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)(address + PAGE_SIZE - 32), 40));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)(address + PAGE_SIZE), 32));
    REFUSES(MACH_SEND_INVALID_DATA, send_at(NULL, 32));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)0xffff800000100000, 32));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)0xffffffff80100000, 32));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)(USER_MAX - 16), 32));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)-16ull, 32));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)0x8000000000000000, 32));
    MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    kinds_free();
}

static void dispositions(void)
{
    static const uint32_t bad[] = {0, 1, 15, MOVE_RECEIVE, 22, 23, 0x80, 0xff};

    kinds_make();
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        REFUSES(MACH_SEND_INVALID_HEADER, send_header(bad[i], kinds.both, 0, 0));
        if (bad[i])
            REFUSES(MACH_SEND_INVALID_HEADER,
                    send_header(COPY_SEND, kinds.both, bad[i], kinds.both));
    }
    kinds_free();
}

static void destinations(void)
{
    kinds_make();
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, MACH_PORT_NULL, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, MACH_PORT_DEAD, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.unknown, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, 0x00ffffff, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.stale, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.both + 0x01000000, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.dead, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MOVE_SEND, kinds.dead, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.set, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MAKE_SEND, kinds.set, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.receive, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MOVE_SEND, kinds.receive, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MOVE_ONCE, kinds.receive, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MAKE_SEND, kinds.send, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MAKE_ONCE, kinds.send, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MOVE_ONCE, kinds.send, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(COPY_SEND, kinds.once, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MOVE_SEND, kinds.once, 0, 0));
    REFUSES(MACH_SEND_INVALID_DEST, send_header(MAKE_ONCE, kinds.once, 0, 0));
    kinds_free();
}

static void replies(void)
{
    name_t to;

    kinds_make();
    to = kinds.both;
    REFUSES(MACH_SEND_INVALID_HEADER, send_header(COPY_SEND, to, 0, kinds.both));
    REFUSES(MACH_SEND_INVALID_HEADER, send_header(COPY_SEND, to, 0, MACH_PORT_DEAD));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, COPY_SEND, kinds.unknown));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, COPY_SEND, kinds.stale));
    REFUSES(MACH_SEND_INVALID_REPLY,
            send_header(COPY_SEND, to, MAKE_ONCE, kinds.receive + 0x01000000));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, COPY_SEND, kinds.set));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, MAKE_ONCE, kinds.set));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, COPY_SEND, kinds.receive));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, MAKE_ONCE, kinds.send));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, MAKE_SEND, kinds.send));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, MOVE_ONCE, kinds.send));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, COPY_SEND, kinds.once));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(COPY_SEND, to, MAKE_ONCE, kinds.dead));
    /* One right can't be moved twice. */
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(MOVE_SEND, kinds.send, MOVE_SEND, kinds.send));
    REFUSES(MACH_SEND_INVALID_REPLY, send_header(MOVE_ONCE, kinds.once, MOVE_ONCE, kinds.once));
    kinds_free();
}

/* What is not queued comes back as it is in a message, a right of its own: it is moved. */
static uint32_t send_option(uint32_t option, name_t notify)
{
    struct mach_msg_header h;

    header(&h, option & MACH_SEND_TIMEOUT ? MOVE_SEND : COPY_SEND, kinds.both, 0, 0);
    return mach_msg_trap(&h, MACH_SEND_MSG | option, sizeof(h), 0, 0, 0, notify);
}

static void options(void)
{
    kinds_make();
    REFUSES(MACH_SEND_INVALID_NOTIFY, send_option(MACH_SEND_CANCEL, MACH_PORT_NULL));
    REFUSES(MACH_SEND_INVALID_NOTIFY, send_option(MACH_SEND_CANCEL, kinds.unknown));
    REFUSES(MACH_SEND_INVALID_NOTIFY, send_option(MACH_SEND_CANCEL, kinds.send));
    REFUSES(MACH_SEND_INVALID_NOTIFY, send_option(MACH_SEND_CANCEL, kinds.set));
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_option(0, 0), MACH_MSG_SUCCESS);
    REFUSES(MACH_SEND_TIMED_OUT, send_option(MACH_SEND_TIMEOUT, 0));
    REFUSES(MACH_SEND_INVALID_NOTIFY,
            send_option(MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, MACH_PORT_NULL));
    REFUSES(MACH_SEND_INVALID_NOTIFY,
            send_option(MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, kinds.send));
    MUST(port_mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, 2));
    CHECK_EQ(send_option(MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, kinds.receive),
             MACH_SEND_WILL_NOTIFY);
    REFUSES(MACH_SEND_NOTIFY_IN_PROGRESS,
            send_option(MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, kinds.receive));
    kinds_free();
}

static bool accepted(name_t of)
{
    struct mach_notification n;

    return CHECK_EQ(receive_message(&n, sizeof(n), kinds.receive, 0), MACH_MSG_SUCCESS) &&
           CHECK_EQ(n.header.id, MACH_NOTIFY_MSG_ACCEPTED) && CHECK_EQ(n.value, of);
}

/* What was queued beyond the limit is told of when it is taken, or destroyed; then there may be
 * another. Without a timeout it does not wait. */
static void notices(void)
{
    const uint32_t option = MACH_SEND_NOTIFY;
    struct mach_msg_header h;

    kinds_make();
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_option(0, 0), MACH_MSG_SUCCESS);
    MUST(port_mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, 2));
    for (unsigned n = 0; n < 2; n++) {
        CHECK_EQ(send_option(option, kinds.receive), MACH_SEND_WILL_NOTIFY);
        for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
            MUST(receive_message(&h, sizeof(h), kinds.both, 0));
        CHECK_EQ(receive_message(&h, sizeof(h), kinds.receive, 0), MACH_RCV_TIMED_OUT);
        for (unsigned i = 0; i + 1 < MACH_PORT_QLIMIT_DEFAULT; i++)
            CHECK_EQ(send_option(0, 0), MACH_MSG_SUCCESS);
        MUST(receive_message(&h, sizeof(h), kinds.both, 0));
        CHECK(accepted(kinds.both));
        CHECK_EQ(send_option(0, 0), MACH_MSG_SUCCESS);
    }
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_header(COPY_SEND, kinds.send, 0, 0), MACH_MSG_SUCCESS);
    MUST(port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, 1)); /* the first moves away */
    header(&h, MOVE_SEND, kinds.send, 0, 0);
    CHECK_EQ(mach_msg_trap(&h, MACH_SEND_MSG | option, sizeof(h), 0, 0, 0, kinds.receive),
             MACH_SEND_WILL_NOTIFY);
    MUST(simple_call(kinds.child, RPC_TASK_TERMINATE)); /* with the queue */
    CHECK(accepted(kinds.send));
    free_port(kinds.child);
    kinds.child = child_create();
    kinds_free();
}

static name_t send_right_of_child(name_t name)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, MACH_MSG_TYPE_MAKE_SEND);
    MUST(call(&c, kinds.child, RPC_PORT_EXTRACT_RIGHT));
    return (name_t)get(&c);
}

/* A right that moves away with a request for its death: who is named to be told no more is not. */
static void cancels(void)
{
    struct mach_notification n;
    struct mach_msg_header h;
    name_t theirs, previous;

    kinds_make();
    theirs = kinds.send;
    for (unsigned i = 0; i < 2; i++) {
        MUST(port_notify(kinds.send, MACH_NOTIFY_DEAD_NAME, 0, kinds.receive, &previous));
        header(&h, MOVE_SEND, kinds.send, 0, 0);
        MUST(mach_msg_trap(&h, MACH_SEND_MSG | MACH_SEND_CANCEL, sizeof(h), 0, 0, 0,
                           i ? kinds.both : kinds.receive));
        CHECK_EQ(receive_message(&n, sizeof(n), kinds.receive, 0),
                 i ? MACH_MSG_SUCCESS : MACH_RCV_TIMED_OUT);
        if (!i)
            kinds.send = send_right_of_child(theirs);
    }
    CHECK_EQ(n.header.id, MACH_NOTIFY_PORT_DELETED);
    CHECK_EQ(n.value, kinds.send);
    MUST(port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &kinds.send));
    kinds_free();
}

/* What can't be queued comes back, into memory that can't be written: it is the sender's again. */
static void unwritable(void)
{
    uint64_t address = 0;

    kinds_make();
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_option(0, 0), MACH_MSG_SUCCESS);
    MUST(trap_vm_allocate(task_self, &address, PAGE_SIZE, true));
    header((struct mach_msg_header *)address, MOVE_SEND, kinds.both, 0, 0);
    MUST(vm_protect(address, PAGE_SIZE, false, 1));
    REFUSES(MACH_SEND_INVALID_DATA, send_at((void *)address, sizeof(struct mach_msg_header)));
    MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    kinds_free();
}

/* A full queue gives the message back with all its rights, header and body. */
static void give_back(void)
{
    struct {
        struct mach_msg_header h;
        struct mach_arg a, b;
    } m;

    kinds_make();
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_option(0, 0), MACH_MSG_SUCCESS);
    header(&m.h, MAKE_SEND, kinds.both, MAKE_ONCE, kinds.receive);
    m.h.bits = MACH_MSGH_BITS(COPY_SEND, MOVE_SEND) | MACH_MSGH_BITS_COMPLEX;
    m.h.local = kinds.send;
    *(uint64_t *)&m.a.type = MACH_TYPE_PORT(MOVE_ONCE);
    m.a.value = kinds.once;
    *(uint64_t *)&m.b.type = MACH_TYPE_PORT(MOVE_RECEIVE);
    m.b.value = kinds.receive;
    CHECK_EQ(send_message(&m, sizeof(m), 0), MACH_SEND_TIMED_OUT);
    kinds.send = (name_t)m.h.local;
    kinds.once = (name_t)m.a.value;
    kinds.receive = (name_t)m.b.value;
    CHECK_EQ(m.h.bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND) |
                           MACH_MSGH_BITS_COMPLEX);
    CHECK_EQ(send_header(MOVE_ONCE, kinds.once, 0, 0), MACH_MSG_SUCCESS);
    MUST(receive_message(&m, sizeof(m), kinds.receive, 0));
    MUST(port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &kinds.once));
    kinds_free();
}

const struct test selftest_send[] = {
    {"send: sizes", sizes},
    {"send: addresses", addresses},
    {"send: header dispositions", dispositions},
    {"send: destinations", destinations},
    {"send: reply ports", replies},
    {"send: options", options},
    {"send: requests that are cancelled", cancels},
    {"send: a full queue gives all back", give_back},
    {"send: a full queue and memory that can't be written", unwritable},
    {"send: notices that a message was accepted", notices},
    {0},
};
