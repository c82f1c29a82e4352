/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzer over the message parser and the translation of rights: an input is a list of operations of
 * two tasks (raw messages sent, messages received, rights moved about). Whatever they are, nothing
 * crashes, and when both tasks are gone nothing is left. */
#include <string.h>

#include "l4k/vm/vm_copy.h"
#include "mach_ipc/test/fake_kern.h"

#define THREADS 3
#define OPERATIONS 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct client *client[2];
static struct mach_thread *thread[2][THREADS];
static const uint8_t *input, *input_end;

static uint8_t byte(void)
{
    return input < input_end ? *input++ : 0;
}

static uint32_t number(void)
{
    uint32_t n = byte();

    return n < 0xe8 ? n % 14 : n << 24 | (uint32_t)byte() << 16 | byte();
}

/* Names 1..12 of each task: receive, set, dead, send and send-once rights of its own and the
 * other's. */
static void make_names(unsigned who)
{
    struct space *s = client_space(client[who]), *other = client_space(client[!who]);
    mach_port_name_t name, got;

    for (int i = 0; i < 4; i++)
        if (mach_port_allocate(s, MACH_PORT_RIGHT_RECEIVE, &name) != KERN_SUCCESS)
            return;
    if (mach_port_allocate(s, MACH_PORT_RIGHT_PORT_SET, &name) != KERN_SUCCESS ||
        mach_port_allocate(s, MACH_PORT_RIGHT_DEAD_NAME, &name) != KERN_SUCCESS)
        return;
    for (mach_port_name_t n = 1; n <= 3; n++) {
        struct port *send, *once;
        uint32_t type;

        if (mach_port_extract_right(s, n, MACH_MSG_TYPE_MAKE_SEND, &send, &type) != 0 ||
            mach_port_extract_right(s, n, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &type) != 0)
            return;
        if (right_copyout(other, send, MACH_MSG_TYPE_PORT_SEND, false, &got) != 0 ||
            right_copyout(other, once, MACH_MSG_TYPE_PORT_SEND_ONCE, false, &got) != 0)
            return;
    }
}

/* What the user's memory takes; it may have been sent away. */
static void try_poke(unsigned who, uint64_t addr, const void *from, size_t n)
{
    enum status s = vm_copy_out(client[who]->task.task.map, addr, from, n, false);

    (void)s;
}

/* An item of a well-meant body at `at` of `m`; how long it is. */
static size_t add_item(unsigned who, char *m, size_t at)
{
    struct mach_msg_type type = {.is_inline = 1, .size = 64, .number = byte() % 5};
    uint64_t slot[5] = {0};
    uint8_t kind = byte();
    uint32_t names[4];

    for (int i = 0; i < 4; i++)
        slot[i] = names[i] = number();
    type.name = kind & 1 ? 16 + (kind >> 4) % 7 : (kind >> 4) % 16;
    if (kind & 2) {
        type.is_inline = 0;
        type.size = kind & 1 ? 32 : 8 << (kind >> 6) * 4;
        type.deallocate = kind >> 2;
        slot[0] = USER_BASE + (slot[0] & 31) * 1024;
        if (kind & 1)
            try_poke(who, slot[0], names, sizeof(names));
    }
    memcpy(m + at, &type, sizeof(type));
    memcpy(m + at + sizeof(type), slot, sizeof(slot));
    return sizeof(type) + (type.is_inline ? MACH_MSG_ALIGN(type.number * type.size / 8u) : 8);
}

/* A message that may well be in order; its length. */
static size_t make_message(unsigned who, char *m)
{
    struct mach_msg_header h = {.remote = number(), .local = number()};
    uint8_t types = byte();
    size_t at = sizeof(h);

    h.bits = MACH_MSGH_BITS(16 + types % 7, types & 0x80 ? 17 + types / 7 % 5 : 0);
    for (unsigned n = byte() % 5; n > 0; n--) {
        h.bits |= MACH_MSGH_BITS_COMPLEX;
        at += add_item(who, m, at);
    }
    memcpy(m, &h, sizeof(h));
    return at;
}

static void message(unsigned who, unsigned t, bool raw)
{
    static char built[1024];
    static const uint32_t options[] = {
        MACH_SEND_MSG,
        MACH_SEND_MSG | MACH_RCV_MSG,
        MACH_SEND_MSG | MACH_SEND_TIMEOUT,
        MACH_SEND_MSG | MACH_RCV_MSG | MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT,
        MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY,
        MACH_SEND_MSG | MACH_SEND_CANCEL,
        MACH_RCV_MSG,
        MACH_RCV_MSG | MACH_RCV_TIMEOUT,
        MACH_RCV_MSG | MACH_RCV_LARGE | MACH_RCV_TIMEOUT,
        MACH_RCV_MSG | MACH_RCV_NOTIFY | MACH_RCV_TIMEOUT,
    };
    uint32_t option = options[byte() % (sizeof(options) / sizeof(options[0]))];
    mach_port_name_t rcv = number(), notify = number();
    uint64_t at = USER_BASE + (byte() & 3) * UINT64_C(2048);
    size_t length = 8 * (size_t)(byte() % 32);
    uint32_t room;
    enum kern_return kr;

    if (thread[who][t]->wait != MACH_RUNS) {
        mach_interrupt(thread[who][t]);
        return run_ready();
    }
    if (option & MACH_SEND_MSG) {
        if (!raw)
            length = make_message(who, built);
        else if (length > (size_t)(input_end - input))
            length = (size_t)(input_end - input);
        try_poke(who, at, raw ? (const char *)input : built, length);
        if (raw)
            input += length;
    }
    room = byte();
    trap_msg(thread[who][t], at, option, (uint32_t)length, room & 1 ? 1024 : 4 * room, rcv,
             room & 2, notify, &kr);
}

static enum kern_return operate(struct space *s)
{
    mach_port_name_t name = number(), other = number();
    struct port *previous = NULL, *notify = NULL;
    enum kern_return kr;

    switch (byte() % 8) {
    case 0:
        return mach_port_destroy(s, name);
    case 1:
        return mach_port_mod_refs(s, name, byte() % 6, (int8_t)byte());
    case 2:
        return mach_port_move_member(s, name, other);
    case 3:
        return mach_port_rename(s, name, other);
    case 4:
        return mach_port_set_qlimit(s, name, byte() % 18);
    case 5:
        return mach_port_allocate_name(s, byte() % 6, name);
    case 6:
        return mach_port_deallocate(s, name);
    default:
        if (right_lookup_receive(s, other))
            notify = port_make_send_once(right_lookup_receive(s, other));
        kr = mach_port_request_notification(s, name, 64 + byte() % 10, byte() & 1, notify,
                                            &previous);
        if (kr != KERN_SUCCESS)
            right_destroy(notify, MACH_MSG_TYPE_PORT_SEND_ONCE);
        else
            right_destroy(previous, MACH_MSG_TYPE_PORT_SEND_ONCE);
        return kr;
    }
}

static void step(void)
{
    uint8_t op = byte();
    unsigned who = op & 1, t = (op >> 1) % THREADS;

    if (op & 0x80) {
        enum kern_return kr = operate(client_space(client[who]));

        (void)kr;
        run_ready();
    } else if (op & 0x40) {
        advance(1);
    } else {
        message(who, t, op & 0x20);
    }
}

/* What still waits in the first ports is received. */
static void drain(unsigned who)
{
    struct mach_thread *t = client_thread(client[who]);
    enum kern_return kr;

    for (mach_port_name_t name = 1; name <= 5; name++)
        for (int i = 0; i < 3; i++)
            trap_msg(t, USER_BASE, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 1024, name, 0, 0, &kr);
    thread_destroy(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool initialised;

    if (!initialised)
        world_init();
    initialised = true;
    world_mark();
    input = data;
    input_end = data + size;
    for (unsigned who = 0; who < 2; who++) {
        client[who] = client_create();
        for (unsigned t = 0; t < THREADS; t++)
            thread[who][t] = client_thread(client[who]);
    }
    make_names(0);
    make_names(1);
    for (int i = 0; i < OPERATIONS && input < input_end; i++)
        step();
    run_ready();
    drain(0);
    drain(1);
    for (unsigned who = 0; who < 2; who++)
        for (unsigned t = 0; t < THREADS; t++)
            thread_destroy(thread[who][t]);
    client_destroy(client[0]);
    client_destroy(client[1]);
    world_check();
    return 0;
}
