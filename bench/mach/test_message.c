/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_msg: headers, bodies, rights, memory, limits, timeouts. */
#include "bench/mach/mach.h"

#include "l4k/lib/string.h"

struct message {
    struct mach_msg_header header;
    uint64_t body[64];
};

static struct message m;

/* A message to `port` with nothing in it. */
static void plain(name_t port, uint32_t disposition, int32_t id)
{
    memset(&m, 0, sizeof(m));
    m.header.bits = MACH_MSGH_BITS(disposition, 0);
    m.header.remote = port;
    m.header.id = id;
}

static void to_oneself(void)
{
    name_t port = new_port();

    plain(port, MACH_MSG_TYPE_COPY_SEND, 42);
    m.header.bits |= MACH_MSG_TYPE_MAKE_SEND_ONCE << 8;
    m.header.local = port;
    m.body[0] = 0x1234;
    CHECK_EQ(send_message(&m, 48, 0), 0);
    memset(&m, 0, sizeof(m));
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
    CHECK_EQ(m.header.size, 48);
    CHECK_EQ(m.header.id, 42);
    CHECK_EQ(m.header.local, port);
    CHECK_EQ(m.header.bits, MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
    CHECK_EQ(m.body[0], 0x1234);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.header.remote), 0);
    free_port(port);
}

static uint32_t sent(name_t remote, uint32_t bits, name_t local, uint32_t size)
{
    plain(remote, 0, 1);
    m.header.bits = bits;
    m.header.local = local;
    return send_message(&m, size, 0);
}

#define COPY MACH_MSG_TYPE_COPY_SEND

static void bad_headers(void)
{
    name_t port = new_port(), set;

    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set));
    CHECK_EQ(sent(0, COPY, 0, 32), MACH_SEND_INVALID_DEST);
    CHECK_EQ(sent(MACH_PORT_DEAD, COPY, 0, 32), MACH_SEND_INVALID_DEST);
    CHECK_EQ(sent(0x4321, COPY, 0, 32), MACH_SEND_INVALID_DEST);
    CHECK_EQ(sent(set, COPY, 0, 32), MACH_SEND_INVALID_DEST);
    CHECK_EQ(sent(port, 0, 0, 32), MACH_SEND_INVALID_HEADER);
    CHECK_EQ(sent(port, MACH_MSG_TYPE_MOVE_RECEIVE, 0, 32), MACH_SEND_INVALID_HEADER);
    CHECK_EQ(sent(port, 22, 0, 32), MACH_SEND_INVALID_HEADER);
    CHECK_EQ(sent(port, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 32), MACH_SEND_INVALID_DEST);
    CHECK_EQ(sent(port, MACH_MSGH_BITS(COPY, COPY), 0x4321, 32), MACH_SEND_INVALID_REPLY);
    CHECK_EQ(sent(port, MACH_MSGH_BITS(COPY, 0), port, 32), MACH_SEND_INVALID_HEADER);
    CHECK_EQ(sent(port, MACH_MSGH_BITS(COPY, 16), port, 32), MACH_SEND_INVALID_HEADER);
    CHECK_EQ(sent(port, COPY, 0, 24), MACH_SEND_MSG_TOO_SMALL);
    CHECK_EQ(sent(port, COPY, 0, 36), MACH_SEND_MSG_TOO_SMALL);
    CHECK_EQ(sent(port, COPY, 0, 0x7ffffff8), MACH_SEND_NO_BUFFER);
    CHECK_EQ(send_message((void *)16, 32, 0), MACH_SEND_INVALID_DATA);
    CHECK_EQ(send_message((void *)0xffffffff80000000, 32, 0), MACH_SEND_INVALID_DATA);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_RCV_TIMED_OUT); /* none got through */
    free_port(port);
    free_port(set);
}

static void bad_receives(void)
{
    name_t port = new_port();

    CHECK_EQ(receive_message(&m, sizeof(m), 0x4321, 0), MACH_RCV_INVALID_NAME);
    CHECK_EQ(receive_message(&m, sizeof(m), task_self, 0), MACH_RCV_INVALID_NAME);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 5), MACH_RCV_TIMED_OUT);
    plain(port, COPY, 1);
    CHECK_EQ(send_message(&m, 64, 0), 0);
    CHECK_EQ(mach_msg_trap(&m, MACH_RCV_MSG | MACH_RCV_LARGE, 0, 48, port, 0, 0),
             MACH_RCV_TOO_LARGE);
    CHECK_EQ(m.header.size, 64);
    CHECK_EQ(receive_message(&m, 48, port, 0), MACH_RCV_TOO_LARGE); /* gone with this */
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_RCV_TIMED_OUT);
    plain(port, COPY, 1);
    CHECK_EQ(send_message(&m, 64, 0), 0);
    CHECK_EQ(receive_message((void *)16, sizeof(m), port, 0), MACH_RCV_INVALID_DATA);
    free_port(port);
}

static void full_queue(void)
{
    name_t port = new_port();

    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
        plain(port, COPY, (int32_t)i);
        CHECK_EQ(send_message(&m, 32, 0), 0);
    }
    plain(port, COPY, 99);
    CHECK_EQ(send_message(&m, 32, 0), MACH_SEND_TIMED_OUT);
    CHECK_EQ(m.header.remote, port); /* pseudo-receive gave it back */
    plain(port, COPY, 99);
    CHECK_EQ(send_message(&m, 32, 10), MACH_SEND_TIMED_OUT);
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
        CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
        CHECK_EQ(m.header.id, i);
        CHECK_EQ(m.header.seqno, i);
    }
    port_mod_refs(port, MACH_PORT_RIGHT_SEND, -2); /* what the pseudo-receives added */
    free_port(port);
}

/* An inline right: what is sent as `disposition` arrives as `type` under a name. */
static name_t pass(name_t port, name_t right, uint32_t disposition, uint32_t type)
{
    plain(port, COPY, 7);
    m.header.bits |= MACH_MSGH_BITS_COMPLEX;
    m.body[0] = MACH_TYPE_PORT(disposition);
    m.body[1] = right;
    if (!CHECK_EQ(send_message(&m, 48, 0), 0) ||
        !CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0))
        return 0;
    CHECK_EQ(m.body[0], MACH_TYPE_PORT(type));
    CHECK(m.header.bits & MACH_MSGH_BITS_COMPLEX);
    return (name_t)m.body[1];
}

static void rights(void)
{
    name_t port = new_port(), right = new_port(), once;
    uint32_t refs;

    CHECK_EQ(pass(port, right, MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_PORT_SEND), right);
    CHECK_EQ(pass(port, right, MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_PORT_SEND), right);
    CHECK_EQ(port_refs(right, MACH_PORT_RIGHT_SEND, &refs), 0);
    CHECK_EQ(refs, 3);
    CHECK_EQ(pass(port, right, MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_PORT_SEND), right);
    once = pass(port, right, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND_ONCE);
    CHECK(once && once != right);
    once = pass(port, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND_ONCE);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, once), 0);
    CHECK_EQ(pass(port, right, MACH_MSG_TYPE_MOVE_RECEIVE, MACH_MSG_TYPE_PORT_RECEIVE), right);
    CHECK_EQ(pass(port, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_PORT_SEND), 0);
    CHECK_EQ(pass(port, MACH_PORT_DEAD, MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_PORT_SEND),
             MACH_PORT_DEAD);
    free_port(right);
    free_port(port);
}

static uint32_t send_body(name_t port, uint64_t word, uint64_t value, uint32_t size)
{
    plain(port, COPY, 7);
    m.header.bits |= MACH_MSGH_BITS_COMPLEX;
    m.body[0] = word;
    m.body[1] = value;
    return send_message(&m, size, 0);
}

static void bad_bodies(void)
{
    name_t port = new_port();
    uint64_t unused = UINT64_C(1) << 24;

    CHECK_EQ(send_body(port, MACH_TYPE_PORT(COPY), 0x4321, 48), MACH_SEND_INVALID_RIGHT);
    CHECK_EQ(send_body(port, MACH_TYPE_PORT(MACH_MSG_TYPE_MOVE_SEND_ONCE), port, 48),
             MACH_SEND_INVALID_RIGHT);
    CHECK_EQ(send_body(port, MACH_TYPE_WORD(COPY, 32, 1, 1), port, 48), MACH_SEND_INVALID_TYPE);
    CHECK_EQ(send_body(port, MACH_TYPE_PORT(COPY) | unused, port, 48), MACH_SEND_INVALID_TYPE);
    CHECK_EQ(send_body(port, MACH_TYPE_INT32 | UINT64_C(1) << 31, 0, 48), MACH_SEND_INVALID_TYPE);
    CHECK_EQ(send_body(port, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 1, 100), 0, 48),
             MACH_SEND_MSG_TOO_SMALL);
    CHECK_EQ(send_body(port, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, 100), 16, 48),
             MACH_SEND_INVALID_MEMORY);
    CHECK_EQ(send_body(port, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, 100), 0, 40),
             MACH_SEND_MSG_TOO_SMALL);
    CHECK_EQ(send_body(port, MACH_TYPE_WORD(COPY, 32, 0, 4), 16, 48), MACH_SEND_INVALID_MEMORY);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), MACH_RCV_TIMED_OUT);
    free_port(port);
}

#define SIZE (3 * PAGE_SIZE)

static void fill(uint64_t address, uint8_t seed)
{
    for (unsigned i = 0; i < SIZE; i += 512)
        ((uint8_t *)address)[i] = (uint8_t)(seed + i / 512);
}

static bool filled(uint64_t address, uint8_t seed)
{
    for (unsigned i = 0; i < SIZE; i += 512)
        if (((uint8_t *)address)[i] != (uint8_t)(seed + i / 512))
            return false;
    return true;
}

static void memory(void)
{
    name_t port = new_port();
    uint64_t address = 0, copy, bytes = MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, SIZE);

    MUST(trap_vm_allocate(task_self, &address, SIZE, true));
    fill(address, 1);
    CHECK_EQ(send_body(port, bytes, address, 48), 0);
    fill(address, 2); /* the copy was made when it was sent */
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
    copy = m.body[1];
    CHECK(copy != address && filled(copy, 1) && filled(address, 2));
    fill(copy, 3);
    CHECK(filled(address, 2));
    /* As it was received it can be sent on, and leaves; a full queue gives it back the same way. */
    CHECK_EQ(m.body[0], bytes | MACH_TYPE_DEALLOCATE);
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(send_body(port, MACH_TYPE_INT32, i, 48), 0);
    CHECK_EQ(send_body(port, bytes, copy, 48), MACH_SEND_TIMED_OUT);
    CHECK_EQ(m.body[0], bytes | MACH_TYPE_DEALLOCATE);
    MUST(trap_vm_deallocate(task_self, copy, SIZE));
    copy = m.body[1];
    CHECK(filled(copy, 3));
    MUST(port_mod_refs(port, MACH_PORT_RIGHT_SEND, -1));
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
        CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
    CHECK_EQ(send_body(port, bytes | MACH_TYPE_DEALLOCATE, copy, 48), 0);
    CHECK_EQ(send_body(port, bytes, copy, 48), MACH_SEND_INVALID_MEMORY);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
    CHECK(filled(m.body[1], 3));
    MUST(trap_vm_deallocate(task_self, m.body[1], SIZE));
    CHECK_EQ(send_body(port, bytes | UINT64_C(1) << 31, address, 48), 0);
    CHECK_EQ(send_body(port, bytes, address, 48), MACH_SEND_INVALID_MEMORY); /* it moved away */
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
    CHECK(filled(m.body[1], 2));
    MUST(trap_vm_deallocate(task_self, m.body[1], SIZE));
    free_port(port);
}

static void port_arrays(void)
{
    name_t port = new_port(), sent[3] = {port, MACH_PORT_NULL, MACH_PORT_DEAD}, *got;

    CHECK_EQ(send_body(port, MACH_TYPE_WORD(COPY, 32, 0, 3), (uint64_t)sent, 48), 0);
    CHECK_EQ(receive_message(&m, sizeof(m), port, 0), 0);
    got = (name_t *)m.body[1];
    CHECK_EQ(m.body[0],
             MACH_TYPE_WORD(MACH_MSG_TYPE_PORT_SEND, 32, 0, 3) | MACH_TYPE_DEALLOCATE);
    CHECK(got[0] == port && got[1] == MACH_PORT_NULL && got[2] == MACH_PORT_DEAD);
    MUST(trap_vm_deallocate(task_self, m.body[1], sizeof(sent)));
    free_port(port);
}

/* Rights and memory that are never received come back. */
static void unreceived(void)
{
    name_t port = new_port(), right = new_port(), notify = new_port(), previous;
    uint64_t address = 0;

    MUST(trap_vm_allocate(task_self, &address, SIZE, true));
    CHECK_EQ(port_notify(right, MACH_NOTIFY_NO_SENDERS, 1, notify, &previous), 0);
    CHECK_EQ(send_body(port, MACH_TYPE_PORT(MACH_MSG_TYPE_MOVE_SEND), right, 48), 0);
    CHECK_EQ(send_body(port, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, SIZE) | UINT64_C(1) << 31,
                       address, 48), 0);
    CHECK_EQ(receive_message(&m, sizeof(m), notify, 0), MACH_RCV_TIMED_OUT);
    free_port(port);
    CHECK_EQ(receive_message(&m, sizeof(m), notify, 0), 0);
    CHECK_EQ(m.header.id, MACH_NOTIFY_NO_SENDERS);
    free_port(right);
    free_port(notify);
}

/* A receive right sent to itself goes away with its message. */
static void circular(void)
{
    name_t port = new_port();
    uint32_t type;

    CHECK_EQ(send_body(port, MACH_TYPE_PORT(MACH_MSG_TYPE_MOVE_RECEIVE), port, 48), 0);
    CHECK_EQ(port_type(task_self, port, &type), 0);
    CHECK_EQ(type, MACH_PORT_TYPE_DEAD_NAME);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, port), 0);
}

static void echo(struct worker *w)
{
    static struct message e;
    uint32_t kr = mach_msg_trap(&e, MACH_RCV_MSG, 0, sizeof(e), (name_t)w->arg[0], 0, 0);

    while (!kr) {
        e.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
        e.header.local = 0;
        e.header.id++;
        for (unsigned i = 0; i < ARRAY_SIZE(e.body); i++)
            e.body[i] = ~e.body[i];
        kr = mach_msg_trap(&e, MACH_SEND_MSG | MACH_RCV_MSG, e.header.size, sizeof(e),
                           (name_t)w->arg[0], 0, 0);
    }
    w->result[0] = kr;
}

/* Every word of every length between two tasks. */
static void between_tasks(void)
{
    name_t port = new_port(), child = child_create();
    struct worker *w = worker_create(0, child);

    give_receive(child, port);
    w->arg[0] = port;
    worker_run(w, echo);
    for (unsigned words = 0; words <= ARRAY_SIZE(m.body); words++) {
        plain(port, COPY, (int32_t)words);
        m.header.bits |= MACH_MSG_TYPE_MAKE_SEND_ONCE << 8;
        m.header.local = reply_port;
        for (unsigned i = 0; i < words; i++)
            m.body[i] = i * 0x0101010101010101u + words;
        CHECK_EQ(mach_msg_trap(&m, MACH_SEND_MSG | MACH_RCV_MSG, 32 + 8 * words, sizeof(m),
                               reply_port, 0, 0), 0);
        CHECK_EQ(m.header.id, words + 1);
        for (unsigned i = 0; i < words; i++)
            CHECK_EQ(m.body[i], ~(i * 0x0101010101010101u + words));
    }
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, child));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, port));
}

const struct test message_tests[] = {
    {"message: to oneself", to_oneself},
    {"message: bad headers", bad_headers},
    {"message: bad receives", bad_receives},
    {"message: a full queue", full_queue},
    {"message: rights in a body", rights},
    {"message: bad bodies", bad_bodies},
    {"message: out-of-line memory", memory},
    {"message: arrays of rights", port_arrays},
    {"message: what is never received", unreceived},
    {"message: a right sent to itself", circular},
    {"message: between two tasks", between_tasks},
    {0},
};
