/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities: copies, deletion, revocation, slots that make no sense. */
#include "bench/native/native.h"

#define SLOTS 65536

static enum status copy(unsigned task, uint64_t to, uint64_t from)
{
    return l4_do(task, TASK_CAP_COPY, to, from, 0, 0);
}

static enum status delete(unsigned task, uint64_t slot)
{
    return l4_do(task, TASK_CAP_DELETE, slot, 0, 0, 0);
}

static enum status revoke(unsigned task, uint64_t slot)
{
    return l4_do(task, TASK_CAP_REVOKE, slot, 0, 0, 0);
}

/* A slot of this task holds a task (this one, by what it can do), or nothing. */
static bool full(unsigned slot)
{
    uint64_t w[MESSAGE_REGISTERS] = {(uint64_t)shared};
    enum status s = l4_invoke(slot, TASK_REGION, w);

    CHECK(s == OK || s == ERR_NO_CAP);
    return s == OK;
}

static void bad_slots(void)
{
    static const uint64_t bad[] = {SLOTS, SLOTS + 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};

    CHECK_STATUS(copy(CAP_TASK, CAP_TASK, CAP_TASK), ERR_EXISTS);
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST, SLOT_TEST), ERR_NO_CAP);
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST, 0), ERR_NO_CAP);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK_STATUS(copy(CAP_TASK, bad[i], CAP_TASK), ERR_INVALID);
        CHECK_STATUS(copy(CAP_TASK, SLOT_TEST, bad[i]), ERR_NO_CAP);
        CHECK_STATUS(delete(CAP_TASK, bad[i]), OK);
        CHECK_STATUS(revoke(CAP_TASK, bad[i]), OK);
        CHECK_STATUS(l4_do(CAP_TASK, TASK_GATE, bad[i], CAP_THREAD, 0, 0), ERR_INVALID);
        CHECK_STATUS(l4_do(CAP_TASK, TASK_GATE, SLOT_TEST, bad[i], 0, 0), ERR_NO_CAP);
        CHECK_STATUS(l4_do(CAP_TASK, TASK_CREATE, bad[i], 0, 0, 0), ERR_INVALID);
    }
    CHECK_STATUS(l4_do(CAP_TASK, TASK_GATE, CAP_TASK, CAP_THREAD, 0, 0), ERR_EXISTS);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_GATE, SLOT_TEST, CAP_TASK, 0, 0), ERR_NO_CAP);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_TIMER, SLOT_TEST, CAP_SYSTEM, 0, 0), ERR_NO_CAP);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_THREAD, SLOT_TEST, 0, 64, 0), ERR_INVALID);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_THREAD, SLOT_TEST, UTCB_BASE, 1, 0), ERR_EXISTS);
    CHECK_STATUS(l4_do(CAP_TASK, TASK_THREAD, SLOT_TEST, 0x30000001, 1, 0), ERR_INVALID);
    CHECK(!full(SLOT_TEST));
    CHECK_STATUS(op(OP_CALL, SLOTS - 1, 0), ERR_NO_CAP);
    CHECK_STATUS(op(OP_SEND, CAP_SYSTEM, 0), ERR_NO_CAP);
}

/* The table grows, and what lies far up works as well. */
static void last_slot(void)
{
    struct worker *w = worker_create(0, CAP_TASK, 20);

    for (unsigned slot = 511; slot < SLOTS; slot = slot * 2 + 1) {
        CHECK_STATUS(copy(CAP_TASK, slot, CAP_TASK), OK);
        CHECK(full(slot));
        CHECK_STATUS(delete(CAP_TASK, slot), OK);
        CHECK(!full(slot));
    }
    worker_destroy(w);
}

/* 0 -> 1 -> 2, 1 -> 3, and 0 -> 4: copies of copies. */
static void make_tree(void)
{
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST, CAP_TASK), OK);
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST + 1, SLOT_TEST), OK);
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST + 2, SLOT_TEST + 1), OK);
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST + 3, SLOT_TEST + 1), OK);
    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST + 4, SLOT_TEST), OK);
}

/* Bit i: SLOT_TEST + i is full. */
static unsigned tree(void)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < 5; i++)
        bits |= (unsigned)full(SLOT_TEST + i) << i;
    return bits;
}

static void drop_tree(void)
{
    for (unsigned i = 0; i < 5; i++)
        CHECK_STATUS(delete(CAP_TASK, SLOT_TEST + i), OK);
    CHECK_EQ(tree(), 0);
}

static void revocation(void)
{
    make_tree();
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST + 2), OK);
    CHECK_EQ(tree(), 0x1f);
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST + 1), OK);
    CHECK_EQ(tree(), 0x13);
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST), OK);
    CHECK_EQ(tree(), 0x01);
    drop_tree();
    make_tree();
    CHECK_STATUS(delete(CAP_TASK, SLOT_TEST + 1), OK); /* its copies are now copies of 0 */
    CHECK_EQ(tree(), 0x1d);
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST), OK);
    CHECK_EQ(tree(), 0x01);
    drop_tree();
    make_tree();
    CHECK_STATUS(delete(CAP_TASK, SLOT_TEST), OK);
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST + 1), OK);
    CHECK_EQ(tree(), 0x12);
    drop_tree();
}

/* Revocation reaches into another task, and one that ended is no obstacle. */
static void revocation_across_tasks(void)
{
    make_tree();
    child_create();
    CHECK_STATUS(copy(SLOT_CHILD, 20, SLOT_TEST + 1), OK);
    CHECK_STATUS(copy(SLOT_CHILD, 20, SLOT_TEST + 1), ERR_EXISTS);
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST), OK);
    CHECK_EQ(tree(), 0x01);
    CHECK_STATUS(copy(SLOT_CHILD, 20, SLOT_TEST), OK); /* it is empty again */
    child_destroy();
    CHECK_STATUS(revoke(CAP_TASK, SLOT_TEST), OK);
    drop_tree();
}

static void nothing(struct worker *w)
{
    w->result[0] = (uint64_t)(int64_t)op(OP_CALL, (unsigned)w->arg[0], 0);
}

/* A gate that is taken away while a thread sends through it: the message arrives or fails, and
 * nothing else happens; the next call finds no capability. */
static void revoked_gate(void)
{
    struct worker *s = worker_create(0, CAP_TASK, 40), *c = worker_create(1, CAP_TASK, 40);

    CHECK_STATUS(copy(CAP_TASK, SLOT_TEST, s->gate), OK);
    c->arg[0] = SLOT_TEST;
    worker_run(c, nothing);
    CHECK_STATUS(revoke(CAP_TASK, s->gate), OK);
    CHECK_STATUS(op(OP_CALL, SLOT_TEST, 0), ERR_NO_CAP);
    worker_destroy(s);
    worker_wait(c);
    CHECK_STATUS(c->result[0], ERR_DEAD);
    worker_destroy(c);
}

const struct test cap_tests[] = {
    {"cap: bad slots", bad_slots},
    {"cap: last slots", last_slot},
    {"cap: revocation", revocation},
    {"cap: revocation across tasks", revocation_across_tasks},
    {"cap: revoked gate", revoked_gate},
    {NULL, NULL},
};
