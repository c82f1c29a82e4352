/* SPDX-License-Identifier: BSD-2-Clause */
/* Much of one thing: capabilities copied from one, threads on one page, threads of one task. What
 * is too much fails and leaves nothing behind. */
#include "bench/native/native.h"

#define LEAVES 10000
#define CHAIN 10
#define FIRST 1000 /* slots of the chain, and then of the leaves */
#define FIRST_LEAF (FIRST + CHAIN)
#define UTCBS UINT64_C(0x500000000)
#define WIRINGS 65535 /* of one page */
#define THREADS 3000

/* A slot of this task holds this task. */
static bool full(unsigned slot)
{
    uint64_t w[MESSAGE_REGISTERS] = {(uint64_t)shared};

    return l4_invoke(slot, TASK_REGION, w) == OK;
}

static unsigned leaves(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < LEAVES; i++)
        n += full(FIRST_LEAF + i);
    return n;
}

static enum status copy(unsigned to, unsigned from)
{
    return l4_do(CAP_TASK, TASK_CAP_COPY, to, from, 0, 0);
}

static enum status delete(unsigned slot)
{
    return l4_do(CAP_TASK, TASK_CAP_DELETE, slot, 0, 0, 0);
}

static enum status revoke(unsigned slot)
{
    return l4_do(CAP_TASK, TASK_CAP_REVOKE, slot, 0, 0, 0);
}

/* FIRST is a copy of this task's capability, each next of the chain one of the one before, and all
 * leaves are copies of the last. */
static void make_tree(void)
{
    for (unsigned i = 0; i < CHAIN; i++)
        MUST(copy(FIRST + i, i ? FIRST + i - 1 : CAP_TASK));
    for (unsigned i = 0; i < LEAVES; i++)
        MUST(copy(FIRST_LEAF + i, FIRST_LEAF - 1));
}

/* The chain goes from its end: each time all leaves become copies of the one before. */
static void leaves_move_up(void)
{
    make_tree();
    for (unsigned i = CHAIN; i-- > 1; ) {
        CHECK_STATUS(delete(FIRST + i), OK);
        CHECK(!full(FIRST + i));
    }
    CHECK_EQ(leaves(), LEAVES);
    CHECK_STATUS(delete(FIRST_LEAF + LEAVES / 2), OK); /* one of them, itself without copies */
    CHECK_EQ(leaves(), LEAVES - 1);
    CHECK_STATUS(revoke(FIRST), OK);
    CHECK_EQ(leaves(), 0);
    CHECK(full(FIRST) && full(CAP_TASK));
    CHECK_STATUS(delete(FIRST), OK);
}

/* The chain goes from its beginning; what is left of it still takes away its own copies. */
static void chain_from_the_top(void)
{
    make_tree();
    for (unsigned i = 0; i + 1 < CHAIN; i++)
        CHECK_STATUS(delete(FIRST + i), OK);
    CHECK_EQ(leaves(), LEAVES);
    CHECK_STATUS(revoke(FIRST_LEAF), OK); /* a leaf has no copies */
    CHECK_EQ(leaves(), LEAVES);
    CHECK_STATUS(revoke(FIRST_LEAF - 1), OK);
    CHECK_EQ(leaves(), 0);
    CHECK(full(FIRST_LEAF - 1) && full(CAP_TASK));
    CHECK_STATUS(delete(FIRST_LEAF - 1), OK);
}

/* What was copied from an original that is gone has nobody above it, and is deleted one by one. */
static void original_goes(void)
{
    MUST(l4_do(CAP_TASK, TASK_GATE, FIRST, CAP_THREAD, 0, 0));
    for (unsigned i = 0; i < LEAVES; i++)
        MUST(copy(FIRST_LEAF + i, FIRST));
    CHECK_STATUS(delete(FIRST), OK);
    CHECK_STATUS(revoke(FIRST), OK); /* the slot is empty */
    for (unsigned i = 0; i < LEAVES; i++) {
        if (i % 3 == 0)
            CHECK_STATUS(revoke(FIRST_LEAF + i), OK);
        CHECK_STATUS(copy(FIRST, FIRST_LEAF + i), OK); /* it was there */
        CHECK_STATUS(delete(i % 2 ? FIRST : FIRST_LEAF + i), OK);
        CHECK_STATUS(delete(i % 2 ? FIRST_LEAF + i : FIRST), OK);
    }
}

/* Memory comes back, too. */
static void trees(void)
{
    uint64_t before;

    leaves_move_up();
    chain_from_the_top();
    original_goes();
    before = memory_free();
    leaves_move_up();
    chain_from_the_top();
    original_goes();
    CHECK_EQ(memory_free(), before);
}

/* A thread of the child, with its UTCB at page `number` from UTCBS: the object's first page. */
static enum status thread_on_page(unsigned object, uint64_t number)
{
    uint64_t w[MESSAGE_REGISTERS] = {SLOT_TEST + 1, UTCBS + number * PAGE_SIZE, 1, object, 0, 0};
    enum status s = l4_invoke(SLOT_CHILD, TASK_THREAD, w);

    if (s == OK)
        MUST(delete(SLOT_TEST + 1));
    return s;
}

/* The end of the task gives everything back, and the page can be wired again. */
static void one_page_wired(void)
{
    uint64_t before = memory_free(), made = 0, w[MESSAGE_REGISTERS] = {0};
    enum status s;

    MUST(l4_do(CAP_TASK, TASK_OBJECT, SLOT_TEST, PAGE_SIZE, 0, 0));
    MUST(l4_do(CAP_TASK, TASK_CREATE, SLOT_CHILD, 0, 0, 0));
    while ((s = thread_on_page(SLOT_TEST, made)) == OK && made <= WIRINGS)
        made++;
    CHECK_STATUS(s, ERR_NO_MEMORY);
    CHECK_EQ(made, WIRINGS);
    CHECK_STATUS(thread_on_page(SLOT_TEST, made + 1), ERR_NO_MEMORY);
    w[0] = UTCBS + made * PAGE_SIZE; /* what failed is not mapped */
    CHECK_STATUS(l4_invoke(SLOT_CHILD, TASK_REGION, w), ERR_ADDRESS);
    child_destroy();
    MUST(l4_do(CAP_TASK, TASK_CREATE, SLOT_CHILD, 0, 0, 0));
    CHECK_STATUS(thread_on_page(SLOT_TEST, 0), OK);
    child_destroy();
    MUST(delete(SLOT_TEST));
    CHECK(memory_free() + 64 * PAGE_SIZE > before);
}

/* A task ends that has many threads; others had a gate to every second of them. */
static void many_threads(void)
{
    uint64_t before = 0;

    for (int round = 0; round < 2; round++) {
        before = memory_free();
        MUST(l4_do(CAP_TASK, TASK_CREATE, SLOT_CHILD, 0, 0, 0));
        for (unsigned i = 0; i < THREADS; i++) {
            MUST(l4_do(SLOT_CHILD, TASK_THREAD, SLOT_TEST, 0, 1, 0));
            if (i % 2) {
                MUST(l4_do(CAP_TASK, TASK_GATE, SLOT_TEST + 1, SLOT_TEST, i, 0));
                MUST(delete(SLOT_TEST + 1));
            }
            MUST(delete(SLOT_TEST));
        }
        child_destroy();
    }
    CHECK_EQ(memory_free(), before);
}

const struct test limit_tests[] = {
    {"limits: trees of capabilities", trees},
    {"limits: a page wired often", one_page_wired},
    {"limits: a task of many threads", many_threads},
    {NULL, NULL},
};
