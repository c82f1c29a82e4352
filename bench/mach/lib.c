/* SPDX-License-Identifier: BSD-2-Clause */
/* Console, checks, requests and workers of the native Mach programs. */
#include "bench/mach/mach.h"

#include "l4k/abi/guest_log.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/format.h"
#include "l4k/lib/string.h"

name_t host_priv, device, task_self, reply_port;
name_t park; /* where workers end: nothing comes there */
struct shared *shared;

void worker_start(void);
void worker_main(struct worker *w) __attribute__((noreturn));

void say(const char *fmt, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    mach_print(line);
}

void assert_fail(const char *file, int line, const char *text)
{
    say(LOG_ASSERT "%s:%d: %s\n", file, line, text);
    reset();
}

void must(const char *file, int line, const char *text, uint32_t kr)
{
    say(LOG_ASSERT "%s:%d: %s answered %#x\n", file, line, text, kr);
    reset();
}

void fail(const char *file, int line, const char *text, uint64_t a, uint64_t b)
{
    if (!shared->failure[0])
        snprintf(shared->failure, sizeof(shared->failure), "%s:%d: %s (%#lx, %#lx)", file, line,
                 text, (unsigned long)a, (unsigned long)b);
}

/* --- requests --- */

void call_begin(struct call *c)
{
    c->header.bits = 0;
    c->bytes = 0;
}

static uint64_t *append(struct call *c, uint32_t bytes)
{
    uint64_t *at = (uint64_t *)(c->body + c->bytes);

    c->bytes += bytes;
    if (c->bytes > CALL_MAX)
        assert_fail(__FILE__, __LINE__, "request too long");
    return at;
}

void put(struct call *c, uint64_t type, uint64_t value)
{
    uint64_t *at = append(c, 16);

    at[0] = type;
    at[1] = value;
}

void put_port(struct call *c, name_t name, uint32_t disposition)
{
    put(c, MACH_TYPE_PORT(disposition), name);
    c->header.bits |= MACH_MSGH_BITS_COMPLEX;
}

#define DEALLOCATE (UINT64_C(1) << 31)

void put_memory(struct call *c, const void *data, uint32_t bytes, bool deallocate)
{
    put(c, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, bytes) | (deallocate ? DEALLOCATE : 0),
        (uint64_t)data);
    c->header.bits |= MACH_MSGH_BITS_COMPLEX;
}

void put_ports(struct call *c, const name_t *names, uint32_t number, uint32_t disposition)
{
    put(c, MACH_TYPE_WORD(disposition, MACH_MSG_PORT_OOL_BITS, 0, number), (uint64_t)names);
    c->header.bits |= MACH_MSGH_BITS_COMPLEX;
}

void put_array(struct call *c, uint32_t type, uint32_t bits, const void *data, uint32_t number)
{
    uint32_t bytes = (uint32_t)MACH_MSG_ALIGN((uint64_t)bits * number / 8);
    uint64_t *at = append(c, 8 + bytes);

    at[0] = MACH_TYPE_WORD(type, bits, 1, number);
    if (bytes)
        at[bytes / 8] = 0;
    memcpy(at + 1, data, bits * number / 8);
}

#define WRONG_REPLY 0xdead0001u /* no Mach result */

uint32_t call(struct call *c, name_t target, int32_t id)
{
    uint32_t kr;

    c->header.bits = (c->header.bits & MACH_MSGH_BITS_COMPLEX) |
                     MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    c->header.remote = target;
    c->header.local = reply_port;
    c->header.id = id;
    kr = mach_msg_trap(c, MACH_SEND_MSG | MACH_RCV_MSG, (uint32_t)sizeof(c->header) + c->bytes,
                       sizeof(c->header) + CALL_MAX, reply_port, 0, 0);
    if (kr) { /* a body that failed consumed the reply right, and says so there */
        receive_message(c, sizeof(c->header), reply_port, 0);
        return kr;
    }
    if (c->header.id != id + RPC_REPLY)
        return WRONG_REPLY;
    c->bytes = 0;
    return (uint32_t)get(c);
}

uint64_t get(struct call *c)
{
    uint64_t *at = (uint64_t *)(c->body + c->bytes);

    c->bytes += 16;
    return at[1];
}

void *get_array(struct call *c, uint32_t *number)
{
    struct mach_msg_type *type = (struct mach_msg_type *)(c->body + c->bytes);

    *number = type->number;
    c->bytes += 8 + (uint32_t)MACH_MSG_ALIGN((uint64_t)type->number * type->size / 8);
    return type + 1;
}

uint32_t send_message(void *msg, uint32_t size, uint32_t timeout)
{
    return mach_msg_trap(msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, 0, timeout, 0);
}

uint32_t receive_message(void *msg, uint32_t room, name_t port, uint32_t timeout)
{
    return mach_msg_trap(msg, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, room, port, timeout, 0);
}

uint32_t simple_call(name_t target, int32_t id)
{
    struct call c;

    call_begin(&c);
    return call(&c, target, id);
}

uint32_t port_allocate(uint32_t right, name_t *name)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put32(&c, right);
    kr = call(&c, task_self, RPC_PORT_ALLOCATE);
    if (!kr)
        *name = (name_t)get(&c);
    return kr;
}

uint32_t port_type(name_t task, name_t name, uint32_t *type)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put_name(&c, name);
    kr = call(&c, task, RPC_PORT_TYPE);
    if (!kr)
        *type = (uint32_t)get(&c);
    return kr;
}

uint32_t port_simple(int32_t id, name_t task, name_t name)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    return call(&c, task, id);
}

uint32_t port_mod_refs(name_t name, uint32_t right, int32_t delta)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, right);
    put32(&c, (uint32_t)delta);
    return call(&c, task_self, RPC_PORT_MOD_REFS);
}

uint32_t port_refs(name_t name, uint32_t right, uint32_t *refs)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, right);
    kr = call(&c, task_self, RPC_PORT_GET_REFS);
    if (!kr)
        *refs = (uint32_t)get(&c);
    return kr;
}

uint32_t port_insert(name_t task, name_t name, name_t right, uint32_t disposition)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put_port(&c, right, disposition);
    return call(&c, task, RPC_PORT_INSERT_RIGHT);
}

uint32_t port_status(name_t name, struct mach_port_status *status)
{
    struct call c;
    uint32_t n, kr;

    call_begin(&c);
    put_name(&c, name);
    kr = call(&c, task_self, RPC_PORT_GET_RECEIVE_STATUS);
    if (!kr)
        memcpy(status, get_array(&c, &n), sizeof(*status));
    return kr;
}

uint32_t port_notify(name_t name, int32_t id, uint32_t sync, name_t notify, name_t *previous)
{
    struct call c;
    uint32_t kr;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, (uint32_t)id);
    put32(&c, sync);
    put_port(&c, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    kr = call(&c, task_self, RPC_PORT_REQUEST_NOTIFICATION);
    *previous = kr ? 0 : (name_t)get(&c);
    return kr;
}

uint32_t vm_protect(uint64_t address, uint64_t size, bool max, uint32_t prot)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put64(&c, size);
    put_bool(&c, max);
    put32(&c, prot);
    return call(&c, task_self, RPC_VM_PROTECT);
}

uint32_t vm_inherit(uint64_t address, uint64_t size, uint32_t inheritance)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put64(&c, size);
    put32(&c, inheritance);
    return call(&c, task_self, RPC_VM_INHERIT);
}

uint32_t get_state(name_t thread, uint32_t flavor, void *state, uint32_t count)
{
    struct call c;
    uint32_t n, kr;

    call_begin(&c);
    put32(&c, flavor);
    put32(&c, count);
    kr = call(&c, thread, RPC_THREAD_GET_STATE);
    if (!kr) {
        void *from = get_array(&c, &n);

        memcpy(state, from, n * 4);
    }
    return kr;
}

uint32_t set_state(name_t thread, uint32_t flavor, const void *state, uint32_t count)
{
    struct call c;

    call_begin(&c);
    put32(&c, flavor);
    put_array(&c, MACH_MSG_TYPE_INTEGER_32, 32, state, count);
    return call(&c, thread, RPC_THREAD_SET_STATE);
}

uint32_t set_special(name_t object, int32_t id, uint32_t which, name_t port)
{
    struct call c;

    call_begin(&c);
    put32(&c, which);
    put_port(&c, port, MACH_MSG_TYPE_COPY_SEND);
    return call(&c, object, id);
}

name_t new_port(void)
{
    name_t name;

    MUST(port_allocate(MACH_PORT_RIGHT_RECEIVE, &name));
    MUST(port_insert(task_self, name, name, MACH_MSG_TYPE_MAKE_SEND));
    return name;
}

void free_port(name_t name)
{
    CHECK_EQ(port_simple(RPC_PORT_DESTROY, task_self, name), 0);
}

uint64_t now_ns(void)
{
    struct call c;
    uint32_t n;
    uint64_t *t;

    call_begin(&c);
    MUST(call(&c, host_priv, RPC_HOST_GET_TIME64));
    t = get_array(&c, &n);
    return t[0] * 1000000000 + t[1];
}

void sleep_ms(uint32_t ms)
{
    struct mach_msg_header h;
    name_t port = mach_reply_port();

    receive_message(&h, sizeof(h), port, ms);
    port_mod_refs(port, MACH_PORT_RIGHT_RECEIVE, -1);
}

uint32_t free_pages(void)
{
    struct call c;
    uint32_t n;

    call_begin(&c);
    MUST(call(&c, task_self, RPC_VM_STATISTICS));
    return ((struct mach_vm_statistics *)get_array(&c, &n))->free_count;
}

void touch(uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end; at += PAGE_SIZE)
        *(volatile uint8_t *)at;
}

uint32_t count_names(void)
{
    struct call c;
    uint32_t number;
    struct mach_msg_type *type = (struct mach_msg_type *)(c.body + 16);

    call_begin(&c);
    MUST(call(&c, task_self, RPC_PORT_NAMES));
    number = type[0].number;
    MUST(trap_vm_deallocate(task_self, *(uint64_t *)(type + 1), number * 4));
    MUST(trap_vm_deallocate(task_self, *(uint64_t *)(type + 3), number * 4));
    return number;
}

/* --- workers --- */

name_t child_create(void)
{
    struct call c;

    call_begin(&c);
    put_bool(&c, true);
    MUST(call(&c, task_self, RPC_TASK_CREATE));
    return (name_t)get(&c);
}

struct worker *worker_create(unsigned index, name_t task)
{
    struct worker *w = &shared->worker[index];
    struct call c;

    memset(w, 0, offsetof(struct worker, stack));
    w->task = task;
    call_begin(&c);
    MUST(call(&c, task, RPC_THREAD_CREATE));
    w->thread = (name_t)get(&c);
    return w;
}

void worker_run(struct worker *w, void (*run)(struct worker *))
{
    struct mach_thread_state s = {
        .rip = (uint64_t)worker_start,
        .rdi = (uint64_t)w,
        .ursp = (uint64_t)(w->stack + WORKER_STACK),
    };

    w->run = run;
    w->done = false;
    MUST(set_state(w->thread, STATE_REGS, &s, STATE_COUNT(s)));
    MUST(simple_call(w->thread, RPC_THREAD_RESUME));
}

/* In a task of its own, globals are copies: what is by task is taken anew. */
void worker_main(struct worker *w)
{
    struct mach_msg_header h;

    if (w->task != task_self) {
        task_self = mach_task_self();
        reply_port = mach_reply_port();
        park = mach_reply_port();
    }
    w->run(w);
    w->done = true;
    for (;;)
        mach_msg_trap(&h, MACH_RCV_MSG, 0, sizeof(h), park, 0, 0);
}

bool worker_wait(struct worker *w)
{
    for (unsigned i = 0; i < 2000 && !w->done && !shared->failure[0]; i++)
        sleep_ms(1);
    return CHECK(w->done);
}

void worker_end(struct worker *w)
{
    simple_call(w->thread, RPC_THREAD_TERMINATE);
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
}

void give(name_t task, name_t port)
{
    MUST(port_insert(task, port, port, MACH_MSG_TYPE_MAKE_SEND));
}

void give_receive(name_t task, name_t port)
{
    MUST(port_insert(task, port, port, MACH_MSG_TYPE_MOVE_RECEIVE));
}
