/* SPDX-License-Identifier: BSD-2-Clause */
/* Page faults and exceptions as messages. The first thread is the handler: a worker whose faults it
 * takes, looks at and answers. */
#include "bench/native/native.h"
#include "l4k/lib/string.h"

#define HOLE UINT64_C(0x20000000) /* nothing is mapped there */
#define VALUE 0x600d
#define TIMEOUT_US 1000000

#define FAULT_PRESENT 1
#define FAULT_WRITE 2
#define FAULT_USER 4

/* arg of a faulting worker: address, value. */
static void read_it(struct worker *w)
{
    w->result[0] = fault_read(w->arg[0]);
}

static void write_it(struct worker *w)
{
    fault_write(w->arg[0], w->arg[1]);
}

static void jump_there(struct worker *w)
{
    ((void (*)(void))w->arg[0])();
}

static void divide(struct worker *w)
{
    (void)w;
    fault_divide();
}

static void invalid(struct worker *w)
{
    (void)w;
    fault_invalid();
}

static void breakpoint(struct worker *w)
{
    (void)w;
    fault_breakpoint();
}

static void protection(struct worker *w)
{
    (void)w;
    fault_protection();
}

/* Worker 0 in `task`, whose faults come here. */
static struct worker *start(unsigned task, unsigned priority, void (*run)(struct worker *),
                            uint64_t address, uint64_t value)
{
    struct worker *w = worker_create(0, task, priority);

    MUST(l4_do(w->thread, THREAD_HANDLER, SLOT_ROOT_GATE, 0, 0, 0));
    w->arg[0] = address;
    w->arg[1] = value;
    worker_run(w, run);
    return w;
}

/* The next message here is this fault. */
static bool take(uint32_t label, struct l4_message *m)
{
    *m = (struct l4_message){.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0) | TAG_TIMEOUT};
    root_utcb()->receive_timeout = TIMEOUT_US;
    l4_ipc(m);
    return CHECK(!m->carry) && CHECK_EQ(m->tag >> TAG_LABEL_SHIFT, label) &&
           CHECK_EQ(m->label, BADGE(0xff));
}

static void answer(void)
{
    CHECK_STATUS(op(OP_REPLY, 0, 0), OK);
}

static void take_page_fault(uint64_t address, unsigned access, uint64_t rip, bool mapped)
{
    struct l4_message m;

    if (!take(LABEL_PAGE_FAULT, &m))
        return;
    CHECK_EQ(m.w[0], address);
    CHECK_EQ(m.w[1], access);
    CHECK_EQ(m.w[2], rip);
    CHECK_EQ(m.w[3], mapped);
    CHECK_EQ(m.w[5], 0);
}

/* Read and write faults, resolved by mapping a page; before and after the handler waits. */
static void paged(unsigned task, unsigned priority)
{
    struct worker *w;
    uint64_t v = VALUE;

    if (task == SLOT_CHILD)
        child_create();
    w = start(task, priority, read_it, HOLE + 0x123, 0);
    take_page_fault(HOLE + 0x123, PROT_R, (uint64_t)fault_read_site, false);
    MUST(map_memory(task, HOLE, PAGE_SIZE, PROT_R));
    MUST(l4_do(task, TASK_COPY_OUT, HOLE + 0x123, (uint64_t)&v, sizeof(v), true));
    answer();
    worker_wait(w);
    CHECK_EQ(w->result[0], VALUE);
    worker_destroy(w);
    w = start(task, priority, write_it, HOLE + 0x123, VALUE + 1);
    take_page_fault(HOLE + 0x123, PROT_W, (uint64_t)fault_write_site, true);
    MUST(l4_do(task, TASK_PROTECT, HOLE, PAGE_SIZE, PROT_R | PROT_W, 0));
    answer();
    worker_wait(w);
    MUST(l4_do(task, TASK_COPY_IN, HOLE + 0x123, (uint64_t)&v, sizeof(v), 0));
    CHECK_EQ(v, VALUE + 1);
    worker_destroy(w);
    MUST(unmap_memory(task, HOLE, PAGE_SIZE));
    if (task == SLOT_CHILD)
        child_destroy();
}

static void page_faults(void)
{
    paged(CAP_TASK, 40);
    paged(CAP_TASK, 20);
    paged(SLOT_CHILD, 40);
    paged(SLOT_CHILD, 20);
}

/* Answered without being resolved, the fault comes again; then the thread is led elsewhere. */
static void again(void)
{
    struct worker *w = start(CAP_TASK, 40, read_it, HOLE, 0);
    struct thread_regs *r = (struct thread_regs *)root_utcb()->word;

    for (unsigned i = 0; i < 3; i++) {
        take_page_fault(HOLE, PROT_R, (uint64_t)fault_read_site, false);
        if (i < 2)
            answer();
    }
    MUST(l4_do(w->thread, THREAD_GET_REGS, 0, 0, 0, 0));
    CHECK_EQ(r->rip, (uint64_t)fault_read_site);
    CHECK_EQ(r->rdi, HOLE);
    r->rdi = (uint64_t)&w->arg[0];
    r->rip = (uint64_t)fault_read;
    MUST(l4_do(w->thread, THREAD_SET_REGS, 0, 0, 0, 0));
    answer();
    worker_wait(w);
    CHECK_EQ(w->result[0], HOLE);
    worker_destroy(w);
}

/* What user code can't touch, whatever is mapped there. */
static void kernel_addresses(void)
{
    static const uint64_t addresses[] = {
        0xffff800000000000, 0xffffffff80100000, 0xfffffffffffffff8, 0xffffc00000000000,
        0x00007ffffffff000, 0x0000600000ff0000, 0,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
        struct worker *w = start(CAP_TASK, 40, i & 1 ? write_it : read_it, addresses[i], 0);

        take_page_fault(addresses[i], i & 1 ? PROT_W : PROT_R,
                        (uint64_t)(i & 1 ? fault_write_site : fault_read_site), false);
        worker_destroy(w);
        w = start(CAP_TASK, 40, jump_there, addresses[i], 0);
        take_page_fault(addresses[i], PROT_X, addresses[i], false);
        worker_destroy(w);
    }
}

static void no_execution(void)
{
    struct worker *w = start(CAP_TASK, 40, jump_there, (uint64_t)shared, 0);

    take_page_fault((uint64_t)shared, PROT_X, (uint64_t)shared, true);
    worker_destroy(w);
}

static void take_exception(void (*run)(struct worker *), uint64_t vector, uint64_t rip)
{
    struct worker *w = start(CAP_TASK, 40, run, UINT64_C(1) << 48, 0);
    struct thread_regs *r = (struct thread_regs *)root_utcb()->word;
    struct l4_message m;

    if (take(LABEL_EXCEPTION, &m)) {
        CHECK_EQ(m.w[0], vector);
        CHECK_EQ(m.w[1], 0);
        CHECK_EQ(m.w[2], rip);
    }
    if (vector != 3) { /* go on behind it: all of them are followed by RET */
        static const uint8_t length[14] = {[0] = 2, [6] = 2, [13] = 1};

        MUST(l4_do(w->thread, THREAD_GET_REGS, 0, 0, 0, 0));
        r->rip += rip == (uint64_t)fault_read_site ? 3 : length[vector];
        MUST(l4_do(w->thread, THREAD_SET_REGS, 0, 0, 0, 0));
    }
    answer();
    worker_wait(w);
    worker_destroy(w);
}

static void exceptions(void)
{
    take_exception(divide, 0, (uint64_t)fault_divide_site);
    take_exception(breakpoint, 3, (uint64_t)fault_breakpoint_after);
    take_exception(invalid, 6, (uint64_t)fault_invalid_site);
    take_exception(protection, 13, (uint64_t)fault_protection_site);
    take_exception(read_it, 13, (uint64_t)fault_read_site); /* a non-canonical address */
}

/* The thread stops, alone (the root task would end the system); resumed after the cause is gone it
 * goes on. */
static void no_handler(void)
{
    uint64_t words[MESSAGE_REGISTERS] = {0};
    struct worker *w, *other;

    child_create();
    w = worker_create(0, SLOT_CHILD, 40);
    other = worker_create(1, SLOT_CHILD, 40);
    w->arg[0] = HOLE;
    worker_run(w, read_it);
    CHECK(!w->done);
    CHECK_STATUS(l4_invoke(w->thread, THREAD_STOP, words), OK);
    CHECK_EQ(words[0], 0);
    other->arg[0] = (uint64_t)shared;
    worker_run(other, read_it);
    CHECK(worker_wait(other));
    MUST(map_memory(SLOT_CHILD, HOLE, PAGE_SIZE, PROT_R));
    CHECK_STATUS(l4_do(w->thread, THREAD_RESUME, 0, 0, 0, 0), OK);
    CHECK(worker_wait(w));
    worker_destroy(w);
    worker_destroy(other);
    child_destroy();
}

/* A handler that is gone, or the thread itself, is none; its gate may go while it is set. */
static void bad_handlers(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 40), *h = worker_create(1, CAP_TASK, 40);

    CHECK_STATUS(l4_do(w->thread, THREAD_HANDLER, 999, 0, 0, 0), ERR_NO_CAP);
    CHECK_STATUS(l4_do(w->thread, THREAD_HANDLER, CAP_TASK, 0, 0, 0), ERR_NO_CAP);
    MUST(l4_do(w->thread, THREAD_HANDLER, w->gate, 0, 0, 0));
    w->arg[0] = HOLE;
    worker_run(w, read_it);
    CHECK(!w->done);
    MUST(l4_do(w->thread, THREAD_HANDLER, h->gate, 0, 0, 0));
    worker_destroy(h);
    CHECK_STATUS(l4_do(w->thread, THREAD_RESUME, 0, 0, 0, 0), OK);
    CHECK(!w->done);
    worker_destroy(w);
}

/* Serves page faults of others, and itself has one doing so. */
static void pager(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    for (;;) {
        l4_ipc(&m);
        if (m.carry || m.tag >> TAG_LABEL_SHIFT != LABEL_PAGE_FAULT)
            return;
        w->result[0]++;
        (void)fault_read(HOLE + 0x10000 * w->result[0]); /* its own handler is the first thread */
        CHECK_STATUS(map_memory(CAP_TASK, m.w[0] & -(uint64_t)PAGE_SIZE, PAGE_SIZE, PROT_R), OK);
        m.tag = l4_tag(OP_REPLY_WAIT, 0, 0, 0, 0);
    }
}

static void fault_in_the_pager(void)
{
    struct worker *p = worker_create(1, CAP_TASK, 40), *w = worker_create(0, CAP_TASK, 40);
    uint64_t at = HOLE + 0x10000;

    MUST(l4_do(p->thread, THREAD_HANDLER, SLOT_ROOT_GATE, 0, 0, 0));
    MUST(l4_do(w->thread, THREAD_HANDLER, p->gate, 0, 0, 0));
    worker_run(p, pager);
    w->arg[0] = HOLE;
    worker_run(w, read_it);
    take_page_fault(at, PROT_R, (uint64_t)fault_read_site, false);
    MUST(map_memory(CAP_TASK, at, PAGE_SIZE, PROT_R));
    answer();
    CHECK(worker_wait(w));
    CHECK_EQ(p->result[0], 1);
    worker_destroy(w);
    worker_destroy(p);
    MUST(unmap_memory(CAP_TASK, HOLE, PAGE_SIZE));
    MUST(unmap_memory(CAP_TASK, at, PAGE_SIZE));
}

const struct test fault_tests[] = {
    {"fault: page faults", page_faults},
    {"fault: again, and led elsewhere", again},
    {"fault: kernel addresses", kernel_addresses},
    {"fault: execution of data", no_execution},
    {"fault: exceptions", exceptions},
    {"fault: no handler", no_handler},
    {"fault: bad handlers", bad_handlers},
    {"fault: in the pager", fault_in_the_pager},
    {NULL, NULL},
};
