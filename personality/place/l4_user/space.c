/* SPDX-License-Identifier: BSD-2-Clause */
/* Client spaces, memory objects and copies, by calls on tasks and memory objects. */
#include "l4k/lib/assert.h"
#include "personality/place/l4_user/l4_user.h"

struct host_object {
    uint32_t cap;
};

uint32_t clients_task;

void place_init_clients(void)
{
    uint64_t w[6] = {0};

    must(l4_invoke(CAP_SYSTEM, SYSTEM_MEMORY, w), "memory");
    clients_task = slot_alloc();
    must(l4_do(CAP_TASK, TASK_CREATE, clients_task, w[1] - w[1] / 4, 0, 0), "account");
}

static uint32_t stub_object; /* the stub's first page */

static enum status map_stub(uint32_t task)
{
    uint64_t first[6] = {STUB_BASE, PAGE_SIZE, PROT_R | PROT_X | MAP_FIXED_AT, stub_object, 0, 0};
    uint64_t slots[6] = {STUB_BASE + PAGE_SIZE, STUB_SIZE - PAGE_SIZE,
                         PROT_R | PROT_X | MAP_FIXED_AT, 0, 0, 0};
    enum status s = l4_invoke(task, TASK_MAP, first);

    return s == OK ? l4_invoke(task, TASK_MAP, slots) : s;
}

void place_init_stub(void)
{
    uint64_t w[6] = {0, (uint64_t)stub_image, (uint64_t)(stub_image_end - stub_image)};

    stub_object = slot_alloc();
    must(l4_do(CAP_TASK, TASK_OBJECT, stub_object, PAGE_SIZE, 0, 0), "stub object");
    must(l4_invoke(stub_object, OBJECT_WRITE, w), "stub code");
}

int host_space_create(struct host_space **out)
{
    struct host_space *space = record_alloc();
    enum status s = ERR_NO_MEMORY;

    if (!space)
        return -ERRNO_ENOMEM;
    space->task = slot_alloc();
    if (space->task)
        s = l4_do(clients_task, TASK_CREATE, space->task, 0, 0, 0);
    if (s == OK)
        s = map_stub(space->task);
    if (s != OK) {
        host_space_destroy(space);
        return errno_of(s);
    }
    *out = space;
    return 0;
}

int host_space_fork(struct host_space *src, struct host_space **out)
{
    struct host_space *space = record_alloc();
    enum status s = ERR_NO_MEMORY;

    if (!space)
        return -ERRNO_ENOMEM;
    *space = *src;
    space->threads = 0;
    space->task = slot_alloc();
    if (space->task)
        s = l4_do(src->task, TASK_FORK, space->task, 0, 0, 0);
    if (s != OK) {
        host_space_destroy(space);
        return errno_of(s);
    }
    *out = space;
    return 0;
}

void host_space_destroy(struct host_space *s)
{
    if (s->task && l4_do(s->task, TASK_DESTROY, 0, 0, 0, 0) != OK)
        assert(s->task); /* it never came to be: the slot is empty */
    slot_free(s->task);
    record_free(s);
}

static uint32_t object_cap(const struct host_object *o)
{
    return o ? o->cap : 0;
}

int host_map(struct host_space *s, const struct host_map_args *args, uint64_t *addr)
{
    uint64_t w[6] = {args->addr, args->len,
                     args->prot | (args->fixed ? MAP_FIXED_AT : 0) |
                         (args->shared ? MAP_SHARED_WITH : 0),
                     object_cap(args->object), args->offset, args->limit};
    enum status status = l4_invoke(s->task, TASK_MAP, w);

    if (status == OK)
        *addr = w[0];
    return errno_of(status);
}

int host_unmap(struct host_space *s, uint64_t addr, uint64_t len)
{
    return errno_of(l4_do(s->task, TASK_UNMAP, addr, len, 0, 0));
}

int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    return errno_of(l4_do(s->task, TASK_PROTECT, addr, len, prot, 0));
}

int host_region(struct host_space *s, uint64_t addr, struct host_region *out)
{
    uint64_t w[6] = {addr};

    if (l4_invoke(s->task, TASK_REGION, w) != OK)
        return -ERRNO_ENOENT;
    out->start = w[0];
    out->end = w[1];
    out->prot = (unsigned)w[2];
    out->shared = w[3];
    return 0;
}

int host_object_create(uint64_t size, struct host_object **out)
{
    struct host_object *o = record_alloc();
    enum status s = ERR_NO_MEMORY;

    if (!o)
        return -ERRNO_ENOMEM;
    o->cap = slot_alloc();
    if (o->cap)
        s = l4_do(clients_task, TASK_OBJECT, o->cap, size, 0, 0);
    if (s != OK) {
        slot_free(o->cap);
        record_free(o);
        return errno_of(s);
    }
    *out = o;
    return 0;
}

/* The kernel copies a bounded piece per call. */
static int object_copy(struct host_object *o, uint32_t label, uint64_t offset, uint64_t at, size_t n)
{
    while (n) {
        uint64_t w[6] = {offset, at, n};
        enum status s = l4_invoke(object_cap(o), label, w);

        if (s != OK)
            return errno_of(s);
        offset += w[0];
        at += w[0];
        n -= w[0];
    }
    return 0;
}

int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n)
{
    return object_copy(o, OBJECT_WRITE, offset, (uint64_t)src, n);
}

int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n)
{
    return object_copy(o, OBJECT_READ, offset, (uint64_t)dst, n);
}

void host_object_release(struct host_object *o)
{
    slot_free(object_cap(o));
    record_free(o);
}

static enum host_copy client_copy(struct host_space *s, uint32_t label, uint64_t client,
                                  uint64_t own, size_t n)
{
    while (n) {
        uint64_t w[6] = {client, own, n};
        enum status status = l4_invoke(s->task, label, w);

        if (status != OK)
            return copy_result(status);
        client += w[0];
        own += w[0];
        n -= w[0];
    }
    return HOST_DONE;
}

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n)
{
    return client_copy(s, TASK_COPY_IN, src, (uint64_t)dst, n);
}

enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return client_copy(s, TASK_COPY_OUT, dst, (uint64_t)src, n);
}

enum host_copy place_copy_out_forced(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return copy_result(l4_do(s->task, TASK_COPY_OUT, dst, (uint64_t)src, n, true));
}

enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max,
                                size_t *len)
{
    uint64_t w[6] = {src, (uint64_t)dst, max};
    enum status status = l4_invoke(s->task, TASK_COPY_STRING, w);

    *len = status == ERR_TRUNCATED ? max : w[0];
    return status == ERR_TRUNCATED ? HOST_DONE : copy_result(status);
}

enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen)
{
    uint64_t w[6] = {addr, old, new};
    enum status status = l4_invoke(s->task, TASK_CAS32, w);

    *seen = (uint32_t)w[0];
    return copy_result(status);
}
