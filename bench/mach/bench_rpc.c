/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps, requests to the kernel, and RPC between two tasks. */
#include "bench/mach/bench.h"

#include "l4k/lib/string.h"

#define N 1000

void bench_traps(void)
{
    uint32_t type;

    trap_hole();
    REGION_OPEN(1);
    for (int i = 0; i < N; i++)
        trap_hole();
    REGION_CLOSE(1);
    bench_report(1, N);

    mach_thread_self();
    REGION_OPEN(2);
    for (int i = 0; i < N; i++)
        mach_thread_self();
    REGION_CLOSE(2);
    bench_report(2, N);

    MUST(mig_port_type(task_self, reply_port, &type));
    REGION_OPEN(3);
    for (int i = 0; i < N; i++)
        MUST(mig_port_type(task_self, reply_port, &type));
    REGION_CLOSE(3);
    MUST(type != MACH_PORT_TYPE_RECEIVE);
    bench_report(3, N);
}

#define INLINE_MAX 2048
#define OOL_MAX 0x10000

struct message {
    struct mach_msg_header header;
    struct mach_msg_type type;
    union {
        uint64_t word[INLINE_MAX / 8];
        uint64_t *memory;
    };
};

/* arg: port, split, out-of-line read. What comes out-of-line is read if so asked, and thrown
 * away; the reply is then the header alone. */
static void take_memory(struct worker *w, struct message *m)
{
    uint32_t size = m->type.number;
    uint64_t sum = 0;

    if (w->arg[2])
        for (uint32_t i = 0; i < size; i += PAGE_SIZE)
            sum += m->memory[i / 8];
    else
        sum = (uint64_t)(size / PAGE_SIZE);
    w->result[0] += sum;
    if (trap_vm_deallocate(task_self, (uint64_t)m->memory, size))
        w->result[1]++;
}

static void server(struct worker *w)
{
    static struct message m;
    name_t port = (name_t)w->arg[0];
    uint32_t size, kr = mach_msg_trap(&m, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0);

    while (!kr) {
        size = m.header.size;
        if (m.header.bits & MACH_MSGH_BITS_COMPLEX) {
            take_memory(w, &m);
            size = sizeof(m.header);
        } else if (size > sizeof(m.header)) {
            w->result[0] += m.word[0];
        }
        m.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
        m.header.local = 0;
        m.header.id += RPC_REPLY;
        if (w->arg[1]) {
            kr = mach_msg_trap(&m, MACH_SEND_MSG, size, 0, 0, 0, 0);
            if (!kr)
                kr = mach_msg_trap(&m, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0);
        } else {
            kr = mach_msg_trap(&m, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof(m), port, 0, 0);
        }
    }
    w->result[1] += kr;
}

static struct message msg;

/* A round trip with `bytes` of data, sent and received by one trap or by two. */
static inline void round_trip(name_t port, uint32_t size, bool split, int32_t id)
{
    struct mach_msg_header *h = &msg.header;
    uint32_t kr;

    h->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    h->remote = port;
    h->local = reply_port;
    h->id = id;
    if (split) {
        kr = mach_msg_trap(h, MACH_SEND_MSG, size, 0, 0, 0, 0);
        if (!kr)
            kr = mach_msg_trap(h, MACH_RCV_MSG, 0, sizeof(msg), reply_port, 0, 0);
    } else {
        kr = mach_msg_trap(h, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof(msg), reply_port, 0, 0);
    }
    if (kr || h->id != id + RPC_REPLY || h->size != size)
        MUST(kr ? kr : 1);
}

static inline void round_trip_memory(name_t port, uint64_t *memory, uint32_t bytes, int32_t id)
{
    struct mach_msg_header *h = &msg.header;
    uint32_t kr;

    h->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE) |
              MACH_MSGH_BITS_COMPLEX;
    h->remote = port;
    h->local = reply_port;
    h->id = id;
    *(uint64_t *)&msg.type = MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, bytes);
    msg.memory = memory;
    kr = mach_msg_trap(h, MACH_SEND_MSG | MACH_RCV_MSG, 48, sizeof(msg), reply_port, 0, 0);
    if (kr || h->id != id + RPC_REPLY)
        MUST(kr ? kr : 1);
}

/* Pages whose first words are their indices in words. */
static uint64_t *make_memory(uint32_t bytes)
{
    uint64_t address = 0, *word;

    MUST(trap_vm_allocate(task_self, &address, bytes, true));
    word = (uint64_t *)address;
    for (uint32_t i = 0; i < bytes / 8; i += PAGE_SIZE / 8)
        word[i] = i;
    return word;
}

#define INLINE_CASE(region, bytes, split)                                                      \
    do {                                                                                       \
        uint32_t size = 32 + ((bytes) ? 8 + (bytes) : 0);                                      \
        uint64_t sum = 0;                                                                      \
        *(uint64_t *)&msg.type = MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 1, bytes);              \
        for (int i = 0; i < 10; i++)                                                           \
            round_trip(port, size, split, i);                                                  \
        w->result[0] = 0;                                                                      \
        REGION_OPEN(region);                                                                   \
        for (int i = 0; i < N; i++) {                                                          \
            if (bytes)                                                                         \
                sum += msg.word[0] = (uint64_t)i;                                              \
            round_trip(port, size, split, i);                                                  \
            if (bytes)                                                                         \
                MUST(msg.word[0] != (uint64_t)i);                                              \
        }                                                                                      \
        REGION_CLOSE(region);                                                                  \
        MUST(w->result[0] != sum || w->result[1]);                                             \
        bench_report(region, N);                                                               \
    } while (0)

#define MEMORY_CASE(region, bytes, expect)                                                     \
    do {                                                                                       \
        uint64_t *memory = make_memory(bytes);                                                 \
        for (int i = 0; i < 10; i++)                                                           \
            round_trip_memory(port, memory, bytes, i);                                         \
        w->result[0] = 0;                                                                      \
        REGION_OPEN(region);                                                                   \
        for (int i = 0; i < N; i++)                                                            \
            round_trip_memory(port, memory, bytes, i);                                         \
        REGION_CLOSE(region);                                                                  \
        MUST(w->result[0] != (uint64_t)(expect)*N || w->result[1]);                            \
        MUST(trap_vm_deallocate(task_self, (uint64_t)memory, bytes));                          \
        bench_report(region, N);                                                               \
    } while (0)

void bench_rpc(void)
{
    name_t port = new_port(), child = child_create();
    struct worker *w = worker_create(0, child);

    give_receive(child, port);
    w->arg[0] = port;
    worker_run(w, server);
    INLINE_CASE(4, 0, false);
    INLINE_CASE(5, 1024, false);
    INLINE_CASE(6, 2048, false);
    MEMORY_CASE(9, PAGE_SIZE, 1);
    MEMORY_CASE(10, OOL_MAX, 16);
    w->arg[2] = 1;
    MEMORY_CASE(11, OOL_MAX, 512 * (15 * 16 / 2));
    w->arg[1] = 1;
    INLINE_CASE(7, 0, false);
    INLINE_CASE(8, 0, true);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
}
