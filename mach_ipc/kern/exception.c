/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions as messages: to the thread's exception port, else to its task's. The thread waits
 * for the reply, which comes to a port of the kernel's; a reply with a state sets it. A thread
 * that nobody handles is suspended, and the log says so; the first task's brings the machine
 * down. */
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/log.h"
#include "l4k/kern/panic.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/user_copy.h"
#include "mach_ipc/kern/bootstrap.h"
#include "mach_ipc/kern/kern.h"
#include "mach_ipc/message.h"
#include "mach_ipc/queue.h"
#include "mach_ipc/wait.h"

static void __attribute__((noreturn)) no_handler(struct kern_thread *t)
{
    const struct frame *f = thread_frame(plain_thread(t));

    if (plain_thread(t)->task == &first_task->mach.task)
        panic_frame(f, "first task: exception %d code %#lx subcode %#lx", t->exception,
                    (uint64_t)t->code, (uint64_t)t->subcode);
    kprintf("thread of task \"%s\" suspended: exception %d code %#lx subcode %#lx rip %#lx without "
            "a handler\n", kern_task(plain_thread(t)->task)->name, t->exception,
            (uint64_t)t->code, (uint64_t)t->subcode, f->rip);
    kern_thread_suspend(t);
    sched_resume();
}

/* Where this exception goes next: a send right that the caller gets, or NULL. */
static struct port *next_handler(struct kern_thread *t)
{
    struct kern_task *task = kern_task(plain_thread(t)->task);
    uint32_t mask = EXC_MASK(t->exception);
    struct port *p = NULL;

    if (!t->thread_refused && t->action.mask & mask) {
        p = t->mach.exception;
        t->behavior = t->action.behavior;
        t->flavor = t->action.flavor;
    }
    if (!port_valid(p) || !p->active || p->kobject_type != KOBJECT_NONE) {
        if (t->asked_task || !(task->action.mask & mask))
            return NULL;
        t->asked_task = true;
        p = task->mach.exception;
        t->behavior = task->action.behavior;
        t->flavor = task->action.flavor;
    }
    if (!port_valid(p) || !p->active || p->kobject_type != KOBJECT_NONE)
        return NULL;
    return kern_copy_send(p);
}

static void *put_word(void *at, uint64_t type, uint64_t value)
{
    uint64_t *word = at;

    word[0] = type;
    word[1] = value;
    return word + 2;
}

/* Thread and task rights. */
static void *put_identity(struct kern_thread *t, void *at)
{
    const uint64_t send = MACH_TYPE_PORT(MACH_MSG_TYPE_PORT_SEND);
    struct port *task = mach_task(plain_thread(t)->task)->self_send;

    at = put_word(at, send, (uint64_t)kern_copy_send(t->mach.self_send));
    return put_word(at, send, (uint64_t)kern_copy_send(task));
}

#define RAISE_SIZE sizeof(struct mach_exception)
#define STATE_HEAD offsetof(struct mach_exception_state, state)
#define IDENTITY_SIZE (2 * sizeof(struct mach_arg))

static uint32_t state_bytes(uint32_t flavor)
{
    return (uint32_t)MACH_MSG_ALIGN(kern_state_count(flavor) * 4);
}

static uint32_t message_size(const struct kern_thread *t)
{
    if (t->behavior == EXCEPTION_DEFAULT)
        return RAISE_SIZE;
    return (uint32_t)STATE_HEAD + state_bytes(t->flavor) +
           (t->behavior == EXCEPTION_STATE_IDENTITY ? (uint32_t)IDENTITY_SIZE : 0);
}

static void fill_default(struct kern_thread *t, struct kmsg *m)
{
    void *at = put_identity(t, &m->header + 1);

    at = put_word(at, MACH_TYPE_INT32, (uint32_t)t->exception);
    at = put_word(at, MACH_TYPE_INT32, (uint32_t)t->code);
    put_word(at, MACH_TYPE_INT64, (uint64_t)t->subcode);
}

/* The top of the user's stack, for who decodes a system call; zeros where it can't be read. */
static void put_stack(const struct frame *f, struct mach_saved_state *s)
{
    if (copy_from_user(s->stack, f->rsp, sizeof(s->stack)) != OK)
        memset(s->stack, 0, sizeof(s->stack));
}

static void fill_state(struct kern_thread *t, struct kmsg *m)
{
    void *at = &m->header + 1;
    uint64_t *word;

    if (t->behavior == EXCEPTION_STATE_IDENTITY)
        at = put_identity(t, at);
    word = put_word(at, MACH_TYPE_INT32, (uint32_t)t->exception);
    word[0] = MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 2);
    word[1] = (uint64_t)t->code;
    word[2] = (uint64_t)t->subcode;
    word = put_word(word + 3, MACH_TYPE_INT32, t->flavor);
    word[0] = MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, kern_state_count(t->flavor));
    kern_get_state(t, t->flavor, word + 1);
    if (t->flavor == STATE_SAVED)
        put_stack(thread_frame(plain_thread(t)), (struct mach_saved_state *)(word + 1));
}

/* A thread whose task has used up its memory raises exceptions all the same: it has at most one
 * message under way, and the kernel pays. */
static struct port *make_reply_port(struct kern_thread *t)
{
    struct port *p = port_alloc_kernel(thread_quota(t), KOBJECT_EXCEPTION_REPLY, t);

    return p ? p : port_alloc_kernel(NULL, KOBJECT_EXCEPTION_REPLY, t);
}

static struct kmsg *alloc_message(struct kern_thread *t, uint32_t size)
{
    struct kmsg *m = kmsg_alloc(size, thread_quota(t));

    return m ? m : kmsg_alloc(size, NULL);
}

/* A message for the handler, addressed; NULL: no memory, `to` is dropped. */
static struct kmsg *make_message(struct kern_thread *t, struct port *to)
{
    static const int32_t ids[] = {
        [EXCEPTION_DEFAULT] = RPC_EXCEPTION_RAISE,
        [EXCEPTION_STATE] = RPC_EXCEPTION_RAISE_STATE,
        [EXCEPTION_STATE_IDENTITY] = RPC_EXCEPTION_RAISE_STATE_IDENTITY,
    };
    struct kmsg *m = NULL;

    if (!t->reply)
        t->reply = make_reply_port(t);
    if (t->reply)
        m = alloc_message(t, message_size(t));
    if (!m) {
        port_release_send(to);
        return NULL;
    }
    if (t->behavior == EXCEPTION_DEFAULT)
        fill_default(t, m);
    else
        fill_state(t, m);
    kmsg_set_header(m, to, MACH_MSG_TYPE_PORT_SEND, port_make_send_once(t->reply),
                    MACH_MSG_TYPE_PORT_SEND_ONCE, ids[t->behavior]);
    if (t->behavior != EXCEPTION_STATE)
        m->header.bits |= MACH_MSGH_BITS_COMPLEX;
    return m;
}

static void raise_continue(struct thread *thread);

static void __attribute__((noreturn)) send_exception(struct kern_thread *t)
{
    struct port *to = next_handler(t);
    struct kmsg *m = to ? make_message(t, to) : NULL;

    if (!m)
        no_handler(t);
    mach_block(&t->mach, MACH_WAIT_REPLY, NULL, false, 0, raise_continue);
    if (t->behavior == EXCEPTION_DEFAULT)
        mach_switch(message_deliver(to, m));
    message_send(m); /* as OSF's kernel has it: queued, the server woken, no hand-off */
    mach_switch(NULL);
}

/* The wait is over without a reply that lets the thread go on at once: interrupted, or refused. */
static void raise_continue(struct thread *thread)
{
    struct kern_thread *t = kern_thread(thread);

    if (t->mach.result == KERN_ABORTED)
        sched_resume();
    t->thread_refused = true;
    send_exception(t);
}

void exception_raise(struct kern_thread *t, int32_t exception, int64_t code, int64_t subcode)
{
    t->exception = exception;
    t->code = code;
    t->subcode = subcode;
    t->asked_task = t->thread_refused = false;
    send_exception(t);
}

void exception_forget(struct kern_thread *t)
{
    struct port *reply = t->reply;

    t->reply = NULL;
    if (reply)
        port_destroy(reply);
}

/* --- replies --- */

static const uint64_t *body(const struct kmsg *m)
{
    return (const uint64_t *)(&m->header + 1);
}

/* Every reply begins with its result. */
static bool result_ok(const struct kmsg *m)
{
    return m->header.size >= sizeof(struct mach_result) && body(m)[0] == MACH_TYPE_INT32 &&
           (uint32_t)body(m)[1] == KERN_SUCCESS && !(m->header.bits & MACH_MSGH_BITS_COMPLEX);
}

static bool state_reply_ok(struct kern_thread *t, const struct kmsg *m)
{
    const uint64_t *word = body(m) + 2;
    uint32_t count = kern_state_count(t->flavor);

    return m->header.size ==
               offsetof(struct mach_exception_state_reply, state) + state_bytes(t->flavor) &&
           word[0] == MACH_TYPE_INT32 && (uint32_t)word[1] == t->flavor &&
           word[2] == MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, count) &&
           kern_set_state(t, t->flavor, word + 3, count) == KERN_SUCCESS;
}

/* Whether the thread may go on; a state is set then. */
static bool reply_ok(struct kern_thread *t, const struct kmsg *m)
{
    int32_t wanted = t->behavior == EXCEPTION_DEFAULT ? RPC_EXCEPTION_RAISE
                     : t->behavior == EXCEPTION_STATE ? RPC_EXCEPTION_RAISE_STATE
                                                      : RPC_EXCEPTION_RAISE_STATE_IDENTITY;

    if (m->header.id != wanted + RPC_REPLY || !result_ok(m))
        return false;
    return t->behavior == EXCEPTION_DEFAULT ? m->header.size == sizeof(struct mach_result)
                                            : state_reply_ok(t, m);
}

void exception_replied(struct kern_thread *t, struct kmsg *m, struct mach_thread **next)
{
    /* There is one reply right for each wait, and the port ends with a wait that is aborted. */
    assert(t->mach.wait == MACH_WAIT_REPLY);
    if (reply_ok(t, m)) {
        mach_unwait(&t->mach, KERN_SUCCESS);
        plain_thread(t)->continuation = NULL;
    } else {
        mach_unwait(&t->mach, KERN_FAILURE);
    }
    *next = &t->mach;
}
