/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on a task's memory, and on memory objects. */
#include "l4k/ipc/invoke.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_map.h"

struct memory {
    struct object object;
    struct account *account;
    struct vm_object *vm;
};

static struct memory *memory_of(struct object *o)
{
    return container_of(o, struct memory, object);
}

struct vm_object *memory_vm_object(struct object *o)
{
    return memory_of(o)->vm;
}

static void memory_destroy(struct object *o)
{
    struct memory *m = memory_of(o);
    struct account *account = m->account;

    vm_object_release(m->vm);
    kmem_free(m, sizeof(*m), &account->quota);
    account_release(account);
}

enum status memory_create(struct account *payer, uint64_t size, struct object **out)
{
    struct memory *m = kmem_alloc(sizeof(*m), &payer->quota);
    enum status s;

    if (!m)
        return ERR_NO_MEMORY;
    s = vm_object_create_anonymous(size, &payer->quota, &m->vm);
    if (s != OK) {
        kmem_free(m, sizeof(*m), &payer->quota);
        return s;
    }
    object_init(&m->object, OBJECT_MEMORY, memory_destroy);
    m->account = account_reference(payer);
    *out = &m->object;
    return OK;
}

static uint64_t copy_size(uint64_t wanted)
{
    return wanted < COPY_MAX ? wanted : COPY_MAX;
}

/* Between the caller's memory at `address` and an object, through a buffer; rdi answers how much
 * was done. */
static enum status transfer_object(struct thread *t, struct vm_object *o, bool write)
{
    struct frame *f = thread_frame(t);
    uint64_t offset = f->rdi, address = f->rsi, left = copy_size(f->rdx);
    static char buffer[PAGE_SIZE];
    enum status s = OK;

    f->rdi = 0;
    while (left && s == OK) {
        size_t n = left < sizeof(buffer) ? left : sizeof(buffer);

        if (write) {
            s = vm_copy_in(t->task->map, address, buffer, n);
            if (s == OK)
                s = vm_object_write(o, offset, buffer, n);
        } else {
            s = vm_object_read(o, offset, buffer, n);
            if (s == OK)
                s = vm_copy_out(t->task->map, address, buffer, n, false);
        }
        if (s == OK)
            f->rdi += n;
        offset += n;
        address += n;
        left -= n;
    }
    return s;
}

enum status invoke_memory(struct thread *t, struct object *o, uint32_t label)
{
    switch (label) {
    case OBJECT_READ:
        return transfer_object(t, memory_vm_object(o), false);
    case OBJECT_WRITE:
        return transfer_object(t, memory_vm_object(o), true);
    default:
        return ERR_INVALID;
    }
}

static enum status map_object(struct thread *t, struct task *task, struct vm_object **out)
{
    struct frame *f = thread_frame(t);
    struct object *o;
    enum status s;

    (void)task;
    *out = NULL;
    if (!f->r10)
        return OK;
    s = cap_lookup(&l4_task(t->task)->caps, slot_arg(f->r10), OBJECT_MEMORY, &o);
    if (s == OK)
        *out = memory_vm_object(o);
    return s;
}

static enum status map(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    uint64_t address = f->rdi, size = f->rsi;
    unsigned prot = f->rdx & VM_PROT_ALL;
    bool fixed = f->rdx & MAP_FIXED_AT, shared = f->rdx & MAP_SHARED_WITH;
    struct vm_object *object;
    enum status s = map_object(t, task, &object);

    if (s != OK)
        return s;
    if (!size || size > USER_MAX || address > USER_MAX - size)
        return ERR_INVALID;
    if (fixed) {
        s = vm_map_remove(task->map, address, address + size);
        if (s != OK)
            return s;
    }
    s = vm_map_enter(task->map, &address, size, 0, !fixed, object, f->r8, object && !shared, prot,
                     VM_PROT_ALL, shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY);
    if (s == OK && !fixed && (address > f->r9 || size > f->r9 - address)) {
        s = vm_map_remove(task->map, address, address + size);
        return s == OK ? ERR_NO_SPACE : s;
    }
    f->rdi = address;
    return s;
}

static enum status region(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    struct vm_region r;
    enum status s = vm_map_region(task->map, f->rdi, &r);

    if (s != OK)
        return s;
    f->rdi = r.start;
    f->rsi = r.end;
    f->rdx = r.prot;
    f->r10 = r.shared;
    return OK;
}

/* rdi answers how much was done. */
static enum status copy_in(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    size_t done = 0;
    enum status s = vm_copy_between(task->map, f->rdi, t->task->map, f->rsi, copy_size(f->rdx),
                                    &done);

    f->rdi = done;
    return s;
}

/* With force: also where the task may not write, into a private copy, for patching text. */
static enum status copy_out_forced(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    char buffer[64];
    enum status s;

    if (f->rdx > sizeof(buffer))
        return ERR_INVALID;
    s = vm_copy_in(t->task->map, f->rsi, buffer, f->rdx);
    if (s == OK)
        s = vm_copy_out(task->map, f->rdi, buffer, f->rdx, true);
    f->rdi = f->rdx;
    return s;
}

static enum status copy_out(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    size_t done = 0;
    enum status s;

    if (f->r10)
        return copy_out_forced(t, task);
    s = vm_copy_between(t->task->map, f->rsi, task->map, f->rdi, copy_size(f->rdx), &done);
    f->rdi = done;
    return s;
}

static enum status copy_string(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    static char buffer[PAGE_SIZE];
    size_t length, room = f->rdx < sizeof(buffer) ? f->rdx : sizeof(buffer);
    enum status s = vm_copy_string_in(task->map, f->rdi, buffer, room, &length);
    enum status out;

    if (s == ERR_TRUNCATED)
        length = room;
    else if (s != OK)
        return s;
    f->rdi = length;
    out = vm_copy_out(t->task->map, f->rsi, buffer, s == OK ? length + 1 : length, false);
    return out == OK ? s : out;
}

static enum status cas32(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    uint32_t seen = 0;
    enum status s = vm_compare_and_swap32(task->map, f->rdi, (uint32_t)f->rsi, (uint32_t)f->rdx,
                                          &seen);

    f->rdi = seen;
    return s;
}

static bool range_ok(const struct frame *f)
{
    return f->rsi && f->rsi <= USER_MAX && f->rdi <= USER_MAX - f->rsi;
}

enum status invoke_task_memory(struct thread *t, struct task *task, uint32_t label)
{
    struct frame *f = thread_frame(t);

    switch (label) {
    case TASK_MAP:
        return map(t, task);
    case TASK_UNMAP:
        return range_ok(f) ? vm_map_remove(task->map, f->rdi, f->rdi + f->rsi) : ERR_INVALID;
    case TASK_PROTECT:
        return range_ok(f) ? vm_map_protect(task->map, f->rdi, f->rdi + f->rsi,
                                            f->rdx & VM_PROT_ALL, false)
                           : ERR_INVALID;
    case TASK_UNMAP_CHILDREN:
        return range_ok(f) ? vm_map_unmap_children(task->map, f->rdi, f->rdi + f->rsi, f->rdx)
                           : ERR_INVALID;
    case TASK_REGION:
        return region(t, task);
    case TASK_COPY_IN:
        return copy_in(t, task);
    case TASK_COPY_OUT:
        return copy_out(t, task);
    case TASK_COPY_STRING:
        return copy_string(t, task);
    case TASK_CAS32:
        return cas32(t, task);
    default:
        return ERR_INVALID;
    }
}
