/* SPDX-License-Identifier: BSD-2-Clause */
/* Port names and rights, by request to the kernel; notifications. */
#include "bench/mach/mach.h"

#include "l4k/lib/string.h"

static uint32_t type_of(name_t name)
{
    uint32_t type = 0;

    return port_type(task_self, name, &type) ? 0 : type;
}

static void kinds(void)
{
    name_t port, set, dead, none;

    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_RECEIVE, &port), 0);
    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set), 0);
    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_SEND, &none), KERN_INVALID_VALUE);
    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_NUMBER, &none), KERN_INVALID_VALUE);
    CHECK_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
    CHECK_EQ(type_of(set), MACH_PORT_TYPE_PORT_SET);
    CHECK_EQ(type_of(dead), MACH_PORT_TYPE_DEAD_NAME);
    CHECK_EQ(port_type(task_self, 0x123456, &none), KERN_INVALID_NAME);
    CHECK_EQ(port_type(task_self, MACH_PORT_NULL, &none), KERN_INVALID_NAME);
    CHECK_EQ(port_type(task_self, MACH_PORT_DEAD, &none), KERN_INVALID_NAME);
    CHECK_EQ(port_type(host_priv, port, &none), KERN_INVALID_ARGUMENT);
    CHECK_EQ(port_simple(RPC_PORT_DESTROY, task_self, port), 0);
    CHECK_EQ(port_simple(RPC_PORT_DESTROY, task_self, port), KERN_INVALID_NAME);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, set), KERN_INVALID_RIGHT);
    CHECK_EQ(port_simple(RPC_PORT_DESTROY, task_self, set), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, dead), 0);
}

static void stale_names(void)
{
    name_t old, fresh;

    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_RECEIVE, &old), 0);
    free_port(old);
    CHECK_EQ(port_allocate(MACH_PORT_RIGHT_RECEIVE, &fresh), 0);
    CHECK(old != fresh);
    CHECK_EQ(type_of(old), 0);
    free_port(fresh);
}

static uint32_t allocate_name(name_t name)
{
    struct call c;

    call_begin(&c);
    put32(&c, MACH_PORT_RIGHT_RECEIVE);
    put_name(&c, name);
    return call(&c, task_self, RPC_PORT_ALLOCATE_NAME);
}

static uint32_t two_names(int32_t id, name_t a, name_t b)
{
    struct call c;

    call_begin(&c);
    put_name(&c, a);
    put_name(&c, b);
    return call(&c, task_self, id);
}

static void by_name(void)
{
    CHECK_EQ(allocate_name(0x777), 0);
    CHECK_EQ(allocate_name(0x777), KERN_NAME_EXISTS);
    CHECK_EQ(allocate_name(MACH_PORT_NULL), KERN_INVALID_VALUE);
    CHECK_EQ(allocate_name(MACH_PORT_DEAD), KERN_INVALID_VALUE);
    CHECK_EQ(two_names(RPC_PORT_RENAME, 0x777, 0x888), 0);
    CHECK_EQ(type_of(0x777), 0);
    CHECK_EQ(type_of(0x888), MACH_PORT_TYPE_RECEIVE);
    CHECK_EQ(two_names(RPC_PORT_RENAME, 0x777, 0x999), KERN_INVALID_NAME);
    CHECK_EQ(two_names(RPC_PORT_RENAME, 0x888, task_self), KERN_NAME_EXISTS);
    free_port(0x888);
}

static void references(void)
{
    name_t port = new_port();
    uint32_t refs = 0;

    CHECK_EQ(port_refs(port, MACH_PORT_RIGHT_SEND, &refs), 0);
    CHECK_EQ(refs, 1);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_SEND, 9), 0);
    CHECK_EQ(port_refs(port, MACH_PORT_RIGHT_SEND, &refs), 0);
    CHECK_EQ(refs, 10);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_SEND, -11), KERN_INVALID_VALUE);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_SEND, 0x7fffffff), KERN_UREFS_OVERFLOW);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, 1), KERN_INVALID_VALUE);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_DEAD_NAME, 1), KERN_INVALID_RIGHT);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_SEND, -10), 0);
    CHECK_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1), 0);
    CHECK_EQ(type_of(port), 0);
}

static void inserting(void)
{
    name_t port = new_port();

    CHECK_EQ(port_insert(task_self, port + 1, port, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
    CHECK_EQ(port_insert(task_self, task_self, port, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
    CHECK_EQ(port_insert(task_self, 0x700, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), 0);
    CHECK_EQ(type_of(0x700), MACH_PORT_TYPE_SEND_ONCE);
    CHECK_EQ(port_insert(task_self, 0x700, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
    CHECK_EQ(port_insert(task_self, 0x701, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND),
             KERN_INVALID_VALUE);
    CHECK_EQ(port_insert(task_self, 0x701, MACH_PORT_DEAD, MACH_MSG_TYPE_COPY_SEND),
             KERN_INVALID_CAPABILITY);
    CHECK_EQ(port_insert(task_self, 0x701, 0x654321, MACH_MSG_TYPE_COPY_SEND),
             MACH_SEND_INVALID_RIGHT);
    free_port(port);
    CHECK_EQ(type_of(0x700), MACH_PORT_TYPE_DEAD_NAME);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, 0x700), 0);
}

static void extracting(void)
{
    name_t port = new_port(), child = child_create();
    struct call c;

    give(child, port);
    call_begin(&c);
    put_name(&c, port);
    put32(&c, MACH_MSG_TYPE_MOVE_SEND);
    CHECK_EQ(call(&c, child, RPC_PORT_EXTRACT_RIGHT), 0);
    CHECK_EQ(get(&c), port); /* joins the right that is here */
    call_begin(&c);
    put_name(&c, port);
    put32(&c, MACH_MSG_TYPE_MOVE_SEND);
    CHECK_EQ(call(&c, child, RPC_PORT_EXTRACT_RIGHT), KERN_INVALID_NAME);
    call_begin(&c);
    put_name(&c, port);
    put32(&c, 99);
    CHECK(call(&c, task_self, RPC_PORT_EXTRACT_RIGHT) != 0);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, child));
    free_port(port);
}

static void sets(void)
{
    name_t port = new_port(), set, other;
    struct mach_port_status status;
    struct mach_msg_header h = {
        .bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .remote = port, .id = 5};
    struct call c;
    uint64_t members;

    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set));
    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &other));
    CHECK_EQ(two_names(RPC_PORT_MOVE_MEMBER, port, set), 0);
    CHECK_EQ(two_names(RPC_PORT_MOVE_MEMBER, port, port), KERN_INVALID_RIGHT);
    CHECK_EQ(two_names(RPC_PORT_MOVE_MEMBER, set, other), KERN_INVALID_RIGHT);
    CHECK_EQ(port_status(port, &status), 0);
    CHECK_EQ(status.pset, set);
    call_begin(&c);
    put_name(&c, set);
    CHECK_EQ(call(&c, task_self, RPC_PORT_GET_SET_STATUS), 0);
    members = get(&c);
    CHECK_EQ(*(uint32_t *)members, port);
    MUST(trap_vm_deallocate(task_self, members, 4));
    CHECK_EQ(send_message(&h, sizeof(h), 0), 0);
    CHECK_EQ(receive_message(&h, sizeof(h), port, 0), MACH_RCV_IN_SET);
    CHECK_EQ(receive_message(&h, sizeof(h), other, 0), MACH_RCV_TIMED_OUT);
    CHECK_EQ(receive_message(&h, sizeof(h), set, 0), 0);
    CHECK_EQ(h.local, port);
    CHECK_EQ(h.id, 5);
    CHECK_EQ(two_names(RPC_PORT_MOVE_MEMBER, port, MACH_PORT_NULL), 0);
    CHECK_EQ(two_names(RPC_PORT_MOVE_MEMBER, port, MACH_PORT_NULL), KERN_NOT_IN_SET);
    free_port(port);
    free_port(set);
    free_port(other);
}

static uint32_t name_value(int32_t id, name_t name, uint32_t value)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, value);
    return call(&c, task_self, id);
}

static void attributes(void)
{
    name_t port = new_port();
    struct mach_port_status status;

    CHECK_EQ(port_status(port, &status), 0);
    CHECK_EQ(status.qlimit, MACH_PORT_QLIMIT_DEFAULT);
    CHECK_EQ(status.srights, 1);
    CHECK_EQ(status.mscount, 1);
    CHECK_EQ(name_value(RPC_PORT_SET_QLIMIT, port, MACH_PORT_QLIMIT_MAX), 0);
    CHECK_EQ(name_value(RPC_PORT_SET_QLIMIT, port, MACH_PORT_QLIMIT_MAX + 1), KERN_INVALID_VALUE);
    CHECK_EQ(name_value(RPC_PORT_SET_QLIMIT, 0x4444, 1), KERN_INVALID_NAME);
    CHECK_EQ(name_value(RPC_PORT_SET_MSCOUNT, port, 7), 0);
    CHECK_EQ(name_value(RPC_PORT_SET_SEQNO, port, 9), 0);
    CHECK_EQ(port_status(port, &status), 0);
    CHECK_EQ(status.qlimit, MACH_PORT_QLIMIT_MAX);
    CHECK_EQ(status.mscount, 7);
    CHECK_EQ(status.seqno, 9);
    free_port(port);
}

/* The notification that waits at `port`: its value, or -1. */
static uint64_t notified(name_t port, int32_t id)
{
    struct {
        struct mach_notification n;
        uint64_t room[4];
    } m;

    if (!CHECK_EQ(receive_message(&m, sizeof(m), port, 10), 0) || !CHECK_EQ(m.n.header.id, id))
        return (uint64_t)-1;
    return m.n.header.size == sizeof(m.n) ? m.n.value : 0;
}

static void notifications(void)
{
    name_t notify = new_port(), port = new_port(), previous;

    CHECK_EQ(port_notify(port, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), 0);
    CHECK_EQ(previous, 0);
    CHECK_EQ(port_mod_refs(port, MACH_PORT_RIGHT_SEND, -1), 0);
    CHECK_EQ(notified(notify, MACH_NOTIFY_NO_SENDERS), 1);
    CHECK_EQ(port_insert(task_self, 0x710, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), 0);
    CHECK_EQ(port_notify(0x710, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), 0);
    CHECK_EQ(port_notify(port, 12345, 0, notify, &previous), KERN_INVALID_VALUE);
    CHECK_EQ(notified(notify, MACH_NOTIFY_SEND_ONCE), 0); /* the right that was refused */
    CHECK_EQ(port_notify(0x5555, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), KERN_INVALID_NAME);
    CHECK_EQ(notified(notify, MACH_NOTIFY_SEND_ONCE), 0);
    free_port(port);
    CHECK_EQ(notified(notify, MACH_NOTIFY_DEAD_NAME), 0x710);
    CHECK_EQ(port_mod_refs(0x710, MACH_PORT_RIGHT_DEAD_NAME, -2), 0);
    port = new_port();
    CHECK_EQ(port_insert(task_self, 0x711, port, MACH_MSG_TYPE_MAKE_SEND_ONCE), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, 0x711), 0);
    CHECK_EQ(notified(port, MACH_NOTIFY_SEND_ONCE), 0);
    CHECK_EQ(port_notify(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify, &previous), 0);
    free_port(port);
    port = (name_t)notified(notify, MACH_NOTIFY_PORT_DESTROYED);
    CHECK_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE & MACH_PORT_TYPE_RECEIVE);
    free_port(port);
    free_port(notify);
}

static void traps(void)
{
    name_t self = mach_task_self(), host = mach_host_self(), port;
    uint32_t refs;

    CHECK_EQ(self, task_self);
    CHECK_EQ(port_refs(self, MACH_PORT_RIGHT_SEND, &refs), 0);
    CHECK(refs > 1);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, self), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, host), 0);
    CHECK_EQ(trap_port_allocate(task_self, MACH_PORT_RIGHT_RECEIVE, &port), 0);
    CHECK_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
    free_port(port);
    CHECK_EQ(trap_port_allocate(task_self, MACH_PORT_RIGHT_RECEIVE, (name_t *)8),
             KERN_INVALID_ADDRESS);
    CHECK_EQ(trap_port_allocate(0x4242, MACH_PORT_RIGHT_RECEIVE, &port), MACH_SEND_INTERRUPTED);
    CHECK_EQ(trap_hole(), KERN_INVALID_ARGUMENT);
}

/* The kernel as a server refuses what does not fit a routine's signature. */
static void bad_requests(void)
{
    name_t port = new_port();
    struct call c;

    CHECK_EQ(simple_call(task_self, 2000), (uint32_t)MIG_BAD_ID);
    CHECK_EQ(simple_call(task_self, 1), (uint32_t)MIG_BAD_ID);
    CHECK_EQ(simple_call(task_self, -5), (uint32_t)MIG_BAD_ID);
    CHECK_EQ(simple_call(task_self, RPC_PORT_TYPE), (uint32_t)MIG_BAD_ARGUMENTS);
    call_begin(&c); /* an integer for a name */
    put32(&c, task_self);
    CHECK_EQ(call(&c, task_self, RPC_PORT_TYPE), (uint32_t)MIG_BAD_ARGUMENTS);
    call_begin(&c); /* one too many */
    put_name(&c, task_self);
    put_name(&c, task_self);
    CHECK_EQ(call(&c, task_self, RPC_PORT_TYPE), (uint32_t)MIG_BAD_ARGUMENTS);
    call_begin(&c); /* two of it */
    put(&c, MACH_TYPE_WORD(MACH_MSG_TYPE_PORT_NAME, 32, 1, 2), task_self);
    CHECK_EQ(call(&c, task_self, RPC_PORT_TYPE), (uint32_t)MIG_BAD_ARGUMENTS);
    call_begin(&c); /* complex */
    put_name(&c, task_self);
    c.header.bits = MACH_MSGH_BITS_COMPLEX;
    CHECK_EQ(call(&c, task_self, RPC_PORT_TYPE), (uint32_t)MIG_BAD_ARGUMENTS);
    call_begin(&c); /* a send-once right for a send right */
    put32(&c, SPECIAL_BOOTSTRAP_PORT);
    put_port(&c, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    CHECK_EQ(call(&c, task_self, RPC_TASK_SET_SPECIAL_PORT), (uint32_t)MIG_BAD_ARGUMENTS);
    CHECK_EQ(notified(port, MACH_NOTIFY_SEND_ONCE), 0);
    free_port(port);
    CHECK_EQ(simple_call(host_priv, RPC_TASK_SUSPEND), KERN_INVALID_ARGUMENT);
    CHECK_EQ(simple_call(task_self, RPC_HOST_GET_TIME), KERN_INVALID_HOST);
}

const struct test port_tests[] = {
    {"port: kinds of rights", kinds},
    {"port: a stale name means nothing", stale_names},
    {"port: names of choice", by_name},
    {"port: user references", references},
    {"port: inserting rights", inserting},
    {"port: extracting rights", extracting},
    {"port: sets", sets},
    {"port: attributes", attributes},
    {"port: notifications", notifications},
    {"port: traps", traps},
    {"port: bad requests", bad_requests},
    {0},
};
