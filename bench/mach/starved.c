/* SPDX-License-Identifier: BSD-2-Clause */
/* The starved task: this program copied into it, its memory used up by wired pages and, to the last
 * bytes, by port sets and ports. */
#include "bench/mach/starved.h"

#include "l4k/lib/string.h"

#define LIMIT 0x180000u /* the program, and some room */
#define AREA_BASE UINT64_C(0x20000000)
#define RESERVE 0x6000u /* bytes: what a test may take for good */
#define SETS 800

/* What they take of kernel memory; so many ports are at most wanted to leave any number of units. */
#define SET_BYTES 80
#define PORT_BYTES 192
#define PORTS (SET_BYTES / ROOM_UNIT)

enum { AGENT_TOUCH, AGENT_MSG, AGENT_REPLY_PORT, AGENT_HOST_SELF };

/* What both tasks see. */
struct area {
    uint8_t buffer[STARVED_BUFFER];
    struct worker agent; /* arg: what to do; the arguments of mach_msg */
};

struct starved starved;
static struct area *area;
static name_t object, events;
static name_t sets[SETS], ports[PORTS];
static unsigned n_sets, n_ports, full; /* sets that use up all memory */
static name_t *names;
static unsigned n_names;

void worker_start(void);

/* --- in the task --- */

/* Whatever the agent uses is mapped: where memory is short the kernel forgets mappings. */
static void touch_all(struct area *a)
{
    touch((uint64_t)__executable_start, (uint64_t)_end);
    touch((uint64_t)a, (uint64_t)(a + 1));
    for (unsigned i = 0; i < STARVED_BUFFER; i += PAGE_SIZE)
        *(volatile uint8_t *)&a->buffer[i] = a->buffer[i];
}

/* Raises an exception whenever it is done. */
static void agent(struct worker *w)
{
    struct area *a = (struct area *)AREA_BASE;

    w->result[1] = task_self;
    for (;;) {
        switch (w->arg[0]) {
        case AGENT_TOUCH:
            touch_all(a);
            break;
        case AGENT_MSG:
            w->result[0] = mach_msg_trap(a->buffer, (uint32_t)w->arg[1], (uint32_t)w->arg[2],
                                         (uint32_t)w->arg[3], (name_t)w->arg[4], 0,
                                         (name_t)w->arg[5]);
            break;
        case AGENT_REPLY_PORT:
            w->result[0] = mach_reply_port();
            break;
        default:
            w->result[0] = mach_host_self();
        }
        trap_beyond();
    }
}

/* --- here --- */

/* The agent's exception and the reply to it: the state goes back as it came. */
static union {
    struct mach_msg_header header;
    struct {
        struct mach_msg_header header;
        struct mach_arg exception;
        struct mach_msg_type code_type;
        uint64_t code[2];
        struct mach_arg flavor;
        struct mach_msg_type state_type;
        struct mach_thread_state state;
    } in;
    struct {
        struct mach_msg_header header;
        struct mach_arg result, flavor;
        struct mach_msg_type state_type;
        struct mach_thread_state state;
    } out;
} event;

/* The agent has done what it was told. */
static void await(void)
{
    MUST(receive_message(&event, sizeof(event), events, 1000));
}

/* Lets the agent go on. */
static void tell(uint64_t what)
{
    struct mach_arg flavor = event.in.flavor;
    struct mach_msg_type type = event.in.state_type;
    struct mach_thread_state state = event.in.state;

    area->agent.arg[0] = what;
    event.header.bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
    event.header.local = MACH_PORT_NULL;
    event.header.id += RPC_REPLY;
    *(uint64_t *)&event.out.result.type = MACH_TYPE_INT32;
    event.out.result.value = KERN_SUCCESS;
    event.out.flavor = flavor;
    event.out.state_type = type;
    event.out.state = state;
    MUST(send_message(&event, sizeof(event.out), 0));
    await();
}

uint32_t starved_msg(uint32_t option, uint32_t send_size, uint32_t rcv_size, name_t rcv_name,
                     name_t notify)
{
    area->agent.arg[1] = option;
    area->agent.arg[2] = send_size;
    area->agent.arg[3] = rcv_size;
    area->agent.arg[4] = rcv_name;
    area->agent.arg[5] = notify;
    tell(AGENT_MSG);
    return (uint32_t)area->agent.result[0];
}

name_t starved_reply_port(void)
{
    tell(AGENT_REPLY_PORT);
    return (name_t)area->agent.result[0];
}

name_t starved_host_self(void)
{
    tell(AGENT_HOST_SELF);
    return (name_t)area->agent.result[0];
}

void starved_abort(void)
{
    name_t old = (name_t)event.in.header.remote;

    MUST(simple_call(starved.thread, RPC_THREAD_ABORT));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, old));
    await();
}

uint32_t starved_allocate(uint32_t right, name_t *name)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put32(&c, right);
    kr = call(&c, starved.task, RPC_PORT_ALLOCATE);
    if (!kr)
        *name = (name_t)get(&c);
    return kr;
}

uint32_t starved_allocate_memory(uint64_t *address, uint64_t size)
{
    *address = 0;
    return trap_vm_allocate(starved.task, address, size, true);
}

uint32_t starved_wire(uint64_t address, uint64_t size, uint32_t prot)
{
    struct call c;

    call_begin(&c);
    put_port(&c, starved.task, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, address);
    put64(&c, size);
    put32(&c, prot);
    return call(&c, host_priv, RPC_VM_WIRE);
}

static uint64_t map_area(name_t task, uint64_t size)
{
    uint64_t at = AREA_BASE;
    struct call c;

    call_begin(&c);
    put64(&c, at);
    put64(&c, size);
    put64(&c, 0);
    put_bool(&c, false);
    put_port(&c, object, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, 0);
    put_bool(&c, false);
    put32(&c, 3);
    put32(&c, 7);
    put32(&c, 0);
    MUST(call(&c, task, RPC_VM_MAP));
    return at;
}

/* The region of this program at `at`, which ends at what is returned. */
static uint64_t copy_region(uint64_t at)
{
    struct call c;
    uint64_t start, size;
    uint32_t prot;

    call_begin(&c);
    put64(&c, at);
    MUST(call(&c, task_self, RPC_VM_REGION));
    start = get(&c);
    size = get(&c);
    prot = (uint32_t)get(&c);
    MUST(trap_vm_allocate(starved.task, &start, size, false));
    call_begin(&c);
    put64(&c, start);
    put_memory(&c, (void *)start, (uint32_t)size, false);
    MUST(call(&c, starved.task, RPC_VM_WRITE));
    call_begin(&c);
    put64(&c, start);
    put64(&c, size);
    put_bool(&c, false);
    put32(&c, prot);
    MUST(call(&c, starved.task, RPC_VM_PROTECT));
    return start + size;
}

static void start_agent(void)
{
    struct worker *w = &area->agent;
    struct mach_thread_state s = {
        .rip = (uint64_t)worker_start,
        .rdi = (uint64_t)w,
        .ursp = (uint64_t)(w->stack + WORKER_STACK),
    };
    struct call c;

    w->run = agent;
    call_begin(&c);
    MUST(call(&c, starved.task, RPC_THREAD_CREATE));
    w->task = starved.task;
    w->thread = starved.thread = (name_t)get(&c);
    MUST(set_state(w->thread, STATE_REGS, &s, STATE_COUNT(s)));
    call_begin(&c);
    put32(&c, EXC_MASK(EXC_BAD_INSTRUCTION));
    put_port(&c, events, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, EXCEPTION_STATE);
    put32(&c, STATE_REGS);
    MUST(call(&c, w->thread, RPC_THREAD_SET_EXCEPTION_PORTS));
    MUST(simple_call(w->thread, RPC_THREAD_RESUME));
    await();
    starved.self = (name_t)w->result[1];
}

static bool add(uint32_t right, name_t *list, unsigned *n)
{
    uint32_t kr = starved_allocate(right, &list[*n]);

    if (kr)
        return CHECK_EQ(kr, KERN_RESOURCE_SHORTAGE) && false;
    ++*n;
    return true;
}

static void drop(name_t *list, unsigned *n)
{
    MUST(port_simple(RPC_PORT_DESTROY, starved.task, list[--*n]));
}

static bool add_set(void)
{
    return add(MACH_PORT_RIGHT_PORT_SET, sets, &n_sets);
}

/* Names that cost nothing any more: their pages stay. */
static void make_names(void)
{
    while (n_sets < SETS && CHECK(add(MACH_PORT_RIGHT_DEAD_NAME, sets, &n_sets)))
        continue;
    while (n_sets)
        drop(sets, &n_sets);
}

/* Pages until none is left. */
static void use_up_pages(void)
{
    uint64_t at;

    for (unsigned n = 64; n; n /= 4)
        while (!starved_allocate_memory(&at, n * PAGE_SIZE))
            if (starved_wire(at, n * PAGE_SIZE, 3)) {
                MUST(trap_vm_deallocate(starved.task, at, n * PAGE_SIZE));
                break;
            }
}

void starved_begin(void)
{
    uint64_t size = (sizeof(struct area) + PAGE_SIZE - 1) & -(uint64_t)PAGE_SIZE;
    struct call c;

    call_begin(&c);
    put64(&c, LIMIT);
    MUST(call(&c, task_self, RPC_TASK_CREATE_LIMITED));
    starved.task = (name_t)get(&c);
    call_begin(&c);
    put64(&c, size);
    MUST(call(&c, host_priv, RPC_OBJECT_CREATE));
    object = (name_t)get(&c);
    area = (struct area *)map_area(task_self, size);
    map_area(starved.task, size);
    starved.buffer = area->buffer;
    events = new_port();
    starved.inbox = new_port();
    give_receive(starved.task, starved.inbox);
    starved.to = new_port();
    give(starved.task, starved.to);
    for (uint64_t at = (uint64_t)__executable_start; at < (uint64_t)_end;)
        at = copy_region(at);
    start_agent();
    touch_all(area);
    make_names();
    while (n_sets * SET_BYTES < RESERVE + ROOM_MAX * ROOM_UNIT + PORTS * PORT_BYTES &&
           CHECK(add_set()))
        continue;
    use_up_pages();
    starved_settle();
}

void starved_settle(void)
{
    while (n_ports)
        drop(ports, &n_ports);
    while (n_sets)
        drop(sets, &n_sets);
    tell(AGENT_TOUCH);
    while (n_sets < SETS && add_set())
        continue;
    CHECK(n_sets < SETS);
    full = n_sets;
}

void starved_room(unsigned units)
{
    unsigned wanted = 0, bytes = units * ROOM_UNIT, left;

    while ((bytes + wanted * PORT_BYTES) % SET_BYTES)
        wanted++;
    if (!CHECK(full > (bytes + wanted * PORT_BYTES) / SET_BYTES))
        return;
    left = full - (bytes + wanted * PORT_BYTES) / SET_BYTES;
    while (n_sets > left)
        drop(sets, &n_sets);
    while (n_ports > wanted)
        drop(ports, &n_ports);
    while (n_ports < wanted && CHECK(add(MACH_PORT_RIGHT_RECEIVE, ports, &n_ports)))
        continue;
    while (n_sets < left && CHECK(add_set()))
        continue;
}

void starved_names(void)
{
    uint64_t at = 0;

    MUST(trap_vm_allocate(task_self, &at, 4 * PAGE_SIZE, true));
    names = (name_t *)at;
    while (add(MACH_PORT_RIGHT_DEAD_NAME, names, &n_names))
        continue;
}

void starved_names_back(void)
{
    while (n_names)
        drop(names, &n_names);
    MUST(trap_vm_deallocate(task_self, (uint64_t)names, 4 * PAGE_SIZE));
}

void starved_end(void)
{
    MUST(simple_call(starved.task, RPC_TASK_TERMINATE));
    free_port(starved.task);
    free_port(starved.thread);
    free_port((name_t)event.in.header.remote); /* for a reply that is never sent */
    free_port(events);
    free_port(starved.inbox);
    free_port(starved.to);
    free_port(object);
    n_sets = n_ports = 0;
    MUST(trap_vm_deallocate(task_self, AREA_BASE, sizeof(struct area)));
}
