/* SPDX-License-Identifier: BSD-2-Clause */
/* Client spaces, memory objects and copies, by the kernel's own functions. */
#include "l4k/kern/cpu_state.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/x86_64/user_copy.h"
#include "personality/place/kernel/kernel.h"

static struct vm_map *map_of(struct host_space *s)
{
    return s->task.map;
}

/* Consumes the map. */
static enum status space_of_map(struct vm_map *map, struct host_space **out)
{
    struct task *task;
    enum status s = task_create(map, pmap_root(vm_map_pmap(map)), client_account, &task);

    if (s != OK)
        vm_map_release(map);
    else
        *out = container_of(task, struct host_space, task);
    return s;
}

static enum status space_create(struct host_space **out)
{
    struct vm_map *map;
    enum status s = vm_map_create(&client_account->quota, STUB_BASE, USER_MAX, &map);

    return s == OK ? space_of_map(map, out) : s;
}

int host_space_create(struct host_space **out)
{
    return errno_of(IN_KERNEL(space_create(out)));
}

static enum status space_fork(struct host_space *src, struct host_space **out)
{
    struct vm_map *map;
    enum status s = vm_map_fork(map_of(src), &client_account->quota, &map);

    return s == OK ? space_of_map(map, out) : s;
}

int host_space_fork(struct host_space *src, struct host_space **out)
{
    return errno_of(IN_KERNEL(space_fork(src, out)));
}

void host_space_destroy(struct host_space *s)
{
    bool irq = kernel_enter();

    task_destroy(&s->task);
    object_release(&s->task.object);
    kernel_leave(irq);
}

static enum status map(struct host_space *s, const struct host_map_args *a, uint64_t *addr)
{
    struct vm_object *object = (struct vm_object *)a->object;
    uint64_t at = a->addr;
    enum status status;

    if (!a->len || a->len > USER_MAX || at > USER_MAX - a->len)
        return ERR_INVALID;
    if (a->fixed) {
        status = vm_map_remove(map_of(s), at, at + a->len);
        if (status != OK)
            return status;
    }
    status = vm_map_enter(map_of(s), &at, a->len, 0, !a->fixed, object, a->offset,
                          object && !a->shared, a->prot, VM_PROT_ALL,
                          a->shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY);
    if (status == OK && !a->fixed && (at > a->limit || a->len > a->limit - at)) {
        status = vm_map_remove(map_of(s), at, at + a->len);
        return status == OK ? ERR_NO_SPACE : status;
    }
    if (status == OK)
        *addr = at;
    return status;
}

int host_map(struct host_space *s, const struct host_map_args *args, uint64_t *addr)
{
    return errno_of(IN_KERNEL(map(s, args, addr)));
}

static bool range_ok(uint64_t addr, uint64_t len)
{
    return len && len <= USER_MAX && addr <= USER_MAX - len;
}

int host_unmap(struct host_space *s, uint64_t addr, uint64_t len)
{
    if (!range_ok(addr, len))
        return -ERRNO_EINVAL;
    return errno_of(IN_KERNEL(vm_map_remove(map_of(s), addr, addr + len)));
}

int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    if (!range_ok(addr, len))
        return -ERRNO_EINVAL;
    return errno_of(IN_KERNEL(vm_map_protect(map_of(s), addr, addr + len, prot, false)));
}

int host_region(struct host_space *s, uint64_t addr, struct host_region *out)
{
    struct vm_region r;

    if (IN_KERNEL(vm_map_region(map_of(s), addr, &r)) != OK)
        return -ERRNO_ENOENT;
    *out = (struct host_region){r.start, r.end, r.prot, r.shared};
    return 0;
}

int host_object_create(uint64_t size, struct host_object **out)
{
    return errno_of(IN_KERNEL(vm_object_create_anonymous(size, &client_account->quota,
                                                         (struct vm_object **)out)));
}

int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n)
{
    return errno_of(IN_KERNEL(vm_object_write((struct vm_object *)o, offset, src, n)));
}

int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n)
{
    return errno_of(IN_KERNEL(vm_object_read((struct vm_object *)o, offset, dst, n)));
}

void host_object_release(struct host_object *o)
{
    bool irq = kernel_enter();

    vm_object_release((struct vm_object *)o);
    kernel_leave(irq);
}

/* The caller's own memory is loaded and can be reached directly. */
static bool is_loaded(const struct host_space *s)
{
    return &s->task == current()->task;
}

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n)
{
    return copy_result(IN_KERNEL(is_loaded(s) ? copy_from_user(dst, src, n)
                                              : vm_copy_in(map_of(s), src, dst, n)));
}

enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return copy_result(IN_KERNEL(is_loaded(s) ? copy_to_user(dst, src, n)
                                              : vm_copy_out(map_of(s), dst, src, n, false)));
}

enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max,
                                size_t *len)
{
    enum status status = IN_KERNEL(vm_copy_string_in(map_of(s), src, dst, max, len));

    if (status == ERR_TRUNCATED) {
        *len = max;
        return HOST_DONE;
    }
    return copy_result(status);
}

enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen)
{
    return copy_result(IN_KERNEL(vm_compare_and_swap32(map_of(s), addr, old, new, seen)));
}
