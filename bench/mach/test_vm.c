/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM calls. */
#include "bench/mach/mach.h"

#include "l4k/lib/string.h"

#define BIG (UINT64_C(1) << 60)
#define NOWHERE UINT64_C(0x7ffffffff000)

static uint64_t pages(unsigned n)
{
    uint64_t address = 0;

    MUST(trap_vm_allocate(task_self, &address, (uint64_t)n * PAGE_SIZE, true));
    return address;
}

static void drop(uint64_t address, unsigned n)
{
    CHECK_EQ(trap_vm_deallocate(task_self, address, (uint64_t)n * PAGE_SIZE), 0);
}

static volatile uint64_t *word(uint64_t address)
{
    return (volatile uint64_t *)address;
}

static uint32_t allocate(uint64_t *address, uint64_t size, bool anywhere)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put64(&c, *address);
    put64(&c, size);
    put_bool(&c, anywhere);
    kr = call(&c, task_self, RPC_VM_ALLOCATE);
    if (!kr)
        *address = get(&c);
    return kr;
}

static void allocation(void)
{
    uint64_t a = 0, b;

    CHECK_EQ(allocate(&a, 100, true), 0);
    CHECK_EQ(a % PAGE_SIZE, 0);
    CHECK_EQ(*word(a), 0);
    *word(a) = 1;
    b = a + 5;
    CHECK_EQ(allocate(&b, PAGE_SIZE, false), KERN_NO_SPACE);
    drop(a, 1);
    CHECK_EQ(allocate(&b, PAGE_SIZE, false), 0);
    CHECK_EQ(b, a);
    CHECK_EQ(*word(a), 0);
    drop(a, 1);
    drop(a, 1); /* holes are fine */
    b = NOWHERE;
    CHECK_EQ(allocate(&b, PAGE_SIZE, false), KERN_NO_SPACE);
    b = 0;
    CHECK_EQ(allocate(&b, BIG, true), KERN_NO_SPACE);
    CHECK_EQ(allocate(&b, 0, true), 0);
    CHECK_EQ(trap_vm_deallocate(task_self, a, ~UINT64_C(0)), KERN_INVALID_ARGUMENT);
    CHECK_EQ(trap_vm_allocate(task_self, (uint64_t *)8, PAGE_SIZE, true), KERN_INVALID_ADDRESS);
    CHECK_EQ(trap_vm_allocate(0x4242, &b, PAGE_SIZE, true), MACH_SEND_INTERRUPTED);
}

static uint32_t read_memory(uint64_t address, uint64_t size, uint64_t *out)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put64(&c, address);
    put64(&c, size);
    kr = call(&c, task_self, RPC_VM_READ);
    if (!kr)
        *out = get(&c);
    return kr;
}

static uint32_t write_memory(uint64_t address, const void *data, uint32_t bytes)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put_memory(&c, data, bytes, false);
    return call(&c, task_self, RPC_VM_WRITE);
}

static uint32_t copy_memory(uint64_t from, uint64_t size, uint64_t to)
{
    struct call c;

    call_begin(&c);
    put64(&c, from);
    put64(&c, size);
    put64(&c, to);
    return call(&c, task_self, RPC_VM_COPY);
}

static void contents(void)
{
    uint64_t a = pages(2), b = pages(2), copy = 0;

    *word(a) = 11;
    *word(a + PAGE_SIZE) = 12;
    CHECK_EQ(read_memory(a, 2 * PAGE_SIZE, &copy), 0);
    *word(a) = 99;
    CHECK(*word(copy) == 11 && *word(copy + PAGE_SIZE) == 12);
    drop(copy, 2);
    CHECK_EQ(read_memory(a + 4, 8, &copy), 0);
    CHECK_EQ(copy % PAGE_SIZE, 4);
    drop(copy, 1);
    CHECK_EQ(read_memory(NOWHERE, 8, &copy), KERN_INVALID_ADDRESS);
    CHECK_EQ(read_memory(a, BIG, &copy), KERN_INVALID_ARGUMENT);
    CHECK_EQ(write_memory(b, (void *)a, 2 * PAGE_SIZE), 0);
    CHECK(*word(b) == 99 && *word(b + PAGE_SIZE) == 12);
    CHECK_EQ(write_memory(b + 24, "1234567", 8), 0);
    CHECK(!memcmp((char *)b + 24, "1234567", 8));
    CHECK_EQ(write_memory(NOWHERE, "x", 1), KERN_INVALID_ADDRESS);
    CHECK_EQ(copy_memory(b, PAGE_SIZE, a), 0);
    CHECK(!memcmp((void *)a, (void *)b, PAGE_SIZE));
    CHECK_EQ(copy_memory(NOWHERE, PAGE_SIZE, a), KERN_INVALID_ADDRESS);
    CHECK_EQ(copy_memory(b + 24, 8, a + 101), 0);
    CHECK(!memcmp((char *)a + 101, "1234567", 8));
    MUST(vm_protect(b, PAGE_SIZE, false, 1));
    CHECK_EQ(copy_memory(a, PAGE_SIZE, b), KERN_PROTECTION_FAILURE);
    CHECK_EQ(write_memory(b, "x", 1), KERN_PROTECTION_FAILURE);
    MUST(vm_protect(b, PAGE_SIZE, false, 0));
    CHECK_EQ(read_memory(b, PAGE_SIZE, &copy), KERN_PROTECTION_FAILURE);
    drop(a, 2);
    drop(b, 2);
}

struct region {
    uint64_t start, size, prot, max_prot, inherit, shared, name, offset;
};

static uint32_t region_at(uint64_t address, struct region *r)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put64(&c, address);
    kr = call(&c, task_self, RPC_VM_REGION);
    if (!kr)
        *r = (struct region){get(&c), get(&c), get(&c), get(&c),
                             get(&c), get(&c), get(&c), get(&c)};
    return kr;
}

static void protection(void)
{
    uint64_t a = pages(3);
    struct region r;

    CHECK_EQ(vm_protect(a + PAGE_SIZE, PAGE_SIZE, false, 1), 0);
    CHECK_EQ(region_at(a + PAGE_SIZE, &r), 0);
    CHECK(r.start == a + PAGE_SIZE && r.size == PAGE_SIZE && r.prot == 1 && r.max_prot == 7);
    CHECK_EQ(vm_protect(a + PAGE_SIZE, PAGE_SIZE, true, 1), 0);
    CHECK_EQ(vm_protect(a + PAGE_SIZE, PAGE_SIZE, false, 3), KERN_PROTECTION_FAILURE);
    CHECK_EQ(vm_protect(a, PAGE_SIZE, false, 8), KERN_INVALID_ARGUMENT);
    CHECK_EQ(vm_protect(NOWHERE - PAGE_SIZE, PAGE_SIZE, false, 1), KERN_INVALID_ADDRESS);
    CHECK_EQ(vm_inherit(a, PAGE_SIZE, 2), 0);
    CHECK_EQ(region_at(a, &r), 0);
    CHECK_EQ(r.inherit, 2);
    CHECK_EQ(vm_inherit(a, PAGE_SIZE, 3), KERN_INVALID_ARGUMENT);
    CHECK_EQ(region_at(NOWHERE, &r), KERN_NO_SPACE);
    drop(a, 3);
}

static uint32_t map_object(uint64_t *address, uint64_t size, name_t object, bool copy,
                           uint32_t prot, uint32_t max_prot)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put64(&c, *address);
    put64(&c, size);
    put64(&c, 0);
    put_bool(&c, true);
    put_port(&c, object, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, 0);
    put_bool(&c, copy);
    put32(&c, prot);
    put32(&c, max_prot);
    put32(&c, 1);
    kr = call(&c, task_self, RPC_VM_MAP);
    if (!kr)
        *address = get(&c);
    return kr;
}

static void mapping(void)
{
    uint64_t a = 0, b = 0, own = 0;
    name_t object;
    struct call c;

    CHECK_EQ(map_object(&a, PAGE_SIZE, MACH_PORT_NULL, false, 3, 7), 0);
    CHECK_EQ(*word(a), 0);
    drop(a, 1);
    CHECK_EQ(map_object(&a, PAGE_SIZE, MACH_PORT_NULL, false, 7, 1), KERN_INVALID_ARGUMENT);
    CHECK_EQ(map_object(&a, PAGE_SIZE, task_self, false, 3, 7), KERN_INVALID_ARGUMENT);
    CHECK_EQ(map_object(&a, 0, MACH_PORT_NULL, false, 3, 7), KERN_INVALID_ARGUMENT);
    call_begin(&c);
    put64(&c, 2 * PAGE_SIZE);
    CHECK_EQ(call(&c, host_priv, RPC_OBJECT_CREATE), 0);
    object = (name_t)get(&c);
    a = 0;
    CHECK_EQ(map_object(&a, 2 * PAGE_SIZE, object, false, 3, 7), 0);
    CHECK_EQ(map_object(&b, 2 * PAGE_SIZE, object, false, 3, 7), 0);
    *word(a) = 5;
    CHECK_EQ(*word(b), 5);
    CHECK_EQ(map_object(&own, 2 * PAGE_SIZE, object, true, 3, 7), 0);
    CHECK_EQ(*word(own), 5);
    *word(own) = 6;
    CHECK_EQ(*word(a), 5);
    CHECK_EQ(map_object(&own, 3 * PAGE_SIZE, object, false, 3, 7), KERN_INVALID_ARGUMENT);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, object), 0);
    CHECK_EQ(*word(b), 5); /* maps keep it */
    drop(a, 2);
    drop(b, 2);
    drop(own, 2);
}

static void child_writes(struct worker *w)
{
    *word(w->arg[0]) += 1; /* shared */
    *word(w->arg[1]) += 1; /* copied */
    w->result[0] = *word(w->arg[1]);
}

static void inheritance(void)
{
    uint64_t shared_page = pages(1), copied = pages(1), none = pages(1);
    struct worker *w;
    name_t child;

    *word(shared_page) = *word(copied) = *word(none) = 10;
    MUST(vm_inherit(shared_page, PAGE_SIZE, 0));
    MUST(vm_inherit(none, PAGE_SIZE, 2));
    child = child_create();
    w = worker_create(0, child);
    w->arg[0] = shared_page;
    w->arg[1] = copied;
    worker_run(w, child_writes);
    worker_wait(w);
    CHECK_EQ(w->result[0], 11);
    CHECK_EQ(*word(shared_page), 11);
    CHECK_EQ(*word(copied), 10);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, child));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
    drop(shared_page, 1);
    drop(copied, 1);
    drop(none, 1);
}

static uint32_t wire_all(name_t host, name_t task, uint32_t flags)
{
    struct call c;

    call_begin(&c);
    put_port(&c, task, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, flags);
    return call(&c, host, RPC_VM_WIRE_ALL);
}

static uint32_t wired_pages(void)
{
    const struct mach_vm_statistics *s;
    struct call c;
    uint32_t n;

    call_begin(&c);
    MUST(call(&c, task_self, RPC_VM_STATISTICS));
    s = get_array(&c, &n);
    return s->wire_count;
}

/* A task without memory, but what is allocated here. */
static name_t empty_task(uint64_t size)
{
    struct call c;
    name_t task;
    uint64_t at = 0;

    call_begin(&c);
    put_bool(&c, false);
    MUST(call(&c, task_self, RPC_TASK_CREATE));
    task = (name_t)get(&c);
    if (size)
        MUST(trap_vm_allocate(task, &at, size, true));
    return task;
}

static void end_task(name_t task)
{
    MUST(simple_call(task, RPC_TASK_TERMINATE));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, task));
}

static void wiring(void)
{
    uint32_t before = wired_pages();
    name_t task = empty_task(3 * PAGE_SIZE), host = mach_host_self();
    uint64_t huge = 0;

    CHECK_EQ(wire_all(host_priv, task, VM_WIRE_CURRENT), 0);
    CHECK_EQ(wired_pages(), before + 3);
    CHECK_EQ(wire_all(host_priv, task, VM_WIRE_CURRENT), 0);
    CHECK_EQ(wire_all(host_priv, task, 0), 0);
    CHECK_EQ(wired_pages(), before);
    CHECK_EQ(wire_all(host_priv, task, VM_WIRE_FUTURE), KERN_INVALID_ARGUMENT);
    CHECK_EQ(wire_all(host_priv, task, 4), KERN_INVALID_ARGUMENT);
    CHECK_EQ(wire_all(host_priv, device, VM_WIRE_CURRENT), KERN_INVALID_TASK);
    CHECK_EQ(wire_all(host, task, VM_WIRE_CURRENT), KERN_INVALID_HOST);
    /* More than the machine has: all or none. */
    MUST(trap_vm_allocate(task, &huge, UINT64_C(1) << 36, true));
    CHECK_EQ(wire_all(host_priv, task, VM_WIRE_CURRENT), KERN_RESOURCE_SHORTAGE);
    CHECK_EQ(wired_pages(), before);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, host));
    end_task(task);
}

static uint32_t set_limit(name_t host, name_t task, uint64_t limit, uint64_t max_limit)
{
    struct call c;

    call_begin(&c);
    put_port(&c, task, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, limit);
    put64(&c, max_limit);
    return call(&c, host, RPC_VM_SET_SIZE_LIMIT);
}

static void limits(name_t task, uint64_t *limit, uint64_t *max_limit)
{
    struct call c;

    call_begin(&c);
    MUST(call(&c, task, RPC_VM_GET_SIZE_LIMIT));
    *limit = get(&c);
    *max_limit = get(&c);
}

static bool limits_are(name_t task, uint64_t limit, uint64_t max_limit)
{
    uint64_t l, m;

    limits(task, &l, &m);
    return CHECK_EQ(l, limit) && CHECK_EQ(m, max_limit);
}

/* Whether the task gets exactly `n` pages more: afterwards it is as before. */
static bool room_is(name_t task, unsigned n)
{
    uint64_t at = 0;

    if (!CHECK_EQ(trap_vm_allocate(task, &at, (uint64_t)(n + 1) * PAGE_SIZE, true), KERN_NO_SPACE))
        return false;
    return !n || (CHECK_EQ(trap_vm_allocate(task, &at, (uint64_t)n * PAGE_SIZE, true), 0) &&
                  CHECK_EQ(trap_vm_deallocate(task, at, (uint64_t)n * PAGE_SIZE), 0));
}

static name_t child_of(name_t task, bool inherit)
{
    struct call c;

    call_begin(&c);
    put_bool(&c, inherit);
    MUST(call(&c, task, RPC_TASK_CREATE));
    return (name_t)get(&c);
}

/* Who may set which, and what children get. */
static void size_limits(void)
{
    name_t task = empty_task(2 * PAGE_SIZE), host = mach_host_self(), child;
    uint64_t limit, max_limit;

    limits(task, &limit, &max_limit);
    CHECK_EQ(limit, max_limit);
    CHECK_EQ(set_limit(host, task, limit, max_limit + 1), KERN_NO_ACCESS);
    CHECK(limits_are(task, limit, max_limit));
    CHECK_EQ(set_limit(host, task, 4 * PAGE_SIZE, 8 * PAGE_SIZE), 0);
    CHECK(limits_are(task, 4 * PAGE_SIZE, 8 * PAGE_SIZE));
    CHECK_EQ(set_limit(host, task, 4 * PAGE_SIZE, 8 * PAGE_SIZE + 1), KERN_NO_ACCESS);
    CHECK_EQ(set_limit(host_priv, task, 9 * PAGE_SIZE, 8 * PAGE_SIZE), KERN_INVALID_ARGUMENT);
    CHECK_EQ(set_limit(host, host, 1, 1), KERN_INVALID_TASK);
    CHECK_EQ(set_limit(host, MACH_PORT_NULL, 1, 1), KERN_INVALID_TASK);
    CHECK_EQ(set_limit(task, task, 1, 1), KERN_INVALID_HOST);
    CHECK(limits_are(task, 4 * PAGE_SIZE, 8 * PAGE_SIZE));
    CHECK(room_is(task, 2));
    CHECK_EQ(set_limit(host_priv, task, 4 * PAGE_SIZE, 9 * PAGE_SIZE), 0);
    CHECK(limits_are(task, 4 * PAGE_SIZE, 9 * PAGE_SIZE));
    for (unsigned inherit = 0; inherit < 2; inherit++) {
        child = child_of(task, inherit);
        CHECK(limits_are(child, 4 * PAGE_SIZE, 9 * PAGE_SIZE));
        CHECK(room_is(child, inherit ? 2 : 4));
        end_task(child);
    }
    CHECK_EQ(set_limit(host, task, 1 * PAGE_SIZE, 9 * PAGE_SIZE), 0); /* less than it has */
    CHECK(room_is(task, 0));
    child = child_of(task, true);
    CHECK(room_is(child, 0));
    end_task(child);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, host));
    end_task(task);
}

static uint32_t map_in(name_t task, uint64_t *address, uint64_t size, uint32_t prot)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put64(&c, *address);
    put64(&c, size);
    put64(&c, 0);
    put_bool(&c, true);
    put_port(&c, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, 0);
    put_bool(&c, false);
    put32(&c, prot);
    put32(&c, prot);
    put32(&c, 1);
    kr = call(&c, task, RPC_VM_MAP);
    if (!kr)
        *address = get(&c);
    return kr;
}

static uint32_t bar(name_t task, uint64_t address, uint64_t size, bool max)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put64(&c, size);
    put_bool(&c, max);
    put32(&c, 0);
    return call(&c, task, RPC_VM_PROTECT);
}

/* What counts. */
static void size_counted(void)
{
    name_t task = empty_task(0);
    uint64_t a = 0, b = 0, taken = PAGE_SIZE;

    CHECK_EQ(set_limit(host_priv, task, 8 * PAGE_SIZE, 8 * PAGE_SIZE), 0);
    CHECK_EQ(trap_vm_allocate(task, &a, 4 * PAGE_SIZE, true), 0);
    CHECK(room_is(task, 4));
    CHECK_EQ(trap_vm_allocate(task, &taken, PAGE_SIZE, false), KERN_NO_SPACE); /* it is there */
    CHECK_EQ(map_in(task, &b, 5 * PAGE_SIZE, 3), KERN_NO_SPACE);
    CHECK_EQ(map_in(task, &b, PAGE_SIZE, 0x10), KERN_INVALID_ARGUMENT);
    CHECK(room_is(task, 4)); /* what failed left nothing */
    CHECK_EQ(trap_vm_deallocate(task, a + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(trap_vm_deallocate(task, a + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK(room_is(task, 5));
    CHECK_EQ(map_in(task, &b, 64 * PAGE_SIZE, 0), 0);
    CHECK(room_is(task, 5));
    CHECK_EQ(bar(task, a, PAGE_SIZE, false), 0);
    CHECK(room_is(task, 5));
    CHECK_EQ(bar(task, a, PAGE_SIZE, true), 0);
    CHECK(room_is(task, 6));
    CHECK_EQ(trap_vm_deallocate(task, a, PAGE_SIZE), 0);
    CHECK_EQ(trap_vm_deallocate(task, b + PAGE_SIZE, 8 * PAGE_SIZE), 0);
    CHECK(room_is(task, 6));
    end_task(task);
}

/* Sends two pages of memory to itself, and an array of rights; neither has room to arrive. */
static void beyond(struct worker *w)
{
    static struct {
        struct mach_msg_header h;
        struct mach_arg a, b;
    } m;
    static name_t names[2];
    name_t port = mach_reply_port();

    m.h.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0) | MACH_MSGH_BITS_COMPLEX;
    m.h.remote = port;
    *(uint64_t *)&m.a.type = MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, 2 * PAGE_SIZE);
    m.a.value = (uint64_t)w->stack;
    *(uint64_t *)&m.b.type = MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_PORT_OOL_BITS, 0, 2);
    m.b.value = (uint64_t)names;
    w->result[0] = send_message(&m, sizeof(m), 0);
    w->result[1] = receive_message(&m, sizeof(m), port, 0);
    w->result[2] = m.a.value | m.b.value;
}

static void size_received(void)
{
    name_t child = child_create();
    struct worker *w = worker_create(0, child);

    CHECK_EQ(set_limit(host_priv, child, PAGE_SIZE, PAGE_SIZE), 0);
    worker_run(w, beyond);
    worker_wait(w);
    CHECK_EQ(w->result[0], 0);
    CHECK_EQ(w->result[1], MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
    CHECK_EQ(w->result[2], 0);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
    end_task(child);
}

const struct test vm_tests[] = {
    {"vm: allocate and deallocate", allocation},
    {"vm: read, write, copy", contents},
    {"vm: protect, inherit, region", protection},
    {"vm: map", mapping},
    {"vm: what a child inherits", inheritance},
    {"vm: wire all", wiring},
    {"vm: limits of a task's size", size_limits},
    {"vm: what counts against the limit", size_counted},
    {"vm: what arrives beyond the limit", size_received},
    {0},
};
