/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what happens where a task's kernel memory is used up: each allocation fails in its
 * turn, with its own answer, and leaves nothing behind. */
#include "bench/mach/selftest.h"
#include "bench/mach/starved.h"

#include "l4k/lib/string.h"

#define SEND (MACH_SEND_MSG | MACH_SEND_TIMEOUT)
#define RECEIVE (MACH_RCV_MSG | MACH_RCV_TIMEOUT)
#define MEMORY(n) MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, n)
#define PORTS(disposition, n) MACH_TYPE_WORD(disposition, MACH_MSG_PORT_OOL_BITS, 0, n)
#define DEALLOCATE (UINT64_C(1) << 31)

#define FAR_NAME 0x8000 /* its page of entries is not there, but for what a test inserts */
#define NEAR_NAME 780   /* its page is, and it is free */

/* The message that the agent sends; behind it a page of its own for what is out of line. */
static struct mach_msg_header *h;
static uint64_t *body;
static uint8_t *page;

static void begin(void)
{
    kinds_make();
    starved_begin();
    h = (struct mach_msg_header *)starved.buffer;
    body = (uint64_t *)(h + 1);
    page = starved.buffer + PAGE_SIZE;
}

static void end(void)
{
    starved_end();
    kinds_free();
}

/* As the task has more and more memory, run() answers each of `wanted` (0 ends) and then `success`.
 * What fails has used nothing. */
static void sweep(const char *what, uint32_t (*run)(void), uint32_t success, const uint32_t *wanted)
{
    unsigned seen = 0, all = 0;

    while (wanted[all])
        all++;
    starved_settle();
    for (unsigned units = 0; units <= ROOM_MAX; units++) {
        unsigned i = 0;
        uint32_t kr;

        starved_room(units);
        refusal_begin();
        kr = run();
        if (kr == success) {
            check_eq(__FILE__, __LINE__, what, seen, (1u << all) - 1);
            return;
        }
        while (i < all && wanted[i] != kr)
            i++;
        seen |= 1u << i;
        refusal_end(__FILE__, __LINE__, what, kr, i < all ? kr : wanted[0]);
    }
    fail(__FILE__, __LINE__, what, success, seen);
}

#define SWEEP(run, success, ...) sweep(#run, run, success, (const uint32_t[]){__VA_ARGS__, 0})

/* The message that arrived goes, and what it brought: memory of this size, if any. */
static void drop_message(uint64_t size)
{
    static struct {
        struct mach_msg_header h;
        uint64_t type, address, room[2000];
    } m;

    if (!CHECK_EQ(receive_message(&m, sizeof(m), starved.to, 0), MACH_MSG_SUCCESS) ||
        !(m.h.bits & MACH_MSGH_BITS_COMPLEX))
        return;
    CHECK_EQ(trap_vm_deallocate(task_self, m.address, size), 0);
}

/* --- sending --- */

static void make_header(bool complex)
{
    header(h, MACH_MSG_TYPE_COPY_SEND, starved.to, 0, 0);
    h->bits |= complex ? MACH_MSGH_BITS_COMPLEX : 0;
}

static uint32_t small_message(void)
{
    make_header(false);
    return starved_msg(SEND, sizeof(*h), 0, 0, 0);
}

static uint32_t page_message(void)
{
    make_header(false);
    return starved_msg(SEND, 1024, 0, 0, 0);
}

static uint32_t long_message(void)
{
    make_header(false);
    return starved_msg(SEND, 9000, 0, 0, 0);
}

static uint32_t one_item(uint64_t type, uint64_t value)
{
    make_header(true);
    body[0] = type;
    body[1] = value;
    return starved_msg(SEND, sizeof(*h) + 16, 0, 0, 0);
}

static uint32_t memory_copy(void)
{
    return one_item(MEMORY(PAGE_SIZE), (uint64_t)page);
}

static uint32_t array_of_rights(void)
{
    for (unsigned i = 0; i < 100; i++)
        ((name_t *)page)[i] = starved.to;
    return one_item(PORTS(MACH_MSG_TYPE_COPY_SEND, 100), (uint64_t)page);
}

static void sending(void)
{
    begin();
    starved_room(ROOM_MAX); /* entries are split once */
    MUST(memory_copy());
    drop_message(PAGE_SIZE);
    SWEEP(small_message, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER);
    drop_message(PAGE_SIZE);
    SWEEP(page_message, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER);
    drop_message(PAGE_SIZE);
    SWEEP(long_message, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER);
    drop_message(PAGE_SIZE);
    SWEEP(memory_copy, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER, MACH_SEND_INVALID_MEMORY);
    drop_message(PAGE_SIZE);
    SWEEP(array_of_rights, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER);
    drop_message(PAGE_SIZE);
    end();
}

static uint32_t ask_protect(uint64_t address)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put64(&c, PAGE_SIZE);
    put_bool(&c, false);
    put32(&c, 1);
    return call(&c, starved.task, RPC_VM_PROTECT);
}

/* Two pages of the task's own, with an array of one right in the first, which moves away with its
 * message: their entry must be split. */
static uint64_t two;

static uint32_t moved_array(void)
{
    return one_item(PORTS(MACH_MSG_TYPE_COPY_SEND, 1) | DEALLOCATE, two);
}

static uint32_t two_entries(void)
{
    return one_item(MEMORY(2 * PAGE_SIZE), two);
}

static void splitting(void)
{
    struct call c;

    begin();
    starved_room(ROOM_MAX);
    MUST(starved_allocate_memory(&two, 2 * PAGE_SIZE));
    call_begin(&c);
    put64(&c, two);
    put_memory(&c, &starved.to, sizeof(starved.to), false);
    MUST(call(&c, starved.task, RPC_VM_WRITE));
    MUST(one_item(PORTS(MACH_MSG_TYPE_COPY_SEND, 1), two));
    drop_message(PAGE_SIZE);
    SWEEP(moved_array, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER, MACH_SEND_INVALID_MEMORY);
    drop_message(PAGE_SIZE);
    starved_room(ROOM_MAX);
    MUST(starved_allocate_memory(&two, 2 * PAGE_SIZE));
    MUST(ask_protect(two));
    SWEEP(two_entries, MACH_MSG_SUCCESS, MACH_SEND_NO_BUFFER, MACH_SEND_INVALID_MEMORY);
    drop_message(2 * PAGE_SIZE);
    end();
}

/* --- receiving --- */

static uint32_t agent_receives(void)
{
    return starved_msg(RECEIVE, 0, 1024, starved.inbox, 0);
}

static uint32_t send_item(uint64_t type, uint64_t value)
{
    struct {
        struct mach_msg_header h;
        uint64_t word[2];
    } m = {.word = {type, value}};

    header(&m.h, MACH_MSG_TYPE_COPY_SEND, starved.inbox, 0, 0);
    m.h.bits |= MACH_MSGH_BITS_COMPLEX;
    MUST(send_message(&m, sizeof(m), 0));
    return agent_receives();
}

static uint32_t memory_arrives(void)
{
    return send_item(MEMORY(PAGE_SIZE), (uint64_t)page);
}

static uint32_t array_arrives(void)
{
    name_t names[2] = {kinds.send, kinds.both};

    return send_item(PORTS(MACH_MSG_TYPE_COPY_SEND, 2), (uint64_t)names);
}

static void receiving(void)
{
    const uint32_t lost = MACH_RCV_BODY_ERROR | MACH_MSG_VM_KERNEL;

    begin();
    starved_room(ROOM_MAX); /* entries are split once */
    MUST(memory_arrives());
    MUST(trap_vm_deallocate(starved.task, body[1], PAGE_SIZE));
    SWEEP(memory_arrives, MACH_MSG_SUCCESS, lost);
    MUST(trap_vm_deallocate(starved.task, body[1], PAGE_SIZE));
    SWEEP(array_arrives, MACH_MSG_SUCCESS, lost);
    end();
}

/* Rights for which there is no name: in a body, as reply port, in a message that comes back. */
static uint32_t right_arrives(void)
{
    return send_item(MACH_TYPE_PORT(MACH_MSG_TYPE_COPY_SEND), kinds.send);
}

static uint32_t reply_right_arrives(void)
{
    struct mach_msg_header m;

    header(&m, MACH_MSG_TYPE_COPY_SEND, starved.inbox, MACH_MSG_TYPE_COPY_SEND, kinds.send);
    MUST(send_message(&m, sizeof(m), 0));
    return agent_receives();
}

/* `inbox` is full, so it comes back, and for the send-once right there is no name. */
static uint32_t comes_back(void)
{
    header(h, MACH_MSG_TYPE_MAKE_SEND, starved.inbox, MACH_MSG_TYPE_MAKE_SEND_ONCE, starved.inbox);
    return starved_msg(SEND, sizeof(*h), 0, 0, 0);
}

static void names(void)
{
    struct mach_msg_header m;

    begin();
    starved_names();
    REFUSES(MACH_RCV_BODY_ERROR | MACH_MSG_IPC_KERNEL, right_arrives());
    CHECK_EQ(body[1], MACH_PORT_NULL);
    REFUSES(MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_KERNEL, reply_right_arrives());
    CHECK_EQ(h->remote, MACH_PORT_NULL);
    CHECK_EQ(h->local, starved.inbox);
    REFUSES(MACH_PORT_NULL, starved_reply_port());
    REFUSES(MACH_PORT_NULL, starved_host_self());
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
        header(&m, MACH_MSG_TYPE_COPY_SEND, starved.inbox, 0, 0);
        MUST(send_message(&m, sizeof(m), 0));
    }
    starved_room(512 / ROOM_UNIT); /* and as many names as sets go: in use again */
    starved_names_back();
    starved_names();
    CHECK_EQ(comes_back(), MACH_SEND_TIMED_OUT | MACH_MSG_IPC_KERNEL);
    CHECK_EQ(h->local, MACH_PORT_NULL);
    starved_names_back();
    end();
}

/* --- requests --- */

static name_t agent_reply;

/* What the reply to the agent's request in `body` says, or mach_msg. */
static uint32_t request(name_t target, int32_t id, uint32_t words)
{
    uint32_t kr;

    header(h, MACH_MSG_TYPE_COPY_SEND, target, MACH_MSG_TYPE_MAKE_SEND_ONCE, agent_reply);
    h->id = id;
    kr = starved_msg(MACH_SEND_MSG | MACH_RCV_MSG, (uint32_t)sizeof(*h) + 8 * words, PAGE_SIZE, agent_reply,
                     0);
    return kr ? kr : (uint32_t)body[1];
}

static uint32_t port_names(void)
{
    return request(starved.self, RPC_PORT_NAMES, 0);
}

static name_t agent_set;

static uint32_t set_members(void)
{
    body[0] = MACH_TYPE_NAME;
    body[1] = agent_set;
    return request(starved.self, RPC_PORT_GET_SET_STATUS, 2);
}

static uint32_t ports_lookup(void)
{
    return request(starved.self, RPC_PORTS_LOOKUP, 0);
}

static uint32_t kernel_version(void)
{
    return request(FAR_NAME, RPC_HOST_KERNEL_VERSION, 0);
}

static uint32_t list_threads(void)
{
    return request(starved.self, RPC_TASK_THREADS, 0);
}

static uint32_t create_object(void)
{
    body[0] = MACH_TYPE_INT64;
    body[1] = PAGE_SIZE;
    return request(FAR_NAME + 1, RPC_OBJECT_CREATE, 2);
}

static uint32_t map_module(void)
{
    body[0] = MACH_TYPE_INT32;
    body[1] = 0;
    return request(FAR_NAME + 1, RPC_HOST_MODULE, 2);
}

static uint32_t read_memory(void)
{
    body[0] = body[2] = MACH_TYPE_INT64;
    body[1] = (uint64_t)page;
    body[3] = PAGE_SIZE;
    return request(starved.self, RPC_VM_READ, 4);
}

/* For a millisecond; it was 0 when it was looked at. */
static uint32_t wait_for_word(void)
{
    *(uint32_t *)page = 0;
    body[0] = MACH_TYPE_INT64;
    body[1] = (uint64_t)page;
    for (unsigned i = 2; i < 10; i += 2)
        body[i] = MACH_TYPE_INT32;
    body[3] = body[5] = 0;
    body[7] = 1;
    body[9] = 4; /* GSYNC_TIMED */
    return request(starved.self, RPC_GSYNC_WAIT, 10);
}

static void requests(void)
{
    const uint32_t lost = MACH_RCV_BODY_ERROR | MACH_MSG_VM_KERNEL;
    name_t host = mach_host_self();

    begin();
    starved_room(ROOM_MAX);
    MUST(starved_allocate(MACH_PORT_RIGHT_RECEIVE, &agent_reply));
    MUST(starved_allocate(MACH_PORT_RIGHT_PORT_SET, &agent_set));
    MUST(port_insert(starved.task, FAR_NAME, host, MACH_MSG_TYPE_COPY_SEND));
    MUST(port_insert(starved.task, FAR_NAME + 1, host_priv, MACH_MSG_TYPE_COPY_SEND));
    MUST(read_memory());
    SWEEP(ports_lookup, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE, lost);
    SWEEP(list_threads, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE, lost);
    SWEEP(create_object, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE);
    SWEEP(map_module, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE);
    SWEEP(kernel_version, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE);
    SWEEP(read_memory, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE, lost);
    SWEEP(wait_for_word, KERN_TIMEDOUT, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE);
    SWEEP(port_names, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE);
    SWEEP(set_members, KERN_SUCCESS, MACH_SEND_NO_BUFFER, KERN_RESOURCE_SHORTAGE);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, host));
    end();
}

/* --- what others ask of the task --- */

static uint32_t child_call(int32_t id, uint64_t t1, uint64_t v1, uint64_t t2, uint64_t v2)
{
    struct call c;

    call_begin(&c);
    put(&c, t1, v1);
    if (t2)
        put(&c, t2, v2);
    return call(&c, starved.task, id);
}

static uint32_t ask_inherit(uint64_t address)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put64(&c, PAGE_SIZE);
    put32(&c, 2);
    return call(&c, starved.task, RPC_VM_INHERIT);
}

static uint32_t ask_map(void)
{
    struct call c;

    call_begin(&c);
    put64(&c, 0);
    put64(&c, PAGE_SIZE);
    put64(&c, 0);
    put_bool(&c, true);
    put_port(&c, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
    put64(&c, 0);
    put_bool(&c, false);
    put32(&c, 1); /* unlike its neighbours: an entry of its own */
    put32(&c, 1);
    put32(&c, 1);
    return call(&c, starved.task, RPC_VM_MAP);
}

static name_t created;

static uint32_t ask_task(void)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put_bool(&c, false);
    kr = call(&c, starved.task, RPC_TASK_CREATE);
    created = kr ? MACH_PORT_NULL : (name_t)get(&c);
    return kr;
}

static uint32_t ask_thread(void)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    kr = call(&c, starved.task, RPC_THREAD_CREATE);
    created = kr ? MACH_PORT_NULL : (name_t)get(&c);
    return kr;
}

static void drop_created(int32_t id)
{
    MUST(simple_call(created, id));
    free_port(created);
}

static void asked(void)
{
    uint64_t second;
    name_t name;

    begin();
    second = (uint64_t)page;
    REFUSES(KERN_RESOURCE_SHORTAGE, starved_allocate(MACH_PORT_RIGHT_RECEIVE, &name));
    REFUSES(KERN_RESOURCE_SHORTAGE, starved_allocate(MACH_PORT_RIGHT_PORT_SET, &name));
    for (uint32_t right = 1; right < MACH_PORT_RIGHT_NUMBER; right += right == 1 ? 2 : 1)
        REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_PORT_ALLOCATE_NAME, MACH_TYPE_INT32, right,
                                                   MACH_TYPE_NAME, FAR_NAME));
    for (uint32_t right = 1; right < MACH_PORT_RIGHT_DEAD_NAME; right += 2)
        REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_PORT_ALLOCATE_NAME, MACH_TYPE_INT32, right,
                                                   MACH_TYPE_NAME, NEAR_NAME));
    REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_PORT_RENAME, MACH_TYPE_NAME, starved.inbox,
                                               MACH_TYPE_NAME, FAR_NAME));
    REFUSES(KERN_RESOURCE_SHORTAGE,
            port_insert(starved.task, FAR_NAME, kinds.send, MACH_MSG_TYPE_COPY_SEND));
    REFUSES(KERN_RESOURCE_SHORTAGE,
            child_call(RPC_TASK_OBJECT_CREATE, MACH_TYPE_INT64, PAGE_SIZE, 0, 0));
    REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_TASK_CREATE, MACH_TYPE_BOOL, 0, 0, 0));
    REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_TASK_CREATE, MACH_TYPE_BOOL, 1, 0, 0));
    REFUSES(KERN_RESOURCE_SHORTAGE,
            child_call(RPC_TASK_CREATE_LIMITED, MACH_TYPE_INT64, PAGE_SIZE, 0, 0));
    REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_TASK_CREATE_LIMITED, MACH_TYPE_INT64, 0, 0, 0));
    REFUSES(KERN_RESOURCE_SHORTAGE, simple_call(starved.task, RPC_THREAD_CREATE));
    REFUSES(KERN_RESOURCE_SHORTAGE, ask_map());
    REFUSES(KERN_RESOURCE_SHORTAGE, ask_protect(second));
    REFUSES(KERN_RESOURCE_SHORTAGE, ask_inherit(second));
    REFUSES(KERN_RESOURCE_SHORTAGE, trap_vm_deallocate(starved.task, second, PAGE_SIZE));
    REFUSES(KERN_RESOURCE_SHORTAGE, starved_wire(second, PAGE_SIZE, 3));
    SWEEP(ask_task, KERN_SUCCESS, KERN_RESOURCE_SHORTAGE);
    drop_created(RPC_TASK_TERMINATE);
    SWEEP(ask_thread, KERN_SUCCESS, KERN_RESOURCE_SHORTAGE);
    drop_created(RPC_THREAD_TERMINATE);
    for (unsigned units = 0; units <= ROOM_MAX; units += 4) { /* never enough for what is wired */
        starved_room(units);
        REFUSES(KERN_RESOURCE_SHORTAGE, child_call(RPC_TASK_CREATE, MACH_TYPE_BOOL, 1, 0, 0));
    }
    end();
}

static uint32_t ask_wire_all(void)
{
    struct call c;

    call_begin(&c);
    put_port(&c, starved.task, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, VM_WIRE_CURRENT);
    return call(&c, host_priv, RPC_VM_WIRE_ALL);
}

static uint32_t wired_pages(void)
{
    struct call c;
    uint32_t n;

    call_begin(&c);
    MUST(call(&c, task_self, RPC_VM_STATISTICS));
    return ((struct mach_vm_statistics *)get_array(&c, &n))->wire_count;
}

/* There is no memory for one page of many: none is wired that was not. */
static void wiring(void)
{
    uint64_t at;
    uint32_t before;

    begin();
    starved_room(ROOM_MAX);
    MUST(starved_allocate_memory(&at, PAGE_SIZE));
    starved_settle();
    before = wired_pages();
    REFUSES(KERN_RESOURCE_SHORTAGE, ask_wire_all());
    CHECK_EQ(wired_pages(), before);
    end();
}

/* --- notifications to the task, which are its to pay for --- */

#define ASKED 3

static uint32_t ask_notification(name_t name)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, MACH_NOTIFY_DEAD_NAME);
    put32(&c, 0);
    put_port(&c, kinds.receive, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    return call(&c, starved.task, RPC_PORT_REQUEST_NOTIFICATION);
}

/* What waits at a port of the task. */
static uint32_t waiting(name_t port)
{
    struct mach_port_status status;
    struct call c;
    uint32_t n;

    call_begin(&c);
    put_name(&c, port);
    MUST(call(&c, starved.task, RPC_PORT_GET_RECEIVE_STATUS));
    memcpy(&status, get_array(&c, &n), sizeof(status));
    CHECK_EQ(status.sorights, status.msgcount);
    return status.msgcount;
}

/* A send-once right to a port of the task. */
static name_t once_for(name_t port)
{
    struct call c;

    call_begin(&c);
    put_name(&c, port);
    put32(&c, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    MUST(call(&c, starved.task, RPC_PORT_EXTRACT_RIGHT));
    return (name_t)get(&c);
}

/* Two notifications to `port`: of a name that is deleted, and of an unused right. */
static void two_notifications(name_t port)
{
    name_t doomed = new_port();
    struct call c;

    call_begin(&c);
    put_name(&c, doomed);
    put32(&c, MACH_NOTIFY_DEAD_NAME);
    put32(&c, 0);
    put_port(&c, once_for(port), MACH_MSG_TYPE_MOVE_SEND_ONCE);
    MUST(call(&c, task_self, RPC_PORT_REQUEST_NOTIFICATION));
    free_port(doomed);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, once_for(port)));
}

/* A port whose receive right is to go to `port` when it is destroyed. */
static name_t heirloom(name_t port)
{
    name_t name = new_port();
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, MACH_NOTIFY_PORT_DESTROYED);
    put32(&c, 0);
    put_port(&c, once_for(port), MACH_MSG_TYPE_MOVE_SEND_ONCE);
    MUST(call(&c, task_self, RPC_PORT_REQUEST_NOTIFICATION));
    return name;
}

static void notified(void)
{
    struct mach_msg_header m;
    name_t port;
    name_t name[ASKED];
    uint32_t type;

    begin();
    starved_room(ROOM_MAX);
    for (unsigned i = 0; i < ASKED; i++)
        MUST(starved_allocate(MACH_PORT_RIGHT_RECEIVE, &name[i]));
    starved_settle();
    two_notifications(name[0]);
    CHECK_EQ(waiting(name[0]), 0);
    port = heirloom(name[0]);
    MUST(port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1)); /* dies, as nobody can inherit it */
    MUST(port_type(task_self, port, &type));
    CHECK_EQ(type, MACH_PORT_TYPE_DEAD_NAME);
    free_port(port);
    /* The last bytes hold fewer requests than these. */
    for (unsigned i = 0; i + 1 < ASKED; i++)
        ask_notification(name[i]);
    CHECK_EQ(ask_notification(name[ASKED - 1]), KERN_RESOURCE_SHORTAGE);
    /* So the receiver will not know of the death of its reply port, which it gets all the same. */
    header(&m, MACH_MSG_TYPE_COPY_SEND, starved.inbox, MACH_MSG_TYPE_COPY_SEND, kinds.send);
    MUST(send_message(&m, sizeof(m), 0));
    CHECK_EQ(starved_msg(RECEIVE | MACH_RCV_NOTIFY, 0, 1024, starved.inbox, name[0]),
             MACH_MSG_SUCCESS);
    MUST(port_type(starved.task, (name_t)h->remote, &type));
    CHECK_EQ(type, MACH_PORT_TYPE_SEND);
    starved_room(ROOM_MAX / 2);
    two_notifications(name[0]);
    port = heirloom(name[0]);
    MUST(port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1));
    CHECK_EQ(waiting(name[0]), 3);
    MUST(port_type(task_self, port, &type));
    CHECK_EQ(type, MACH_PORT_TYPE_SEND);
    free_port(port);
    end();
}

/* An exception is told of all the same, at the kernel's expense: its message, and (the wait for the
 * reply to the last was aborted) its reply port. */
static void excepted(void)
{
    begin();
    CHECK_EQ(starved_reply_port(), MACH_PORT_NULL);
    starved_abort();
    starved_settle();
    starved_abort();
    CHECK_EQ(starved_reply_port(), MACH_PORT_NULL);
    end();
}

const struct test selftest_memory[] = {
    {"no memory: sending", sending},
    {"no memory: splitting an entry", splitting},
    {"no memory: receiving", receiving},
    {"no memory: names", names},
    {"no memory: requests", requests},
    {"no memory: what others ask", asked},
    {"no memory: wiring all", wiring},
    {"no memory: notifications", notified},
    {"no memory: exceptions", excepted},
    {0},
};
