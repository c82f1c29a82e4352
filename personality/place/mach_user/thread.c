/* SPDX-License-Identifier: BSD-2-Clause */
/* Client threads: Mach threads whose exceptions, system calls among them, come to a port of the
 * server's with their registers. */
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

/* Mach counts downwards; the server has the default. A client never runs while the server does. */
#define CLIENT_PRIORITY 55

#define STATE_WORDS (sizeof(struct mach_saved_state) / 4)

static int32_t set_exception_port(struct host_thread *t)
{
    rpc_begin(t->thread, RPC_THREAD_SET_EXCEPTION_PORTS);
    rpc_int(EXC_MASK_ALL);
    rpc_right(t->port, MACH_MSG_TYPE_MAKE_SEND);
    rpc_int(EXCEPTION_STATE);
    rpc_int(STATE_SAVED);
    return rpc_call("");
}

static int32_t set_priority(struct host_thread *t)
{
    rpc_begin(t->thread, RPC_THREAD_PRIORITY);
    rpc_int(CLIENT_PRIORITY);
    rpc_bool(false); /* not the maximum */
    return rpc_call("");
}

static void terminate(struct host_thread *t)
{
    rpc_begin(t->thread, RPC_THREAD_TERMINATE);
    must(rpc_call(""), "thread terminate");
    port_deallocate(t->thread);
}

static int32_t create(struct host_thread *t)
{
    int32_t kr;

    rpc_begin(t->space->task, RPC_THREAD_CREATE);
    kr = rpc_call("s");
    if (kr != KERN_SUCCESS)
        return kr;
    t->thread = (mach_port_name_t)rpc_value(0);
    kr = client_port_create(t);
    if (kr != KERN_SUCCESS) {
        terminate(t);
        return kr;
    }
    kr = set_exception_port(t);
    if (kr == KERN_SUCCESS)
        kr = set_priority(t);
    if (kr != KERN_SUCCESS) {
        terminate(t);
        client_port_destroy(t);
    }
    return kr;
}

int host_thread_create(struct host_space *s, struct host_call *c)
{
    struct host_thread *t = record_alloc();
    int32_t kr;

    if (!t)
        return -ERRNO_ENOMEM;
    t->space = s;
    t->call = c;
    kr = create(t);
    if (kr != KERN_SUCCESS) {
        record_free(t);
        return errno_of_kern(kr);
    }
    c->thread = t;
    return 0;
}

/* An answer that it waits for will not come. */
void host_thread_destroy(struct host_call *c)
{
    struct host_thread *t = c->thread;

    terminate(t);
    if (t->state)
        port_deallocate(t->reply);
    client_port_destroy(t);
    record_free(t);
    c->thread = NULL;
}

static int32_t get_state(struct host_thread *t, uint32_t flavor, void *state, uint32_t words)
{
    const void *array;
    uint32_t bytes;
    int32_t kr;

    rpc_begin(t->thread, RPC_THREAD_GET_STATE);
    rpc_int(flavor);
    rpc_int(words);
    kr = rpc_call("I");
    if (kr != KERN_SUCCESS)
        return kr;
    array = rpc_reply_array(0, &bytes);
    if (bytes != words * 4)
        return KERN_INVALID_ARGUMENT;
    memcpy(state, array, bytes);
    return KERN_SUCCESS;
}

static int32_t set_state(struct host_thread *t, uint32_t flavor, const void *state, uint32_t words)
{
    rpc_begin(t->thread, RPC_THREAD_SET_STATE);
    rpc_int(flavor);
    rpc_array(MACH_MSG_TYPE_INTEGER_32, 32, state, words);
    return rpc_call("");
}

static struct mach_fsgs_state get_bases(struct host_thread *t)
{
    struct mach_fsgs_state bases;

    must(get_state(t, STATE_FSGS_BASE, &bases, STATE_COUNT(bases)), "get bases");
    return bases;
}

static void set_bases(struct host_thread *t, const struct mach_fsgs_state *bases)
{
    must(set_state(t, STATE_FSGS_BASE, bases, STATE_COUNT(*bases)), "set bases");
}

/* Those of an exception are in its message. */
void host_get_regs(struct host_call *c, struct host_regs *regs)
{
    struct host_thread *t = c->thread;
    struct mach_fsgs_state bases = get_bases(t);
    struct mach_saved_state own;
    const struct mach_saved_state *s = t->state;

    if (!s) {
        must(get_state(t, STATE_SAVED, &own, STATE_WORDS), "get registers");
        s = &own;
    }
    _Static_assert(offsetof(struct host_regs, rip) == offsetof(struct mach_saved_state, vector),
                   "the general registers come first, in the same order");
    memcpy(regs, s, offsetof(struct host_regs, rip));
    regs->rip = s->rip;
    regs->rflags = s->rflags;
    regs->rsp = s->rsp;
    regs->fs_base = bases.fs_base;
    regs->gs_base = bases.gs_base;
}

void host_set_regs(struct host_call *c, const struct host_regs *regs)
{
    struct host_thread *t = c->thread;
    struct mach_fsgs_state bases = {regs->fs_base, regs->gs_base};
    struct mach_saved_state own = {0}, *s = t->state ? t->state : &own;

    memcpy(s, regs, offsetof(struct host_regs, rip));
    s->rip = regs->rip;
    s->rflags = regs->rflags;
    s->rsp = regs->rsp;
    if (s == &own)
        must(set_state(t, STATE_SAVED, s, STATE_WORDS), "set registers");
    set_bases(t, &bases);
}

#define FXSAVE_WORDS (512 / 4)

void host_get_fpu(struct host_call *c, void *fxsave)
{
    must(get_state(c->thread, STATE_FXSAVE, fxsave, FXSAVE_WORDS), "get FPU registers");
}

void host_set_fpu(struct host_call *c, const void *fxsave)
{
    must(set_state(c->thread, STATE_FXSAVE, fxsave, FXSAVE_WORDS), "set FPU registers");
}

void host_set_fs_base(struct host_call *c, uint64_t base)
{
    struct mach_fsgs_state bases = get_bases(c->thread);

    bases.fs_base = base;
    set_bases(c->thread, &bases);
}

bool host_set_gs_base(struct host_call *c, uint64_t base)
{
    struct mach_fsgs_state bases = get_bases(c->thread);

    bases.gs_base = base;
    set_bases(c->thread, &bases);
    return true;
}

/* Does it wait for the answer to an exception whose message is still queued, or stand still? */
static bool is_held(struct host_thread *t)
{
    struct mach_thread_basic_info info;
    const void *array;
    uint32_t bytes;

    rpc_begin(t->thread, RPC_THREAD_INFO);
    rpc_int(THREAD_BASIC_INFO);
    rpc_int(STATE_COUNT(info));
    must(rpc_call("I"), "thread info");
    array = rpc_reply_array(0, &bytes);
    if (bytes != sizeof(info))
        host_panic("thread info of another size");
    memcpy(&info, array, sizeof(info));
    return info.run_state == TH_STATE_WAITING || info.suspend_count;
}

bool host_interrupt(struct host_call *c)
{
    struct host_thread *t = c->thread;

    if (t->state || is_held(t))
        return false;
    rpc_begin(t->thread, RPC_THREAD_SUSPEND);
    must(rpc_call(""), "thread suspend");
    return true;
}

/* The answer to a deferred exception. */
static void answer(struct host_thread *t)
{
    static struct mach_exception_state_reply reply;
    enum kern_return kr;

    place_fill_reply(t, &reply);
    kr = mach_msg(&reply.header, MACH_SEND_MSG, sizeof(reply), 0, MACH_PORT_NULL, 0,
                  MACH_PORT_NULL);
    if (kr != MACH_MSG_SUCCESS)
        host_panic("answer of a deferred call");
}

void host_complete(struct host_call *c, long result)
{
    if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
    c->thread->state->rax = (uint64_t)result;
    answer(c->thread);
}

void host_resume(struct host_call *c)
{
    struct host_thread *t = c->thread;

    if (t->state) {
        answer(t);
        return;
    }
    rpc_begin(t->thread, RPC_THREAD_RESUME);
    must(rpc_call(""), "thread resume");
}
