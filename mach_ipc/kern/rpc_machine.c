/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that GNU Mach does not have: boot modules, entropy, who pays for memory, and
 * what is in use. */
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/entropy.h"
#include "l4k/kern/frame.h"
#include "l4k/vm/vm_object.h"
#include "mach_ipc/kern/rpc.h"

/* A port for the object, whose reference it takes over, goes out with the reply. */
static int32_t answer_object(struct rpc *r, struct vm_object *object, struct quota *payer)
{
    struct port *port = port_alloc_kernel(payer, KOBJECT_MEMORY_NAME, object);

    if (!port) {
        vm_object_release(object);
        return KERN_RESOURCE_SHORTAGE;
    }
    rpc_out_port(r, port_make_send(port), MACH_MSG_TYPE_PORT_SEND);
    return KERN_SUCCESS;
}

/* A boot module as a memory object for vm_map, and its size in bytes. */
static int32_t module(struct rpc *r)
{
    uint32_t index = rpc_u32(r, 0);
    const struct boot_range *m;
    struct vm_object *object;
    enum status s;
    int32_t kr;

    if (index >= boot_info_kept.n_modules)
        return KERN_INVALID_ARGUMENT;
    m = &boot_info_kept.modules[index];
    s = vm_object_create_physical(m->start, vm_round_page(m->end - m->start), false,
                                  thread_quota(r->self), &object);
    if (s != OK)
        return kern_status(s);
    kr = answer_object(r, object, thread_quota(r->self));
    if (kr == KERN_SUCCESS)
        rpc_out64(r, m->end - m->start);
    return kr;
}

static int32_t entropy(struct rpc *r)
{
    uint64_t *words = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_64, 64, HOST_ENTROPY_WORDS);

    for (unsigned i = 0; i < HOST_ENTROPY_WORDS; i++)
        words[i] = entropy_next();
    return KERN_SUCCESS;
}

/* A child without memory, and what it and its own children have is charged to an account that is
 * split off the parent's: limit in bytes. */
static int32_t create_limited(struct rpc *r)
{
    struct account *account;
    struct kern_task *child;
    enum kern_return kr;

    if (account_create(r->task->mach.task.account, r->in[0].value, &account) != OK)
        return KERN_RESOURCE_SHORTAGE;
    kr = kern_task_create(r->task, account, false, &child);
    account_release(account);
    if (kr == KERN_SUCCESS)
        rpc_out_port(r, kern_task_port(child), MACH_MSG_TYPE_PORT_SEND);
    return kr;
}

/* A zero-filled memory object without a pager. */
static int32_t object_create(struct rpc *r)
{
    struct quota *payer = task_quota(&r->task->mach.task);
    struct vm_object *object;
    enum status s;

    if (!r->in[0].value || r->in[0].value > USER_MAX)
        return KERN_INVALID_ARGUMENT;
    s = vm_object_create_anonymous(r->in[0].value, payer, &object);
    if (s != OK)
        return kern_status(s);
    return answer_object(r, object, payer);
}

/* Buffers kept for reuse are not in use, nor are the records of frames. */
static int32_t counters(struct rpc *r)
{
    struct mach_counters *c = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_64, 64, sizeof(*c) / 8);

    kmsg_trim();
    *c = (struct mach_counters){
        .free_frames = frame_free_count(),
        .resident_pages = vm_pages_resident,
        .kmem = kmem_in_use() - vm_page_record_bytes,
        .ports = ports_in_use,
        .port_sets = port_sets_in_use,
        .messages = kmsgs_in_use,
    };
    return KERN_SUCCESS;
}

const struct routine machine_routines[] = {
    {RPC_HOST_MODULE, KOBJECT_HOST_PRIVILEGED, false, "i", module},
    {RPC_HOST_ENTROPY, KOBJECT_HOST_PRIVILEGED, false, "", entropy},
    {RPC_HOST_COUNTERS, KOBJECT_HOST_PRIVILEGED, false, "", counters},
    {RPC_TASK_CREATE_LIMITED, KOBJECT_TASK, false, "l", create_limited},
    {RPC_TASK_OBJECT_CREATE, KOBJECT_TASK, false, "l", object_create},
    {0},
};
