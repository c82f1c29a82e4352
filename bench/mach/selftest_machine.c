/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of a machine without a free frame: what even the kernel has no memory for.
 *
 * All tasks together may have less than there is, by accounts that count objects. A page of the
 * kernel's whose other objects have gone is counted as the one that is left in it, so a program can
 * have every frame all the same: it keeps one port of each page of them. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

#define PORTS_PER_PAGE 21 /* 192 bytes each, behind a header */
#define HOARDERS 16       /* tasks: for as many names as it takes */
#define QUEUES 8

static struct {
    name_t hoarder[HOARDERS], keeper; /* of the ports that go, and of those that stay */
    name_t queue[QUEUES], small;      /* small: one small message waits there */
    name_t large;                     /* and large ones there */
    unsigned spare;                   /* frames that the keeper can give back */
    uint64_t message[(2 * PAGE_SIZE + 1024) / 8];
} own;
static struct worker *w;

static name_t bare_task(void)
{
    struct call c;

    call_begin(&c);
    put_bool(&c, false);
    MUST(call(&c, task_self, RPC_TASK_CREATE));
    return (name_t)get(&c);
}

static void end_task(name_t task)
{
    MUST(simple_call(task, RPC_TASK_TERMINATE));
    free_port(task);
}

static uint64_t machine_pages(void)
{
    struct call c;
    uint32_t n;

    call_begin(&c);
    put32(&c, HOST_BASIC_INFO);
    put32(&c, 1024);
    MUST(call(&c, host_priv, RPC_HOST_INFO));
    return ((struct mach_host_basic_info *)get_array(&c, &n))->memory_size / PAGE_SIZE;
}

/* Pages of ports with one in each, a sixteenth of the machine's: what the kernel keeps back. */
static void waste_pages(void)
{
    uint64_t pages = machine_pages() / 16;
    name_t name;

    for (unsigned i = 0; i < HOARDERS; i++)
        own.hoarder[i] = bare_task();
    for (uint64_t n = 0; n < pages; n++) {
        MUST(trap_port_allocate(own.keeper, MACH_PORT_RIGHT_RECEIVE, &name));
        for (unsigned i = 1; i < PORTS_PER_PAGE; i++)
            MUST(trap_port_allocate(own.hoarder[n * HOARDERS / pages], MACH_PORT_RIGHT_RECEIVE,
                                    &name));
    }
    for (unsigned i = 0; i < HOARDERS; i++)
        end_task(own.hoarder[i]);
}

static uint32_t wire(uint64_t address, uint64_t size)
{
    struct call c;

    call_begin(&c);
    put_port(&c, own.keeper, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, address);
    put64(&c, size);
    put32(&c, 3);
    return call(&c, host_priv, RPC_VM_WIRE);
}

static void use_up_pages(void)
{
    uint64_t at = 0;

    for (uint64_t size = 0x4000 * PAGE_SIZE; size >= PAGE_SIZE; size /= 4)
        while (!trap_vm_allocate(own.keeper, &at, size, true))
            if (wire(at, size)) {
                MUST(trap_vm_deallocate(own.keeper, at, size));
                break;
            }
}

static void set_qlimit(name_t port, uint32_t limit)
{
    struct call c;

    call_begin(&c);
    put_name(&c, port);
    put32(&c, limit);
    MUST(call(&c, task_self, RPC_PORT_SET_QLIMIT));
}

/* Frames to be given back by a trap alone: each an entry of its own, so that nothing is split. */
#define SPARES (3 * MACH_PORT_QLIMIT_MAX)
#define SPARE_AT(i) (0x10000000 + (i) * 2 * (uint64_t)PAGE_SIZE)

static void keep_spares(void)
{
    for (own.spare = 0; own.spare < SPARES; own.spare++) {
        uint64_t at = SPARE_AT(own.spare);

        MUST(trap_vm_allocate(own.keeper, &at, PAGE_SIZE, false));
        MUST(wire(at, PAGE_SIZE));
    }
}

static void give_frames(unsigned n)
{
    while (n--)
        MUST(trap_vm_deallocate(own.keeper, SPARE_AT(--own.spare), PAGE_SIZE));
}

static uint32_t send(name_t to, uint32_t size)
{
    header((struct mach_msg_header *)own.message, MACH_MSG_TYPE_COPY_SEND, to, 0, 0);
    return send_message(own.message, size, 0);
}

/* Messages until there is no memory for one. Afterwards no request is possible, but traps are. */
static void use_up_buffers(uint32_t size)
{
    uint32_t kr = MACH_SEND_TIMED_OUT;

    for (unsigned i = 0; i < QUEUES && kr == MACH_SEND_TIMED_OUT; i++)
        while (!(kr = send(own.queue[i], size)))
            continue;
    CHECK_EQ(kr, MACH_SEND_NO_BUFFER);
}

/* A mapping is counted, too: all that there can be are there before. */
static void touch_all(void)
{
    touch((uint64_t)__executable_start, (uint64_t)_end);
    touch((uint64_t)shared, (uint64_t)(shared + 1));
}

/* Raises an exception, waits for its word without using any memory, and raises two more. */
static void raiser(struct worker *worker)
{
    struct mach_msg_header h;

    touch_all();
    trap_beyond();
    while (!shared->data[0])
        receive_message(&h, sizeof(h), reply_port, 5);
    trap_beyond();
    worker->result[0] = 1;
    trap_beyond();
}

/* The thread's exception comes, and it goes on. */
static void hear(void)
{
    union {
        struct mach_exception in;
        struct mach_result out;
    } m;

    MUST(receive_message(&m, sizeof(m), kinds.both, 1000));
    CHECK_EQ(m.in.header.id, RPC_EXCEPTION_RAISE);
    CHECK_EQ(m.in.thread.value, w->thread);
    CHECK_EQ(m.in.task.value, kinds.child);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, kinds.child));
    header(&m.out.header, MACH_MSG_TYPE_MOVE_SEND_ONCE, (name_t)m.in.header.remote, 0, 0);
    m.out.header.id = RPC_EXCEPTION_RAISE + RPC_REPLY;
    *(uint64_t *)&m.out.result.type = MACH_TYPE_INT32;
    m.out.result.value = KERN_SUCCESS;
    MUST(send_message(&m, sizeof(m.out), 0));
}

/* Nobody can be told of the exception: the thread stands still. */
static void hear_nothing(void)
{
    struct mach_msg_header h;

    shared->data[0] = 1;
    CHECK_EQ(receive_message(&h, sizeof(h), kinds.set, 20), MACH_RCV_TIMED_OUT);
    CHECK_EQ(receive_message(&h, sizeof(h), kinds.both, 0), MACH_RCV_TIMED_OUT);
    CHECK(!w->result[0]);
}

/* Each object that needs a new page of the kernel's. */
static void refused(void)
{
    name_t name;
    uint32_t kr;

    do
        kr = trap_port_allocate(own.keeper, MACH_PORT_RIGHT_PORT_SET, &name);
    while (!kr);
    CHECK_EQ(kr, KERN_RESOURCE_SHORTAGE);
    CHECK_EQ(send(kinds.both, sizeof(struct mach_msg_header)), MACH_SEND_NO_BUFFER);
    CHECK_EQ(send(kinds.both, 1024), MACH_SEND_NO_BUFFER);
}

/* A large message takes its frames in a stretch of addresses, and one frame more where the stretch
 * is the first of a page table. Without a frame either is refused. */
static void refused_large(void)
{
    uint32_t kr = MACH_MSG_SUCCESS;

    while (!kr && own.spare >= 4) {
        CHECK_EQ(send(own.large, sizeof(own.message)), MACH_SEND_NO_BUFFER);
        give_frames(3);
        kr = send(own.large, sizeof(own.message));
    }
    CHECK_EQ(kr, MACH_SEND_NO_BUFFER);
    give_frames(1);
    CHECK_EQ(send(own.large, sizeof(own.message)), MACH_MSG_SUCCESS);
}

static void use_up(void)
{
    own.keeper = bare_task();
    for (unsigned i = 0; i < QUEUES; i++)
        own.queue[i] = new_port();
    own.large = new_port();
    set_qlimit(own.large, MACH_PORT_QLIMIT_MAX);
    keep_spares();
    waste_pages();
    use_up_pages();
    MUST(send(own.small, sizeof(struct mach_msg_header)));
    use_up_buffers(1024);
    use_up_buffers(sizeof(struct mach_msg_header));
}

static void give_back(void)
{
    struct mach_msg_header h;

    MUST(receive_message(&h, sizeof(h), own.small, 0)); /* a buffer for the next request */
    for (unsigned i = 0; i < QUEUES; i++)
        free_port(own.queue[i]);
    free_port(own.large);
    end_task(own.keeper);
}

static void machine(void)
{
    kinds_make();
    memset(&own, 0, sizeof(own)); /* written before anything is counted, as what is below */
    shared->data[0] = 0;
    own.small = new_port();
    w = worker_create(0, kinds.child);
    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, kinds.both));
    worker_run(w, raiser);
    hear();
    touch_all();
    refusal_begin();
    use_up();
    refused();
    refused_large();
    hear_nothing();
    give_back();
    MUST(simple_call(w->thread, RPC_THREAD_RESUME)); /* behind the trap: the next is heard */
    hear();
    refusal_end(__FILE__, __LINE__, "a machine without memory", (uint32_t)w->result[0], 1);
    worker_end(w);
    free_port(own.small);
    kinds_free();
}

const struct test selftest_machine[] = {
    {"no memory in the machine", machine},
    {0},
};
