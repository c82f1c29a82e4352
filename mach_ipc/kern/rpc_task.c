/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about tasks. */
#include "l4k/lib/string.h"
#include "l4k/vm/vm_map.h"
#include "mach_ipc/kern/rpc.h"

/* A task answers for itself as the right that names it. */
static int32_t create(struct rpc *r)
{
    struct kern_task *child;
    enum kern_return kr = kern_task_create(r->task, r->task->mach.task.account, rpc_u32(r, 0),
                                           &child);

    if (kr == KERN_SUCCESS)
        rpc_out_port(r, kern_task_port(child), MACH_MSG_TYPE_PORT_SEND);
    return kr;
}

static void end_task(struct rpc *r)
{
    kern_task_terminate(r->task);
}

static int32_t terminate(struct rpc *r)
{
    if (plain_thread(r->self)->task == &r->task->mach.task)
        rpc_terminate_self(r, end_task);
    end_task(r);
    return KERN_SUCCESS;
}

static int32_t suspend(struct rpc *r)
{
    kern_task_suspend(r->task);
    return KERN_SUCCESS;
}

static int32_t resume(struct rpc *r)
{
    return kern_task_resume(r->task);
}

static uint32_t count_threads(struct kern_task *task)
{
    struct list *l;
    uint32_t n = 0;

    list_for_each(l, &task->mach.task.threads)
        n++;
    return n;
}

static int32_t threads(struct rpc *r)
{
    uint32_t n = count_threads(r->task), i = 0;
    struct port_array *a;
    struct list *l;

    if (!n) {
        rpc_out_memory(r, NULL, MACH_MSG_TYPE_PORT_SEND, MACH_MSG_PORT_OOL_BITS, 0);
        return KERN_SUCCESS;
    }
    a = rpc_out_ports(r, n);
    if (!a)
        return KERN_RESOURCE_SHORTAGE;
    list_for_each(l, &r->task->mach.task.threads)
        a->port[i++] = kern_thread_port(kern_thread(container_of(l, struct thread, task_link)));
    return KERN_SUCCESS;
}

static int32_t info(struct rpc *r)
{
    const uint32_t count = STATE_COUNT(struct mach_task_basic_info);
    struct vm_map_statistics vm;
    struct mach_task_basic_info *info;

    if (rpc_u32(r, 0) != TASK_BASIC_INFO || rpc_u32(r, 1) < count)
        return KERN_INVALID_ARGUMENT;
    vm_map_statistics(r->task->mach.task.map, &vm);
    info = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_32, 32, count);
    *info = (struct mach_task_basic_info){
        .suspend_count = (int32_t)r->task->mach.suspend_count,
        .virtual_size = vm.size,
        .resident_size = vm.resident * PAGE_SIZE,
    };
    return KERN_SUCCESS;
}

static int32_t ports_register(struct rpc *r)
{
    struct port_array *a = (struct port_array *)r->in[0].value;
    struct mach_task *m = &r->task->mach;
    uint32_t n = a ? a->number : 0;

    if (n > MACH_TASK_PORTS)
        return KERN_INVALID_ARGUMENT;
    for (uint32_t i = 0; i < MACH_TASK_PORTS; i++) {
        struct port *old = m->registered[i];

        m->registered[i] = i < n ? a->port[i] : NULL;
        if (i < n)
            a->port[i] = NULL;
        port_release_send(old);
    }
    return KERN_SUCCESS;
}

static int32_t ports_lookup(struct rpc *r)
{
    struct port_array *a = rpc_out_ports(r, MACH_TASK_PORTS);

    if (!a)
        return KERN_RESOURCE_SHORTAGE;
    for (uint32_t i = 0; i < MACH_TASK_PORTS; i++)
        a->port[i] = port_copy_send(r->task->mach.registered[i]);
    return KERN_SUCCESS;
}

static int32_t set_name(struct rpc *r)
{
    size_t n = strnlen((const char *)(r->tail + 1), r->tail_bytes);

    if (n >= sizeof(r->task->name))
        n = sizeof(r->task->name) - 1;
    memcpy(r->task->name, r->tail + 1, n);
    r->task->name[n] = '\0';
    return KERN_SUCCESS;
}

const struct routine task_routines[] = {
    {RPC_TASK_SET_NAME, KOBJECT_TASK, true, "C", set_name},
    {RPC_TASK_CREATE, KOBJECT_TASK, false, "b", create},
    {RPC_TASK_TERMINATE, KOBJECT_TASK, false, "", terminate},
    {RPC_TASK_THREADS, KOBJECT_TASK, false, "", threads},
    {RPC_TASK_INFO, KOBJECT_TASK, false, "ii", info},
    {RPC_TASK_SUSPEND, KOBJECT_TASK, false, "", suspend},
    {RPC_TASK_RESUME, KOBJECT_TASK, false, "", resume},
    {RPC_PORTS_REGISTER, KOBJECT_TASK, false, "r", ports_register},
    {RPC_PORTS_LOOKUP, KOBJECT_TASK, false, "", ports_lookup},
    {0},
};
