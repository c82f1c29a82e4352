/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what the kernel checks of requests to it: ids, signatures, targets, arguments of the
 * routines. A request that is refused is destroyed with what it
 * carries: its rights are made for it. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

static uint32_t raw(name_t target, int32_t id, unsigned words, const uint64_t *word, bool complex)
{
    struct call c;

    call_begin(&c);
    memcpy(c.body, word, words * 8);
    c.bytes = words * 8;
    if (complex)
        c.header.bits |= MACH_MSGH_BITS_COMPLEX;
    return call(&c, target, id);
}

static void ids(void)
{
    static const int32_t bad[] = {0, -1, 1, 1999, 2000, 2006, 2009, 2299, 3199, 3219, 4294 + 5,
                                  4300, 5000, 0x7fffff00, (int32_t)0x80000000};

    kinds_make();
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        REFUSES(MIG_BAD_ID, simple_call(kinds.child, bad[i]));
    kinds_free();
}

static uint32_t type_request(uint64_t type, unsigned words, bool complex)
{
    const uint64_t word[] = {type, kinds.both, 0, 0};

    return raw(task_self, RPC_PORT_TYPE, words, word, complex);
}

static void signatures(void)
{
    kinds_make();
    REFUSES(MIG_BAD_ARGUMENTS, type_request(MACH_TYPE_NAME, 0, false));
    REFUSES(MIG_BAD_ARGUMENTS, type_request(MACH_TYPE_NAME, 1, false));
    REFUSES(MIG_BAD_ARGUMENTS, type_request(MACH_TYPE_NAME, 3, false));
    REFUSES(MIG_BAD_ARGUMENTS, type_request(MACH_TYPE_NAME, 4, false));
    REFUSES(MIG_BAD_ARGUMENTS, type_request(MACH_TYPE_NAME, 2, true));
    for (unsigned bit = 0; bit < 64; bit++)
        REFUSES(MIG_BAD_ARGUMENTS, type_request(MACH_TYPE_NAME ^ UINT64_C(1) << bit, 2, false));
    kinds_free();
}

static uint32_t insert_request(uint64_t type, uint64_t value, bool complex)
{
    const uint64_t word[] = {MACH_TYPE_NAME, 5000, type, value};

    return raw(task_self, RPC_PORT_INSERT_RIGHT, 4, word, complex);
}

static uint32_t special_request(uint32_t disposition)
{
    const uint64_t word[] = {MACH_TYPE_INT32, SPECIAL_EXCEPTION_PORT, MACH_TYPE_PORT(disposition),
                             kinds.both};

    return raw(kinds.child, RPC_TASK_SET_SPECIAL_PORT, 4, word, true);
}

/* Arguments that are rights: a word that is none, the wrong kind of right, no right. */
static void right_arguments(void)
{
    struct mach_msg_header h;

    kinds_make();
    REFUSES(MIG_BAD_ARGUMENTS, insert_request(MACH_TYPE_PORT(MACH_MSG_TYPE_MAKE_SEND), 0, false));
    REFUSES(KERN_INVALID_VALUE,
            insert_request(MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 1), 0x1000, true));
    REFUSES(KERN_INVALID_VALUE, insert_request(MACH_TYPE_PORT(MACH_MSG_TYPE_MAKE_SEND), 0, true));
    REFUSES(KERN_INVALID_CAPABILITY,
            insert_request(MACH_TYPE_PORT(MACH_MSG_TYPE_COPY_SEND), MACH_PORT_DEAD, true));
    REFUSES(KERN_INVALID_CAPABILITY,
            insert_request(MACH_TYPE_PORT(MACH_MSG_TYPE_COPY_SEND), kinds.dead, true));
    REFUSES(KERN_RIGHT_EXISTS,
            insert_request(MACH_TYPE_PORT(MACH_MSG_TYPE_MAKE_SEND), kinds.both, true));
    CHECK_EQ(special_request(MACH_MSG_TYPE_MAKE_SEND_ONCE), (uint32_t)MIG_BAD_ARGUMENTS);
    CHECK_EQ(receive_message(&h, sizeof(h), kinds.both, 0), MACH_MSG_SUCCESS);
    CHECK_EQ(h.id, MACH_NOTIFY_SEND_ONCE);
    kinds_free();
}

static void targets(void)
{
    name_t thread, host = mach_host_self();

    kinds_make();
    thread = mach_thread_self();
    REFUSES(KERN_INVALID_ARGUMENT, simple_call(thread, RPC_TASK_TERMINATE));
    REFUSES(KERN_INVALID_ARGUMENT, simple_call(host, RPC_TASK_THREADS));
    REFUSES(KERN_INVALID_ARGUMENT, simple_call(device, RPC_TASK_SUSPEND));
    REFUSES(KERN_INVALID_ARGUMENT, simple_call(kinds.child, RPC_THREAD_TERMINATE));
    REFUSES(KERN_INVALID_ARGUMENT, simple_call(kinds.child, RPC_DEVICE_CLOSE));
    REFUSES(KERN_INVALID_HOST, simple_call(kinds.child, RPC_HOST_GET_TIME));
    REFUSES(KERN_INVALID_HOST, simple_call(host, RPC_HOST_BOOT_INFO));
    REFUSES(KERN_INVALID_HOST, simple_call(device, RPC_HOST_ENTROPY));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, thread));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, host));
    kinds_free();
}

static uint32_t with_tail(uint64_t type, unsigned words)
{
    uint64_t word[64] = {MACH_TYPE_INT32, 0, type, 0x656c6f736e6f63};

    return raw(device, RPC_DEVICE_OPEN, words, word, false);
}

/* To this thread: where the array is one, the answer is that there is no such state. */
static uint32_t with_ints(uint64_t type)
{
    const uint64_t word[] = {MACH_TYPE_INT32, 99, type, 0};
    name_t thread = mach_thread_self();
    uint32_t kr = raw(thread, RPC_THREAD_SET_STATE, 4, word, false);

    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, thread));
    return kr;
}

static void tails(void)
{
    const uint64_t text = MACH_TYPE_WORD(MACH_MSG_TYPE_STRING, 8, 1, 8);

    kinds_make();
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text, 2));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text, 3));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text, 5));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text ^ UINT64_C(1) << 29, 4));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text | UINT64_C(1) << 24, 4));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text | UINT64_C(1) << 31, 4));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(text | UINT64_C(1) << 63, 4));
    REFUSES(MIG_BAD_ARGUMENTS, with_tail(MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 1, 8), 4));
    REFUSES(MIG_BAD_ARGUMENTS, with_ints(MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 32, 1, 2)));
    REFUSES(MIG_BAD_ARGUMENTS, with_ints(MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 64, 1, 1)));
    REFUSES(KERN_INVALID_ARGUMENT, with_ints(MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, 2)));
    kinds_free();
}

static uint32_t two(int32_t id, name_t task, uint64_t first, uint32_t a, uint64_t second,
                    uint32_t b)
{
    const uint64_t word[] = {first, a, second, b};

    return raw(task, id, 4, word, false);
}

static uint32_t name_int(int32_t id, name_t name, uint32_t value)
{
    return two(id, task_self, MACH_TYPE_NAME, name, MACH_TYPE_INT32, value);
}

static uint32_t int_name(int32_t id, uint32_t value, name_t name)
{
    return two(id, task_self, MACH_TYPE_INT32, value, MACH_TYPE_NAME, name);
}

static uint32_t name_name(int32_t id, name_t a, name_t b)
{
    return two(id, task_self, MACH_TYPE_NAME, a, MACH_TYPE_NAME, b);
}

static void port_names(void)
{
    static const int32_t by_name[] = {RPC_PORT_TYPE, RPC_PORT_DESTROY, RPC_PORT_DEALLOCATE,
                                      RPC_PORT_GET_SET_STATUS, RPC_PORT_GET_RECEIVE_STATUS};
    uint32_t refs;
    name_t name;

    kinds_make();
    for (unsigned i = 0; i < ARRAY_SIZE(by_name); i++) {
        REFUSES(KERN_INVALID_NAME, port_simple(by_name[i], task_self, MACH_PORT_NULL));
        REFUSES(KERN_INVALID_NAME, port_simple(by_name[i], task_self, MACH_PORT_DEAD));
        REFUSES(KERN_INVALID_NAME, port_simple(by_name[i], task_self, kinds.unknown));
        REFUSES(KERN_INVALID_NAME, port_simple(by_name[i], task_self, kinds.stale));
    }
    REFUSES(KERN_INVALID_RIGHT, port_simple(RPC_PORT_DEALLOCATE, task_self, kinds.receive));
    REFUSES(KERN_INVALID_RIGHT, port_simple(RPC_PORT_DEALLOCATE, task_self, kinds.set));
    REFUSES(KERN_INVALID_RIGHT, port_simple(RPC_PORT_GET_SET_STATUS, task_self, kinds.both));
    REFUSES(KERN_INVALID_RIGHT, port_simple(RPC_PORT_GET_RECEIVE_STATUS, task_self, kinds.send));
    REFUSES(KERN_INVALID_VALUE, port_allocate(MACH_PORT_RIGHT_SEND, &name));
    REFUSES(KERN_INVALID_VALUE, port_allocate(MACH_PORT_RIGHT_SEND_ONCE, &name));
    REFUSES(KERN_INVALID_VALUE, port_allocate(MACH_PORT_RIGHT_NUMBER, &name));
    REFUSES(KERN_INVALID_VALUE, int_name(RPC_PORT_ALLOCATE_NAME, 5, 5000));
    REFUSES(KERN_INVALID_VALUE, int_name(RPC_PORT_ALLOCATE_NAME, 1, MACH_PORT_NULL));
    REFUSES(KERN_INVALID_VALUE, int_name(RPC_PORT_ALLOCATE_NAME, 1, MACH_PORT_DEAD));
    REFUSES(KERN_NAME_EXISTS, int_name(RPC_PORT_ALLOCATE_NAME, 1, kinds.both));
    REFUSES(KERN_NO_SPACE, int_name(RPC_PORT_ALLOCATE_NAME, 1, 0x00fffffe));
    REFUSES(KERN_NO_SPACE, int_name(RPC_PORT_ALLOCATE_NAME, 1, 0x01000000)); /* index 0 */
    REFUSES(KERN_INVALID_VALUE, name_name(RPC_PORT_RENAME, kinds.both, MACH_PORT_NULL));
    REFUSES(KERN_NAME_EXISTS, name_name(RPC_PORT_RENAME, kinds.both, kinds.send));
    REFUSES(KERN_INVALID_NAME, name_name(RPC_PORT_RENAME, kinds.stale, 5000));
    REFUSES(KERN_INVALID_VALUE, port_refs(kinds.both, MACH_PORT_RIGHT_NUMBER, &refs));
    REFUSES(KERN_INVALID_NAME, port_refs(kinds.stale, MACH_PORT_RIGHT_SEND, &refs));
    kinds_free();
}

static void port_rights(void)
{
    kinds_make();
    REFUSES(KERN_INVALID_VALUE, port_mod_refs(kinds.both, MACH_PORT_RIGHT_NUMBER, 1));
    REFUSES(KERN_INVALID_NAME, port_mod_refs(kinds.stale, MACH_PORT_RIGHT_SEND, 1));
    REFUSES(KERN_INVALID_RIGHT, port_mod_refs(kinds.receive, MACH_PORT_RIGHT_SEND, 1));
    REFUSES(KERN_INVALID_RIGHT, port_mod_refs(kinds.send, MACH_PORT_RIGHT_RECEIVE, -1));
    REFUSES(KERN_INVALID_VALUE, port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -2));
    REFUSES(KERN_INVALID_VALUE, port_mod_refs(kinds.both, MACH_PORT_RIGHT_RECEIVE, 1));
    REFUSES(KERN_INVALID_VALUE, port_mod_refs(kinds.once, MACH_PORT_RIGHT_SEND_ONCE, 1));
    REFUSES(KERN_INVALID_VALUE, port_mod_refs(kinds.set, MACH_PORT_RIGHT_PORT_SET, 1));
    REFUSES(KERN_INVALID_VALUE, port_mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, -2));
    REFUSES(KERN_UREFS_OVERFLOW, port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, 0x10000));
    REFUSES(KERN_UREFS_OVERFLOW, port_mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, 0x7fffffff));
    MUST(port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, 0xfffe));
    REFUSES(KERN_UREFS_OVERFLOW, port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, 1));
    REFUSES(KERN_UREFS_OVERFLOW,
            port_insert(task_self, kinds.send, kinds.send, MACH_MSG_TYPE_COPY_SEND));
    REFUSES(KERN_INVALID_VALUE,
            port_insert(task_self, MACH_PORT_NULL, kinds.both, MACH_MSG_TYPE_COPY_SEND));
    REFUSES(KERN_INVALID_VALUE,
            port_insert(task_self, MACH_PORT_DEAD, kinds.both, MACH_MSG_TYPE_COPY_SEND));
    REFUSES(KERN_NAME_EXISTS,
            port_insert(kinds.child, kinds.send, kinds.both, MACH_MSG_TYPE_COPY_SEND));
    REFUSES(KERN_NAME_EXISTS,
            port_insert(kinds.child, kinds.send + 0x01000000, kinds.both, MACH_MSG_TYPE_COPY_SEND));
    REFUSES(KERN_INVALID_VALUE, name_int(RPC_PORT_SET_QLIMIT, kinds.both, 17));
    REFUSES(KERN_INVALID_RIGHT, name_int(RPC_PORT_SET_QLIMIT, kinds.send, 1));
    REFUSES(KERN_INVALID_RIGHT, name_int(RPC_PORT_SET_MSCOUNT, kinds.set, 1));
    REFUSES(KERN_INVALID_NAME, name_int(RPC_PORT_SET_SEQNO, kinds.stale, 1));
    REFUSES(KERN_INVALID_VALUE, name_int(RPC_PORT_EXTRACT_RIGHT, kinds.both, 15));
    REFUSES(KERN_INVALID_RIGHT, name_int(RPC_PORT_EXTRACT_RIGHT, kinds.receive, 19));
    REFUSES(KERN_INVALID_NAME, name_int(RPC_PORT_EXTRACT_RIGHT, kinds.stale, 19));
    REFUSES(KERN_NOT_IN_SET, name_name(RPC_PORT_MOVE_MEMBER, kinds.both, MACH_PORT_NULL));
    REFUSES(KERN_INVALID_RIGHT, name_name(RPC_PORT_MOVE_MEMBER, kinds.send, kinds.set));
    REFUSES(KERN_INVALID_RIGHT, name_name(RPC_PORT_MOVE_MEMBER, kinds.both, kinds.receive));
    REFUSES(KERN_INVALID_NAME, name_name(RPC_PORT_MOVE_MEMBER, kinds.both, kinds.stale));
    kinds_free();
}

/* The request's send-once right goes to the kernel and comes back as a notification. */
static void notify_refused(name_t name, int32_t id, uint32_t sync, uint32_t expected)
{
    struct mach_msg_header h;
    name_t previous;

    CHECK_EQ(port_notify(name, id, sync, kinds.receive, &previous), expected);
    CHECK_EQ(receive_message(&h, sizeof(h), kinds.receive, 0), MACH_MSG_SUCCESS);
    CHECK_EQ(h.id, MACH_NOTIFY_SEND_ONCE);
}

static void notifications(void)
{
    kinds_make();
    notify_refused(kinds.both, 0, 0, KERN_INVALID_VALUE);
    notify_refused(kinds.both, MACH_NOTIFY_SEND_ONCE, 0, KERN_INVALID_VALUE);
    notify_refused(kinds.both, MACH_NOTIFY_PORT_DESTROYED, 1, KERN_INVALID_VALUE);
    notify_refused(kinds.stale, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_NAME);
    notify_refused(kinds.send, MACH_NOTIFY_NO_SENDERS, 0, KERN_INVALID_RIGHT);
    notify_refused(kinds.send, MACH_NOTIFY_PORT_DESTROYED, 0, KERN_INVALID_RIGHT);
    notify_refused(kinds.set, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_RIGHT);
    notify_refused(kinds.dead, MACH_NOTIFY_DEAD_NAME, 0, KERN_INVALID_ARGUMENT);
    kinds_free();
}

static void send_extract(name_t port, uint32_t reply_type, name_t reply)
{
    struct call c;

    call_begin(&c);
    put_name(&c, port);
    put32(&c, MACH_MSG_TYPE_MOVE_RECEIVE);
    header(&c.header, MACH_MSG_TYPE_COPY_SEND, task_self, reply_type, reply);
    c.header.id = RPC_PORT_EXTRACT_RIGHT;
    MUST(send_message(&c, (uint32_t)sizeof(c.header) + c.bytes, 0));
}

/* A right that is asked for in no reply dies, and so does one in a reply to its own port. There a
 * port-destroyed request keeps it alive, and the answer is in its queue. */
static void own_reply(void)
{
    struct mach_notification n;
    name_t port, previous;
    struct call c;
    uint32_t type;

    kinds_make();
    port = new_port();
    send_extract(port, 0, MACH_PORT_NULL);
    MUST(port_type(task_self, port, &type));
    CHECK_EQ(type, MACH_PORT_TYPE_DEAD_NAME);
    free_port(port);
    port = new_port();
    MUST(port_notify(port, MACH_NOTIFY_PORT_DESTROYED, 0, kinds.receive, &previous));
    send_extract(port, MACH_MSG_TYPE_MAKE_SEND_ONCE, port);
    MUST(receive_message(&n, sizeof(n), kinds.receive, 0));
    CHECK_EQ(n.header.id, MACH_NOTIFY_PORT_DESTROYED);
    CHECK_EQ(n.value, port);
    MUST(receive_message(&c, sizeof(c), port, 0));
    c.bytes = 0;
    CHECK_EQ(get(&c), KERN_FAILURE);
    free_port(port);
    kinds_free();
}

static uint32_t vm(int32_t id, uint64_t address, uint64_t size, unsigned more, uint64_t t3,
                   uint64_t v3, uint64_t t4, uint64_t v4)
{
    const uint64_t word[] = {MACH_TYPE_INT64, address, MACH_TYPE_INT64, size, t3, v3, t4, v4};

    return raw(kinds.child, id, 4 + 2 * more, word, false);
}

static void memory(void)
{
    kinds_make();
    REFUSES(KERN_NO_SPACE, vm(RPC_VM_ALLOCATE, 0, USER_MAX + 1, 1, MACH_TYPE_BOOL, 1, 0, 0));
    REFUSES(KERN_NO_SPACE, vm(RPC_VM_ALLOCATE, 0, PAGE_SIZE, 1, MACH_TYPE_BOOL, 0, 0, 0));
    REFUSES(KERN_NO_SPACE, vm(RPC_VM_ALLOCATE, USER_MAX, 4096, 1, MACH_TYPE_BOOL, 0, 0, 0));
    REFUSES(KERN_NO_SPACE, vm(RPC_VM_ALLOCATE, -4096ull, 8192, 1, MACH_TYPE_BOOL, 0, 0, 0));
    REFUSES(KERN_INVALID_ARGUMENT, vm(RPC_VM_DEALLOCATE, -4096ull, 8192, 0, 0, 0, 0, 0));
    REFUSES(KERN_INVALID_ARGUMENT,
            vm(RPC_VM_PROTECT, 0x400000, 4096, 2, MACH_TYPE_BOOL, 0, MACH_TYPE_INT32, 8));
    REFUSES(KERN_INVALID_ARGUMENT, vm(RPC_VM_INHERIT, 0x400000, 4096, 1, MACH_TYPE_INT32, 3, 0, 0));
    REFUSES(KERN_INVALID_ARGUMENT, vm(RPC_VM_READ, 0x400000, 0x100000000, 0, 0, 0, 0, 0));
    REFUSES(KERN_INVALID_ADDRESS, vm(RPC_VM_READ, 0x1000, 1, 0, 0, 0, 0, 0));
    REFUSES(KERN_INVALID_ADDRESS, vm(RPC_VM_READ, 0xffff800000100000, 1, 0, 0, 0, 0, 0));
    REFUSES(KERN_INVALID_ADDRESS,
            vm(RPC_VM_COPY, 0x400000, 4096, 1, MACH_TYPE_INT64, 0x1000, 0, 0));
    REFUSES(KERN_INVALID_ARGUMENT, vm(RPC_VM_MSYNC, 0, 4096, 1, MACH_TYPE_INT32, 3, 0, 0));
    kinds_free();
}

static void threads(void)
{
    struct worker *w;
    uint32_t state[144] = {0};

    kinds_make();
    w = worker_create(0, kinds.child);
    REFUSES(KERN_INVALID_ARGUMENT, get_state(w->thread, 99, state, 144));
    REFUSES(KERN_INVALID_ARGUMENT, get_state(w->thread, STATE_REGS, state, 41));
    REFUSES(KERN_INVALID_ARGUMENT, set_state(w->thread, 99, state, 42));
    REFUSES(KERN_INVALID_ARGUMENT, set_state(w->thread, STATE_REGS, state, 41));
    REFUSES(KERN_INVALID_ARGUMENT, two(RPC_THREAD_INFO, w->thread, MACH_TYPE_INT32, 9,
                                       MACH_TYPE_INT32, 1024));
    REFUSES(KERN_INVALID_ARGUMENT, two(RPC_THREAD_INFO, w->thread, MACH_TYPE_INT32, 1,
                                       MACH_TYPE_INT32, 1));
    REFUSES(KERN_INVALID_ARGUMENT, two(RPC_THREAD_PRIORITY, w->thread, MACH_TYPE_INT32, 64,
                                       MACH_TYPE_BOOL, 0));
    REFUSES(KERN_INVALID_ARGUMENT, two(RPC_TASK_INFO, kinds.child, MACH_TYPE_INT32, 9,
                                       MACH_TYPE_INT32, 1024));
    REFUSES(KERN_FAILURE, simple_call(kinds.child, RPC_TASK_RESUME));
    MUST(simple_call(kinds.child, RPC_TASK_SUSPEND));
    MUST(simple_call(w->thread, RPC_THREAD_RESUME));
    REFUSES(KERN_FAILURE, simple_call(w->thread, RPC_THREAD_RESUME));
    worker_end(w);
    kinds_free();
}

const struct test selftest_rpc[] = {
    {"request: ids", ids},
    {"request: signatures", signatures},
    {"request: rights", right_arguments},
    {"request: targets", targets},
    {"request: inline arrays", tails},
    {"request: port names", port_names},
    {"request: port rights", port_rights},
    {"request: notifications", notifications},
    {"request: a right in a reply to itself", own_reply},
    {"request: memory", memory},
    {"request: threads and tasks", threads},
    {0},
};
