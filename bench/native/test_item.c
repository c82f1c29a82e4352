/* SPDX-License-Identifier: BSD-2-Clause */
/* Items of messages: capabilities, mappings, grants; windows; recursive unmap. */
#include "bench/native/native.h"

#define SOURCE UINT64_C(0x20000000) /* in the sender */
#define WINDOW UINT64_C(0x30000000) /* in the receiver */
#define PAGES 8
#define WINDOW_SIZE (PAGES * PAGE_SIZE)
#define WINDOW_CAP 200

/* What a receiver is told to do, in w0; w1 the address, w2 the value. */
enum order { ORDER_NONE, ORDER_READ, ORDER_WRITE, ORDER_END };

/* Serves until ORDER_END. Reading answers the value in w0. */
static void receiver(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    for (;;) {
        l4_ipc(&m);
        if (m.carry)
            return;
        w->result[0] = m.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;
        w->result[1] = worker_utcb(w)->received_items;
        if (m.w[0] == ORDER_READ)
            m.w[0] = fault_read(m.w[1]);
        else if (m.w[0] == ORDER_WRITE)
            fault_write(m.w[1], m.w[2]);
        else if (m.w[0] == ORDER_END)
            return;
        m.tag = l4_tag(OP_REPLY_WAIT, 0, 0, 0, 0);
        m.label = 0;
    }
}

static struct worker *start(unsigned index, unsigned task, unsigned caps)
{
    struct worker *w = worker_create(index, task, 40);
    uint64_t utcb = (uint64_t)worker_utcb(w);
    struct utcb u = {.window_cap = WINDOW_CAP, .window_caps = caps, .window_base = WINDOW,
                     .window_size = WINDOW_SIZE};

    MUST(l4_do(task, TASK_COPY_OUT, utcb, (uint64_t)&u, offsetof(struct utcb, word), 0));
    worker_run(w, receiver);
    return w;
}

static void begin(void)
{
    child_create();
    MUST(map_memory(CAP_TASK, SOURCE, WINDOW_SIZE, PROT_R | PROT_W));
    for (unsigned i = 0; i < PAGES; i++)
        *(volatile uint64_t *)(SOURCE + i * PAGE_SIZE) = 0x5000 + i;
}

static void end(struct worker *w)
{
    worker_destroy(w);
    child_destroy();
    MUST(unmap_memory(CAP_TASK, SOURCE, WINDOW_SIZE));
}

static void put_cap(unsigned i, unsigned slot)
{
    root_utcb()->item[i] = (struct utcb_item){.kind = ITEM_CAP, .cap = slot};
}

static void put_map(unsigned i, unsigned kind, uint64_t address, uint64_t size, unsigned rights,
                    uint64_t offset)
{
    root_utcb()->item[i] = (struct utcb_item){.kind = (uint16_t)kind, .rights = (uint16_t)rights,
                                              .address = address, .size = size, .offset = offset};
}

/* Calls with `items` items of the first thread's UTCB and an order, limited in time: a receiver
 * that faults never answers. */
static enum status send(struct worker *w, unsigned items, enum order order, uint64_t address,
                        uint64_t *value)
{
    struct l4_message m = {
        .tag = l4_tag(OP_CALL, w->gate, 0, items, 0) | TAG_TIMEOUT,
        .w = {order, address, value ? *value : 0},
    };

    root_utcb()->send_timeout = 0;
    root_utcb()->receive_timeout = 20000;
    l4_ipc(&m);
    if (value && !m.carry)
        *value = m.w[0];
    return m.carry ? (enum status)m.tag : OK;
}

/* The child holds what this task calls `slot` there. */
static bool child_has(unsigned slot)
{
    enum status s = l4_do(SLOT_CHILD, TASK_CAP_COPY, slot, CAP_SYSTEM, 0, 0);

    if (s == OK)
        MUST(l4_do(SLOT_CHILD, TASK_CAP_DELETE, slot, 0, 0, 0));
    CHECK(s == OK || s == ERR_EXISTS);
    return s == ERR_EXISTS;
}

static void caps(void)
{
    struct worker *w;

    begin();
    w = start(0, SLOT_CHILD, 3);
    for (unsigned i = 0; i < 3; i++)
        put_cap(i, CAP_SYSTEM);
    CHECK_STATUS(send(w, 3, ORDER_NONE, 0, NULL), OK);
    CHECK_EQ(w->result[0], 3);
    CHECK_EQ(w->result[1], 3);
    CHECK(child_has(WINDOW_CAP) && child_has(WINDOW_CAP + 1) && child_has(WINDOW_CAP + 2));
    CHECK_STATUS(l4_do(CAP_TASK, TASK_CAP_REVOKE, CAP_SYSTEM, 0, 0, 0), OK);
    CHECK(!child_has(WINDOW_CAP) && !child_has(WINDOW_CAP + 1) && !child_has(WINDOW_CAP + 2));
    end(w);
}

static void caps_that_fail(void)
{
    struct worker *w;

    begin();
    w = start(0, SLOT_CHILD, 2);
    for (unsigned i = 0; i < 3; i++)
        put_cap(i, CAP_SYSTEM);
    CHECK_STATUS(send(w, 3, ORDER_NONE, 0, NULL), ERR_TRUNCATED);
    CHECK(!child_has(WINDOW_CAP) && !child_has(WINDOW_CAP + 1));
    put_cap(1, 999);
    CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), ERR_NO_CAP);
    CHECK(!child_has(WINDOW_CAP) && !child_has(WINDOW_CAP + 1));
    put_cap(1, UINT32_MAX);
    CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), ERR_NO_CAP);
    put_cap(1, CAP_TASK);
    MUST(l4_do(SLOT_CHILD, TASK_CAP_COPY, WINDOW_CAP + 1, CAP_SYSTEM, 0, 0));
    CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), ERR_EXISTS);
    CHECK(!child_has(WINDOW_CAP) && child_has(WINDOW_CAP + 1));
    root_utcb()->item[1].kind = 77;
    CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), ERR_INVALID);
    CHECK(!child_has(WINDOW_CAP));
    CHECK_STATUS(send(w, UTCB_ITEMS + 1, ORDER_NONE, 0, NULL), ERR_INVALID);
    CHECK_STATUS(send(w, 0, ORDER_NONE, 0, NULL), OK); /* it still waits */
    end(w);
}

static void maps(void)
{
    struct worker *w;
    uint64_t v = 0x1234;

    begin();
    w = start(0, SLOT_CHILD, 0);
    put_map(0, ITEM_MAP, SOURCE, PAGE_SIZE, PROT_R | PROT_W, 0);
    put_map(1, ITEM_MAP, SOURCE + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_R, 4 * PAGE_SIZE);
    CHECK_STATUS(send(w, 2, ORDER_WRITE, WINDOW + 8, &v), OK);
    CHECK_EQ(w->result[1], 2);
    CHECK_EQ(*(volatile uint64_t *)(SOURCE + 8), 0x1234); /* shared memory */
    CHECK_STATUS(send(w, 0, ORDER_READ, WINDOW, &v), OK);
    CHECK_EQ(v, 0x5000);
    CHECK_STATUS(send(w, 0, ORDER_READ, WINDOW + 5 * PAGE_SIZE, &v), OK);
    CHECK_EQ(v, 0x5003);
    *(volatile uint64_t *)(SOURCE + 3 * PAGE_SIZE) = 0x99;
    CHECK_STATUS(send(w, 0, ORDER_READ, WINDOW + 5 * PAGE_SIZE, &v), OK);
    CHECK_EQ(v, 0x99);
    CHECK_STATUS(l4_do(SLOT_CHILD, TASK_PROTECT, WINDOW + 4 * PAGE_SIZE, PAGE_SIZE,
                       PROT_R | PROT_W, 0), ERR_PROTECTION);
    CHECK_STATUS(send(w, 0, ORDER_WRITE, WINDOW + 5 * PAGE_SIZE, &v), ERR_TIMEOUT);
    end(w);
}

static void maps_that_fail(void)
{
    static const struct { uint64_t address, size, offset; enum status s; } bad[] = {
        {SOURCE, PAGE_SIZE, WINDOW_SIZE, ERR_TRUNCATED},
        {SOURCE, WINDOW_SIZE, PAGE_SIZE, ERR_TRUNCATED},
        {SOURCE, PAGE_SIZE, UINT64_MAX - PAGE_SIZE + 1, ERR_TRUNCATED},
        {SOURCE, UINT64_MAX - PAGE_SIZE + 1, PAGE_SIZE, ERR_TRUNCATED},
        {SOURCE, 0, 0, ERR_TRUNCATED},
        {SOURCE, 1, 0, ERR_INVALID},
        {SOURCE, PAGE_SIZE, 1, ERR_INVALID},
        {SOURCE + 1, PAGE_SIZE, 0, ERR_INVALID},
        {SOURCE - PAGE_SIZE, PAGE_SIZE, 0, ERR_ADDRESS},
        {SOURCE + WINDOW_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, 0, ERR_ADDRESS},
        {UINT64_MAX - PAGE_SIZE + 1, PAGE_SIZE, 0, ERR_INVALID},
        {0xffff800000000000, PAGE_SIZE, 0, ERR_INVALID},
        {0x00007ffffffff000, PAGE_SIZE, 0, ERR_INVALID},
    };
    struct worker *w;
    uint64_t words[MESSAGE_REGISTERS] = {0};

    begin();
    w = start(0, SLOT_CHILD, 0);
    put_map(0, ITEM_MAP, SOURCE, PAGE_SIZE, PROT_R, 7 * PAGE_SIZE);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        put_map(1, ITEM_MAP, bad[i].address, bad[i].size, PROT_R, bad[i].offset);
        if (!CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), bad[i].s))
            say("# map item %u\n", i);
    }
    put_map(1, ITEM_MAP, SOURCE, PAGE_SIZE, 0, 0);
    CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), ERR_PROTECTION);
    put_map(1, ITEM_MAP, SOURCE, PAGE_SIZE, PROT_R, 7 * PAGE_SIZE);
    CHECK_STATUS(send(w, 2, ORDER_NONE, 0, NULL), ERR_EXISTS);
    words[0] = WINDOW; /* nothing was left behind */
    if (l4_invoke(SLOT_CHILD, TASK_REGION, words) == OK)
        CHECK(words[0] >= WINDOW + WINDOW_SIZE);
    end(w);
}

static void grants(void)
{
    struct worker *w;
    uint64_t v = 0x77, words[MESSAGE_REGISTERS] = {SOURCE + PAGE_SIZE};

    begin();
    w = start(0, SLOT_CHILD, 0);
    put_map(0, ITEM_GRANT, SOURCE + PAGE_SIZE, PAGE_SIZE, PROT_R | PROT_W, 0);
    CHECK_STATUS(send(w, 1, ORDER_READ, WINDOW, &v), OK);
    CHECK_EQ(v, 0x5001);
    CHECK_STATUS(l4_invoke(CAP_TASK, TASK_REGION, words), OK);
    CHECK_EQ(words[0], SOURCE + 2 * PAGE_SIZE); /* it is gone here, and only that */
    CHECK_STATUS(send(w, 0, ORDER_WRITE, WINDOW, &v), OK);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_UNMAP_CHILDREN, SOURCE, WINDOW_SIZE, true, 0), OK);
    v = 0;
    CHECK_STATUS(send(w, 0, ORDER_READ, WINDOW, &v), OK); /* and no child of this task's */
    CHECK_EQ(v, 0x5001);
    end(w);
}

/* A grant can't be taken back, so it is the last item or the message does not go at all. */
static void grants_that_fail(void)
{
    uint64_t v = 0, here[MESSAGE_REGISTERS] = {SOURCE}, there[MESSAGE_REGISTERS] = {WINDOW};
    struct worker *w;

    begin();
    w = start(0, SLOT_CHILD, 2);
    put_cap(0, CAP_SYSTEM);
    put_map(1, ITEM_GRANT, SOURCE, PAGE_SIZE, PROT_R | PROT_W, 0);
    put_map(2, ITEM_MAP, SOURCE + PAGE_SIZE, PAGE_SIZE, PROT_R, PAGE_SIZE);
    CHECK_STATUS(send(w, 3, ORDER_NONE, 0, NULL), ERR_INVALID);
    put_map(2, ITEM_GRANT, SOURCE + PAGE_SIZE, PAGE_SIZE, PROT_R, PAGE_SIZE);
    CHECK_STATUS(send(w, 3, ORDER_NONE, 0, NULL), ERR_INVALID);
    CHECK(!child_has(WINDOW_CAP));
    if (l4_invoke(SLOT_CHILD, TASK_REGION, there) == OK) /* nothing arrived */
        CHECK(there[0] >= WINDOW + WINDOW_SIZE);
    CHECK_STATUS(l4_invoke(CAP_TASK, TASK_REGION, here), OK);
    CHECK_EQ(here[0], SOURCE); /* nor is anything gone */
    put_map(1, ITEM_MAP, SOURCE + PAGE_SIZE, PAGE_SIZE, PROT_R, PAGE_SIZE);
    put_map(2, ITEM_GRANT, SOURCE, PAGE_SIZE, PROT_R | PROT_W, 0);
    CHECK_STATUS(send(w, 3, ORDER_READ, WINDOW, &v), OK);
    CHECK_EQ(v, 0x5000);
    CHECK_EQ(w->result[1], 3);
    CHECK(child_has(WINDOW_CAP));
    here[0] = SOURCE;
    CHECK_STATUS(l4_invoke(CAP_TASK, TASK_REGION, here), OK);
    CHECK_EQ(here[0], SOURCE + PAGE_SIZE);
    end(w);
}

/* A receiver of the second level: maps on what it has to a third worker, then serves. */
static void forwarder(struct worker *w)
{
    struct utcb *u = worker_utcb(w);
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    l4_ipc(&m);
    m.tag = l4_tag(OP_REPLY, 0, 0, 0, 0);
    l4_ipc(&m);
    u->item[0] = (struct utcb_item){.kind = ITEM_MAP, .rights = PROT_R | PROT_W,
                                    .address = WINDOW, .size = 2 * PAGE_SIZE, .offset = 0};
    m = (struct l4_message){.tag = l4_tag(OP_SEND, (unsigned)w->arg[0], 0, 1, 0)};
    l4_ipc(&m);
    CHECK(!m.carry);
    receiver(w);
}

/* This task maps to the child, the child to a third task; then one page is taken back, not the
 * other. */
static void recursive_unmap(void)
{
    struct worker *second, *third;
    unsigned grandchild = SLOT_TEST;
    uint64_t v = 0;

    begin();
    MUST(l4_do(CAP_TASK, TASK_FORK, grandchild, 0, 0, 0));
    third = start(1, grandchild, 0);
    second = start(0, SLOT_CHILD, 0);
    second->arg[0] = third->gate;
    give(third->gate);
    worker_run(second, forwarder);
    put_map(0, ITEM_MAP, SOURCE, 2 * PAGE_SIZE, PROT_R | PROT_W, 0);
    CHECK_STATUS(send(second, 1, ORDER_NONE, 0, NULL), OK);
    CHECK_STATUS(send(third, 0, ORDER_READ, WINDOW, &v), OK);
    CHECK_EQ(v, 0x5000);
    CHECK_STATUS(send(third, 0, ORDER_READ, WINDOW + PAGE_SIZE, &v), OK);
    CHECK_EQ(v, 0x5001);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_UNMAP_CHILDREN, SOURCE, PAGE_SIZE, false, 0), OK);
    CHECK_EQ(*(volatile uint64_t *)SOURCE, 0x5000);
    CHECK_STATUS(send(third, 0, ORDER_READ, WINDOW + PAGE_SIZE, &v), OK);
    CHECK_STATUS(send(second, 0, ORDER_READ, WINDOW + PAGE_SIZE, &v), OK);
    CHECK_EQ(v, 0x5001);
    CHECK_STATUS(send(third, 0, ORDER_READ, WINDOW, &v), ERR_TIMEOUT);
    CHECK_STATUS(send(second, 0, ORDER_READ, WINDOW, &v), ERR_TIMEOUT);
    worker_destroy(third);
    MUST(l4_do(grandchild, TASK_DESTROY, 0, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, grandchild, 0, 0, 0));
    end(second);
}

static void middle_goes(void)
{
    struct worker *second, *third;
    unsigned grandchild = SLOT_TEST;
    uint64_t v = 0;

    begin();
    MUST(l4_do(CAP_TASK, TASK_FORK, grandchild, 0, 0, 0));
    third = start(1, grandchild, 0);
    second = start(0, SLOT_CHILD, 0);
    second->arg[0] = third->gate;
    give(third->gate);
    worker_run(second, forwarder);
    put_map(0, ITEM_MAP, SOURCE, 2 * PAGE_SIZE, PROT_R | PROT_W, 0);
    CHECK_STATUS(send(second, 1, ORDER_NONE, 0, NULL), OK);
    CHECK_STATUS(send(third, 0, ORDER_READ, WINDOW, &v), OK);
    end(second);
    CHECK_STATUS(send(third, 0, ORDER_READ, WINDOW, &v), ERR_TIMEOUT);
    worker_destroy(third);
    MUST(l4_do(grandchild, TASK_DESTROY, 0, 0, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, grandchild, 0, 0, 0));
}

/* Nothing of it stays behind. */
static void without_loss(void)
{
    uint64_t before;

    caps();
    maps();
    maps_that_fail();
    grants();
    grants_that_fail();
    recursive_unmap();
    before = memory_free();
    caps();
    caps_that_fail();
    maps();
    maps_that_fail();
    grants();
    grants_that_fail();
    recursive_unmap();
    middle_goes();
    CHECK_EQ(memory_free(), before);
}

const struct test item_tests[] = {
    {"item: capabilities", caps},
    {"item: capabilities that fail", caps_that_fail},
    {"item: maps", maps},
    {"item: maps that fail", maps_that_fail},
    {"item: grants", grants},
    {"item: grants that fail", grants_that_fail},
    {"item: recursive unmap", recursive_unmap},
    {"item: unmap by the end of a task", middle_goes},
    {"item: no memory lost", without_loss},
    {NULL, NULL},
};
