/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about threads. */
#include "l4k/kern/sched.h"
#include "l4k/lib/string.h"
#include "mach_ipc/kern/rpc.h"

static int32_t create(struct rpc *r)
{
    struct kern_thread *t;
    enum kern_return kr = kern_thread_create(r->task, &t);

    if (kr == KERN_SUCCESS)
        rpc_out_port(r, kern_thread_port(t), MACH_MSG_TYPE_PORT_SEND);
    return kr;
}

static void end_thread(struct rpc *r)
{
    kern_thread_terminate(r->thread);
}

static int32_t terminate(struct rpc *r)
{
    if (r->thread == r->self)
        rpc_terminate_self(r, end_thread);
    end_thread(r);
    return KERN_SUCCESS;
}

static int32_t suspend(struct rpc *r)
{
    kern_thread_suspend(r->thread);
    return KERN_SUCCESS;
}

static int32_t resume(struct rpc *r)
{
    return kern_thread_resume(r->thread);
}

static int32_t abort_wait(struct rpc *r)
{
    if (r->thread == r->self)
        return KERN_INVALID_ARGUMENT;
    kern_thread_abort(r->thread);
    return KERN_SUCCESS;
}

/* The running thread's registers are in its frame only as far as they are the trap's: its bases
 * alone can be asked for. */
static bool state_refused(const struct rpc *r, uint32_t flavor)
{
    return r->thread == r->self && flavor != STATE_FSGS_BASE && flavor != STATE_FLAVOR_LIST;
}

static int32_t get_state(struct rpc *r)
{
    /* The answer to a debugger's first question. */
    static const uint32_t flavors[] = {STATE_REGS, STATE_FSGS_BASE, STATE_FXSAVE, STATE_SAVED};
    uint32_t flavor = rpc_u32(r, 0), room = rpc_u32(r, 1), count = kern_state_count(flavor);
    void *state;

    if (flavor == STATE_FLAVOR_LIST)
        count = STATE_COUNT(flavors);
    if (!count || room < count || state_refused(r, flavor))
        return KERN_INVALID_ARGUMENT;
    state = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_32, 32, count);
    if (flavor == STATE_FLAVOR_LIST)
        memcpy(state, flavors, sizeof(flavors));
    else
        kern_get_state(r->thread, flavor, state);
    return KERN_SUCCESS;
}

static int32_t set_state(struct rpc *r)
{
    uint32_t flavor = rpc_u32(r, 0);

    if (state_refused(r, flavor))
        return KERN_INVALID_ARGUMENT;
    return kern_set_state(r->thread, flavor, r->tail + 1, r->tail->number);
}

static int32_t run_state(const struct rpc *r)
{
    return plain_thread(r->thread)->state == THREAD_STOPPED ? TH_STATE_STOPPED
           : r->thread->mach.wait != MACH_RUNS              ? TH_STATE_WAITING
                                                            : TH_STATE_RUNNING;
}

static int32_t info(struct rpc *r)
{
    const uint32_t count = STATE_COUNT(struct mach_thread_basic_info);
    struct mach_thread_basic_info *info;

    if (rpc_u32(r, 0) != THREAD_BASIC_INFO || rpc_u32(r, 1) < count)
        return KERN_INVALID_ARGUMENT;
    info = rpc_out_inline(r, MACH_MSG_TYPE_INTEGER_32, 32, count);
    *info = (struct mach_thread_basic_info){
        .base_priority = plain_thread(r->thread)->priority,
        .cur_priority = plain_thread(r->thread)->priority,
        .run_state = run_state(r),
        .suspend_count = (int32_t)r->thread->suspend_count,
    };
    return KERN_SUCCESS;
}

/* Mach's 0 is the highest. With set_max the thread can't have more than this from now on. */
static int32_t priority(struct rpc *r)
{
    uint32_t wanted = PRIORITIES - 1 - rpc_u32(r, 0);

    if (wanted >= PRIORITIES)
        return KERN_INVALID_ARGUMENT;
    if (wanted > r->thread->max_priority)
        return KERN_FAILURE;
    if (rpc_u32(r, 1))
        r->thread->max_priority = (uint8_t)wanted;
    sched_set_priority(plain_thread(r->thread), wanted);
    return KERN_SUCCESS;
}

const struct routine thread_routines[] = {
    {RPC_THREAD_CREATE, KOBJECT_TASK, false, "", create},
    {RPC_THREAD_TERMINATE, KOBJECT_THREAD, false, "", terminate},
    {RPC_THREAD_SUSPEND, KOBJECT_THREAD, false, "", suspend},
    {RPC_THREAD_RESUME, KOBJECT_THREAD, false, "", resume},
    {RPC_THREAD_ABORT, KOBJECT_THREAD, false, "", abort_wait},
    {RPC_THREAD_GET_STATE, KOBJECT_THREAD, false, "ii", get_state},
    {RPC_THREAD_SET_STATE, KOBJECT_THREAD, false, "iI", set_state},
    {RPC_THREAD_INFO, KOBJECT_THREAD, false, "ii", info},
    {RPC_THREAD_PRIORITY, KOBJECT_THREAD, false, "ib", priority},
    {0},
};
