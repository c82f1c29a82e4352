/* SPDX-License-Identifier: BSD-2-Clause */
/* The storm's children: random messages, from plain garbage to requests that are nearly in order.
 *
 * Left out, for the kernel is right to obey: the machine's reset, tasks that nobody would end,
 * text for the console. */
#include "bench/mach/storm.h"

#include "l4k/lib/string.h"

#define ARENA 0x22000 /* bytes: messages and memory that they carry */

/* What a thread of a child works with. Each task has a copy. */
static struct storm {
    uint64_t rng;
    name_t own[8]; /* names that traps gave */
    char *buffer;  /* where the message goes together */
} storms[WORKERS];

static char arena[WORKERS][ARENA] __attribute__((aligned(PAGE_SIZE)));

static uint64_t rnd(struct storm *s, uint64_t n)
{
    return storm_random(&s->rng) % n;
}

static bool one_in(struct storm *s, unsigned n)
{
    return rnd(s, n) == 0;
}

/* --- values --- */

static name_t any_name(struct storm *s)
{
    switch (rnd(s, 16)) {
    case 0:
        return one_in(s, 2) ? MACH_PORT_NULL : MACH_PORT_DEAD;
    case 1:
        return (name_t)(rnd(s, 40) | rnd(s, 4) << 24);
    case 2:
        return one_in(s, 4) ? (name_t)storm_random(&s->rng) : (name_t)rnd(s, 70000);
    case 3 ... 5:
        return s->own[rnd(s, 8)];
    case 6 ... 11:
        return (name_t)(STORM_OWN + rnd(s, STORM_NAMES - STORM_OWN));
    default:
        return (name_t)(1 + rnd(s, 40));
    }
}

static uint64_t any_address(struct storm *s)
{
    uint64_t at = (uint64_t)arena[rnd(s, WORKERS)];

    switch (rnd(s, 16)) {
    case 0:
        return storm_random(&s->rng);
    case 1:
        return one_in(s, 2) ? 0 : UINT64_C(0xffff800000000000) + rnd(s, 1 << 28);
    case 2:
        return USER_MAX - rnd(s, 8192);
    case 3:
        return UINT64_MAX - rnd(s, 8192);
    default:
        return at + rnd(s, ARENA / 8) * 8 + (one_in(s, 8) ? rnd(s, 8) : 0);
    }
}

static uint64_t any_size(struct storm *s)
{
    switch (rnd(s, 16)) {
    case 0:
        return storm_random(&s->rng);
    case 1:
        return 0;
    case 2:
        return rnd(s, 1 << 20);
    case 3:
        return storm_random(&s->rng) >> rnd(s, 64);
    default:
        return rnd(s, 3 * PAGE_SIZE);
    }
}

static uint32_t any_number(struct storm *s)
{
    return one_in(s, 8) ? (uint32_t)storm_random(&s->rng) : (uint32_t)rnd(s, 6);
}

/* --- bodies --- */

static char *put_words(char *at, uint64_t type, uint64_t value)
{
    memcpy(at, &type, 8);
    memcpy(at + 8, &value, 8);
    return at + 16;
}

static uint32_t any_disposition(struct storm *s)
{
    return MACH_MSG_TYPE_MOVE_RECEIVE + (uint32_t)rnd(s, 6);
}

/* Names for an array, in the arena; where it is. */
static uint64_t names_array(struct storm *s, uint32_t number)
{
    char *at = arena[rnd(s, WORKERS)] + 0x20000 + rnd(s, 0x100) * 4;

    for (uint32_t i = 0; i < number && i < 16; i++) {
        name_t name = any_name(s);

        memcpy(at + 4 * i, &name, 4);
    }
    return one_in(s, 16) ? any_address(s) : (uint64_t)at;
}

#define DEALLOCATE (UINT64_C(1) << 31)

static char *item_memory(struct storm *s, char *at)
{
    static const uint8_t bits[] = {8, 32, 64, 1, 7};
    uint64_t size = rnd(s, 3) ? 8 : bits[rnd(s, 5)], type;

    type = MACH_TYPE_WORD(rnd(s, 16), size, 0, any_size(s) & UINT32_MAX);
    return put_words(at, type | (one_in(s, 3) ? DEALLOCATE : 0), any_address(s));
}

static char *item_ports(struct storm *s, char *at)
{
    uint32_t number = one_in(s, 16) ? any_number(s) : (uint32_t)rnd(s, 8);
    uint64_t type = MACH_TYPE_WORD(any_disposition(s), MACH_MSG_PORT_OOL_BITS, 0, number);

    return put_words(at, type | (one_in(s, 8) ? DEALLOCATE : 0), names_array(s, number));
}

static char *item_inline(struct storm *s, char *at)
{
    uint32_t number = (uint32_t)rnd(s, 4);
    bool port = rnd(s, 4) != 0;
    uint64_t type = MACH_TYPE_WORD(port ? any_disposition(s) : rnd(s, 16), 64, 1, number);

    memcpy(at, &type, 8);
    at += 8;
    for (uint32_t i = 0; i < number; i++, at += 8) {
        uint64_t name = any_name(s);

        memcpy(at, &name, 8);
    }
    return at;
}

static char *item_garbage(struct storm *s, char *at)
{
    return put_words(at, storm_random(&s->rng), storm_random(&s->rng));
}

static char *any_item(struct storm *s, char *at)
{
    switch (rnd(s, 8)) {
    case 0 ... 1:
        return item_memory(s, at);
    case 2 ... 3:
        return item_ports(s, at);
    case 4 ... 6:
        return item_inline(s, at);
    default:
        return item_garbage(s, at);
    }
}

/* --- messages: each returns the end of the body --- */

static char *user_message(struct storm *s, struct mach_msg_header *h)
{
    char *at = (char *)(h + 1);

    h->bits = MACH_MSGH_BITS(17 + rnd(s, 5), one_in(s, 3) ? 0 : 17 + rnd(s, 5));
    h->remote = any_name(s);
    h->local = h->bits & MACH_MSGH_BITS_LOCAL_MASK || one_in(s, 16) ? any_name(s) : 0;
    h->id = (int32_t)rnd(s, 100);
    if (one_in(s, 8)) { /* data without meaning, up to many pages */
        return at + rnd(s, one_in(s, 16) ? ARENA - 4096 : 2048);
    }
    for (uint64_t n = rnd(s, 5); n > 0; n--) {
        h->bits |= MACH_MSGH_BITS_COMPLEX;
        at = any_item(s, at);
    }
    return at;
}

/* Requests by their arguments: i int32, b boolean, l int64, n name, a address, z size, s send
 * right, o send-once right, p any right, d memory, r array of rights; I and C, at the end:
 * words, text. */
static const struct request {
    uint16_t id;
    uint8_t target; /* enum storm_name, or 0: a task, 1: a thread */
    const char *in;
} requests[] = {
    {RPC_TASK_CREATE, 0, "ii"}, /* refused */
    {RPC_TASK_TERMINATE, 0, "i"},
    {RPC_TASK_THREADS, 0, ""},
    {RPC_TASK_INFO, 0, "ii"},
    {RPC_THREAD_TERMINATE, 1, "i"},
    {RPC_THREAD_GET_STATE, 1, "ii"},
    {RPC_THREAD_SET_STATE, 1, "iI"},
    {RPC_THREAD_INFO, 1, "ii"},
    {RPC_VM_ALLOCATE, 0, "azb"},
    {RPC_VM_DEALLOCATE, 0, "az"},
    {RPC_VM_PROTECT, 0, "azbi"},
    {RPC_VM_INHERIT, 0, "azi"},
    {RPC_VM_READ, 0, "az"},
    {RPC_VM_WRITE, 0, "ad"},
    {RPC_VM_COPY, 0, "aza"},
    {RPC_VM_REGION, 0, "a"},
    {RPC_VM_STATISTICS, 0, ""},
    {RPC_PORTS_REGISTER, 0, "r"},
    {RPC_PORTS_LOOKUP, 0, ""},
    {RPC_TASK_SUSPEND, 0, "i"},
    {RPC_TASK_RESUME, 0, ""},
    {RPC_TASK_GET_SPECIAL_PORT, 0, "i"},
    {RPC_TASK_SET_SPECIAL_PORT, 0, "is"},
    {RPC_THREAD_CREATE, 0, ""},
    {RPC_THREAD_SUSPEND, 1, "i"},
    {RPC_THREAD_RESUME, 1, ""},
    {RPC_THREAD_ABORT, 1, ""},
    {RPC_THREAD_GET_SPECIAL_PORT, 1, "i"},
    {RPC_THREAD_SET_SPECIAL_PORT, 1, "is"},
    {RPC_VM_MAP, 0, "azlbsabiii"},
    {RPC_VM_MACHINE_ATTRIBUTE, 0, "azii"},
    {RPC_OBJECT_CREATE, STORM_HOST, "z"},
    {RPC_THREAD_PRIORITY, 1, "ib"},
    {RPC_HOST_GET_TIME, STORM_HOST, ""},
    {RPC_VM_WIRE, STORM_HOST, "sazi"},
    {RPC_HOST_INFO, STORM_HOST, "ii"},
    {RPC_HOST_GET_TIME64, STORM_HOST, ""},
    {RPC_HOST_GET_UPTIME64, STORM_HOST, ""},
    {RPC_HOST_KERNEL_VERSION, STORM_HOST, ""},
    {RPC_HOST_BOOT_INFO, STORM_HOST, ""},
    {RPC_DEVICE_OPEN, STORM_DEVICE, "iC"},
    {RPC_DEVICE_CLOSE, STORM_DEVICE, ""},
    {RPC_DEVICE_READ_INBAND, STORM_DEVICE, "iii"},
    {RPC_PORT_NAMES, 0, ""},
    {RPC_PORT_TYPE, 0, "n"},
    {RPC_PORT_RENAME, 0, "nn"},
    {RPC_PORT_ALLOCATE_NAME, 0, "in"},
    {RPC_PORT_ALLOCATE, 0, "i"},
    {RPC_PORT_DESTROY, 0, "n"},
    {RPC_PORT_DEALLOCATE, 0, "n"},
    {RPC_PORT_GET_REFS, 0, "ni"},
    {RPC_PORT_MOD_REFS, 0, "nii"},
    {RPC_PORT_SET_QLIMIT, 0, "ni"},
    {RPC_PORT_SET_MSCOUNT, 0, "ni"},
    {RPC_PORT_GET_SET_STATUS, 0, "n"},
    {RPC_PORT_MOVE_MEMBER, 0, "nn"},
    {RPC_PORT_REQUEST_NOTIFICATION, 0, "niio"},
    {RPC_PORT_INSERT_RIGHT, 0, "np"},
    {RPC_PORT_EXTRACT_RIGHT, 0, "ni"},
    {RPC_PORT_GET_RECEIVE_STATUS, 0, "n"},
    {RPC_PORT_SET_SEQNO, 0, "ni"},
    {RPC_TASK_SET_EXCEPTION_PORTS, 0, "isii"},
    {RPC_THREAD_SET_EXCEPTION_PORTS, 1, "isii"},
    {RPC_VM_MSYNC, 0, "azi"},
    {RPC_HOST_MODULE, STORM_HOST, "i"},
    {RPC_HOST_ENTROPY, STORM_HOST, ""},
    {RPC_HOST_COUNTERS, STORM_HOST, ""},
    {RPC_TASK_OBJECT_CREATE, 0, "z"},
    {RPC_GSYNC_WAIT, 0, "aiiii"},
    {RPC_GSYNC_WAKE, 0, "aii"},
};

/* Requests that end or stop threads come rarely in full: theirs have an argument too many. */
static bool one_too_many(const struct request *r)
{
    return r->id == RPC_TASK_TERMINATE || r->id == RPC_THREAD_TERMINATE ||
           r->id == RPC_TASK_SUSPEND || r->id == RPC_THREAD_SUSPEND;
}

static char *put_right(struct storm *s, char *at, struct mach_msg_header *h, char letter)
{
    static const uint8_t sends[] = {17, 19, 20}, onces[] = {18, 21, 21};
    uint32_t disposition = letter == 's'   ? sends[rnd(s, 3)]
                           : letter == 'o' ? onces[rnd(s, 3)]
                                           : any_disposition(s);

    h->bits |= MACH_MSGH_BITS_COMPLEX;
    return put_words(at, MACH_TYPE_PORT(disposition), any_name(s));
}

static char *put_tail(struct storm *s, char *at, char letter)
{
    uint64_t number = rnd(s, 8) ? rnd(s, 60) : (uint64_t[]){4, 42, 58, 128}[rnd(s, 4)];
    uint64_t type = letter == 'I' ? MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, number)
                                  : MACH_TYPE_WORD(MACH_MSG_TYPE_STRING, 8, 1, number);

    memcpy(at, &type, 8);
    return at + 8 + MACH_MSG_ALIGN(letter == 'I' ? number * 4 : number);
}

static char *put_argument(struct storm *s, char *at, struct mach_msg_header *h, char letter)
{
    switch (letter) {
    case 'i':
        return put_words(at, MACH_TYPE_INT32, any_number(s) - one_in(s, 4));
    case 'b':
        return put_words(at, MACH_TYPE_BOOL, rnd(s, 2));
    case 'n':
        return put_words(at, MACH_TYPE_NAME, any_name(s));
    case 'a':
        return put_words(at, MACH_TYPE_INT64, any_address(s));
    case 'z':
        return put_words(at, MACH_TYPE_INT64, any_size(s));
    case 'l':
        return put_words(at, MACH_TYPE_INT64, one_in(s, 2) ? 0 : storm_random(&s->rng));
    case 's':
    case 'o':
    case 'p':
        return put_right(s, at, h, letter);
    case 'd':
        h->bits |= MACH_MSGH_BITS_COMPLEX;
        return put_words(at, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, rnd(s, 0x3000)),
                         any_address(s));
    case 'r':
        h->bits |= MACH_MSGH_BITS_COMPLEX;
        return put_words(at, MACH_TYPE_WORD(17 + rnd(s, 4) % 3, 32, 0, 1 + rnd(s, 5)),
                         names_array(s, 5));
    default:
        return put_tail(s, at, letter);
    }
}

static name_t target_of(struct storm *s, const struct request *r)
{
    if (one_in(s, 16))
        return any_name(s);
    if (r->target == 0)
        return one_in(s, 8) ? STORM_PEER_TASK : s->own[0];
    if (r->target == 1)
        return one_in(s, 4) ? STORM_PEER_THREAD : one_in(s, 2) ? STORM_SIBLING : s->own[1];
    return r->target;
}

static char *request_message(struct storm *s, struct mach_msg_header *h)
{
    const struct request *r = &requests[rnd(s, ARRAY_SIZE(requests))];
    const char *in = one_too_many(r) && one_in(s, 64) ? r->in + 1 : r->in;
    char *at = (char *)(h + 1);

    h->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 17 + rnd(s, 5));
    if (rnd(s, 8))
        h->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    h->remote = target_of(s, r);
    h->local = one_in(s, 8) ? any_name(s) : s->own[3];
    h->id = r->id;
    for (; *in; in++)
        at = put_argument(s, at, h, *in);
    return at;
}

/* What the kernel would do, were it in order, and the test not want. */
static bool forbidden(int32_t id)
{
    return id == RPC_HOST_REBOOT || id == RPC_TASK_CREATE || id == RPC_TASK_CREATE_LIMITED ||
           id == RPC_DEVICE_WRITE_INBAND;
}

/* An id that may belong to no routine, and what it does not expect. */
static char *wild_request(struct storm *s, struct mach_msg_header *h)
{
    char *at = user_message(s, h);

    h->remote = STORM_OWN + 4 + rnd(s, 5);
    do
        h->id = (int32_t)(1980 + rnd(s, 2340));
    while (forbidden(h->id));
    return at;
}

static char *garbage(struct storm *s, struct mach_msg_header *h)
{
    uint64_t n = rnd(s, 32), word;

    for (uint64_t i = 0; i < n; i++) {
        word = storm_random(&s->rng);
        memcpy((char *)h + i * 8, &word, 8);
    }
    return (char *)h + n * 8;
}

/* A word of it becomes another. */
static void spoil(struct storm *s, struct mach_msg_header *h, const char *end)
{
    uint64_t length = (uint64_t)(end - (const char *)h), word = storm_random(&s->rng);

    if (length < 16 || h->id == RPC_TASK_CREATE)
        return;
    memcpy((char *)h + rnd(s, length / 4 - 1) * 4, &word, one_in(s, 2) ? 1 : 4);
    if (forbidden(h->id))
        h->id = 0;
}

/* --- sending --- */

static uint32_t any_option(struct storm *s)
{
    uint32_t option = MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT;

    if (rnd(s, 4))
        option |= MACH_RCV_MSG;
    if (one_in(s, 4))
        option |= (uint32_t)storm_random(&s->rng) &
                  (MACH_SEND_NOTIFY | MACH_SEND_CANCEL | MACH_RCV_NOTIFY | MACH_RCV_LARGE |
                   MACH_SEND_INTERRUPT | MACH_RCV_INTERRUPT);
    if (one_in(s, 64))
        option ^= (uint32_t)storm_random(&s->rng) & ~MACH_SEND_TIMEOUT & ~MACH_RCV_TIMEOUT;
    if (one_in(s, 2048)) /* waits until somebody ends it */
        option &= ~(one_in(s, 2) ? MACH_SEND_TIMEOUT : MACH_RCV_TIMEOUT);
    return option;
}

static void send_one(struct storm *s)
{
    static const uint32_t rooms[] = {0, 24, 32, 40, 48, 128, 1024, 5000, UINT32_MAX, UINT32_MAX};
    struct mach_msg_header *h = (struct mach_msg_header *)(s->buffer + rnd(s, 64) * 8);
    uint64_t kind = rnd(s, 16), msg = (uint64_t)h;
    char *end = kind < 6    ? user_message(s, h)
                : kind < 12 ? request_message(s, h)
                : kind < 14 ? wild_request(s, h)
                            : garbage(s, h);
    uint32_t size;

    if (one_in(s, 6))
        spoil(s, h, end);
    size = (uint32_t)MACH_MSG_ALIGN(end - (char *)h);
    if (one_in(s, 12))
        size = one_in(s, 4) ? any_number(s) : (uint32_t)rnd(s, size + 32);
    if (one_in(s, 64))
        msg = any_address(s);
    mach_msg_trap((void *)msg, any_option(s), size, rooms[rnd(s, ARRAY_SIZE(rooms))],
                  one_in(s, 3) ? any_name(s) : s->own[3 + rnd(s, 2)],
                  one_in(s, 256) ? (uint32_t)rnd(s, 3) : 0, any_name(s));
}

void storm_worker(struct worker *w)
{
    unsigned index = (unsigned)(w - shared->worker);
    struct storm *s = &storms[index];

    s->rng = w->arg[STORM_SEED];
    s->buffer = arena[index];
    s->own[0] = task_self;
    s->own[1] = mach_thread_self();
    s->own[2] = mach_host_self();
    s->own[3] = mach_reply_port();
    s->own[4] = reply_port;
    trap_port_allocate(task_self, MACH_PORT_RIGHT_RECEIVE, &s->own[5]);
    trap_port_allocate(task_self, MACH_PORT_RIGHT_PORT_SET, &s->own[6]);
    trap_port_allocate(task_self, MACH_PORT_RIGHT_DEAD_NAME, &s->own[7]);
    for (uint64_t i = 0; i < w->arg[STORM_COUNT]; i++) {
        send_one(s);
        w->result[0] = i + 1;
        if (i % 32 == 31) /* its reply port may be gone */
            s->own[3] = mach_reply_port();
    }
    w->done = true;
    reply_port = mach_reply_port();
    simple_call(mach_thread_self(), RPC_THREAD_TERMINATE);
}
