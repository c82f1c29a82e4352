/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of receivers and senders that wait: what ends a wait otherwise than as it was meant,
 * what is told then, and where the message is. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

/* With a right, which goes where the message is lost. */
struct message {
    struct mach_msg_header h;
    struct mach_arg right;
};

static struct message sent, got[2];
static struct worker *waiting[2];

static void begin(void)
{
    kinds_make();
    /* Written before anything is counted: the child has a copy of them. */
    memset(&sent, 0, sizeof(sent));
    memset(got, 0, sizeof(got));
    waiting[0] = waiting[1] = NULL;
}

static void wait_in_trap(struct worker *w)
{
    w->result[0] = mach_msg_trap((void *)w->arg[0], (uint32_t)w->arg[1], (uint32_t)w->arg[2],
                                 (uint32_t)w->arg[3], (name_t)w->arg[4], (uint32_t)w->arg[5],
                                 kinds.send);
}

/* A thread of this task in a mach_msg that waits; its options say whether it sends or receives. */
static void begin_wait(unsigned i, uint32_t option, void *msg, uint32_t size, name_t name,
                       uint32_t timeout)
{
    struct worker *w = waiting[i] = worker_create(i, task_self);

    w->arg[0] = (uint64_t)msg;
    w->arg[1] = option;
    w->arg[2] = w->arg[3] = size;
    w->arg[4] = name;
    w->arg[5] = timeout;
    worker_run(w, wait_in_trap);
    sleep_ms(1);
    if (!(option & (MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT)))
        CHECK(!w->done);
}

/* What the wait ended with. */
static uint32_t end_wait(unsigned i)
{
    worker_wait(waiting[i]);
    worker_end(waiting[i]);
    return (uint32_t)waiting[i]->result[0];
}

static void begin_receive(unsigned i, uint32_t option, void *msg, uint32_t room, name_t name)
{
    begin_wait(i, MACH_RCV_MSG | option, msg, room, name, 0);
}

static void send_long(void)
{
    header(&sent.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, 0, 0);
    sent.h.bits |= MACH_MSGH_BITS_COMPLEX;
    *(uint64_t *)&sent.right.type = MACH_TYPE_PORT(MACH_MSG_TYPE_COPY_SEND);
    sent.right.value = kinds.send;
    MUST(send_message(&sent, sizeof(sent), 0));
}

/* The message stayed in the queue; now it goes, with its right. */
static void take_long(void)
{
    CHECK_EQ(receive_message(&sent, sizeof(sent), kinds.both, 0), MACH_MSG_SUCCESS);
    CHECK_EQ(sent.right.value, kinds.send);
    MUST(port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -1));
}

static uint32_t lost(void *msg, uint32_t room)
{
    uint32_t kr;

    begin_receive(0, 0, msg, room, kinds.both);
    send_long();
    kr = end_wait(0);
    CHECK_EQ(receive_message(&sent, sizeof(sent), kinds.both, 0), MACH_RCV_TIMED_OUT);
    return kr;
}

static uint32_t left(void *msg, uint32_t room)
{
    uint32_t kr;

    begin_receive(0, MACH_RCV_LARGE, msg, room, kinds.both);
    send_long();
    kr = end_wait(0);
    take_long();
    return kr;
}

/* The first who waits has no room, the second gets the message. */
static uint32_t left_to_next(void)
{
    begin_receive(0, MACH_RCV_LARGE, &got[0], sizeof(got[0].h), kinds.both);
    begin_receive(1, MACH_RCV_LARGE, &got[1], sizeof(got[1]), kinds.both);
    send_long();
    CHECK_EQ(end_wait(1), MACH_MSG_SUCCESS);
    CHECK_EQ(got[1].right.value, kinds.send);
    MUST(port_mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -1));
    return end_wait(0);
}

static void too_large(void)
{
    begin();
    REFUSES(MACH_RCV_TOO_LARGE, left(&got[0], sizeof(got[0].h)));
    CHECK_EQ(got[0].h.size, sizeof(sent));
    REFUSES(MACH_RCV_INVALID_DATA, left(NULL, sizeof(got[0].h)));
    REFUSES(MACH_RCV_TOO_LARGE, left_to_next());
    got[0].h.size = 0;
    REFUSES(MACH_RCV_TOO_LARGE, lost(&got[0], sizeof(got[0].h)));
    CHECK_EQ(got[0].h.size, sizeof(sent));
    REFUSES(MACH_RCV_TOO_LARGE, lost(&got[0], 0));
    REFUSES(MACH_RCV_INVALID_DATA, lost(NULL, sizeof(got[0].h)));
    kinds_free();
}

static uint32_t move_member(name_t port, name_t set)
{
    struct call c;

    call_begin(&c);
    put_name(&c, port);
    put_name(&c, set);
    return call(&c, task_self, RPC_PORT_MOVE_MEMBER);
}

/* Too large for who waits for the set: as it is sent to a member, and as its port becomes one. */
static uint32_t left_by_set(bool member)
{
    uint32_t kr;

    if (member)
        MUST(move_member(kinds.both, kinds.set));
    else
        send_long();
    begin_receive(0, MACH_RCV_LARGE, &got[0], sizeof(got[0].h), kinds.set);
    if (member)
        send_long();
    else
        MUST(move_member(kinds.both, kinds.set));
    kr = end_wait(0);
    MUST(move_member(kinds.both, MACH_PORT_NULL));
    take_long();
    return kr;
}

static void too_large_in_set(void)
{
    begin();
    REFUSES(MACH_RCV_TOO_LARGE, left_by_set(true));
    CHECK_EQ(got[0].h.size, sizeof(sent));
    got[0].h.size = 0;
    REFUSES(MACH_RCV_TOO_LARGE, left_by_set(false));
    CHECK_EQ(got[0].h.size, sizeof(sent));
    kinds_free();
}

/* --- no message comes --- */

static uint32_t timed_out(void)
{
    begin_wait(0, MACH_RCV_MSG | MACH_RCV_TIMEOUT, &got[0], sizeof(got[0]), kinds.both, 2);
    return end_wait(0);
}

static uint32_t aborted(name_t name)
{
    begin_receive(0, 0, &got[0], sizeof(got[0]), name);
    MUST(simple_call(waiting[0]->thread, RPC_THREAD_ABORT));
    return end_wait(0);
}

static uint32_t joins_set(void)
{
    uint32_t kr;

    begin_receive(0, 0, &got[0], sizeof(got[0]), kinds.both);
    MUST(move_member(kinds.both, kinds.set));
    kr = end_wait(0);
    MUST(move_member(kinds.both, MACH_PORT_NULL));
    return kr;
}

static uint32_t dies(uint32_t right)
{
    name_t doomed;

    MUST(port_allocate(right, &doomed));
    begin_receive(0, 0, &got[0], sizeof(got[0]), doomed);
    free_port(doomed);
    return end_wait(0);
}

static void receivers(void)
{
    begin();
    REFUSES(MACH_RCV_TIMED_OUT, timed_out());
    REFUSES(MACH_RCV_INTERRUPTED, aborted(kinds.both));
    REFUSES(MACH_RCV_INTERRUPTED, aborted(kinds.set));
    REFUSES(MACH_RCV_PORT_CHANGED, joins_set());
    REFUSES(MACH_RCV_PORT_DIED, dies(MACH_PORT_RIGHT_RECEIVE));
    REFUSES(MACH_RCV_PORT_DIED, dies(MACH_PORT_RIGHT_PORT_SET));
    kinds_free();
}

/* --- a queue stays full --- */

/* The right to the port moves with the message, and is there again when that comes back. */
static void begin_send(uint32_t option, void *msg, uint32_t timeout)
{
    header(msg, MACH_MSG_TYPE_MOVE_SEND, kinds.both, 0, 0);
    begin_wait(0, MACH_SEND_MSG | option, msg, sizeof(struct mach_msg_header), 0, timeout);
}

static uint32_t send_timed_out(uint32_t option)
{
    begin_send(MACH_SEND_TIMEOUT | option, &got[0], 2);
    return end_wait(0);
}

static uint32_t send_aborted(void)
{
    begin_send(0, &got[0], 0);
    MUST(simple_call(waiting[0]->thread, RPC_THREAD_ABORT));
    return end_wait(0);
}

/* What comes back can't be put where it was: the right is the sender's all the same. */
static uint32_t unwritable(uint64_t page)
{
    uint32_t kr;

    begin_send(0, (void *)page, 0);
    MUST(vm_protect(page, PAGE_SIZE, false, 1));
    MUST(simple_call(waiting[0]->thread, RPC_THREAD_ABORT));
    kr = end_wait(0);
    MUST(vm_protect(page, PAGE_SIZE, false, 3));
    return kr;
}

static void fill_queue(void)
{
    struct mach_msg_header h;

    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
        header(&h, MACH_MSG_TYPE_COPY_SEND, kinds.both, 0, 0);
        MUST(send_message(&h, sizeof(h), 0));
    }
}

static void senders(void)
{
    uint64_t page = 0;

    begin();
    MUST(trap_vm_allocate(task_self, &page, PAGE_SIZE, true));
    *(volatile char *)page = 1; /* it is there before anything is counted */
    fill_queue();
    REFUSES(MACH_SEND_TIMED_OUT, send_timed_out(0));
    CHECK_EQ(got[0].h.remote, kinds.both);
    REFUSES(MACH_SEND_INVALID_NOTIFY, send_timed_out(MACH_SEND_NOTIFY)); /* a send right */
    REFUSES(MACH_SEND_INTERRUPTED, send_aborted());
    CHECK_EQ(got[0].h.remote, kinds.both);
    REFUSES(MACH_SEND_INVALID_DATA, unwritable(page));
    MUST(trap_vm_deallocate(task_self, page, PAGE_SIZE));
    kinds_free();
}

/* The port dies: the message is sent, and gone with its rights. */
static void dead_queue(void)
{
    begin();
    fill_queue();
    begin_send(0, &got[0], 0);
    MUST(port_mod_refs(kinds.both, MACH_PORT_RIGHT_RECEIVE, -1));
    CHECK_EQ(end_wait(0), MACH_MSG_SUCCESS);
    MUST(port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &kinds.both)); /* the right had moved away */
    kinds_free();
}

const struct test selftest_wait[] = {
    {"wait: a message too large for who waits", too_large},
    {"wait: a message too large for who waits for a set", too_large_in_set},
    {"wait: receivers", receivers},
    {"wait: senders", senders},
    {"wait: the port of a sender dies", dead_queue},
    {0},
};
