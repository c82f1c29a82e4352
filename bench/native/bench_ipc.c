/* SPDX-License-Identifier: BSD-2-Clause */
/* IPC one way: call and reply between two threads, in one address space and in two, on the fast
 * path and kept off it. Both threads have FS and GS bases of their own.
 *
 * Each number of words has a region of its own, in which the client calls ITERATIONS times; the
 * harness finds call and reply as the kernel's bursts between the sites (bench/README.md).
 * Messages of more than six words always take the slow path; the cases called _slow ask for
 * timeouts, which are never. */
#include "bench/native/bench_sites.h"
#include "bench/native/native.h"
#include "l4k/abi/guest_log.h"

#define ITERATIONS 500
#define WARM_UP 10
#define PRIORITY 40

static const unsigned words[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 63};

struct bench_case {
    const char *name;
    bool inter, slow;
};

static const struct bench_case cases[] = {
    {"inter_as", true, false},
    {"intra_as", false, false},
    {"inter_as", true, true},
    {"intra_as", false, true},
};

_Static_assert(ARRAY_SIZE(words) * ARRAY_SIZE(cases) <= BENCH_REGIONS, "each has its markers");

static void nothing(void)
{
}

/* arg: tag. */
static void server(struct worker *w)
{
    worker_utcb(w)->receive_timeout = NO_TIMEOUT;
    bench_server(w->arg[0]);
}

/* Words come back as they went, and the extra ones arrive. */
static void verify(struct worker *w, unsigned n, uint64_t tag)
{
    struct utcb *u = worker_utcb(w);
    struct l4_message m = {.tag = tag};
    uint64_t seed = tag + n;

    for (unsigned i = 0; i < UTCB_WORDS; i++)
        u->word[i] = random_next(&seed);
    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
        m.w[i] = random_next(&seed);
    l4_ipc(&m);
    CHECK_EQ(m.tag, BENCH_LABEL);
    CHECK_EQ(m.carry, n > MESSAGE_REGISTERS);
    seed = tag + n;
    for (unsigned i = 0; i < UTCB_WORDS; i++)
        CHECK_EQ(u->word[i], random_next(&seed));
    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
        CHECK_EQ(m.w[i], random_next(&seed));
}

/* arg: tag, region, words. */
static void client(struct worker *w)
{
    uint64_t region = w->arg[1];

    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = NO_TIMEOUT;
    verify(w, (unsigned)w->arg[2], w->arg[0]);
    bench_client(w->arg[0], WARM_UP, nothing, nothing);
    bench_client(w->arg[0], ITERATIONS,
                 (void (*)(void))(bench_open + region * BENCH_MARKER_SIZE),
                 (void (*)(void))(bench_close + region * BENCH_MARKER_SIZE));
    verify(w, (unsigned)w->arg[2], w->arg[0]);
    check_bases(w);
}

/* The words that the server has in its UTCB are those of the client. */
static void compare_utcbs(struct worker *c, struct worker *s, unsigned task, unsigned n)
{
    static uint64_t got[UTCB_WORDS];
    unsigned extra = n > MESSAGE_REGISTERS ? n - MESSAGE_REGISTERS : 0;

    MUST(l4_do(task, TASK_COPY_IN, (uint64_t)worker_utcb(s)->word, (uint64_t)got, sizeof(got), 0));
    for (unsigned i = 0; i < UTCB_WORDS; i++)
        CHECK_EQ(got[i], i < extra ? worker_utcb(c)->word[i] : 0);
}

static void describe(const struct bench_case *c, const char *leg, unsigned n, unsigned region,
                     const char *from, const char *to)
{
    say(LOG_RESULT "{\"ipc\": \"%s_%s%s\", \"words\": %u, \"region\": %u, \"iterations\": %u, "
        "\"from\": \"%p\", \"to\": \"%p\"}\n", c->name, leg, c->slow ? "_slow" : "", n,
        BENCH_REGION_FIRST + region, ITERATIONS, (const void *)from, (const void *)to);
}

static void run(const struct bench_case *bench, unsigned n, unsigned region)
{
    unsigned task = bench->inter ? SLOT_CHILD : CAP_TASK;
    uint64_t flags = bench->slow ? TAG_TIMEOUT : 0;
    struct worker *s, *c;

    if (bench->inter)
        child_create();
    s = worker_create(0, task, PRIORITY);
    c = worker_create(1, CAP_TASK, PRIORITY);
    s->arg[0] = l4_tag(OP_REPLY_WAIT, 0, n, 0, 0) | flags;
    c->arg[0] = l4_tag(OP_CALL, s->gate, n, 0, 0) | flags;
    c->arg[1] = region;
    c->arg[2] = n;
    worker_run(s, server);
    worker_run(c, client);
    worker_wait(c);
    compare_utcbs(c, s, task, n);
    worker_destroy(c);
    worker_destroy(s);
    if (bench->inter)
        child_destroy();
    describe(bench, "call", n, region, bench_call_site, bench_reply_return);
    describe(bench, "reply", n, region, bench_reply_site, bench_call_return);
}

void bench_ipc(void)
{
    say(LOG_BEGIN "native\n");
    for (unsigned c = 0; c < ARRAY_SIZE(cases); c++)
        for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
            run(&cases[c], words[i], c * ARRAY_SIZE(words) + i);
    if (shared->failure[0])
        say(LOG_ASSERT "%s\n", shared->failure);
    say(LOG_END "native status=%d\n", shared->failure[0] != 0);
}
