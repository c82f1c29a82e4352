/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors as MIG's stubs for GNU Mach on x86-64 send them and insist on them in a reply: the
 * long form of out-of-line arrays, structures as arrays of their alignment. */
#include "bench/mach/mach.h"

#include "l4k/lib/string.h"

static struct call c;

/* The descriptor that comes next in a reply; `bytes` follow it. */
static uint64_t type_word(uint32_t bytes)
{
    const uint64_t *at = (const uint64_t *)(c.body + c.bytes);

    c.bytes += 8 + bytes;
    return *at;
}

#define OUT_OF_LINE(name, bits) \
    (MACH_TYPE_WORD(name, bits, 0, 0) | MACH_TYPE_LONG | MACH_TYPE_DEALLOCATE)

/* An out-of-line array of such elements comes next; it is thrown away. */
static void array_follows(uint32_t name, uint32_t bits)
{
    const struct mach_msg_type *type = (const struct mach_msg_type *)(c.body + c.bytes);
    uint32_t bytes = type->number * bits / 8;
    uint64_t address = *(const uint64_t *)(type + 1);

    CHECK(bytes != 0);
    CHECK_EQ(type_word(8) & UINT32_MAX, OUT_OF_LINE(name, bits));
    MUST(trap_vm_deallocate(task_self, address, bytes));
}

static void ask(name_t target, int32_t id)
{
    call_begin(&c);
    MUST(call(&c, target, id));
}

static void replies(void)
{
    name_t set, thread = mach_thread_self(), port = new_port();

    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set));
    call_begin(&c);
    put_name(&c, port);
    put_name(&c, set);
    MUST(call(&c, task_self, RPC_PORT_MOVE_MEMBER));
    ask(task_self, RPC_PORT_NAMES);
    array_follows(MACH_MSG_TYPE_PORT_NAME, 32);
    array_follows(MACH_MSG_TYPE_INTEGER_32, 32);
    call_begin(&c);
    put_name(&c, set);
    MUST(call(&c, task_self, RPC_PORT_GET_SET_STATUS));
    array_follows(MACH_MSG_TYPE_PORT_NAME, 32);
    ask(task_self, RPC_TASK_THREADS);
    array_follows(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_PORT_OOL_BITS);
    ask(task_self, RPC_PORTS_LOOKUP);
    array_follows(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_PORT_OOL_BITS);
    call_begin(&c);
    put64(&c, (uint64_t)&c);
    put64(&c, 64);
    MUST(call(&c, task_self, RPC_VM_READ));
    array_follows(MACH_MSG_TYPE_BYTE, 8);
    ask(host_priv, RPC_HOST_KERNEL_VERSION);
    CHECK_EQ(type_word(512), MACH_TYPE_WORD(MACH_MSG_TYPE_STRING, 8, 1, 512));
    port_mod_refs(thread, MACH_PORT_RIGHT_SEND, -2); /* task_threads named it too */
    free_port(port);
    free_port(set);
}

static void requests(void)
{
    static char from[] = "written", to[sizeof(from)];
    name_t port = new_port(), *names;

    call_begin(&c);
    put64(&c, (uint64_t)to);
    put(&c, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, sizeof(from)) | MACH_TYPE_LONG,
        (uint64_t)from);
    c.header.bits |= MACH_MSGH_BITS_COMPLEX;
    CHECK_EQ(call(&c, task_self, RPC_VM_WRITE), 0);
    CHECK(!memcmp(from, to, sizeof(from)));
    call_begin(&c);
    put(&c, MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_PORT_OOL_BITS, 0, 1) | MACH_TYPE_LONG,
        (uint64_t)&port);
    c.header.bits |= MACH_MSGH_BITS_COMPLEX;
    CHECK_EQ(call(&c, task_self, RPC_PORTS_REGISTER), 0);
    ask(task_self, RPC_PORTS_LOOKUP);
    names = (name_t *)get(&c);
    CHECK_EQ(names[0], port);
    MUST(trap_vm_deallocate(task_self, (uint64_t)names, 4 * sizeof(*names)));
    call_begin(&c);
    put_ports(&c, NULL, 0, MACH_MSG_TYPE_COPY_SEND);
    MUST(call(&c, task_self, RPC_PORTS_REGISTER));
    free_port(port);
    call_begin(&c); /* dev_name_t: one string of 128 bytes */
    put32(&c, 0);
    put(&c, MACH_TYPE_WORD(MACH_MSG_TYPE_STRING, 1024, 1, 1) | MACH_TYPE_LONG, 0x656c6f736e6f63);
    memset(c.body + c.bytes, 0, 120);
    c.bytes += 120;
    CHECK_EQ(call(&c, device, RPC_DEVICE_OPEN), 0);
    port_mod_refs((name_t)get(&c), MACH_PORT_RIGHT_SEND, -1);
}

/* Seconds and nanoseconds of a host's clock. */
static uint64_t clock64(name_t host, int32_t id)
{
    const uint64_t *value = (const uint64_t *)(c.body + 24);

    ask(host, id);
    CHECK_EQ(type_word(16), MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 2));
    CHECK(value[1] < 1000000000);
    return value[0] * 1000000000 + value[1];
}

static void times(void)
{
    const struct mach_time *time = (const struct mach_time *)(c.body + 24);
    name_t host = mach_host_self();
    uint64_t up = clock64(host, RPC_HOST_GET_UPTIME64), now = clock64(host, RPC_HOST_GET_TIME64);
    uint64_t passed;

    ask(host, RPC_HOST_GET_TIME);
    CHECK_EQ(type_word(16), MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 2));
    CHECK((uint64_t)time->seconds - now / 1000000000 <= 1 && time->microseconds < 1000000);
    sleep_ms(20);
    passed = clock64(host, RPC_HOST_GET_UPTIME64) - up;
    CHECK(passed >= 20000000 && passed < up + UINT64_C(10000000000));
    CHECK(up < UINT64_C(600) * 1000000000); /* not the time of day */
    port_mod_refs(host, MACH_PORT_RIGHT_SEND, -1);
}

const struct test mig_tests[] = {
    {"mig: descriptors of replies", replies},
    {"mig: descriptors of requests", requests},
    {"mig: times", times},
    {0},
};
