/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what is checked of a receive: names, options, buffers. */
#include "bench/mach/selftest.h"

static struct {
    struct mach_msg_header h;
    uint64_t word[4];
} m;

static uint32_t take(name_t name, uint32_t option, uint32_t room, void *at, name_t notify)
{
    return mach_msg_trap(at, MACH_RCV_MSG | MACH_RCV_TIMEOUT | option, 0, room, name, 0, notify);
}

static void names(void)
{
    const name_t bad[] = {MACH_PORT_NULL, MACH_PORT_DEAD, 0x00ffffff, 0x01000000};

    kinds_make();
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        REFUSES(MACH_RCV_INVALID_NAME, take(bad[i], 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NAME, take(kinds.unknown, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NAME, take(kinds.stale, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NAME, take(kinds.both + 0x01000000, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NAME, take(kinds.send, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NAME, take(kinds.once, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NAME, take(kinds.dead, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_TIMED_OUT, take(kinds.receive, 0, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_TIMED_OUT, take(kinds.set, 0, sizeof(m), &m, 0));
    kinds_free();
}

static void members(void)
{
    struct call c;

    kinds_make();
    call_begin(&c);
    put_name(&c, kinds.receive);
    put_name(&c, kinds.set);
    MUST(call(&c, task_self, RPC_PORT_MOVE_MEMBER));
    REFUSES(MACH_RCV_IN_SET, take(kinds.receive, 0, sizeof(m), &m, 0));
    kinds_free();
}

static void options(void)
{
    kinds_make();
    REFUSES(MACH_RCV_INVALID_NOTIFY, take(kinds.both, MACH_RCV_NOTIFY, sizeof(m), &m, 0));
    REFUSES(MACH_RCV_INVALID_NOTIFY, take(kinds.both, MACH_RCV_NOTIFY, sizeof(m), &m, kinds.send));
    REFUSES(MACH_RCV_INVALID_NOTIFY, take(kinds.both, MACH_RCV_NOTIFY, sizeof(m), &m, kinds.dead));
    REFUSES(MACH_RCV_INVALID_NOTIFY,
            take(kinds.both, MACH_RCV_NOTIFY, sizeof(m), &m, kinds.stale));
    kinds_free();
}

static void queue_one(void)
{
    header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, 0, 0);
    MUST(send_message(&m, sizeof(m), 0));
}

/* A message that the buffer does not hold stays or goes as was asked; one that can't be
 * written goes. */
static void buffers(void)
{
    struct mach_port_status status;

    kinds_make();
    queue_one();
    REFUSES(MACH_RCV_TOO_LARGE, take(kinds.both, MACH_RCV_LARGE, sizeof(m) - 8, &m, 0));
    CHECK_EQ(m.h.size, sizeof(m));
    REFUSES(MACH_RCV_INVALID_DATA, take(kinds.both, MACH_RCV_LARGE, 0, NULL, 0));
    MUST(port_status(kinds.both, &status));
    CHECK_EQ(status.msgcount, 1);
    m.h.size = 0;
    CHECK_EQ(take(kinds.both, 0, sizeof(m) - 8, &m, 0), MACH_RCV_TOO_LARGE);
    CHECK_EQ(m.h.size, sizeof(m));
    queue_one();
    CHECK_EQ(take(kinds.both, 0, 0, &m, 0), MACH_RCV_TOO_LARGE);
    queue_one();
    CHECK_EQ(take(kinds.both, 0, sizeof(m) - 8, NULL, 0), MACH_RCV_INVALID_DATA);
    queue_one();
    CHECK_EQ(take(kinds.both, 0, sizeof(m), NULL, 0), MACH_RCV_INVALID_DATA);
    queue_one();
    CHECK_EQ(take(kinds.both, 0, sizeof(m), (void *)0xffffffff80100000, 0), MACH_RCV_INVALID_DATA);
    MUST(port_status(kinds.both, &status));
    CHECK_EQ(status.msgcount, 0);
    kinds_free();
}

static void limit_size(uint64_t now, uint64_t most)
{
    struct call c;

    call_begin(&c);
    put_port(&c, task_self, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, now);
    put64(&c, most);
    MUST(call(&c, host_priv, RPC_VM_SET_SIZE_LIMIT));
}

static uint32_t out_of_line(uint64_t type)
{
    static name_t names[2];

    header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, 0, 0);
    m.h.bits |= MACH_MSGH_BITS_COMPLEX;
    names[0] = kinds.send;
    m.word[0] = type;
    m.word[1] = (uint64_t)names;
    MUST(send_message(&m, sizeof(m.h) + 16, 0));
    return take(kinds.both, 0, sizeof(m), &m, 0);
}

/* The receiver's address space is full: what is out of line is lost, the rest arrives. */
static void full(void)
{
    const uint32_t lost = MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE;
    const uint64_t bytes = MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, 8);
    const uint64_t ports = MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_PORT_OOL_BITS, 0, 2);
    uint64_t now, most;
    struct call c;

    kinds_make();
    MUST(out_of_line(bytes)); /* entries are split once */
    MUST(trap_vm_deallocate(task_self, m.word[1], PAGE_SIZE));
    call_begin(&c);
    MUST(call(&c, task_self, RPC_VM_GET_SIZE_LIMIT));
    now = get(&c);
    most = get(&c);
    limit_size(PAGE_SIZE, most); /* it has more */
    REFUSES(lost, out_of_line(bytes));
    CHECK_EQ(m.word[1], 0);
    REFUSES(lost, out_of_line(ports));
    CHECK_EQ(m.word[1], 0);
    limit_size(now, most);
    kinds_free();
}

/* MACH_RCV_NOTIFY: the death of the reply port is told, if its name is new. */
static void notices(void)
{
    struct mach_notification n;

    kinds_make();
    header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, MACH_MSG_TYPE_COPY_SEND, kinds.send);
    MUST(send_message(&m, sizeof(m.h), 0));
    MUST(take(kinds.both, MACH_RCV_NOTIFY, sizeof(m), &m, kinds.both));
    header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, MACH_MSG_TYPE_COPY_SEND, kinds.send);
    MUST(send_message(&m, sizeof(m.h), 0));
    free_port(kinds.send);
    MUST(take(kinds.both, MACH_RCV_NOTIFY, sizeof(m), &m, kinds.receive));
    kinds.send = (name_t)m.h.remote;
    MUST(simple_call(kinds.child, RPC_TASK_TERMINATE));
    free_port(kinds.child);
    MUST(receive_message(&n, sizeof(n), kinds.receive, 0));
    CHECK_EQ(n.header.id, MACH_NOTIFY_DEAD_NAME);
    CHECK_EQ(n.value, kinds.send);
    CHECK_EQ(take(kinds.both, 0, sizeof(m), &m, 0), MACH_RCV_TIMED_OUT);
    kinds.child = child_create();
    kinds_free();
}

const struct test selftest_receive[] = {
    {"receive: names", names},
    {"receive: a member of a set", members},
    {"receive: options", options},
    {"receive: buffers", buffers},
    {"receive: a full address space", full},
    {"receive: notices", notices},
    {0},
};
