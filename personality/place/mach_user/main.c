/* SPDX-License-Identifier: BSD-2-Clause */
/* The server as a Mach user task: its start, and the loop that turns exception messages into calls
 * of server_syscall().
 *
 * All clients' ports are in one set. A message tells its client by the port it came in by; the
 * reply goes out with the receive of the next message. Two buffers change roles at every message:
 * the request lies in one while the reply, which is another structure, is made in the other. */
#include "l4k/lib/archive.h"
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

union message {
    struct mach_msg_header header;
    struct mach_exception_state request;
    struct mach_exception_state_reply reply;
    struct mach_result error;
    char room[512]; /* the console's answers */
};

static union message buffers[2] __attribute__((aligned(64)));

/* Descriptors as a MIG stub checks and makes them: a word each. */
static inline uint64_t type_word(const struct mach_msg_type *type)
{
    return *(const uint64_t *)type;
}

static inline void set_type(struct mach_msg_type *type, uint64_t word)
{
    *(uint64_t *)type = word;
}

#define STATE_TYPE                                                                             \
    MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, STATE_COUNT(struct mach_saved_state))
#define CODE_TYPE MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 2)

static inline bool well_typed(const struct mach_exception_state *m)
{
    return m->header.id == RPC_EXCEPTION_RAISE_STATE && m->header.size == sizeof(*m) &&
           !(m->header.bits & MACH_MSGH_BITS_COMPLEX) &&
           type_word(&m->exception.type) == MACH_TYPE_INT32 &&
           type_word(&m->code_type) == CODE_TYPE &&
           type_word(&m->flavor.type) == MACH_TYPE_INT32 &&
           type_word(&m->state_type) == STATE_TYPE && (uint32_t)m->flavor.value == STATE_SAVED;
}

static inline void fill_header(struct mach_msg_header *h, mach_port_name_t to)
{
    h->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
    h->remote = to;
    h->local = MACH_PORT_NULL;
    h->seqno = 0;
    h->id = RPC_EXCEPTION_RAISE_STATE + RPC_REPLY;
}

void place_fill_reply(struct host_thread *t, struct mach_exception_state_reply *m)
{
    fill_header(&m->header, t->reply);
    m->header.size = sizeof(*m);
    set_type(&m->result.type, MACH_TYPE_INT32);
    m->result.value = KERN_SUCCESS;
    set_type(&m->flavor.type, MACH_TYPE_INT32);
    m->flavor.value = STATE_SAVED;
    set_type(&m->state_type, STATE_TYPE);
    m->state = *t->state;
    t->state = NULL;
}

/* A request that is none, as MIG's server stub answers it: the client goes no further. */
static uint32_t refuse(const struct mach_msg_header *request, struct mach_result *m)
{
    fill_header(&m->header, (mach_port_name_t)request->remote);
    m->header.size = sizeof(*m);
    set_type(&m->result.type, MACH_TYPE_INT32);
    m->result.value = (uint32_t)MIG_BAD_ARGUMENTS;
    return sizeof(*m);
}

static long fault(struct host_call *c, const struct mach_exception_state *m)
{
    bool access = (uint32_t)m->exception.value == EXC_BAD_ACCESS;
    struct host_fault f = {
        .vector = m->state.vector,
        .error = m->state.error,
        .address = access ? m->code[1] : 0,
        .mapped = access && m->code[0] == KERN_PROTECTION_FAILURE,
    };

    return server_fault(c, &f);
}

/* The call or exception ended with a HOST_ result that is no answer now. */
static void no_answer(struct host_thread *t, long result)
{
    if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
    t->saved = *t->state;
    t->state = &t->saved;
}

/* Answers the size of the reply in `out`; 0: none. */
static inline uint32_t serve(struct host_thread *t, struct mach_exception_state *in,
                             union message *out)
{
    struct host_call *c = t->call;
    long result;

    if (!well_typed(in))
        return refuse(&in->header, &out->error);
    t->state = &in->state;
    t->reply = (mach_port_name_t)in->header.remote;
    if ((uint32_t)in->exception.value == EXC_SYSCALL) {
        c->nr = (uint32_t)in->state.rax;
        c->arg[0] = in->state.rdi;
        c->arg[1] = in->state.rsi;
        c->arg[2] = in->state.rdx;
        c->arg[3] = in->state.r10;
        c->arg[4] = in->state.r8;
        c->arg[5] = in->state.r9;
        result = server_syscall(c);
    } else {
        result = fault(c, in);
    }

    /* The thread may be gone, another in its place, or answered already. */
    t = c->thread;
    if (!t || t->state != &in->state)
        return 0;
    if (result == HOST_DEFER || result == HOST_PENDING_CALL) {
        no_answer(t, result);
        return 0;
    }
    if (result != HOST_REGS)
        in->state.rax = (uint64_t)result;
    place_fill_reply(t, &out->reply);
    return sizeof(out->reply);
}

static uint32_t serve_other(const struct mach_msg_header *in)
{
    if (in->local == console_port)
        console_message(in);
    else
        host_panic("message by an unknown port");
    return 0;
}

/* Milliseconds to the timer's deadline, at least one; 0: it has passed. */
static uint32_t timer_wait(void)
{
    uint64_t now = host_clock(), ms;

    if (now >= timer_deadline)
        return 0;
    ms = (timer_deadline - now + 999999) / 1000000;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Sends the reply of `size` bytes in `m`, if any, and receives there. MACH_RCV_TIMED_OUT: the timer
 * may be due, or was served. */
static enum kern_return next_message(union message *m, uint32_t size)
{
    uint32_t send = size ? MACH_SEND_MSG : 0, wait;
    enum kern_return kr = MACH_MSG_SUCCESS;

    if (!timer_deadline)
        return mach_msg(&m->header, send | MACH_RCV_MSG, size, sizeof(*m), port_set, 0,
                        MACH_PORT_NULL);
    wait = timer_wait();
    if (wait)
        return mach_msg(&m->header, send | MACH_RCV_MSG | MACH_RCV_TIMEOUT, size, sizeof(*m),
                        port_set, wait, MACH_PORT_NULL);
    if (send)
        kr = mach_msg(&m->header, send, size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
    timer_deadline = 0;
    server_timer();
    return kr == MACH_MSG_SUCCESS ? MACH_RCV_TIMED_OUT : kr;
}

static void __attribute__((noreturn)) loop(void)
{
    union message *in = &buffers[0], *out = &buffers[1];
    uint32_t size = 0;

    for (;;) {
        enum kern_return kr = next_message(out, size);
        union message *received = out;
        struct host_thread *t;

        size = 0;
        if (kr == MACH_RCV_TIMED_OUT)
            continue;
        if (kr != MACH_MSG_SUCCESS)
            host_panic("mach_msg failed");
        out = in;
        in = received;
        t = client_of_port(in->header.local);
        size = t ? serve(t, &in->request, out) : serve_other(&in->header);
    }
}

/* Decimal. */
static uint64_t number(const char *s)
{
    uint64_t n = 0;

    while (*s >= '0' && *s <= '9')
        n = n * 10 + (uint64_t)(*s++ - '0');
    return n;
}

static void find_initramfs(struct host_boot *boot)
{
    uint64_t size;
    const void *archive = module_map(&size);

    if (!archive_find(archive, size, "initramfs", &boot->initramfs, &boot->initramfs_size))
        host_panic("the boot archive holds no initramfs");
}

static const char *command_line(void)
{
    static char text[4096];
    const void *info;
    uint32_t bytes;

    rpc_begin(host_priv, RPC_HOST_BOOT_INFO);
    must(rpc_call("C"), "command line");
    info = rpc_reply_array(0, &bytes);
    memcpy(text, info, bytes < sizeof(text) ? bytes : sizeof(text) - 1);
    return text;
}

/* What _start finds at the stack pointer: argc; the program's name, the ports of host and
 * devices. */
struct start {
    uint64_t argc;
    const char *argv[];
};
#define ARGUMENTS 3

void place_start(const struct start *start);
void place_start(const struct start *start)
{
    struct host_boot boot = {0};

    if (start->argc != ARGUMENTS)
        host_panic("not the arguments of a boot module");
    host_priv = (mach_port_name_t)number(start->argv[1]);
    ports_init();
    needs_init((mach_port_name_t)number(start->argv[2]));
    space_init();
    find_initramfs(&boot);
    boot.cmdline = command_line();
    server_init(&boot);
    loop();
}
