/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about the special ports of tasks and threads: what names them, who handles their
 * exceptions, who is there for them. */
#include "mach_ipc/kern/rpc.h"

static bool of_task(const struct rpc *r)
{
    return r->port->kobject_type == KOBJECT_TASK;
}

static struct port **exception_port(struct rpc *r)
{
    return of_task(r) ? &r->task->mach.exception : &r->thread->mach.exception;
}

/* Where the object keeps one of its special ports; NULL: it has no such port. */
static struct port **special_port(struct rpc *r)
{
    switch (rpc_u32(r, 0)) {
    case SPECIAL_KERNEL_PORT:
        return of_task(r) ? &r->task->mach.self_send : &r->thread->mach.self_send;
    case SPECIAL_EXCEPTION_PORT:
        return exception_port(r);
    case SPECIAL_BOOTSTRAP_PORT:
        return of_task(r) ? &r->task->mach.bootstrap : NULL;
    default:
        return NULL;
    }
}

/* The exceptions that go to the object's exception port, and what their messages carry. A thread for
 * which system calls were asked for makes no traps of its own. */
static void set_action(struct rpc *r, struct exception_action action, bool foreign)
{
    if (of_task(r)) {
        r->task->action = action;
    } else {
        r->thread->action = action;
        r->thread->foreign = foreign;
    }
}

/* Argument 1 comes in the place of a send right. */
static void replace(struct rpc *r, struct port **at)
{
    struct port *old = *at;

    *at = rpc_take(r, 1);
    port_release_send(old);
}

static int32_t get_special_port(struct rpc *r)
{
    struct port **at = special_port(r);

    if (!at)
        return KERN_INVALID_ARGUMENT;
    rpc_out_port(r, port_copy_send(*at), MACH_MSG_TYPE_PORT_SEND);
    return KERN_SUCCESS;
}

static int32_t set_special_port(struct rpc *r)
{
    struct port **at = special_port(r);

    if (!at)
        return KERN_INVALID_ARGUMENT;
    if (at == exception_port(r))
        set_action(r, (struct exception_action){EXC_MASK_ALL, EXCEPTION_DEFAULT, 0}, false);
    replace(r, at);
    return KERN_SUCCESS;
}

/* OSF's: mask, port, behavior, flavor. One port for all of the exceptions. */
static int32_t set_exception_ports(struct rpc *r)
{
    uint32_t mask = rpc_u32(r, 0), behavior = rpc_u32(r, 2), flavor = rpc_u32(r, 3);

    if (mask & ~EXC_MASK_ALL || behavior < EXCEPTION_DEFAULT ||
        behavior > EXCEPTION_STATE_IDENTITY ||
        (behavior != EXCEPTION_DEFAULT && !kern_state_count(flavor)))
        return KERN_INVALID_ARGUMENT;
    set_action(r, (struct exception_action){mask, (uint8_t)behavior, (uint8_t)flavor},
               mask & EXC_MASK(EXC_SYSCALL));
    replace(r, exception_port(r));
    return KERN_SUCCESS;
}

const struct routine special_routines[] = {
    {RPC_TASK_GET_SPECIAL_PORT, KOBJECT_TASK, false, "i", get_special_port},
    {RPC_TASK_SET_SPECIAL_PORT, KOBJECT_TASK, false, "is", set_special_port},
    {RPC_TASK_SET_EXCEPTION_PORTS, KOBJECT_TASK, false, "isii", set_exception_ports},
    {RPC_THREAD_GET_SPECIAL_PORT, KOBJECT_THREAD, false, "i", get_special_port},
    {RPC_THREAD_SET_SPECIAL_PORT, KOBJECT_THREAD, false, "is", set_special_port},
    {RPC_THREAD_SET_EXCEPTION_PORTS, KOBJECT_THREAD, false, "isii", set_exception_ports},
    {0},
};
