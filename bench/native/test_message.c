/* SPDX-License-Identifier: BSD-2-Clause */
/* Every word of every message, both ways, in all combinations of how it is sent, awaited and
 * answered: fast and slow, open and closed, receiver first and sender first, one address space
 * and two.
 *
 * Client and server run the same loop over the number of words and draw what they send and expect
 * from the same random sequence. All registers are checked: what the ABI keeps, what it clears, and
 * that nothing of the partner's shows. */
#include "bench/native/native.h"

#define SECRET 0x5ec2e70000000000 /* upper part of what no partner may see */
#define CLIENT 0xc
#define SERVER 0x5
#define UNTOUCHED 0x0badc0de00000000
#define REPLY_FACTOR 37 /* n words sent, n * 37 % 64 words answered: all numbers occur */

/* CF PF AF ZF SF DF OF, AC, ID. */
#define FLAGS_KEPT 0x240cd4
#define FLAG_CARRY 1

enum send_kind { CALL, CALL_TIMED, SEND, SEND_TIMED, SEND_KINDS };
static const char *const send_names[] = {"call", "call, timed", "send", "send, timed"};

enum wait_kind { OPEN, OPEN_TIMED, CLOSED, CLOSED_TIMED, WAIT_KINDS };

/* How a server answers: at once with its wait, or first; the wait is then of its kind. */
enum answer_kind { REPLY_WAIT, REPLY_WAIT_TIMED, REPLY, REPLY_TO, ANSWER_KINDS };

/* Of client and server: who waits for whom. */
static const uint8_t priorities[][2] = {{40, 41}, {40, 40}, {41, 40}};

struct plan {
    enum send_kind send;
    enum wait_kind wait;
    enum answer_kind answer;
    unsigned gate, client; /* slots */
    uint64_t badge, seed;
};

static struct plan *plan(void)
{
    return (struct plan *)shared->data;
}

static uint64_t seed_of(unsigned n, bool reply)
{
    return plan()->seed + n * 2 + reply;
}

static unsigned reply_words(unsigned n)
{
    return n * REPLY_FACTOR % (MESSAGE_WORDS_MAX + 1);
}

static unsigned extra_words(unsigned n)
{
    return n > MESSAGE_REGISTERS ? n - MESSAGE_REGISTERS : 0;
}

/* Random words in the registers and the first of the UTCB; a mark in the rest. */
static void put_message(struct raw_regs *r, struct utcb *u, unsigned n, uint64_t seed)
{
    r->rdi = random_next(&seed);
    r->rsi = random_next(&seed);
    r->rdx = random_next(&seed);
    r->r10 = random_next(&seed);
    r->r8 = random_next(&seed);
    r->r9 = random_next(&seed);
    for (unsigned i = 0; i < UTCB_WORDS; i++)
        u->word[i] = i < extra_words(n) ? random_next(&seed) : (SECRET | 0x1000 | i);
}

static void check_registers(const struct raw_regs *r, uint64_t seed)
{
    CHECK_EQ(r->rdi, random_next(&seed));
    CHECK_EQ(r->rsi, random_next(&seed));
    CHECK_EQ(r->rdx, random_next(&seed));
    CHECK_EQ(r->r10, random_next(&seed));
    CHECK_EQ(r->r8, random_next(&seed));
    CHECK_EQ(r->r9, random_next(&seed));
}

static void mark_utcb(struct utcb *u)
{
    for (unsigned i = 0; i < UTCB_WORDS; i++)
        u->word[i] = UNTOUCHED | i;
}

/* A message of `n` words has come into a UTCB whose further words were `mark`. */
static void check_message(const struct raw_regs *r, const struct utcb *u, unsigned n, uint64_t seed,
                          uint64_t mark)
{
    check_registers(r, seed);
    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
        random_next(&seed);
    for (unsigned i = 0; i < UTCB_WORDS; i++)
        CHECK_EQ(u->word[i], i < extra_words(n) ? random_next(&seed) : (mark | i));
}

/* Registers that are no message, and flags. `who` tells the two sides apart. */
static void put_rest(struct raw_regs *r, uint64_t who, unsigned n)
{
    r->rbx = SECRET | who << 8 | 1;
    r->rbp = SECRET | who << 8 | 2;
    r->r12 = SECRET | who << 8 | 3;
    r->r13 = SECRET | who << 8 | 4;
    r->r14 = SECRET | who << 8 | 5;
    r->r15 = SECRET | who << 8 | 6;
    r->rflags = 0x202 | (FLAGS_KEPT & ((n & 1 ? 0x200cd4 : 0) | (n & 2 ? 0x40400 : 0) |
                                       (n & 4 ? 0x54 : 0)));
}

/* rcx and r11 are lost; they hold nothing of the partner. */
static void check_lost(const struct raw_regs *r, uint64_t partner)
{
    CHECK((r->rcx & ~UINT64_C(0xff)) != (SECRET | partner << 8));
    CHECK((r->r11 & ~UINT64_C(0xff)) != (SECRET | partner << 8));
}

static void check_kept(const struct raw_regs *now, const struct raw_regs *before,
                       uint64_t partner)
{
    CHECK_EQ(now->rbx, before->rbx);
    CHECK_EQ(now->rbp, before->rbp);
    CHECK_EQ(now->r12, before->r12);
    CHECK_EQ(now->r13, before->r13);
    CHECK_EQ(now->r14, before->r14);
    CHECK_EQ(now->r15, before->r15);
    CHECK_EQ(now->rflags & FLAGS_KEPT, before->rflags & FLAGS_KEPT);
    check_lost(now, partner);
}

static uint64_t timed(bool yes)
{
    return yes ? TAG_TIMEOUT : 0;
}

static uint32_t label_of(unsigned n, bool reply)
{
    uint64_t seed = seed_of(n, reply) ^ 0x1abe1;

    return (uint32_t)random_next(&seed);
}

static uint64_t send_tag(unsigned n)
{
    unsigned operation = plan()->send < SEND ? OP_CALL : OP_SEND;

    return l4_tag(operation, plan()->gate, n, 0, label_of(n, false)) |
           timed(plan()->send == CALL_TIMED || plan()->send == SEND_TIMED);
}

static void check_reply(const struct raw_regs *r, struct utcb *u, unsigned n)
{
    unsigned answered = reply_words(n), extra = extra_words(answered);

    CHECK_EQ(r->rax, (uint64_t)label_of(n, true) << 32 | n);
    check_message(r, u, answered, seed_of(n, true), SECRET | 0x1000);
    CHECK_EQ(r->rflags & FLAG_CARRY, extra != 0);
    if (extra) {
        CHECK_EQ(u->status, OK);
        CHECK_EQ(u->tag >> TAG_WORDS_SHIFT & TAG_WORDS_MASK, extra);
        CHECK_EQ(u->tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK, 0);
    } else {
        CHECK_EQ(u->status, 0x77);
    }
}

/* A reply that is shorter leaves what was sent in the words beyond it. */
static void restore_mark(struct utcb *u, unsigned sent, unsigned answered)
{
    uint64_t seed = seed_of(sent, false);

    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
        random_next(&seed);
    for (unsigned i = 0; i < extra_words(sent); i++) {
        uint64_t word = random_next(&seed);

        if (i < extra_words(answered))
            continue;
        CHECK_EQ(u->word[i], word);
        u->word[i] = SECRET | 0x1000 | i;
    }
}

static void send_one(struct worker *w, unsigned n)
{
    struct utcb *u = worker_utcb(w);
    struct raw_regs r, before;

    put_message(&r, u, n, seed_of(n, false));
    put_rest(&r, CLIENT, n);
    r.rax = send_tag(n);
    before = r;
    u->status = 0x77;
    raw_syscall(&r);
    check_kept(&r, &before, SERVER);
    check_bases(w);
    if (plan()->send < SEND) {
        restore_mark(u, n, reply_words(n));
        check_reply(&r, u, n);
        return;
    }
    CHECK_STATUS(r.rax, OK);
    CHECK_EQ(r.rflags & FLAG_CARRY, 0);
    check_message(&r, u, n, seed_of(n, false), SECRET | 0x1000);
}

static void client(struct worker *w)
{
    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = NO_TIMEOUT;
    for (unsigned n = 0; n <= MESSAGE_WORDS_MAX && !shared->failure[0]; n++)
        send_one(w, n);
}

static uint64_t wait_tag(void)
{
    bool closed = plan()->wait >= CLOSED;

    return l4_tag(closed ? OP_RECEIVE_FROM : OP_RECEIVE, closed ? plan()->client : 0, 0, 0, 0) |
           timed(plan()->wait == OPEN_TIMED || plan()->wait == CLOSED_TIMED);
}

static void check_received(struct worker *w, const struct raw_regs *r, unsigned n,
                           const struct raw_regs *before)
{
    CHECK_EQ(r->rax, send_tag(n));
    CHECK_EQ(r->rbx, plan()->badge);
    CHECK_EQ(r->rbp | r->r12 | r->r13 | r->r14 | r->r15, 0);
    CHECK_EQ(r->rflags & FLAG_CARRY, 0);
    CHECK_EQ(r->rflags & FLAGS_KEPT, before->rflags & FLAGS_KEPT);
    check_lost(r, CLIENT);
    check_bases(w);
}

/* Waits for message `n` after the reply in `r`, of any kind. */
static void wait_for(struct worker *w, struct raw_regs *r, unsigned n, uint64_t mark)
{
    struct raw_regs before = *r;

    raw_syscall(r);
    check_received(w, r, n, &before);
    check_message(r, worker_utcb(w), n, seed_of(n, false), mark);
}

static void plain_wait(struct worker *w, unsigned n)
{
    struct raw_regs r = {.rax = wait_tag()};

    put_rest(&r, SERVER, n);
    mark_utcb(worker_utcb(w));
    wait_for(w, &r, n, UNTOUCHED);
}

/* Answers message `n` and goes on. */
static void plain_reply(struct worker *w, unsigned n)
{
    struct raw_regs r, before;

    put_message(&r, worker_utcb(w), reply_words(n), seed_of(n, true));
    put_rest(&r, SERVER, n);
    r.rbx = (uint64_t)label_of(n, true) << 32 | n;
    r.rax = plan()->answer == REPLY ? l4_tag(OP_REPLY, 0, reply_words(n), 0, 0)
                                    : l4_tag(OP_REPLY_TO, plan()->client, reply_words(n), 0, 0);
    before = r;
    raw_syscall(&r);
    CHECK_STATUS(r.rax, OK);
    CHECK_EQ(r.rflags & FLAG_CARRY, 0);
    check_kept(&r, &before, CLIENT);
    check_message(&r, worker_utcb(w), reply_words(n), seed_of(n, true), SECRET | 0x1000);
    check_bases(w);
}

/* Answers message n and waits for the next in one operation. */
static void reply_wait(struct worker *w, unsigned n)
{
    struct utcb *u = worker_utcb(w);
    struct raw_regs r;
    uint64_t seed = seed_of(n + 1, false), answer = seed_of(n, true);

    put_message(&r, u, reply_words(n), seed_of(n, true));
    put_rest(&r, SERVER, n);
    r.rbx = (uint64_t)label_of(n, true) << 32 | n;
    r.rax = l4_tag(OP_REPLY_WAIT, 0, reply_words(n), 0, 0) |
            timed(plan()->answer == REPLY_WAIT_TIMED);
    struct raw_regs before = r;

    raw_syscall(&r);
    check_received(w, &r, n + 1, &before);
    check_registers(&r, seed);
    for (unsigned i = 0; i < MESSAGE_REGISTERS; i++) {
        random_next(&seed);
        random_next(&answer);
    }
    for (unsigned i = 0; i < UTCB_WORDS; i++) {
        uint64_t kept = i < extra_words(reply_words(n)) ? random_next(&answer)
                                                        : (SECRET | 0x1000 | i);

        CHECK_EQ(u->word[i], i < extra_words(n + 1) ? random_next(&seed) : kept);
    }
}

static void server(struct worker *w)
{
    bool calls = plan()->send < SEND, combined = plan()->answer <= REPLY_WAIT_TIMED;

    worker_utcb(w)->send_timeout = worker_utcb(w)->receive_timeout = NO_TIMEOUT;
    for (unsigned n = 0; n <= MESSAGE_WORDS_MAX && !shared->failure[0]; n++) {
        if (n == 0 || !calls || !combined)
            plain_wait(w, n);
        if (calls && combined && n < MESSAGE_WORDS_MAX)
            reply_wait(w, n);
        else if (calls)
            plain_reply(w, n);
    }
}

/* REPLY is used to answer the last message, whatever the kind. */
static void combination(unsigned task, const uint8_t *priority)
{
    struct worker *s = worker_create(0, task, priority[1]);
    struct worker *c = worker_create(1, CAP_TASK, priority[0]);

    plan()->gate = s->gate;
    plan()->client = c->thread;
    plan()->badge = BADGE(s->index);
    plan()->seed += 1000;
    if (task != CAP_TASK)
        give(c->thread);
    worker_run(s, server);
    worker_run(c, client);
    worker_wait(c);
    worker_wait(s);
    worker_destroy(c);
    worker_destroy(s);
    if (task != CAP_TASK)
        MUST(l4_do(SLOT_CHILD, TASK_CAP_DELETE, c->thread, 0, 0, 0));
}

/* Tells which combination it was that failed. */
static void describe_failure(const uint8_t *priority)
{
    say("# %s, wait %d, answer %d, priorities %u %u\n", send_names[plan()->send], plan()->wait,
        plan()->answer, priority[0], priority[1]);
}

static void all_combinations(enum send_kind send, bool inter)
{
    if (inter)
        child_create();
    plan()->send = send;
    for (plan()->wait = 0; plan()->wait < WAIT_KINDS; plan()->wait++)
        for (plan()->answer = 0; plan()->answer < ANSWER_KINDS; plan()->answer++)
            for (unsigned p = 0; p < ARRAY_SIZE(priorities) && !shared->failure[0]; p++) {
                combination(inter ? SLOT_CHILD : CAP_TASK, priorities[p]);
                if (shared->failure[0])
                    describe_failure(priorities[p]);
            }
    if (inter)
        child_destroy();
}

#define CASE(kind, space, inter)                                                               \
    static void kind##_##space(void) { all_combinations(kind, inter); }

CASE(CALL, intra, false)
CASE(CALL, inter, true)
CASE(CALL_TIMED, intra, false)
CASE(CALL_TIMED, inter, true)
CASE(SEND, intra, false)
CASE(SEND, inter, true)
CASE(SEND_TIMED, intra, false)
CASE(SEND_TIMED, inter, true)

const struct test message_tests[] = {
    {"message: call, one address space", CALL_intra},
    {"message: call, two address spaces", CALL_inter},
    {"message: timed call, one address space", CALL_TIMED_intra},
    {"message: timed call, two address spaces", CALL_TIMED_inter},
    {"message: send, one address space", SEND_intra},
    {"message: send, two address spaces", SEND_inter},
    {"message: timed send, one address space", SEND_TIMED_intra},
    {"message: timed send, two address spaces", SEND_TIMED_inter},
    {NULL, NULL},
};
