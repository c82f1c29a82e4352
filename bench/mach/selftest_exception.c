/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what is checked of the reply to an exception. A reply that is refused asks the task's
 * handler, as if the thread's would not have the exception; the thread's registers are as they
 * were. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

#define WORDS 80

/* An exception or the reply to it: result, and with a state its flavor, descriptor and values. */
struct message {
    struct mach_msg_header h;
    uint64_t word[WORDS];
};

enum { RESULT_TYPE, RESULT, FLAVOR_TYPE, FLAVOR, STATE_TYPE, STATE };

static struct message raised, reply;
static name_t mine, tasks, set; /* the thread's handler, its task's; both */
static struct worker *w;
static uint32_t flavor, state_words;

static void raiser(struct worker *worker)
{
    (void)worker;
    for (;;)
        trap_beyond();
}

static uint32_t set_exception_ports(uint32_t mask, uint32_t how, uint32_t state)
{
    struct call c;

    call_begin(&c);
    put32(&c, mask);
    put_port(&c, mine, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, how);
    put32(&c, state);
    return call(&c, w->thread, RPC_THREAD_SET_EXCEPTION_PORTS);
}

/* Thread and task, which came with the exception. */
static void drop_identity(const struct message *m)
{
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m->word[1]), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m->word[3]), 0);
}

/* Takes the next exception, and makes what answers it. The port it came to. */
static name_t next_exception(void)
{
    const uint64_t *state = raised.word + 5; /* behind exception and code */

    MUST(receive_message(&raised, sizeof(raised), set, 1000));
    if (raised.h.id != RPC_EXCEPTION_RAISE_STATE)
        drop_identity(&raised);
    memset(&reply, 0, sizeof(reply));
    header(&reply.h, MACH_MSG_TYPE_MOVE_SEND_ONCE, (name_t)raised.h.remote, 0, 0);
    reply.h.id = raised.h.id + RPC_REPLY;
    reply.word[RESULT_TYPE] = MACH_TYPE_INT32;
    reply.h.size = sizeof(struct mach_result);
    if (raised.h.id == RPC_EXCEPTION_RAISE)
        return (name_t)raised.h.local;
    if (raised.h.id == RPC_EXCEPTION_RAISE_STATE_IDENTITY)
        state += 4;
    CHECK_EQ(state[1], flavor);
    memcpy(reply.word + FLAVOR_TYPE, state, (3 + state_words) * 8);
    reply.h.size += (3 + state_words) * 8;
    return (name_t)raised.h.local;
}

static void into_set(name_t port)
{
    struct call c;

    call_begin(&c);
    put_name(&c, port);
    put_name(&c, set);
    MUST(call(&c, task_self, RPC_PORT_MOVE_MEMBER));
}

/* A thread that has raised an exception, which was taken. */
static void begin(uint32_t how, uint32_t state, uint32_t count)
{
    kinds_make();
    mine = new_port();
    tasks = new_port();
    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &set));
    into_set(mine);
    into_set(tasks);
    w = worker_create(0, kinds.child);
    flavor = state;
    state_words = (count + 1) / 2;
    MUST(set_exception_ports(EXC_MASK_ALL & ~EXC_MASK(EXC_SYSCALL), how, state));
    MUST(set_special(kinds.child, RPC_TASK_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, tasks));
    worker_run(w, raiser);
    next_exception();
}

static void end(void)
{
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)reply.h.remote), 0);
    worker_end(w);
    kinds_free();
    free_port(mine);
    free_port(tasks);
    free_port(set);
}

static uint32_t send_reply(void)
{
    return send_message(&reply, reply.h.size, 0);
}

/* Sends the reply: what the thread did in return is KERN_SUCCESS if it went on, or KERN_FAILURE if
 * its task's handler was asked, which lets it go on. Either way it raises the next exception. */
static uint32_t answer(void)
{
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    if (next_exception() == mine)
        return KERN_SUCCESS;
    CHECK_EQ(raised.h.id, RPC_EXCEPTION_RAISE);
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    CHECK_EQ(next_exception(), mine);
    return KERN_FAILURE;
}

#define BAD(change)                                                                            \
    do {                                                                                       \
        refusal_begin();                                                                       \
        change;                                                                                \
        refusal_end(__FILE__, __LINE__, #change, answer(), KERN_FAILURE);                      \
    } while (0)

/* What all replies begin with. */
static void bad_results(void)
{
    BAD(reply.h.size = sizeof(reply.h));
    BAD(reply.h.size -= 8);
    BAD(reply.h.size += 8);
    BAD(reply.h.id++);
    BAD(reply.h.id -= RPC_REPLY);
    BAD(reply.h.id = 0);
    BAD(reply.h.id = MACH_NOTIFY_SEND_ONCE);
    for (unsigned bit = 0; bit < 64; bit++)
        BAD(reply.word[RESULT_TYPE] ^= UINT64_C(1) << bit);
    BAD(reply.word[RESULT] = KERN_FAILURE);
    BAD(reply.word[RESULT] = (uint32_t)MIG_BAD_ID);
    BAD(reply.h.bits |= MACH_MSGH_BITS_COMPLEX);
    CHECK_EQ(answer(), KERN_SUCCESS);
}

static void plain(void)
{
    begin(EXCEPTION_DEFAULT, 0, 0);
    bad_results();
    BAD(reply.h.id = RPC_EXCEPTION_RAISE_STATE + RPC_REPLY);
    end();
}

static void with_state(void)
{
    struct mach_thread_state *s = (struct mach_thread_state *)&reply.word[STATE];

    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(*s));
    bad_results();
    BAD(reply.h.id = RPC_EXCEPTION_RAISE + RPC_REPLY);
    BAD(reply.h.id = RPC_EXCEPTION_RAISE_STATE_IDENTITY + RPC_REPLY);
    BAD(reply.h.size = sizeof(struct mach_result));
    s->r15 = 4711;
    for (unsigned bit = 0; bit < 64; bit++) {
        BAD(s->r15 = 4711; reply.word[FLAVOR_TYPE] ^= UINT64_C(1) << bit);
        BAD(s->r15 = 4711; reply.word[STATE_TYPE] ^= UINT64_C(1) << bit);
    }
    BAD(reply.word[FLAVOR] = STATE_REGS_SEGS);
    BAD(reply.word[FLAVOR] = STATE_FSGS_BASE);
    BAD(reply.word[FLAVOR] = 99);
    CHECK(s->r15 != 4711); /* what was refused was not set */
    s->r15 = 4711;
    CHECK_EQ(answer(), KERN_SUCCESS);
    CHECK_EQ(s->r15, 4711);
    end();
}

static void with_identity(void)
{
    begin(EXCEPTION_STATE_IDENTITY, STATE_REGS, STATE_COUNT(struct mach_thread_state));
    BAD(reply.h.id = RPC_EXCEPTION_RAISE + RPC_REPLY);
    BAD(reply.h.id = RPC_EXCEPTION_RAISE_STATE + RPC_REPLY);
    BAD(reply.h.size -= 8);
    BAD(reply.word[FLAVOR]++);
    CHECK_EQ(answer(), KERN_SUCCESS);
    end();
}

/* Values that can't be are refused, or become what user code could have. */
static void bad_states(void)
{
    struct mach_fsgs_state *bases = (struct mach_fsgs_state *)&reply.word[STATE];
    struct mach_thread_state *regs = (struct mach_thread_state *)&reply.word[STATE];
    struct mach_xfloat_state *fpu = (struct mach_xfloat_state *)&reply.word[STATE];
    uint64_t rip;

    begin(EXCEPTION_STATE, STATE_FSGS_BASE, STATE_COUNT(*bases));
    BAD(bases->fs_base = USER_MAX);
    BAD(bases->fs_base = UINT64_C(0x8000000000000000));
    BAD(bases->gs_base = UINT64_C(0xffff800000000000));
    end();
    begin(EXCEPTION_STATE, STATE_XFLOAT, STATE_COUNT(*fpu));
    BAD(fpu->save_kind = 0);
    end();
    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(*regs));
    rip = regs->rip;
    regs->rip = UINT64_C(0xffff800000000000);
    regs->rflags = ~UINT64_C(0);
    regs->cs = 8;
    regs->ss = 16;
    CHECK_EQ(answer(), KERN_SUCCESS);
    CHECK_EQ(raised.word[1], EXC_BAD_ACCESS); /* it went on at 0 */
    CHECK_EQ(raised.word[4], 0);
    CHECK_EQ(regs->rip, 0);
    CHECK_EQ(regs->rflags & 0x3000, 0); /* I/O privilege */
    CHECK_EQ(regs->rflags & 0x4000, 0); /* nested task */
    CHECK_EQ(regs->cs & 3, 3);
    CHECK_EQ(regs->ss & 3, 3);
    regs->rip = rip;
    regs->rflags = 0;
    CHECK_EQ(answer(), KERN_SUCCESS);
    CHECK_EQ(raised.word[1], EXC_BAD_INSTRUCTION);
    end();
}

/* The handler's port goes while it has the exception: its reply counts, and the next exception goes to
 * the task's. */
static void port_gone(void)
{
    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(struct mach_thread_state));
    CHECK_EQ(port_mod_refs(mine, MACH_PORT_RIGHT_RECEIVE, -1), 0);
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    CHECK_EQ(next_exception(), tasks);
    end();
}

/* Which handlers there can be, and that a thread's traps are its own unless asked for. */
static void handlers(void)
{
    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(struct mach_thread_state));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(1, EXCEPTION_DEFAULT, 0));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(EXC_MASK_ALL + 1, EXCEPTION_DEFAULT, 0));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(EXC_MASK(EXC_TYPES), EXCEPTION_DEFAULT, 0));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(EXC_MASK_ALL, 0, STATE_REGS));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(EXC_MASK_ALL, 4, STATE_REGS));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(EXC_MASK_ALL, EXCEPTION_STATE, 0));
    REFUSES(KERN_INVALID_ARGUMENT, set_exception_ports(EXC_MASK_ALL, EXCEPTION_STATE, 99));
    REFUSES(KERN_INVALID_ARGUMENT,
            set_exception_ports(EXC_MASK_ALL, EXCEPTION_STATE_IDENTITY, STATE_FLAVOR_LIST));
    MUST(set_exception_ports(EXC_MASK_ALL, EXCEPTION_STATE, STATE_REGS));
    CHECK_EQ(answer(), KERN_SUCCESS);
    CHECK_EQ(raised.word[1], EXC_SYSCALL);
    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, mine));
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    CHECK_EQ(next_exception(), mine);
    CHECK_EQ(raised.h.id, RPC_EXCEPTION_RAISE);
    CHECK_EQ(raised.word[5], EXC_BAD_INSTRUCTION);
    end();
}

static void set_handlers(name_t threads, name_t of_task)
{
    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, threads));
    MUST(set_special(kinds.child, RPC_TASK_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, of_task));
}

static uint32_t run_state(void)
{
    struct call c;
    uint32_t n;

    call_begin(&c);
    put32(&c, THREAD_BASIC_INFO);
    put32(&c, 1024);
    MUST(call(&c, w->thread, RPC_THREAD_INFO));
    return (uint32_t)((struct mach_thread_basic_info *)get_array(&c, &n))->run_state;
}

/* The thread stands still. With its handlers back and resumed it raises the exception again. */
static uint32_t stands_still(void)
{
    struct mach_msg_header h;

    CHECK_EQ(receive_message(&h, sizeof(h), set, 2), MACH_RCV_TIMED_OUT);
    CHECK_EQ(run_state(), TH_STATE_STOPPED);
    set_handlers(MACH_PORT_NULL, tasks);
    MUST(set_exception_ports(EXC_MASK_ALL & ~EXC_MASK(EXC_SYSCALL), EXCEPTION_STATE, STATE_REGS));
    MUST(simple_call(w->thread, RPC_THREAD_RESUME));
    return next_exception() == mine ? KERN_SUCCESS : KERN_FAILURE;
}

/* It goes on and raises the next where these are the handlers. */
static uint32_t unheard(name_t threads, name_t of_task)
{
    set_handlers(threads, of_task);
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    return stands_still();
}

static uint32_t refused_by_both(void)
{
    reply.word[RESULT] = KERN_FAILURE;
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    CHECK_EQ(next_exception(), tasks);
    reply.word[RESULT] = KERN_FAILURE;
    CHECK_EQ(send_reply(), MACH_MSG_SUCCESS);
    return stands_still();
}

/* Nobody is there to be told, or nobody would have it: no port, one that is dead, the kernel's. */
static void nobody(void)
{
    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(struct mach_thread_state));
    REFUSES(KERN_SUCCESS, unheard(MACH_PORT_NULL, MACH_PORT_NULL));
    REFUSES(KERN_SUCCESS, unheard(MACH_PORT_DEAD, kinds.dead));
    REFUSES(KERN_SUCCESS, unheard(kinds.child, host_priv));
    REFUSES(KERN_SUCCESS, refused_by_both());
    end();
}

#define HOLE 8 /* nothing is mapped there */

/* mach_msg whose seventh argument can't be read: an exception, and the state is as it was. */
static void no_stack(void)
{
    struct mach_thread_state *s = (struct mach_thread_state *)&reply.word[STATE];
    uint64_t rsp;

    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(*s));
    rsp = s->ursp;
    s->rip = (uint64_t)trap_no_stack;
    s->rdi = HOLE;
    CHECK_EQ(answer(), KERN_SUCCESS);
    CHECK_EQ(raised.word[1], EXC_BAD_ACCESS);
    CHECK_EQ(raised.word[3], KERN_INVALID_ADDRESS);
    CHECK_EQ(raised.word[4], HOLE + 8);
    CHECK_EQ(s->ursp, HOLE);
    CHECK_EQ(answer(), KERN_SUCCESS); /* its own stack again, and the next trap */
    CHECK_EQ(raised.word[1], EXC_BAD_INSTRUCTION);
    CHECK_EQ(s->ursp, rsp);
    end();
}

static void write_byte(volatile uint8_t *at)
{
    *at = 0;
}

/* A write to memory that may be read only, and to none. */
static void bad_access(void)
{
    struct mach_thread_state *s = (struct mach_thread_state *)&reply.word[STATE], before;
    const uint64_t at[] = {(uint64_t)__executable_start, HOLE};

    begin(EXCEPTION_STATE, STATE_REGS, STATE_COUNT(*s));
    before = *s;
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
        s->rip = (uint64_t)write_byte;
        s->rdi = at[i];
        CHECK_EQ(answer(), KERN_SUCCESS);
        CHECK_EQ(raised.word[1], EXC_BAD_ACCESS);
        CHECK_EQ(raised.word[3], i ? KERN_INVALID_ADDRESS : KERN_PROTECTION_FAILURE);
        CHECK_EQ(raised.word[4], at[i]);
    }
    *s = before;
    CHECK_EQ(answer(), KERN_SUCCESS);
    CHECK_EQ(raised.word[1], EXC_BAD_INSTRUCTION);
    end();
}

const struct test selftest_exception[] = {
    {"exception: replies", plain},
    {"exception: replies with a state", with_state},
    {"exception: replies to an identity", with_identity},
    {"exception: bad states", bad_states},
    {"exception: the handler's port goes", port_gone},
    {"exception: handlers", handlers},
    {"exception: nobody to tell", nobody},
    {"exception: a trap without a stack", no_stack},
    {"exception: memory that can't be written", bad_access},
    {0},
};
