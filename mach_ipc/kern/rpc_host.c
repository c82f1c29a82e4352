/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the host: what machine this is, its time, its end; memory objects of the kernel's
 * own. */
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/frame.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_map.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/reset.h"
#include "mach_ipc/kern/rpc.h"

struct port *host_port, *host_priv_port, *device_port;

void host_init(void)
{
    host_port = port_alloc_kernel(NULL, KOBJECT_HOST, NULL);
    host_priv_port = port_alloc_kernel(NULL, KOBJECT_HOST_PRIVILEGED, NULL);
    device_port = port_alloc_kernel(NULL, KOBJECT_DEVICE, NULL);
    assert(host_port && host_priv_port && device_port);
}

static int32_t info(struct rpc *r)
{
    const uint32_t count = STATE_COUNT(struct mach_host_basic_info);

    if (rpc_u32(r, 0) != HOST_BASIC_INFO || rpc_u32(r, 1) < count)
        return KERN_INVALID_ARGUMENT;
    *(struct mach_host_basic_info *)rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_32, 32, count) =
        (struct mach_host_basic_info){
            .max_cpus = 1,
            .avail_cpus = 1,
            .memory_size = frame_total_count() * PAGE_SIZE,
            .cpu_type = CPU_TYPE_X86_64,
        };
    return KERN_SUCCESS;
}

#define NS_PER_S UINT64_C(1000000000)

static int32_t get_time(struct rpc *r)
{
    uint64_t now = clock_realtime_ns();

    *(struct mach_time *)rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_64, 64,
                                        sizeof(struct mach_time) / 8) =
        (struct mach_time){(int64_t)(now / NS_PER_S), (int32_t)(now % NS_PER_S / 1000), 0};
    return KERN_SUCCESS;
}

/* time_value64_t: seconds, nanoseconds. */
static int32_t out_time64(struct rpc *r, uint64_t ns)
{
    uint64_t *value = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_64, 64, 2);

    value[0] = ns / NS_PER_S;
    value[1] = ns % NS_PER_S;
    return KERN_SUCCESS;
}

static int32_t get_time64(struct rpc *r)
{
    return out_time64(r, clock_realtime_ns());
}

static int32_t get_uptime64(struct rpc *r)
{
    return out_time64(r, clock_ns());
}

/* kernel_version_t and kernel_boot_info_t. */
static int32_t kernel_version(struct rpc *r)
{
    r->text = "l4k, Mach-style IPC path, x86-64";
    r->text_room = 512;
    return KERN_SUCCESS;
}

static int32_t boot_info(struct rpc *r)
{
    r->text = boot_info_kept.cmdline;
    r->text_room = 4096;
    return KERN_SUCCESS;
}

static int32_t xstate_size(struct rpc *r)
{
    rpc_out64(r, sizeof(struct mach_xfloat_state));
    return KERN_SUCCESS;
}

static int32_t reboot(struct rpc *r)
{
    (void)r;
    machine_reset();
}

/* The address map of the task that argument 0 names; NULL: it names none. */
static struct vm_map *named_map(const struct rpc *r)
{
    const struct port *port = (const struct port *)r->in[0].value;

    if (!port_valid(port) || port->kobject_type != KOBJECT_TASK)
        return NULL;
    return ((struct kern_task *)port->kobject)->mach.task.map;
}

/* host, then: task, address, size, access wanted (none: unwire). */
static int32_t wire(struct rpc *r)
{
    struct vm_map *map = named_map(r);
    uint64_t start = vm_trunc_page(r->in[1].value), size = r->in[2].value;

    if (!map)
        return KERN_INVALID_TASK;
    if (!size || size > USER_MAX || start > USER_MAX - size)
        return KERN_INVALID_ARGUMENT;
    return kern_status(vm_map_wire(map, start, vm_round_page(r->in[1].value + size),
                                   rpc_u32(r, 3)));
}

/* Entries without any access are left as they are. */
static enum status wire_until(struct vm_map *map, uint64_t end, bool wire, uint64_t *failed_at)
{
    struct vm_region region;
    enum status s = OK;

    for (uint64_t at = 0; s == OK && at < end && vm_map_region(map, at, &region) == OK &&
                          region.start < end; at = region.end) {
        *failed_at = region.start;
        if (region.prot != VM_PROT_NONE)
            s = vm_map_wire(map, region.start, region.end, wire);
    }
    return s;
}

static void unwire_all(struct vm_map *map)
{
    struct vm_region region;
    enum status s = OK;
    uint64_t at = 0;

    while (vm_map_region(map, at, &region) == OK) {
        if (region.wired)
            s = vm_map_wire(map, region.start, region.end, false);
        else
            at = region.end;
        assert(s == OK); /* whole entries */
    }
}

/* host, then: task, flags. Wires are counted, as vm_wire's; without flags all of them go.
 * KERN_INVALID_ARGUMENT of VM_WIRE_FUTURE: an address map wires nothing by itself. */
static int32_t wire_all(struct rpc *r)
{
    struct vm_map *map = named_map(r);
    uint32_t flags = rpc_u32(r, 1);
    uint64_t failed_at = 0;
    enum status s;

    if (!map)
        return KERN_INVALID_TASK;
    if (flags & ~VM_WIRE_CURRENT)
        return KERN_INVALID_ARGUMENT;
    if (!flags) {
        unwire_all(map);
        return KERN_SUCCESS;
    }
    s = wire_until(map, USER_MAX, true, &failed_at);
    if (s != OK) {
        enum status undone = wire_until(map, failed_at, false, &failed_at);

        assert(undone == OK); /* whole entries */
    }
    return kern_status(s);
}

/* host, then: task, limit, maximum. Any host port may lower the maximum. */
static int32_t set_size_limit(struct rpc *r)
{
    struct vm_map *map = named_map(r);
    uint64_t limit = r->in[1].value, max_limit = r->in[2].value;

    if (limit > max_limit)
        return KERN_INVALID_ARGUMENT;
    if (!map)
        return KERN_INVALID_TASK;
    if (max_limit > map->max_limit && r->port->kobject_type != KOBJECT_HOST_PRIVILEGED)
        return KERN_NO_ACCESS;
    return kern_status(vm_map_set_limit(map, limit, max_limit));
}

/* A memory object without a pager: zero-filled, for vm_map; it lives by its send rights and
 * maps. */
static int32_t object_create(struct rpc *r)
{
    struct quota *payer = thread_quota(r->self);
    struct vm_object *object;
    struct port *port;
    enum status s;

    if (!r->in[0].value || r->in[0].value > USER_MAX)
        return KERN_INVALID_ARGUMENT;
    s = vm_object_create_anonymous(r->in[0].value, payer, &object);
    if (s != OK)
        return kern_status(s);
    port = port_alloc_kernel(payer, KOBJECT_MEMORY_NAME, object);
    if (!port) {
        vm_object_release(object);
        return KERN_RESOURCE_SHORTAGE;
    }
    rpc_out_port(r, port_make_send(port), MACH_MSG_TYPE_PORT_SEND);
    return KERN_SUCCESS;
}

const struct routine host_routines[] = {
    {RPC_HOST_INFO, KOBJECT_HOST, false, "ii", info},
    {RPC_HOST_GET_TIME, KOBJECT_HOST, false, "", get_time},
    {RPC_HOST_GET_TIME64, KOBJECT_HOST, false, "", get_time64},
    {RPC_HOST_GET_UPTIME64, KOBJECT_HOST, false, "", get_uptime64},
    {RPC_HOST_KERNEL_VERSION, KOBJECT_HOST, false, "", kernel_version},
    {RPC_HOST_BOOT_INFO, KOBJECT_HOST_PRIVILEGED, false, "", boot_info},
    {RPC_XSTATE_SIZE, KOBJECT_HOST, false, "", xstate_size},
    {RPC_HOST_REBOOT, KOBJECT_HOST_PRIVILEGED, false, "i", reboot},
    {RPC_VM_WIRE, KOBJECT_HOST_PRIVILEGED, false, "slli", wire},
    {RPC_VM_WIRE_ALL, KOBJECT_HOST_PRIVILEGED, false, "si", wire_all},
    {RPC_VM_SET_SIZE_LIMIT, KOBJECT_HOST, false, "sll", set_size_limit},
    {RPC_OBJECT_CREATE, KOBJECT_HOST_PRIVILEGED, false, "l", object_create},
    {0},
};
