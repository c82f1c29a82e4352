/* SPDX-License-Identifier: BSD-2-Clause */
/* Input that makes no sense: every operation and every label with wild arguments, and a storm of
 * random system calls from a task with few capabilities. The system must survive and work as
 * before. */
#include "bench/native/native.h"
#include "l4k/lib/string.h"

#define STORM 200000
#define STORM_OF_ONE 2000 /* calls of one task */
#define WARM_UP 16 /* tasks after which no more memory is to go */

/* None of them is in the memory that tasks share. */
static const uint64_t wild[] = {
    0, 1, 7, 0xfff, 0x1000, 0x10000, 0x400000, 0x7fffffff, 0xffffffff, 0x100000000,
    UTCB_BASE, 0x00007fffffffe000, 0x00007ffffffff000, 0x0000800000000000, 0xffff800000000000,
    0xffffc00000000000, 0xffffffff80100000, 0x8000000000000000, 0xfffffffffffff000,
    0xffffffffffffffff,
};

/* Slots of a worker of the child: its task, its thread, a gate to itself, a memory object, a timer,
 * an interrupt and a second task and thread. */
enum {
    OWN_TASK = 1,
    OWN_THREAD,
    OWN_SYSTEM,
    OWN_GATE,
    OWN_OBJECT,
    OWN_TIMER,
    OWN_INTERRUPT,
    OTHER_TASK,
    OTHER_THREAD,
    OTHER_GATE,
    OWN_SLOTS,
};

static void give_at(unsigned slot, unsigned from)
{
    MUST(l4_do(SLOT_CHILD, TASK_CAP_COPY, slot, from, 0, 0));
}

static void drop(unsigned slot)
{
    MUST(l4_do(CAP_TASK, TASK_CAP_DELETE, slot, 0, 0, 0));
}

/* Every label of every kind of object with wild arguments. Spares what ends
 * the worker, its task, the run, or litters its log. */
static bool ends_me(unsigned slot, uint32_t label)
{
    return (slot == OWN_TASK && label == TASK_DESTROY) ||
           (slot == OWN_THREAD && (label == THREAD_DESTROY || label == THREAD_STOP ||
                                   label == THREAD_SET_REGS || label == THREAD_LINUX)) ||
           (slot == OWN_SYSTEM && (label == SYSTEM_RESET || label == SYSTEM_CONSOLE_WRITE));
}

/* Calls that would take away what the worker stands on are made on the other task. */
static bool changes_map(uint32_t label)
{
    return label == TASK_MAP || label == TASK_UNMAP || label == TASK_PROTECT ||
           label == TASK_COPY_OUT || label == TASK_UNMAP_CHILDREN || label == TASK_CAP_DELETE ||
           label == TASK_CAP_REVOKE || label == TASK_COPY_STRING || label == TASK_COPY_IN ||
           label == TASK_CAS32;
}

static void call_wild(struct worker *w, unsigned slot, uint32_t label, uint64_t *seed)
{
    uint64_t words[MESSAGE_REGISTERS];

    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
        words[i] = wild[random_next(seed) % ARRAY_SIZE(wild)];
    if (slot == OTHER_TASK && (label == TASK_COPY_IN || label == TASK_COPY_STRING))
        words[1] = (uint64_t)w->stack; /* what it writes here is harmless */
    (void)!l4_invoke(slot, label, words);
    w->result[1]++;
}

static bool spared(unsigned slot, uint32_t label)
{
    return slot == OWN_GATE || slot == OTHER_GATE || ends_me(slot, label) ||
           (slot == OWN_TASK && changes_map(label)) ||
           (slot == OWN_THREAD && label == THREAD_PRIORITY) ||
           (slot == OTHER_THREAD && (label == THREAD_RESUME || label == THREAD_PRIORITY));
}

static void labels(struct worker *w)
{
    uint64_t seed = w->arg[0];

    for (unsigned round = 0; round < 200; round++)
        for (unsigned slot = OWN_TASK; slot < OWN_SLOTS; slot++)
            for (uint32_t label = 0; label < 28; label++)
                if (!spared(slot, label))
                    call_wild(w, slot, label, &seed);
}

/* A child task whose worker 0 runs `run` with these capabilities and a limit on memory. */
static struct worker *start(void (*run)(struct worker *), uint64_t seed)
{
    struct worker *w;

    MUST(l4_do(CAP_TASK, TASK_FORK, SLOT_CHILD, 0x1000000, 0, 0));
    w = worker_create(0, SLOT_CHILD, 20);
    give_at(OWN_TASK, SLOT_CHILD);
    give_at(OWN_THREAD, w->thread);
    if (run == labels) /* a storm would reset the machine */
        give_at(OWN_SYSTEM, CAP_SYSTEM);
    give_at(OWN_GATE, w->gate);
    MUST(l4_do(SLOT_CHILD, TASK_OBJECT, SLOT_TEST, 0x8000, 0, 0));
    give_at(OWN_OBJECT, SLOT_TEST);
    drop(SLOT_TEST);
    MUST(l4_do(SLOT_CHILD, TASK_TIMER, SLOT_TEST, w->thread, 5, 0));
    give_at(OWN_TIMER, SLOT_TEST);
    drop(SLOT_TEST);
    MUST(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, SLOT_TEST, 7, w->thread, 6));
    give_at(OWN_INTERRUPT, SLOT_TEST);
    drop(SLOT_TEST);
    MUST(l4_do(SLOT_CHILD, TASK_CREATE, SLOT_TEST, 0x100000, 0, 0));
    give_at(OTHER_TASK, SLOT_TEST);
    MUST(l4_do(SLOT_TEST, TASK_THREAD, SLOT_TEST + 1, UTCB_BASE, 10, 0));
    give_at(OTHER_THREAD, SLOT_TEST + 1);
    MUST(l4_do(SLOT_CHILD, TASK_GATE, SLOT_TEST + 2, SLOT_TEST + 1, 7, 0));
    give_at(OTHER_GATE, SLOT_TEST + 2);
    drop(SLOT_TEST + 2);
    w->arg[0] = seed;
    worker_run(w, run);
    return w;
}

static void stop(struct worker *w)
{
    worker_destroy(w);
    (void)!l4_do(SLOT_TEST, TASK_DESTROY, 0, 0, 0, 0);
    drop(SLOT_TEST);
    drop(SLOT_TEST + 1);
    child_destroy();
}

/* The worker makes its calls and ends; nothing of it is left. */
static void survives(void (*run)(struct worker *), uint64_t seed, bool to_its_end)
{
    struct worker *w = start(run, seed);

    for (unsigned i = 0; i < 20000 && !w->done && w->result[0] < STORM; i++)
        sleep_us(1000);
    CHECK(w->result[1] > 100);
    if (to_its_end)
        CHECK(w->done);
    stop(w);
}

static void echo(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    (void)w;
    l4_ipc(&m);
    m.tag = l4_tag(OP_REPLY, 0, 0, 0, 0);
    m.label = 77;
    l4_ipc(&m);
}

/* The system does what it should: a call to another task. */
static void still_works(void)
{
    struct worker *w;
    struct l4_message m;

    child_create();
    w = worker_create(0, SLOT_CHILD, 40);
    worker_run(w, echo);
    m = (struct l4_message){.tag = l4_tag(OP_CALL, w->gate, 0, 0, 0), .w = {1, 2, 3, 4, 5, 6}};
    l4_ipc(&m);
    CHECK(!m.carry);
    CHECK_EQ(m.tag, 77);
    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
        CHECK_EQ(m.w[i], i + 1);
    worker_wait(w);
    worker_destroy(w);
    child_destroy();
}

static void every_label(void)
{
    uint64_t before;

    survives(labels, 1, true);
    still_works();
    before = memory_free();
    survives(labels, 1, true);
    still_works();
    CHECK_EQ(memory_free(), before);
}

/* All operations with wild tags; all that wait have a timeout. */
static void tags(struct worker *w)
{
    struct utcb *u = worker_utcb(w);
    uint64_t seed = w->arg[0];

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t r = random_next(&seed);
        struct l4_message m = {.tag = (r & ~UINT64_C(0xffff)) | TAG_TIMEOUT | r % 16};
        unsigned operation = m.tag >> TAG_OP_SHIFT & 0xf;

        u->send_timeout = u->receive_timeout = 0;
        if (operation == OP_CALL && ends_me(m.tag & TAG_CAP_MASK, (uint32_t)(m.tag >> 32)))
            u->receive_timeout = 1;
        l4_ipc(&m);
        w->result[1]++;
    }
}

static void every_tag(void)
{
    for (uint64_t seed = 1; seed < 4; seed++)
        survives(tags, seed, true);
    still_works();
}

/* The storm: random operation, capability, label and arguments, items and windows. It may end its
 * own task, stop itself or unmap itself: the first thread then begins again with another seed. */
static uint64_t storm_word(uint64_t *seed)
{
    uint64_t word = random_next(seed);

    if ((word & 7) == 6)
        return 0x20000000 + (word >> 8 & 0xff000);
    return word & 1 ? wild[(word >> 8) % ARRAY_SIZE(wild)] : word >> 8 & 0x1f;
}

/* Mostly a sensible operation on a capability that is there, seldom anything. */
static uint64_t storm_tag(uint64_t *seed)
{
    uint64_t r = random_next(seed), label = r >> 32 & 31;
    unsigned slot = r & 7 ? (unsigned)(r >> 3 & 0xff) % (OWN_SLOTS + 2) : (unsigned)r & 0xffff;

    if ((ends_me(slot, (uint32_t)label) || (slot == OWN_TASK && changes_map((uint32_t)label))) &&
        r >> 40 & 0xff)
        slot = OTHER_TASK;
    return slot | TAG_TIMEOUT | label << TAG_LABEL_SHIFT | (r >> 48 & 7 ? 0 : r & 0xf0000000) |
           (r >> 52 & 7 ? 0 : r & 0x03ff0000);
}

static void storm_utcb(struct utcb *u, uint64_t *seed)
{
    uint64_t r = random_next(seed);

    u->send_timeout = u->receive_timeout = 0;
    u->window_cap = OWN_SLOTS + r % 8;
    u->window_caps = r >> 8 & 7;
    u->window_base = 0x20000000;
    u->window_size = 0x100000;
    for (unsigned i = 0; i < UTCB_ITEMS; i++) {
        r = random_next(seed);
        u->item[i] = (struct utcb_item){
            .kind = (uint16_t)(r % 5), .rights = (uint16_t)(r >> 8 & 15), .cap = r >> 12 & 15,
            .address = 0x20000000 + (r >> 16 & 0xff000), .size = (r >> 36 & 7) * PAGE_SIZE,
            .offset = r >> 40 & 0xff000};
    }
}

static void storm(struct worker *w)
{
    uint64_t seed = w->arg[0];

    for (;;) {
        struct l4_message m = {.tag = storm_tag(&seed), .label = seed};

        for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
            m.w[i] = storm_word(&seed);
        storm_utcb(worker_utcb(w), &seed);
        l4_ipc(&m);
        w->result[1]++;
    }
}

/* Until all calls are made. A worker that no longer counts has ended itself. */
static void storms(void)
{
    uint64_t made = 0, before = 0, seed;

    for (seed = 1; made < STORM && !shared->failure[0]; seed++) {
        struct worker *w = start(storm, seed);
        uint64_t last = 0;

        do {
            last = w->result[1];
            sleep_us(3000);
        } while (w->result[1] != last && w->result[1] < STORM_OF_ONE);
        made += w->result[1];
        stop(w);
        if (seed % 16 == 0)
            still_works();
        if (seed == WARM_UP)
            before = memory_free();
    }
    still_works();
    CHECK(before && memory_free() + 64 * PAGE_SIZE > before);
    say("# %lu calls of %lu tasks, %ld pages lost\n", (unsigned long)made, (unsigned long)seed - 1,
        (long)(before - memory_free()) / PAGE_SIZE);
}

const struct test bad_tests[] = {
    {"bad: every label of every object", every_label},
    {"bad: every operation", every_tag},
    {"bad: a storm of system calls", storms},
    {NULL, NULL},
};
