/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about a task's memory. */
#include "l4k/kern/frame.h"
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_fault.h"
#include "l4k/vm/vm_map.h"
#include "l4k/vm/vm_ool.h"
#include "mach_ipc/kern/rpc.h"
#include "mach_ipc/kern/vm_call.h"

#define PROT_DEFAULT (VM_PROT_READ | VM_PROT_WRITE)

enum kern_return kern_status(enum status s)
{
    switch (s) {
    case OK:
        return KERN_SUCCESS;
    case ERR_NO_MEMORY:
        return KERN_RESOURCE_SHORTAGE;
    case ERR_NO_SPACE:
    case ERR_EXISTS:
        return KERN_NO_SPACE;
    case ERR_ADDRESS:
        return KERN_INVALID_ADDRESS;
    case ERR_PROTECTION:
        return KERN_PROTECTION_FAILURE;
    default:
        assert(s == ERR_INVALID); /* and no memory object has a pager */
        return KERN_INVALID_ARGUMENT;
    }
}

/* The pages of a user's range, cut to what the map may hold; false: it wraps. Empty: start ==
 * end. */
static bool page_range(const struct vm_map *map, uint64_t address, uint64_t size, uint64_t *start,
                       uint64_t *end)
{
    if (size > USER_MAX || address + size < address)
        return false;
    *start = vm_trunc_page(address);
    *end = vm_round_page(address + size);
    if (*end > map->max)
        *end = map->max;
    if (*start < map->min)
        *start = map->min;
    if (*start > *end)
        *start = *end;
    return true;
}

enum kern_return vm_call_allocate(struct kern_task *task, uint64_t *address, uint64_t size,
                                  bool anywhere)
{
    struct vm_map *map = task->mach.task.map;
    uint64_t at = anywhere ? map->min : vm_trunc_page(*address);
    enum status s;

    if (size == 0) {
        *address = 0;
        return KERN_SUCCESS;
    }
    if (size > USER_MAX)
        return KERN_NO_SPACE;
    if (!anywhere && (at < map->min || at > map->max || size > map->max - at))
        return KERN_NO_SPACE;
    s = vm_map_enter(map, &at, size, 0, anywhere, NULL, 0, false, PROT_DEFAULT, VM_PROT_ALL,
                     VM_INHERIT_COPY);
    if (s == OK)
        *address = at;
    return kern_status(s);
}

enum kern_return vm_call_deallocate(struct kern_task *task, uint64_t address, uint64_t size)
{
    struct vm_map *map = task->mach.task.map;
    uint64_t start, end;

    if (!page_range(map, address, size, &start, &end))
        return KERN_INVALID_ARGUMENT;
    return size == 0 || start == end ? KERN_SUCCESS : kern_status(vm_map_remove(map, start, end));
}

static int32_t allocate(struct rpc *r)
{
    uint64_t address = r->in[0].value;
    enum kern_return kr = vm_call_allocate(r->task, &address, r->in[1].value, rpc_u32(r, 2));

    if (kr == KERN_SUCCESS)
        rpc_out64(r, address);
    return kr;
}

static int32_t deallocate(struct rpc *r)
{
    return vm_call_deallocate(r->task, r->in[0].value, r->in[1].value);
}

static int32_t protect(struct rpc *r)
{
    struct vm_map *map = r->task->mach.task.map;
    uint64_t start, end;

    if (!page_range(map, r->in[0].value, r->in[1].value, &start, &end) ||
        rpc_u32(r, 3) & ~VM_PROT_ALL)
        return KERN_INVALID_ARGUMENT;
    return start == end ? KERN_SUCCESS
                        : kern_status(vm_map_protect(map, start, end, rpc_u32(r, 3),
                                                     rpc_u32(r, 2)));
}

static int32_t inherit(struct rpc *r)
{
    struct vm_map *map = r->task->mach.task.map;
    uint64_t start, end;

    if (!page_range(map, r->in[0].value, r->in[1].value, &start, &end) ||
        rpc_u32(r, 2) > VM_INHERIT_NONE)
        return KERN_INVALID_ARGUMENT;
    return start == end ? KERN_SUCCESS
                        : kern_status(vm_map_inherit(map, start, end,
                                                     (enum vm_inherit)rpc_u32(r, 2)));
}

/* A short read finds its pages there or brings them, so that a lack of memory is its answer and not a
 * fault of whoever looks at the data later. */
#define READ_NOW_MAX 0x10000

static enum status bring_pages(struct vm_map *map, uint64_t from, uint64_t size)
{
    enum status s = OK;

    if (size > READ_NOW_MAX || from > map->max - size)
        return OK; /* what is wrong with the range is told by who takes it */
    for (uint64_t at = vm_trunc_page(from); at < from + size && s == OK; at += PAGE_SIZE) {
        paddr_t pa;
        unsigned prot;

        if (!pmap_extract(vm_map_pmap(map), at, &pa, &prot) || !(prot & VM_PROT_READ))
            s = vm_fault(map, at, VM_PROT_READ);
    }
    return s;
}

static int32_t read(struct rpc *r)
{
    uint64_t size = r->in[1].value;
    struct vm_ool *ool = NULL;
    enum status s = OK;

    if (size > UINT32_MAX)
        return KERN_INVALID_ARGUMENT;
    if (size)
        s = bring_pages(r->task->mach.task.map, r->in[0].value, size);
    if (size && s == OK)
        s = vm_ool_take(r->task->mach.task.map, r->in[0].value, size, false, thread_quota(r->self),
                        &ool);
    if (s == OK)
        rpc_out_memory(r, ool, MACH_MSG_TYPE_BYTE, 8, (uint32_t)size);
    return kern_status(s);
}

static int32_t write(struct rpc *r)
{
    struct vm_ool *data = (struct vm_ool *)r->in[1].value;

    return data ? kern_status(vm_ool_write(r->task->mach.task.map, r->in[0].value, data))
                : KERN_SUCCESS;
}

/* Virtually where all is page aligned, else by way of out-of-line memory. */
static int32_t copy(struct rpc *r)
{
    struct vm_map *map = r->task->mach.task.map;
    uint64_t from = r->in[0].value, size = r->in[1].value, to = r->in[2].value;
    struct vm_ool *data;
    enum status s;

    if (size == 0)
        return KERN_SUCCESS;
    if (size > map->max || from > map->max - size || to > map->max - size || from < map->min ||
        to < map->min)
        return KERN_INVALID_ADDRESS;
    if (!((from | size | to) & VM_PAGE_MASK))
        return kern_status(vm_map_copy_range(map, from, map, to, size));
    s = vm_ool_take(map, from, size, false, thread_quota(r->self), &data);
    if (s == OK) {
        s = vm_ool_write(map, to, data);
        vm_ool_free(data);
    }
    return kern_status(s);
}

/* The object has no name here: a null right stands for it. */
static int32_t region(struct rpc *r)
{
    struct vm_region region;

    if (vm_map_region(r->task->mach.task.map, r->in[0].value, &region) != OK)
        return KERN_NO_SPACE;
    rpc_out64(r, region.start);
    rpc_out64(r, region.end - region.start);
    rpc_out32(r, region.prot);
    rpc_out32(r, region.max_prot);
    rpc_out32(r, region.inherit);
    rpc_out(r, MACH_TYPE_BOOL, region.shared);
    rpc_out_port(r, NULL, MACH_MSG_TYPE_PORT_SEND);
    rpc_out64(r, region.offset);
    return KERN_SUCCESS;
}

static uint32_t list_length(const struct list *head)
{
    uint32_t n = 0;

    for (const struct list *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

static int32_t statistics(struct rpc *r)
{
    struct mach_vm_statistics *s = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_32, 32,
                                                  STATE_COUNT(struct mach_vm_statistics));

    *s = (struct mach_vm_statistics){
        .pagesize = PAGE_SIZE,
        .free_count = (uint32_t)frame_free_count(),
        .active_count = list_length(&vm_queue_active),
        .inactive_count = list_length(&vm_queue_inactive),
        .wire_count = (uint32_t)vm_pages_wired,
        .zero_fill_count = (uint32_t)vm_counters.zero_fills,
        .pageins = (uint32_t)vm_counters.pager_requests,
        .faults = (uint32_t)vm_counters.faults,
        .cow_faults = (uint32_t)vm_counters.cow_copies,
        .lookups = (uint32_t)vm_counters.lookups,
    };
    return KERN_SUCCESS;
}

/* What argument `i` names: NULL for zero-filled memory; only memory objects of the kernel's own
 * can be mapped otherwise. */
static int32_t named_object(struct rpc *r, unsigned i, struct vm_object **object)
{
    struct port *port = (struct port *)r->in[i].value;

    *object = NULL;
    if (!port)
        return KERN_SUCCESS;
    if (!port_valid(port) || port->kobject_type != KOBJECT_MEMORY_NAME)
        return KERN_INVALID_ARGUMENT;
    *object = port->kobject;
    return KERN_SUCCESS;
}

static int32_t map(struct rpc *r)
{
    struct vm_map *map = r->task->mach.task.map;
    uint64_t size = r->in[1].value, mask = r->in[2].value;
    bool anywhere = rpc_u32(r, 3);
    uint64_t at = vm_trunc_page(r->in[0].value);
    uint32_t prot = rpc_u32(r, 7), max_prot = rpc_u32(r, 8), inheritance = rpc_u32(r, 9);
    struct vm_object *object;
    enum status s;
    int32_t kr = named_object(r, 4, &object);

    if (kr != KERN_SUCCESS)
        return kr;
    if (anywhere && at < map->min)
        at = map->min;
    s = vm_map_enter(map, &at, size, mask, anywhere, object, r->in[5].value,
                     object && rpc_u32(r, 6), prot, max_prot, (enum vm_inherit)inheritance);
    if (s == OK)
        rpc_out64(r, at);
    return kern_status(s);
}

/* Caches are coherent, pages do not migrate: there is nothing to set. */
static int32_t machine_attribute(struct rpc *r)
{
    (void)r;
    return KERN_INVALID_ARGUMENT;
}

static int32_t get_size_limit(struct rpc *r)
{
    const struct vm_map *map = r->task->mach.task.map;

    rpc_out64(r, map->limit);
    rpc_out64(r, map->max_limit);
    return KERN_SUCCESS;
}

#define VM_SYNC_ASYNCHRONOUS 1u
#define VM_SYNC_SYNCHRONOUS 2u

/* All memory is anonymous: it is always in step with what backs it. */
static int32_t msync(struct rpc *r)
{
    uint32_t both = VM_SYNC_ASYNCHRONOUS | VM_SYNC_SYNCHRONOUS;
    uint64_t start, end;

    return (rpc_u32(r, 2) & both) == both ||
                   !page_range(r->task->mach.task.map, r->in[0].value, r->in[1].value, &start, &end)
               ? KERN_INVALID_ARGUMENT
               : KERN_SUCCESS;
}

const struct routine vm_routines[] = {
    {RPC_VM_ALLOCATE, KOBJECT_TASK, false, "llb", allocate},
    {RPC_VM_DEALLOCATE, KOBJECT_TASK, false, "ll", deallocate},
    {RPC_VM_PROTECT, KOBJECT_TASK, false, "llbi", protect},
    {RPC_VM_INHERIT, KOBJECT_TASK, false, "lli", inherit},
    {RPC_VM_READ, KOBJECT_TASK, false, "ll", read},
    {RPC_VM_WRITE, KOBJECT_TASK, false, "ld", write},
    {RPC_VM_COPY, KOBJECT_TASK, false, "lll", copy},
    {RPC_VM_REGION, KOBJECT_TASK, false, "l", region},
    {RPC_VM_STATISTICS, KOBJECT_TASK, false, "", statistics},
    {RPC_VM_MAP, KOBJECT_TASK, false, "lllbslbiii", map},
    {RPC_VM_MACHINE_ATTRIBUTE, KOBJECT_TASK, false, "llii", machine_attribute},
    {RPC_VM_MSYNC, KOBJECT_TASK, false, "lli", msync},
    {RPC_VM_GET_SIZE_LIMIT, KOBJECT_TASK, false, "", get_size_limit},
    {0},
};
