/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions: a thread of another task raises them, this one handles them. */
#include "bench/mach/bench.h"

#include "l4k/lib/string.h"

#define N 1000

struct raise_reply {
    struct mach_msg_header header;
    struct mach_arg result;
};

static union {
    struct mach_msg_header header;
    struct mach_exception in;
    struct raise_reply out;
    struct mach_exception_state state;
    struct mach_exception_state_reply state_reply;
} m;

/* A trap number out of range raises; what follows it is where the thread goes on. */
static void raiser(struct worker *w)
{
    (void)w;
    for (;;)
        trap_beyond();
}

static void reply_header(uint32_t size, uint32_t *send)
{
    m.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
    m.header.local = 0;
    m.header.id += RPC_REPLY;
    *(uint64_t *)&m.out.result.type = MACH_TYPE_INT32;
    m.out.result.value = 0;
    *send = size;
}

/* Answers the exception at hand and waits for the next. */
static inline void answer_default(name_t port)
{
    uint32_t size;

    MUST(m.in.exception.value != EXC_BAD_INSTRUCTION || m.in.code.value != EXC_I386_INVOP);
    reply_header(sizeof(m.out), &size);
    MUST(mach_msg_trap(&m, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof(m), port, 0, 0));
}

static void default_cases(name_t port)
{
    struct mach_thread_state state;

    MUST(mach_msg_trap(&m, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0));
    for (int i = 0; i < 10; i++)
        answer_default(port);
    REGION_OPEN(12);
    for (int i = 0; i < N; i++)
        answer_default(port);
    REGION_CLOSE(12);
    bench_report(12, N);

    REGION_OPEN(13);
    for (int i = 0; i < N; i++) {
        name_t thread = (name_t)m.in.thread.value;

        MUST(mig_get_state(thread, STATE_REGS, &state));
        state.rbx = (uint64_t)i;
        MUST(mig_set_state(thread, STATE_REGS, &state));
        answer_default(port);
    }
    REGION_CLOSE(13);
    bench_report(13, N);
}

/* The state comes in the message and goes back in the reply. */
static inline void answer_state(name_t port)
{
    struct mach_saved_state s = m.state.state;
    struct mach_arg flavor = m.state.flavor;
    struct mach_msg_type type = m.state.state_type;
    uint32_t size;

    MUST(m.state.exception.value != EXC_BAD_INSTRUCTION);
    reply_header(sizeof(m.state_reply), &size);
    m.state_reply.flavor = flavor;
    m.state_reply.state_type = type;
    m.state_reply.state = s;
    MUST(mach_msg_trap(&m, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof(m), port, 0, 0));
}

static void state_cases(name_t port, name_t thread)
{
    struct call c;

    call_begin(&c);
    put32(&c, EXC_MASK(EXC_BAD_INSTRUCTION));
    put_port(&c, port, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, EXCEPTION_STATE);
    put32(&c, STATE_SAVED);
    MUST(call(&c, thread, RPC_THREAD_SET_EXCEPTION_PORTS));
    answer_default(port);
    for (int i = 0; i < 10; i++)
        answer_state(port);
    REGION_OPEN(20);
    for (int i = 0; i < N; i++)
        answer_state(port);
    REGION_CLOSE(20);
    bench_report(20, N);
}

void bench_exception(void)
{
    name_t port = new_port(), child = child_create();
    struct worker *w = worker_create(1, child);

    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, raiser);
    default_cases(port);
    state_cases(port, w->thread);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    free_port(port);
}
