/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what the kernel's routines check of their arguments: memory, wiring, special ports, the
 * host, the device, words to wait for. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

#define D_NO_SUCH_DEVICE 2502u
#define D_WOULD_BLOCK 2501u
#define D_NOWAIT 8

#define PAGES 4

static uint64_t base; /* PAGES pages of the child's */

static struct call c;

static void begin(void)
{
    kinds_make();
    base = 0;
    MUST(trap_vm_allocate(kinds.child, &base, PAGES * PAGE_SIZE, true));
    call_begin(&c); /* written before anything is counted: the child has a copy of it */
    MUST(call(&c, task_self, RPC_VM_STATISTICS));
}

static void begin_range(uint64_t address, uint64_t size)
{
    call_begin(&c);
    put64(&c, address);
    put64(&c, size);
}

static uint32_t one_long(name_t object, int32_t id, uint64_t value)
{
    call_begin(&c);
    put64(&c, value);
    return call(&c, object, id);
}

struct map {
    uint64_t address, size, mask;
    bool fixed;
    name_t object;
    uint64_t offset;
    uint32_t prot, max_prot, inherit;
};

static uint32_t map(struct map m)
{
    begin_range(m.address, m.size);
    put64(&c, m.mask);
    put_bool(&c, !m.fixed);
    put_port(&c, m.object, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, m.offset);
    put_bool(&c, false);
    put32(&c, m.prot);
    put32(&c, m.max_prot);
    put32(&c, m.inherit);
    return call(&c, kinds.child, RPC_VM_MAP);
}

/* One page of zeroes anywhere, but for the `changes` to `m`. */
#define MAP(changes)                                                                           \
    ({                                                                                         \
        struct map m = {.size = PAGE_SIZE, .prot = 3, .max_prot = 7};                          \
        changes;                                                                               \
        map(m);                                                                                \
    })

static void mapping(void)
{
    name_t object;

    begin();
    begin_range(2 * PAGE_SIZE, 0);
    c.bytes = 16; /* the size alone */
    MUST(call(&c, host_priv, RPC_OBJECT_CREATE));
    object = (name_t)get(&c);
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.size = 0));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.size = USER_MAX + 1));
    REFUSES(KERN_NO_SPACE, MAP(m.size = USER_MAX - PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.mask = PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.mask = ~UINT64_C(0) - 1));
    REFUSES(KERN_NO_SPACE, MAP(m.mask = ~UINT64_C(0)));
    REFUSES(KERN_NO_SPACE, MAP(m.address = base; m.fixed = true));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.address = 0; m.fixed = true));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.address = USER_MAX; m.fixed = true));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.address = -UINT64_C(4096); m.fixed = true));
    REFUSES(KERN_INVALID_ARGUMENT,
            MAP(m.address = 0x11000; m.mask = 0xffff; m.fixed = true));
    REFUSES(KERN_NO_SPACE, MAP(m.address = USER_MAX));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.prot = 8));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.max_prot = 15));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.prot = 3; m.max_prot = 1));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.inherit = 3));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = MACH_PORT_DEAD));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = kinds.dead));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = kinds.send));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = kinds.child));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = object; m.size = 3 * PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = object; m.offset = 1));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = object; m.offset = 2 * PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, MAP(m.object = object; m.offset = -UINT64_C(4096)));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, object));
    kinds_free();
}

static uint32_t protect(uint64_t address, uint64_t size, bool max, uint32_t prot)
{
    begin_range(address, size);
    put_bool(&c, max);
    put32(&c, prot);
    return call(&c, kinds.child, RPC_VM_PROTECT);
}

static uint32_t with_int(int32_t id, uint64_t address, uint64_t size, uint32_t value)
{
    begin_range(address, size);
    put32(&c, value);
    return call(&c, kinds.child, id);
}

static uint32_t copy(uint64_t from, uint64_t size, uint64_t to)
{
    begin_range(from, size);
    put64(&c, to);
    return call(&c, kinds.child, RPC_VM_COPY);
}

static uint32_t attribute(void)
{
    begin_range(base, PAGE_SIZE);
    put32(&c, 1);
    put32(&c, 0);
    return call(&c, kinds.child, RPC_VM_MACHINE_ATTRIBUTE);
}

static void ranges(void)
{
    const uint64_t top = -UINT64_C(4096);

    begin();
    REFUSES(KERN_INVALID_ARGUMENT, protect(top, 8192, false, 1));
    REFUSES(KERN_INVALID_ARGUMENT, protect(base, USER_MAX + 1, false, 1));
    REFUSES(KERN_INVALID_ADDRESS, protect(base, USER_MAX - base, false, 1));
    MUST(protect(base, PAGE_SIZE, true, 1));
    REFUSES(KERN_PROTECTION_FAILURE, protect(base, PAGE_SIZE, false, 3));
    REFUSES(KERN_PROTECTION_FAILURE, protect(base, PAGE_SIZE, true, 3));
    REFUSES(KERN_PROTECTION_FAILURE, protect(base, 2 * PAGE_SIZE, false, 3));
    REFUSES(KERN_INVALID_ARGUMENT, with_int(RPC_VM_INHERIT, top, 8192, 1));
    REFUSES(KERN_INVALID_ADDRESS, with_int(RPC_VM_INHERIT, base, USER_MAX - base, 1));
    REFUSES(KERN_INVALID_ARGUMENT, with_int(RPC_VM_MSYNC, top, 8192, 1));
    REFUSES(KERN_INVALID_ARGUMENT, attribute());
    REFUSES(KERN_INVALID_ADDRESS, copy(0, PAGE_SIZE, base + PAGE_SIZE));
    REFUSES(KERN_INVALID_ADDRESS, copy(base, PAGE_SIZE, 0));
    REFUSES(KERN_INVALID_ADDRESS, copy(base, USER_MAX, base + PAGE_SIZE));
    REFUSES(KERN_INVALID_ADDRESS, copy(base, USER_MAX + PAGE_SIZE, base + PAGE_SIZE));
    REFUSES(KERN_NO_SPACE, one_long(kinds.child, RPC_VM_REGION, USER_MAX - 1));
    REFUSES(KERN_INVALID_ADDRESS, copy(top, PAGE_SIZE, base + PAGE_SIZE));
    REFUSES(KERN_INVALID_ADDRESS, copy(base, PAGE_SIZE, USER_MAX));
    REFUSES(KERN_INVALID_ARGUMENT, copy(base + PAGE_SIZE, 2 * PAGE_SIZE, base + 2 * PAGE_SIZE));
    REFUSES(KERN_PROTECTION_FAILURE, copy(base + PAGE_SIZE, PAGE_SIZE, base));
    REFUSES(KERN_INVALID_ADDRESS, copy(base + PAGE_SIZE, PAGE_SIZE, USER_MAX - PAGE_SIZE));
    kinds_free();
}

static uint32_t wire(name_t host, name_t task, uint64_t address, uint64_t size)
{
    call_begin(&c);
    put_port(&c, task, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, address);
    put64(&c, size);
    put32(&c, 3);
    return call(&c, host, RPC_VM_WIRE);
}

static uint32_t wire_all(name_t host, name_t task, uint32_t flags)
{
    call_begin(&c);
    put_port(&c, task, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, flags);
    return call(&c, host, RPC_VM_WIRE_ALL);
}

static uint32_t limit(name_t host, name_t task, uint64_t now, uint64_t most)
{
    call_begin(&c);
    put_port(&c, task, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, now);
    put64(&c, most);
    return call(&c, host, RPC_VM_SET_SIZE_LIMIT);
}

static void wiring(void)
{
    name_t host = mach_host_self();

    begin();
    REFUSES(KERN_INVALID_HOST, wire(host, kinds.child, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_HOST, wire(kinds.child, kinds.child, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_TASK, wire(host_priv, MACH_PORT_NULL, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_TASK, wire(host_priv, MACH_PORT_DEAD, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_TASK, wire(host_priv, kinds.send, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_TASK, wire(host_priv, host, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, wire(host_priv, kinds.child, base, 0));
    REFUSES(KERN_INVALID_ARGUMENT, wire(host_priv, kinds.child, base, USER_MAX + 1));
    REFUSES(KERN_INVALID_ARGUMENT, wire(host_priv, kinds.child, base, USER_MAX));
    REFUSES(KERN_INVALID_ARGUMENT, wire(host_priv, kinds.child, -UINT64_C(4096), 4096));
    REFUSES(KERN_INVALID_ARGUMENT, wire(host_priv, kinds.child, USER_MAX - 1, 2));
    REFUSES(KERN_INVALID_ADDRESS, wire(host_priv, kinds.child, USER_MAX - PAGE_SIZE, PAGE_SIZE));
    REFUSES(KERN_INVALID_HOST, wire_all(host, kinds.child, VM_WIRE_CURRENT));
    REFUSES(KERN_INVALID_TASK, wire_all(host_priv, MACH_PORT_NULL, VM_WIRE_CURRENT));
    REFUSES(KERN_INVALID_TASK, wire_all(host_priv, kinds.dead, VM_WIRE_CURRENT));
    REFUSES(KERN_INVALID_TASK, wire_all(host_priv, device, VM_WIRE_CURRENT));
    REFUSES(KERN_INVALID_ARGUMENT, wire_all(host_priv, kinds.child, VM_WIRE_FUTURE));
    REFUSES(KERN_INVALID_ARGUMENT, wire_all(host_priv, kinds.child, 4));
    REFUSES(KERN_INVALID_HOST, limit(device, kinds.child, 1, 1));
    REFUSES(KERN_INVALID_HOST, limit(kinds.child, kinds.child, 1, 1));
    REFUSES(KERN_INVALID_TASK, limit(host, MACH_PORT_NULL, 1, 1));
    REFUSES(KERN_INVALID_TASK, limit(host, kinds.dead, 1, 1));
    REFUSES(KERN_INVALID_TASK, limit(host, host, 1, 1));
    REFUSES(KERN_INVALID_ARGUMENT, limit(host_priv, kinds.child, 2, 1));
    REFUSES(KERN_NO_ACCESS, limit(host, kinds.child, 1, ~UINT64_C(0)));
    MUST(limit(host, kinds.child, PAGE_SIZE, PAGE_SIZE)); /* it has more */
    REFUSES(KERN_NO_SPACE, MAP(m.inherit = 1));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, host));
    kinds_free();
}

/* Wires are counted up to a limit. */
static void wired_often(void)
{
    begin();
    for (unsigned i = 0; i < UINT16_MAX; i++)
        MUST(wire(host_priv, kinds.child, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, wire(host_priv, kinds.child, base, PAGE_SIZE));
    kinds_free();
}

static uint32_t get_special(name_t object, int32_t id, uint32_t which)
{
    call_begin(&c);
    put32(&c, which);
    return call(&c, object, id);
}

static uint32_t task_exceptions(uint32_t mask, uint32_t behavior, uint32_t flavor)
{
    call_begin(&c);
    put32(&c, mask);
    put_port(&c, kinds.both, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, behavior);
    put32(&c, flavor);
    return call(&c, kinds.child, RPC_TASK_SET_EXCEPTION_PORTS);
}

static uint32_t register_ports(uint32_t n, uint32_t disposition)
{
    name_t list[5] = {kinds.send, kinds.send, 0, 0, 0};

    call_begin(&c);
    put_ports(&c, list, n, disposition);
    return call(&c, kinds.child, RPC_PORTS_REGISTER);
}

static void special_ports(void)
{
    static const uint32_t bad[] = {0, 2, 5, 0xffffffff};
    struct worker *w;

    begin();
    w = worker_create(0, kinds.child);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        REFUSES(KERN_INVALID_ARGUMENT, get_special(kinds.child, RPC_TASK_GET_SPECIAL_PORT, bad[i]));
        REFUSES(KERN_INVALID_ARGUMENT, get_special(w->thread, RPC_THREAD_GET_SPECIAL_PORT, bad[i]));
        REFUSES(KERN_INVALID_ARGUMENT,
                set_special(kinds.child, RPC_TASK_SET_SPECIAL_PORT, bad[i], kinds.send));
        REFUSES(KERN_INVALID_ARGUMENT,
                set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, bad[i], kinds.send));
    }
    REFUSES(KERN_INVALID_ARGUMENT,
            get_special(w->thread, RPC_THREAD_GET_SPECIAL_PORT, SPECIAL_BOOTSTRAP_PORT));
    REFUSES(KERN_INVALID_ARGUMENT, set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT,
                                               SPECIAL_BOOTSTRAP_PORT, kinds.send));
    REFUSES(KERN_INVALID_ARGUMENT, task_exceptions(1, EXCEPTION_DEFAULT, 0));
    REFUSES(KERN_INVALID_ARGUMENT, task_exceptions(EXC_MASK(EXC_TYPES), EXCEPTION_DEFAULT, 0));
    REFUSES(KERN_INVALID_ARGUMENT, task_exceptions(EXC_MASK_ALL, 0, STATE_REGS));
    REFUSES(KERN_INVALID_ARGUMENT, task_exceptions(EXC_MASK_ALL, 4, STATE_REGS));
    REFUSES(KERN_INVALID_ARGUMENT, task_exceptions(EXC_MASK_ALL, EXCEPTION_STATE, 0));
    REFUSES(KERN_INVALID_ARGUMENT, task_exceptions(EXC_MASK_ALL, EXCEPTION_STATE_IDENTITY, 99));
    REFUSES(KERN_INVALID_ARGUMENT, register_ports(5, MACH_MSG_TYPE_COPY_SEND));
    /* Names as data are memory, whose entry is split for the copy and stays so. */
    CHECK_EQ(register_ports(1, MACH_MSG_TYPE_PORT_NAME), (uint32_t)MIG_BAD_ARGUMENTS);
    worker_end(w);
    kinds_free();
}

static uint32_t two_ints(name_t object, int32_t id, uint32_t a, uint32_t b)
{
    call_begin(&c);
    put32(&c, a);
    put32(&c, b);
    return call(&c, object, id);
}

static uint32_t priority(name_t thread, uint32_t value)
{
    call_begin(&c);
    put32(&c, value);
    put_bool(&c, false);
    return call(&c, thread, RPC_THREAD_PRIORITY);
}

static void tasks(void)
{
    name_t self = mach_thread_self();
    struct mach_thread_state s;
    struct mach_fsgs_state bases = {USER_MAX, 0};
    struct worker *w;

    begin();
    w = worker_create(0, kinds.child);
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(kinds.child, RPC_TASK_INFO, TASK_BASIC_INFO, 1));
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(w->thread, RPC_THREAD_INFO, THREAD_BASIC_INFO, 1));
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(w->thread, RPC_THREAD_INFO, 2, 1000));
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(w->thread, RPC_THREAD_GET_STATE, STATE_FLAVOR_LIST, 3));
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(w->thread, RPC_THREAD_GET_STATE, STATE_FXSAVE, 127));
    REFUSES(KERN_FAILURE, priority(w->thread, 0)); /* higher than it may be */
    REFUSES(KERN_INVALID_ARGUMENT, priority(w->thread, 64));
    REFUSES(KERN_INVALID_ARGUMENT, priority(w->thread, 0xffffffff));
    /* A thread in a request has no other registers than its bases, and can't end its own wait. */
    REFUSES(KERN_INVALID_ARGUMENT, simple_call(self, RPC_THREAD_ABORT));
    REFUSES(KERN_SUCCESS, simple_call(w->thread, RPC_THREAD_ABORT)); /* no wait, nothing to end */
    REFUSES(KERN_INVALID_ARGUMENT, get_state(self, STATE_REGS, &s, STATE_COUNT(s)));
    REFUSES(KERN_INVALID_ARGUMENT, set_state(self, STATE_REGS, &s, STATE_COUNT(s)));
    REFUSES(KERN_INVALID_ARGUMENT, trap_set_self_state(STATE_REGS, &s, STATE_COUNT(s) - 1));
    REFUSES(KERN_INVALID_ARGUMENT, trap_set_self_state(99, &s, STATE_COUNT(s)));
    REFUSES(KERN_INVALID_ARGUMENT, trap_set_self_state(STATE_FLAVOR_LIST, &s, 4));
    REFUSES(KERN_INVALID_ARGUMENT, trap_set_self_state(STATE_REGS, &s, STATE_MAX + 1));
    REFUSES(KERN_INVALID_ARGUMENT, trap_set_self_state(STATE_REGS, &s, 0x40000001));
    REFUSES(KERN_INVALID_ADDRESS, trap_set_self_state(STATE_REGS, NULL, STATE_COUNT(s)));
    REFUSES(KERN_INVALID_ADDRESS,
            trap_set_self_state(STATE_REGS, (void *)0xffffffff80100000, STATE_COUNT(s)));
    REFUSES(KERN_INVALID_ARGUMENT,
            trap_set_self_state(STATE_FSGS_BASE, &bases, STATE_COUNT(bases)));
    REFUSES(KERN_RESOURCE_SHORTAGE,
            one_long(kinds.child, RPC_TASK_CREATE_LIMITED, UINT64_C(1) << 48));
    REFUSES(KERN_INVALID_ARGUMENT, one_long(kinds.child, RPC_TASK_OBJECT_CREATE, 0));
    REFUSES(KERN_INVALID_ARGUMENT, one_long(kinds.child, RPC_TASK_OBJECT_CREATE, USER_MAX + 1));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, self));
    worker_end(w);
    kinds_free();
}

static uint32_t host_module(uint32_t index)
{
    call_begin(&c);
    put32(&c, index);
    return call(&c, host_priv, RPC_HOST_MODULE);
}

static void hosts(void)
{
    begin();
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(host_priv, RPC_HOST_INFO, HOST_BASIC_INFO, 1));
    REFUSES(KERN_INVALID_ARGUMENT, two_ints(host_priv, RPC_HOST_INFO, 99, 1000));
    REFUSES(KERN_INVALID_ARGUMENT, host_module(1000));
    REFUSES(KERN_INVALID_ARGUMENT, host_module(0xffffffff));
    REFUSES(KERN_INVALID_ARGUMENT, one_long(host_priv, RPC_OBJECT_CREATE, 0));
    REFUSES(KERN_INVALID_ARGUMENT, one_long(host_priv, RPC_OBJECT_CREATE, USER_MAX + 1));
    kinds_free();
}

static uint32_t open_device(const char *name, uint32_t bytes)
{
    call_begin(&c);
    put32(&c, 0);
    put_array(&c, MACH_MSG_TYPE_STRING, 8, name, bytes);
    return call(&c, device, RPC_DEVICE_OPEN);
}

static uint32_t write_device(uint32_t bytes)
{
    static const char zeros[256];

    call_begin(&c);
    put32(&c, 0);
    put32(&c, 0);
    put_array(&c, MACH_MSG_TYPE_CHAR, 8, zeros, bytes);
    return call(&c, device, RPC_DEVICE_WRITE_INBAND);
}

static uint32_t read_device(uint32_t mode)
{
    call_begin(&c);
    put32(&c, mode);
    put32(&c, 0);
    put32(&c, 16);
    return call(&c, device, RPC_DEVICE_READ_INBAND);
}

/* A request without NOWAIT, whose reply goes to `reply` by this disposition. */
static uint32_t send_read(name_t reply, uint32_t disposition)
{
    call_begin(&c);
    put32(&c, 0);
    put32(&c, 0);
    put32(&c, 16);
    header(&c.header, MACH_MSG_TYPE_COPY_SEND, device, disposition, reply);
    c.header.id = RPC_DEVICE_READ_INBAND;
    return send_message(&c, (uint32_t)sizeof(c.header) + c.bytes, 0);
}

static uint32_t answer_at(name_t port)
{
    struct {
        struct mach_msg_header h;
        struct mach_arg result;
    } m;

    MUST(receive_message(&m, sizeof(m), port, 0));
    return (uint32_t)m.result.value;
}

/* One read waits for input, and only for who has a send-once right for the answer. */
static void waiting_reads(void)
{
    name_t reply;

    begin();
    refusal_begin();
    MUST(send_read(kinds.both, MACH_MSG_TYPE_COPY_SEND));
    refusal_end(__FILE__, __LINE__, "a reply by a send right", answer_at(kinds.both),
                D_WOULD_BLOCK);
    REFUSES(MACH_MSG_SUCCESS, send_read(MACH_PORT_NULL, 0));
    reply = mach_reply_port();
    MUST(send_read(reply, MACH_MSG_TYPE_MAKE_SEND_ONCE));
    CHECK_EQ(receive_message(&c, sizeof(c), reply, 0), MACH_RCV_TIMED_OUT);
    REFUSES(D_WOULD_BLOCK, read_device(0));
    free_port(reply); /* who waited is gone: the next read finds that out */
    reply = mach_reply_port();
    MUST(send_read(reply, MACH_MSG_TYPE_MAKE_SEND_ONCE));
    REFUSES(D_WOULD_BLOCK, read_device(0));
    free_port(reply);
    CHECK_EQ(read_device(D_NOWAIT), D_WOULD_BLOCK);
    kinds_free();
}

static void devices(void)
{
    begin();
    REFUSES(D_NO_SUCH_DEVICE, open_device("disk0000", 8));
    REFUSES(D_NO_SUCH_DEVICE, open_device("consolX", 8));
    REFUSES(D_NO_SUCH_DEVICE, open_device("console", 7)); /* without its end */
    REFUSES(D_NO_SUCH_DEVICE, open_device("console", 0));
    REFUSES(KERN_INVALID_ARGUMENT, write_device(129));
    REFUSES(D_WOULD_BLOCK, read_device(D_NOWAIT));
    kinds_free();
}

/* The traps that are requests as well. */
static void traps(void)
{
    uint64_t *at;
    uint64_t page = 0;
    name_t name, ended = child_create();

    begin();
    MUST(simple_call(ended, RPC_TASK_TERMINATE)); /* its name has not been looked at since */
    MUST(trap_vm_allocate(task_self, &page, PAGE_SIZE, true));
    at = (uint64_t *)page;
    *at = 0;
    MUST(vm_protect(page, PAGE_SIZE, false, 1));
    REFUSES(KERN_INVALID_ADDRESS, trap_vm_allocate(task_self, at, PAGE_SIZE, true));
    REFUSES(KERN_INVALID_ADDRESS, trap_vm_allocate(kinds.child, at, PAGE_SIZE, true));
    REFUSES(KERN_INVALID_ADDRESS, trap_vm_allocate(task_self, NULL, PAGE_SIZE, true));
    REFUSES(KERN_NO_SPACE, trap_vm_allocate(kinds.child, &(uint64_t){base}, PAGE_SIZE, false));
    REFUSES(KERN_NO_SPACE, trap_vm_allocate(kinds.child, &(uint64_t){0}, USER_MAX + 1, true));
    REFUSES(KERN_INVALID_ARGUMENT, trap_vm_deallocate(kinds.child, base, ~UINT64_C(0)));
    REFUSES(KERN_INVALID_ADDRESS,
            trap_port_allocate(task_self, MACH_PORT_RIGHT_RECEIVE, (name_t *)at));
    REFUSES(KERN_INVALID_VALUE, trap_port_allocate(task_self, MACH_PORT_RIGHT_SEND, &name));
    /* What is no live task is the C library's to try by message. */
    REFUSES(MACH_SEND_INTERRUPTED, trap_vm_allocate(kinds.send, &page, PAGE_SIZE, true));
    REFUSES(MACH_SEND_INTERRUPTED, trap_vm_allocate(kinds.dead, &page, PAGE_SIZE, true));
    REFUSES(MACH_SEND_INTERRUPTED, trap_vm_deallocate(kinds.stale, base, PAGE_SIZE));
    REFUSES(MACH_SEND_INTERRUPTED, trap_port_allocate(host_priv, MACH_PORT_RIGHT_RECEIVE, &name));
    REFUSES(MACH_SEND_INTERRUPTED, trap_vm_deallocate(ended, base, PAGE_SIZE));
    REFUSES(KERN_INVALID_ARGUMENT, trap_hole());
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, ended));
    MUST(trap_vm_deallocate(task_self, (uint64_t)at, PAGE_SIZE));
    kinds_free();
}

/* A string ends at the limit, or before what can't be read: that piece of it is not printed. */
static void prints(void)
{
    uint64_t page = 0;
    char *text;

    begin();
    MUST(trap_vm_allocate(task_self, &page, 2 * PAGE_SIZE, true));
    MUST(trap_vm_deallocate(task_self, page + PAGE_SIZE, PAGE_SIZE));
    text = (char *)page;
    memset(text, '#', PAGE_SIZE);
    text[0] = text[PAGE_SIZE - 1] = '\n'; /* a comment between lines of results */
    REFUSES(0, (mach_print(text), 0));
    REFUSES(0, (mach_print(text + PAGE_SIZE - 1), 0));
    REFUSES(0, (mach_print(NULL), 0));
    REFUSES(0, (mach_print((char *)0xffffffff80100000), 0));
    MUST(trap_vm_deallocate(task_self, page, PAGE_SIZE));
    kinds_free();
}

static void begin_word(uint64_t address, uint32_t value)
{
    call_begin(&c);
    put64(&c, address);
    put32(&c, value);
}

static uint32_t wait_for_word(uint64_t address, uint32_t value, uint32_t flags)
{
    begin_word(address, value);
    put32(&c, 0);
    put32(&c, 0);
    put32(&c, flags);
    return call(&c, kinds.child, RPC_GSYNC_WAIT);
}

static void words(void)
{
    begin();
    MUST(wire(host_priv, kinds.child, base, PAGE_SIZE)); /* it is looked at, so it is there */
    REFUSES(KERN_INVALID_ARGUMENT, wait_for_word(base + 1, 0, 4));
    REFUSES(KERN_INVALID_ARGUMENT, wait_for_word(base + 4, 0, 4 | 2)); /* two words */
    REFUSES(KERN_INVALID_ARGUMENT, wait_for_word(base, 1, 4));
    REFUSES(KERN_INVALID_ARGUMENT, wait_for_word(base, 0, 8));
    REFUSES(KERN_INVALID_ADDRESS, wait_for_word(0, 0, 4));
    REFUSES(KERN_INVALID_ADDRESS, wait_for_word(0xffff800000100000, 0, 4));
    REFUSES(KERN_TIMEDOUT, wait_for_word(base, 0, 4)); /* no time at all */
    kinds_free();
}

/* A wait for the first word of `base` whose answer comes to kinds.receive, or goes nowhere. */
static uint32_t send_wait(uint32_t reply_type, name_t reply)
{
    begin_word(base, 0);
    put32(&c, 0);
    put32(&c, 0);
    put32(&c, 0);
    header(&c.header, MACH_MSG_TYPE_COPY_SEND, kinds.child, reply_type, reply);
    c.header.id = RPC_GSYNC_WAIT;
    return send_message(&c, (uint32_t)sizeof(c.header) + c.bytes, 0);
}

/* A simple routine: the kernel takes the request, and answers nothing. */
static uint32_t wake(name_t task, uint64_t address, uint32_t value, uint32_t flags)
{
    begin_word(address, value);
    put32(&c, flags);
    header(&c.header, MACH_MSG_TYPE_COPY_SEND, task, 0, 0);
    c.header.id = RPC_GSYNC_WAKE;
    return send_message(&c, (uint32_t)sizeof(c.header) + c.bytes, 0);
}

static uint32_t word(void)
{
    uint32_t n, *at, value;

    begin_range(base, 4);
    MUST(call(&c, kinds.child, RPC_VM_READ));
    at = *(uint32_t **)((uint64_t *)get_array(&c, &n));
    value = *at;
    MUST(trap_vm_deallocate(task_self, (uint64_t)at, 4));
    return value;
}

#define MUTATE 16u

/* Who waits is not woken by what is refused, nor is the word changed. */
static void wakes(void)
{
    begin();
    MUST(wire(host_priv, kinds.child, base, PAGE_SIZE));
    REFUSES(MACH_MSG_SUCCESS, send_wait(0, MACH_PORT_NULL)); /* nobody waits */
    CHECK_EQ(word(), 0);
    MUST(send_wait(MACH_MSG_TYPE_MAKE_SEND_ONCE, kinds.receive));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, base, 7, MUTATE | 2));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, base, 7, 32));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, base + 1, 7, MUTATE));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, 0, 7, MUTATE));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, 0xffff800000100000, 7, MUTATE));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, base + 4, 0, 0)); /* another word */
    REFUSES(MACH_MSG_SUCCESS, wake(task_self, base, 0, 0)); /* of another task */
    REFUSES(MACH_MSG_SUCCESS, wake(host_priv, base, 7, MUTATE)); /* of no task */
    MUST(protect(base, PAGE_SIZE, false, 1));
    REFUSES(MACH_MSG_SUCCESS, wake(kinds.child, base, 7, MUTATE));
    MUST(protect(base, PAGE_SIZE, false, 3));
    CHECK_EQ(receive_message(&c, sizeof(c), kinds.receive, 0), MACH_RCV_TIMED_OUT);
    CHECK_EQ(word(), 0);
    MUST(wake(kinds.child, base, 7, MUTATE));
    CHECK_EQ(answer_at(kinds.receive), KERN_SUCCESS);
    CHECK_EQ(word(), 7);
    /* The task ends: so does the wait. */
    MUST(wake(kinds.child, base, 0, MUTATE));
    MUST(send_wait(MACH_MSG_TYPE_MAKE_SEND_ONCE, kinds.receive));
    MUST(simple_call(kinds.child, RPC_TASK_TERMINATE));
    CHECK_EQ(answer_at(kinds.receive), KERN_TERMINATED);
    free_port(kinds.child);
    kinds.child = child_create();
    kinds_free();
}

/* --- names beyond a page of them, notifications for nobody, references that are used up --- */

#define MANY 1025

/* How many names of the task are of that type. */
static unsigned listed(name_t task, uint32_t wanted)
{
    const struct mach_msg_type *type = (struct mach_msg_type *)(c.body + 16);
    uint32_t number, *names, *types, is;
    unsigned n = 0;

    call_begin(&c);
    MUST(call(&c, task, RPC_PORT_NAMES));
    number = type->number;
    names = (uint32_t *)get(&c);
    types = (uint32_t *)get(&c);
    for (uint32_t i = 0; i < number; i++) {
        if (types[i] != wanted)
            continue;
        n++;
        CHECK(!port_type(task, names[i], &is) && is == wanted);
    }
    MUST(trap_vm_deallocate(task_self, (uint64_t)names, number * 4));
    MUST(trap_vm_deallocate(task_self, (uint64_t)types, number * 4));
    return n;
}

static void many_names(void)
{
    static name_t member[MANY];
    name_t set, *got;

    begin();
    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set));
    for (unsigned i = 0; i < MANY; i++) {
        call_begin(&c);
        put32(&c, MACH_PORT_RIGHT_DEAD_NAME);
        MUST(call(&c, kinds.child, RPC_PORT_ALLOCATE));
        MUST(port_allocate(MACH_PORT_RIGHT_RECEIVE, &member[i]));
        call_begin(&c);
        put_name(&c, member[i]);
        put_name(&c, set);
        MUST(call(&c, task_self, RPC_PORT_MOVE_MEMBER));
    }
    CHECK_EQ(listed(kinds.child, MACH_PORT_TYPE_DEAD_NAME), MANY);
    CHECK_EQ(listed(task_self, MACH_PORT_TYPE_PORT_SET), 2); /* and the one of `kinds` */
    call_begin(&c);
    put_name(&c, set);
    MUST(call(&c, task_self, RPC_PORT_GET_SET_STATUS));
    CHECK_EQ(((struct mach_msg_type *)(c.body + 16))->number, MANY);
    got = (name_t *)get(&c);
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQ(got[i], member[i]);
    MUST(trap_vm_deallocate(task_self, (uint64_t)got, sizeof(member)));
    free_port(set);
    for (unsigned i = 0; i < MANY; i++)
        free_port(member[i]);
    kinds_free();
}

/* The request's right came from a port that died: nobody is to be told. */
static uint32_t notify_dead(void)
{
    call_begin(&c);
    put_name(&c, kinds.both);
    put32(&c, MACH_NOTIFY_NO_SENDERS);
    put32(&c, 0);
    put_port(&c, kinds.dead, MACH_MSG_TYPE_MOVE_SEND_ONCE);
    return call(&c, task_self, RPC_PORT_REQUEST_NOTIFICATION);
}

/* At once, of a dead name; `to`: MACH_PORT_NULL, or a receive right. */
static uint32_t notify_at_once(name_t to)
{
    call_begin(&c);
    put_name(&c, kinds.dead);
    put32(&c, MACH_NOTIFY_DEAD_NAME);
    put32(&c, 1);
    put_port(&c, to, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    return call(&c, task_self, RPC_PORT_REQUEST_NOTIFICATION);
}

static void requests(void)
{
    struct mach_msg_header h;

    begin();
    MUST(port_mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, 1)); /* each request takes one */
    CHECK_EQ(notify_dead(), KERN_INVALID_CAPABILITY);
    REFUSES(KERN_INVALID_ARGUMENT, notify_at_once(MACH_PORT_NULL));
    MUST(port_mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, 0xfffe));
    CHECK_EQ(notify_at_once(kinds.receive), KERN_UREFS_OVERFLOW);
    CHECK_EQ(receive_message(&h, sizeof(h), kinds.receive, 0), MACH_MSG_SUCCESS);
    CHECK_EQ(h.id, MACH_NOTIFY_SEND_ONCE);
    kinds_free();
}

const struct test selftest_kern[] = {
    {"arguments: vm_map", mapping},
    {"arguments: ranges of memory", ranges},
    {"arguments: wiring and limits", wiring},
    {"arguments: more wires than are counted", wired_often},
    {"arguments: special ports", special_ports},
    {"arguments: tasks and threads", tasks},
    {"arguments: host", hosts},
    {"arguments: device", devices},
    {"arguments: reads that wait", waiting_reads},
    {"arguments: traps", traps},
    {"arguments: strings to print", prints},
    {"arguments: words to wait for", words},
    {"arguments: words to wake for", wakes},
    {"arguments: more names than a page holds", many_names},
    {"arguments: notifications", requests},
    {0},
};
