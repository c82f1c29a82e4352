/* SPDX-License-Identifier: BSD-2-Clause */
/* Client spaces are tasks; memory objects are the kernel's, zero-filled and without a pager. */
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

/* vm_inherit_t. */
#define INHERIT_SHARE 0
#define INHERIT_COPY 1

#define PROT_ALL 7

static int create_task(mach_port_name_t parent, bool inherit, struct host_space **out)
{
    struct host_space *space = record_alloc();
    int32_t kr;

    if (!space)
        return -ERRNO_ENOMEM;
    rpc_begin(parent, RPC_TASK_CREATE);
    rpc_bool(inherit);
    kr = rpc_call("s");
    if (kr != KERN_SUCCESS) {
        record_free(space);
        return errno_of_kern(kr);
    }
    space->task = (mach_port_name_t)rpc_value(0);
    *out = space;
    return 0;
}

/* Its account is that of all clients: what is free at start less a share for the server, so that
 * they can't use up what the server needs. It has no memory and no threads. */
static mach_port_name_t clients_task;

void space_init(void)
{
    struct host_memory_info memory;

    host_memory_info(&memory);
    rpc_begin(own_task, RPC_TASK_CREATE_LIMITED);
    rpc_long(memory.free - memory.free / 4);
    must(rpc_call("s"), "the clients' account");
    clients_task = (mach_port_name_t)rpc_value(0);
}

int host_space_create(struct host_space **out)
{
    return create_task(clients_task, false, out);
}

/* Memory goes to the child by the inheritance of each region. */
int host_space_fork(struct host_space *src, struct host_space **out)
{
    return create_task(src->task, true, out);
}

void host_space_destroy(struct host_space *s)
{
    rpc_begin(s->task, RPC_TASK_TERMINATE);
    must(rpc_call(""), "task terminate");
    port_deallocate(s->task);
    record_free(s);
}

static int32_t deallocate(mach_port_name_t task, uint64_t addr, uint64_t len)
{
    rpc_begin(task, RPC_VM_DEALLOCATE);
    rpc_long(addr);
    rpc_long(len);
    return rpc_call("");
}

/* *addr: in and out. `copy`: a private copy of the object, which may be MACH_PORT_NULL. */
static int32_t map(mach_port_name_t task, uint64_t *addr, uint64_t len, bool anywhere,
                   mach_port_name_t object, uint64_t offset, bool shared, unsigned prot)
{
    int32_t kr;

    rpc_begin(task, RPC_VM_MAP);
    rpc_long(*addr);
    rpc_long(len);
    rpc_long(0); /* no alignment beyond a page's */
    rpc_bool(anywhere);
    rpc_right(object, MACH_MSG_TYPE_COPY_SEND);
    rpc_long(offset);
    rpc_bool(!shared);
    rpc_int(prot);
    rpc_int(PROT_ALL);
    rpc_int(shared ? INHERIT_SHARE : INHERIT_COPY);
    kr = rpc_call("l");
    if (kr == KERN_SUCCESS)
        *addr = rpc_value(0);
    return kr;
}

static bool range_ok(uint64_t addr, uint64_t len)
{
    return len && len <= USER_MAX && addr <= USER_MAX - len;
}

int host_map(struct host_space *s, const struct host_map_args *a, uint64_t *addr)
{
    uint64_t at = a->addr;
    int32_t kr = KERN_SUCCESS;

    if (!range_ok(at, a->len))
        return -ERRNO_EINVAL;
    if (a->fixed)
        kr = deallocate(s->task, at, a->len);
    if (kr == KERN_SUCCESS)
        kr = map(s->task, &at, a->len, !a->fixed, a->object ? a->object->port : MACH_PORT_NULL,
                 a->offset, a->shared, a->prot);
    if (kr == KERN_SUCCESS && !a->fixed && (at > a->limit || a->len > a->limit - at)) {
        kr = deallocate(s->task, at, a->len);
        if (kr == KERN_SUCCESS)
            kr = KERN_NO_SPACE;
    }
    if (kr == KERN_SUCCESS)
        *addr = at;
    return errno_of_kern(kr);
}

int host_unmap(struct host_space *s, uint64_t addr, uint64_t len)
{
    return range_ok(addr, len) ? errno_of_kern(deallocate(s->task, addr, len)) : -ERRNO_EINVAL;
}

int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    if (!range_ok(addr, len))
        return -ERRNO_EINVAL;
    rpc_begin(s->task, RPC_VM_PROTECT);
    rpc_long(addr);
    rpc_long(len);
    rpc_bool(false); /* not the maximum */
    rpc_int(prot);
    return errno_of_kern(rpc_call(""));
}

int host_region(struct host_space *s, uint64_t addr, struct host_region *out)
{
    mach_port_name_t object;

    rpc_begin(s->task, RPC_VM_REGION);
    rpc_long(addr);
    if (rpc_call("lliiibsl") != KERN_SUCCESS)
        return -ERRNO_ENOENT;
    out->start = rpc_value(0);
    out->end = out->start + rpc_value(1);
    out->prot = (unsigned)rpc_value(2);
    out->shared = (uint32_t)rpc_value(5);
    object = (mach_port_name_t)rpc_value(6);
    port_deallocate(object);
    return 0;
}

int host_object_create(uint64_t size, struct host_object **out)
{
    struct host_object *o = record_alloc();
    int32_t kr;

    if (!o)
        return -ERRNO_ENOMEM;
    rpc_begin(clients_task, RPC_TASK_OBJECT_CREATE);
    rpc_long(size);
    kr = rpc_call("s");
    if (kr != KERN_SUCCESS) {
        record_free(o);
        return errno_of_kern(kr);
    }
    o->port = (mach_port_name_t)rpc_value(0);
    o->size = (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    *out = o;
    return 0;
}

/* Reads into `dst`, or writes from `src` where that is NULL. The object's contents are reached
 * through a map of it in the server's own task; by vm_read and vm_write there too, so that a lack
 * of memory is an answer and no fault of the server's. */
static int32_t with_map(struct host_object *o, uint64_t offset, void *dst, const void *src,
                        size_t n)
{
    const char *data;
    uint64_t at = 0;
    int32_t kr;

    if (offset > o->size || n > o->size - offset)
        return KERN_INVALID_ARGUMENT;
    kr = map(own_task, &at, o->size, true, o->port, 0, true, HOST_READ | HOST_WRITE);
    if (kr != KERN_SUCCESS)
        return kr;
    if (dst) {
        kr = memory_read(own_task, at + offset, n, &data);
        if (kr == KERN_SUCCESS) {
            memcpy(dst, data, n);
            memory_drop(data, n);
        }
    } else {
        kr = memory_write(own_task, at + offset, src, n);
    }
    must(deallocate(own_task, at, o->size), "unmap an object");
    return kr;
}

int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n)
{
    return n ? errno_of_kern(with_map(o, offset, NULL, src, n)) : 0;
}

int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n)
{
    return n ? errno_of_kern(with_map(o, offset, dst, NULL, n)) : 0;
}

void host_object_release(struct host_object *o)
{
    port_deallocate(o->port);
    record_free(o);
}

const void *module_map(uint64_t *size)
{
    mach_port_name_t object;
    uint64_t at = 0;

    rpc_begin(host_priv, RPC_HOST_MODULE);
    rpc_int(0);
    must(rpc_call("sl"), "boot archive");
    object = (mach_port_name_t)rpc_value(0);
    *size = rpc_value(1);
    must(map(own_task, &at, *size, true, object, 0, true, HOST_READ), "map of the boot archive");
    port_deallocate(object);
    return (const void *)at;
}
