/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel keeps per thread besides general registers: FS and GS base, the FPU. */
#include "bench/native/native.h"
#include "l4k/lib/string.h"

#define ROUNDS 200 /* of the server, worker 0, which does not answer the last */
#define FPU_BYTES 256
#define SPIN_NS 40000000 /* several time slices */

static bool has_fsgsbase(void)
{
    uint32_t a = 7, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b & 1;
}

/* Makes FS base (and GS base, where user code can) point at the given words. */
static void set_bases(struct worker *w, uint64_t *fs, uint64_t *gs)
{
    if (has_fsgsbase()) {
        write_fs_base((uint64_t)fs);
        write_gs_base((uint64_t)gs);
    } else {
        MUST(l4_do(w->thread, THREAD_FS_BASE, (uint64_t)fs, 0, 0, 0));
    }
}

/* Round `i` has its own bases, set just before the operation. */
static void bases_round(struct worker *w, unsigned i, uint64_t tag)
{
    struct l4_message m = {.tag = tag};
    uint64_t *fs = &w->fs_block[i & 1], *gs = &w->gs_block[i & 1];

    w->fs_block[1] = (uint64_t)&w->fs_block[1];
    w->gs_block[1] = (uint64_t)&w->gs_block[1];
    set_bases(w, fs, gs);
    l4_ipc(&m);
    CHECK_EQ(read_fs(), (uint64_t)fs);
    CHECK_EQ(read_gs(), (uint64_t)(has_fsgsbase() ? gs : w->gs_block));
}

/* arg: tag of its operation. */
static void bases_loop(struct worker *w)
{
    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = NO_TIMEOUT;
    for (unsigned i = 0; i < ROUNDS - w->index; i++)
        bases_round(w, i, w->arg[0]);
}

/* Client and server by the given loops, in one address space or two. */
static void pair(void (*server)(struct worker *), void (*client)(struct worker *), bool inter,
                 uint64_t flags)
{
    unsigned task = inter ? SLOT_CHILD : CAP_TASK;
    struct worker *s, *c;

    if (inter)
        child_create();
    s = worker_create(0, task, 40);
    c = worker_create(1, CAP_TASK, 40);
    if (inter)
        give(s->thread);
    s->arg[0] = l4_tag(OP_REPLY_WAIT, 0, 0, 0, 0) | flags;
    c->arg[0] = l4_tag(OP_CALL, s->gate, 0, 0, 0) | flags;
    worker_run(s, server);
    worker_run(c, client);
    worker_wait(c);
    worker_destroy(c);
    worker_destroy(s);
    if (inter)
        child_destroy();
}

static void bases(void)
{
    for (unsigned i = 0; i < 4; i++)
        pair(bases_loop, bases_loop, i & 1, i & 2 ? TAG_TIMEOUT : 0);
}

static void fill(uint8_t *image, uint64_t seed)
{
    for (unsigned i = 0; i < FPU_BYTES; i += 8) {
        uint64_t word = random_next(&seed);

        memcpy(image + i, &word, 8);
    }
}

/* The FPU holds the image of `seed`. */
static void check_fpu(uint64_t seed)
{
    uint8_t wanted[FPU_BYTES], got[FPU_BYTES];

    fill(wanted, seed);
    fpu_store(got);
    CHECK(!memcmp(wanted, got, FPU_BYTES));
}

static void load_fpu(uint64_t seed)
{
    uint8_t image[FPU_BYTES];

    fill(image, seed);
    fpu_fill(image);
}

/* Every third round it takes up and changes what it left there. */
static void fpu_loop(struct worker *w)
{
    uint64_t seed = w->index * 1000;

    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = NO_TIMEOUT;
    load_fpu(seed);
    for (unsigned i = 0; i < ROUNDS - w->index; i++) {
        struct l4_message m = {.tag = w->arg[0]};

        l4_ipc(&m);
        if (i % 3)
            continue;
        check_fpu(seed);
        load_fpu(++seed);
    }
}

static void fpu_over_ipc(void)
{
    for (unsigned i = 0; i < 4; i++)
        pair(fpu_loop, fpu_loop, i & 1, i & 2 ? TAG_TIMEOUT : 0);
}

/* A server that never used the FPU sees zeros, whatever its client has there. */
static void fpu_spy(struct worker *w)
{
    uint8_t got[FPU_BYTES];

    (void)!op(OP_RECEIVE, 0, 0);
    fpu_store(got);
    for (unsigned i = 0; i < FPU_BYTES; i++)
        w->result[0] += got[i];
    (void)!op(OP_REPLY_WAIT, 0, 0);
}

static void fpu_secret(struct worker *w)
{
    load_fpu(77);
    (void)!op(OP_CALL, w->arg[0] & TAG_CAP_MASK, w->arg[0] & TAG_TIMEOUT);
    check_fpu(77);
}

static void fpu_not_seen(void)
{
    for (unsigned i = 0; i < 4; i++) {
        pair(fpu_spy, fpu_secret, i & 1, i & 2 ? TAG_TIMEOUT : 0);
        CHECK_EQ(shared->worker[0].result[0], 0);
    }
}

/* Keeps its own image while others of its priority do the same. */
static void fpu_spin(struct worker *w)
{
    uint64_t end = now_ns() + SPIN_NS;

    load_fpu(w->index);
    while (now_ns() < end) {
        for (unsigned i = 0; i < 1000; i++)
            check_fpu(w->index);
        w->result[0]++;
    }
    check_bases(w);
}

static void fpu_over_preemption(void)
{
    struct worker *w[3];

    for (unsigned i = 0; i < ARRAY_SIZE(w); i++) {
        w[i] = worker_create(i, CAP_TASK, 20);
        worker_run(w[i], fpu_spin);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(w); i++)
        worker_wait(w[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(w); i++) {
        CHECK(w[i]->result[0] > 0);
        worker_destroy(w[i]);
    }
}

static void fpu_hold(struct worker *w)
{
    load_fpu(w->arg[0]);
    (void)!op(OP_RECEIVE, 0, 0);
    check_fpu(w->arg[1]);
}

/* FXSAVE's image has xmm0 at byte 160. */
#define XMM_OFFSET 160

static void fpu_from_outside(void)
{
    static uint8_t image[512] __attribute__((aligned(16)));
    uint8_t wanted[FPU_BYTES];
    struct worker *w = worker_create(0, CAP_TASK, 40);

    w->arg[0] = 5;
    w->arg[1] = 6;
    worker_run(w, fpu_hold);
    CHECK_STATUS(l4_do(w->thread, THREAD_GET_FPU, (uint64_t)image, 0, 0, 0), OK);
    fill(wanted, 5);
    CHECK(!memcmp(image + XMM_OFFSET, wanted, FPU_BYTES));
    fill(image + XMM_OFFSET, 6);
    memset(image + 24, 0xff, 4); /* MXCSR with reserved bits must not fault */
    CHECK_STATUS(l4_do(w->thread, THREAD_SET_FPU, (uint64_t)image, 0, 0, 0), OK);
    CHECK_STATUS(op(OP_SEND, w->gate, 0), OK);
    worker_wait(w);
    CHECK_STATUS(l4_do(w->thread, THREAD_GET_FPU, 0, 0, 0, 0), ERR_ADDRESS);
    CHECK_STATUS(l4_do(w->thread, THREAD_SET_FPU, UINT64_MAX - 8, 0, 0, 0), ERR_ADDRESS);
    worker_destroy(w);
}

static void idle(struct worker *w)
{
    (void)w;
}

static void registers_from_outside(void)
{
    struct thread_regs *r = (struct thread_regs *)root_utcb()->word;
    struct worker *w = worker_create(0, CAP_TASK, 40);

    worker_run(w, idle);
    CHECK_STATUS(l4_do(w->thread, THREAD_GET_REGS, 0, 0, 0, 0), OK);
    CHECK_EQ(r->fs_base, (uint64_t)w->fs_block);
    CHECK_EQ(r->gs_base, (uint64_t)w->gs_block);
    CHECK(r->rsp > (uint64_t)w->stack && r->rsp < (uint64_t)(w->stack + STACK_SIZE));
    r->rflags = UINT64_MAX;
    r->rip = 0xffffffff80100000;
    r->fs_base = UINT64_MAX;
    r->gs_base = UINT64_C(1) << 63;
    CHECK_STATUS(l4_do(w->thread, THREAD_SET_REGS, 0, 0, 0, 0), OK);
    CHECK_STATUS(l4_do(w->thread, THREAD_GET_REGS, 0, 0, 0, 0), OK);
    CHECK_EQ(r->rflags & 0x3f7202 & ~UINT64_C(0x250dd5), 0x202); /* no IOPL, NT, VM */
    CHECK_EQ(r->rip, 0);
    CHECK_EQ(r->fs_base, 0);
    CHECK_EQ(r->gs_base, 0);
    CHECK_STATUS(l4_do(w->thread, THREAD_FS_BASE, UINT64_MAX, 0, 0, 0), ERR_INVALID);
    worker_destroy(w);
}

const struct test state_tests[] = {
    {"state: FS and GS base over IPC", bases},
    {"state: FPU over IPC", fpu_over_ipc},
    {"state: FPU not seen by another", fpu_not_seen},
    {"state: FPU over preemption", fpu_over_preemption},
    {"state: FPU from outside", fpu_from_outside},
    {"state: registers from outside", registers_from_outside},
    {NULL, NULL},
};
