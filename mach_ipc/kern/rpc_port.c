/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about a task's port names: the mach_port_ routines. */
#include "l4k/vm/vm_ool.h"
#include "mach_ipc/kern/rpc.h"
#include "mach_ipc/mach_port.h"

static inline struct space *space_of(struct rpc *r)
{
    return r->task->mach.space;
}

/* `count` words of a list as out-of-line memory. */
static enum kern_return out_list(struct rpc *r, const uint32_t *list, uint32_t count, uint32_t type)
{
    struct vm_ool *ool = NULL;

    if (count && vm_ool_from_bytes(list, count * sizeof(*list), thread_quota(r->self), &ool) != OK)
        return KERN_RESOURCE_SHORTAGE;
    rpc_out_memory(r, ool, type, 32, count);
    return KERN_SUCCESS;
}

/* Both lists, or neither. */
static enum kern_return out_names(struct rpc *r, const uint32_t *names, const uint32_t *types,
                                  uint32_t count)
{
    enum kern_return kr = out_list(r, names, count, MACH_MSG_TYPE_PORT_NAME);

    if (kr != KERN_SUCCESS)
        return kr;
    kr = out_list(r, types, count, MACH_MSG_TYPE_INTEGER_32);
    if (kr != KERN_SUCCESS) {
        vm_ool_free((struct vm_ool *)((struct mach_arg *)r->out)->value);
        r->out_bytes = 0;
        r->complex = false;
    }
    return kr;
}

/* An array of rights lends its memory to the lists: a slot has room for a name and a type. */
static int32_t names(struct rpc *r)
{
    struct space *s = space_of(r);
    uint32_t room = s->count, count, *list;
    struct port_array *a = port_array_alloc(room, thread_quota(r->self));
    enum kern_return kr;

    if (!a)
        return KERN_RESOURCE_SHORTAGE;
    list = (uint32_t *)a->port;
    mach_port_names(s, list, list + room, room, &count);
    kr = out_names(r, list, list + room, count);
    port_array_free(a);
    return kr;
}

static int32_t type(struct rpc *r)
{
    uint32_t type;
    enum kern_return kr = mach_port_type(space_of(r), rpc_u32(r, 0), &type);

    if (kr == KERN_SUCCESS)
        rpc_out32(r, type);
    return kr;
}

static int32_t rename(struct rpc *r)
{
    return mach_port_rename(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1));
}

static int32_t allocate_name(struct rpc *r)
{
    return mach_port_allocate_name(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1));
}

static int32_t allocate(struct rpc *r)
{
    mach_port_name_t name;
    enum kern_return kr = mach_port_allocate(space_of(r), rpc_u32(r, 0), &name);

    if (kr == KERN_SUCCESS)
        rpc_out(r, MACH_TYPE_NAME, name);
    return kr;
}

static int32_t destroy(struct rpc *r)
{
    return mach_port_destroy(space_of(r), rpc_u32(r, 0));
}

static int32_t deallocate(struct rpc *r)
{
    return mach_port_deallocate(space_of(r), rpc_u32(r, 0));
}

static int32_t get_refs(struct rpc *r)
{
    uint32_t refs;
    enum kern_return kr = mach_port_get_refs(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1), &refs);

    if (kr == KERN_SUCCESS)
        rpc_out32(r, refs);
    return kr;
}

static int32_t mod_refs(struct rpc *r)
{
    return mach_port_mod_refs(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1), (int32_t)rpc_u32(r, 2));
}

static int32_t set_qlimit(struct rpc *r)
{
    return mach_port_set_qlimit(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1));
}

static int32_t set_mscount(struct rpc *r)
{
    return mach_port_set_mscount(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1));
}

static int32_t set_seqno(struct rpc *r)
{
    return mach_port_set_seqno(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1));
}

static int32_t get_set_status(struct rpc *r)
{
    struct space *s = space_of(r);
    mach_port_name_t set = rpc_u32(r, 0), *members;
    struct port_array *a;
    uint32_t count;
    enum kern_return kr = mach_port_get_set_status(s, set, NULL, 0, &count);

    if (kr != KERN_SUCCESS)
        return kr;
    a = port_array_alloc(count, thread_quota(r->self));
    if (!a)
        return KERN_RESOURCE_SHORTAGE;
    members = (mach_port_name_t *)a->port;
    kr = mach_port_get_set_status(s, set, members, count, &count);
    if (kr == KERN_SUCCESS)
        kr = out_list(r, members, count, MACH_MSG_TYPE_PORT_NAME);
    port_array_free(a);
    return kr;
}

static int32_t move_member(struct rpc *r)
{
    return mach_port_move_member(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1));
}

static int32_t request_notification(struct rpc *r)
{
    struct port *previous;
    enum kern_return kr = mach_port_request_notification(
        space_of(r), rpc_u32(r, 0), (int32_t)rpc_u32(r, 1), rpc_u32(r, 2),
        (struct port *)r->in[3].value, &previous);

    if (kr != KERN_SUCCESS)
        return kr;
    rpc_take(r, 3);
    rpc_out_port(r, previous, MACH_MSG_TYPE_PORT_SEND_ONCE);
    return KERN_SUCCESS;
}

static int32_t insert_right(struct rpc *r)
{
    enum kern_return kr = mach_port_insert_right(space_of(r), rpc_u32(r, 0),
                                                 (struct port *)r->in[1].value,
                                                 r->in[1].type.name);

    if (kr == KERN_SUCCESS)
        rpc_take(r, 1);
    return kr;
}

static int32_t extract_right(struct rpc *r)
{
    struct port *right;
    uint32_t type;
    enum kern_return kr = mach_port_extract_right(space_of(r), rpc_u32(r, 0), rpc_u32(r, 1), &right,
                                                  &type);

    if (kr != KERN_SUCCESS)
        return kr;
    /* In transit to the reply port, which must not be what waits in its queue. */
    if (type == MACH_MSG_TYPE_PORT_RECEIVE &&
        port_set_destination(right, kmsg_local(r->request))) {
        port_destroy(right);
        return KERN_FAILURE;
    }
    rpc_out_port(r, right, type);
    return KERN_SUCCESS;
}

static int32_t get_receive_status(struct rpc *r)
{
    struct mach_port_status status;
    enum kern_return kr = mach_port_get_receive_status(space_of(r), rpc_u32(r, 0), &status);

    if (kr == KERN_SUCCESS)
        *(struct mach_port_status *)rpc_out_inline(
            r, MACH_MSG_TYPE_INTEGER_32, 32, STATE_COUNT(struct mach_port_status)) = status;
    return kr;
}

const struct routine port_routines[] = {
    {RPC_PORT_NAMES, KOBJECT_TASK, false, "", names},
    {RPC_PORT_TYPE, KOBJECT_TASK, false, "n", type},
    {RPC_PORT_RENAME, KOBJECT_TASK, false, "nn", rename},
    {RPC_PORT_ALLOCATE_NAME, KOBJECT_TASK, false, "in", allocate_name},
    {RPC_PORT_ALLOCATE, KOBJECT_TASK, false, "i", allocate},
    {RPC_PORT_DESTROY, KOBJECT_TASK, false, "n", destroy},
    {RPC_PORT_DEALLOCATE, KOBJECT_TASK, false, "n", deallocate},
    {RPC_PORT_GET_REFS, KOBJECT_TASK, false, "ni", get_refs},
    {RPC_PORT_MOD_REFS, KOBJECT_TASK, false, "nii", mod_refs},
    {RPC_PORT_SET_QLIMIT, KOBJECT_TASK, false, "ni", set_qlimit},
    {RPC_PORT_SET_MSCOUNT, KOBJECT_TASK, false, "ni", set_mscount},
    {RPC_PORT_GET_SET_STATUS, KOBJECT_TASK, false, "n", get_set_status},
    {RPC_PORT_MOVE_MEMBER, KOBJECT_TASK, false, "nn", move_member},
    {RPC_PORT_REQUEST_NOTIFICATION, KOBJECT_TASK, false, "niio", request_notification},
    {RPC_PORT_INSERT_RIGHT, KOBJECT_TASK, false, "np", insert_right},
    {RPC_PORT_EXTRACT_RIGHT, KOBJECT_TASK, false, "ni", extract_right},
    {RPC_PORT_GET_RECEIVE_STATUS, KOBJECT_TASK, false, "n", get_receive_status},
    {RPC_PORT_SET_SEQNO, KOBJECT_TASK, false, "ni", set_seqno},
    {0},
};
