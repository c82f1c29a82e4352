/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of what is checked of a message's body: descriptors, rights, memory, arrays of
 * rights. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

#define DEALLOCATE (UINT64_C(1) << 31)
#define UNUSED(bits) ((uint64_t)(bits) << 24)
#define PORT(disposition) MACH_TYPE_PORT(MACH_MSG_TYPE_##disposition)
#define PORTS(disposition, n) \
    MACH_TYPE_WORD(MACH_MSG_TYPE_##disposition, MACH_MSG_PORT_OOL_BITS, 0, n)
#define MEMORY(n) MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, n)

static struct {
    struct mach_msg_header h;
    uint64_t word[8];
} m;

/* A complex message of `words` words of body. */
static uint32_t send_words(unsigned words)
{
    header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, 0, 0);
    m.h.bits |= MACH_MSGH_BITS_COMPLEX;
    return send_message(&m, (uint32_t)(sizeof(m.h) + words * 8), 0);
}

static uint32_t send_item(uint64_t type, uint64_t value)
{
    m.word[0] = type;
    m.word[1] = value;
    return send_words(2);
}

static void truncated(void)
{
    kinds_make();
    m.word[0] = MACH_TYPE_INT64;
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_words(1));
    m.word[0] = MEMORY(1);
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_words(1));
    m.word[0] = PORT(COPY_SEND);
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_words(1));
    REFUSES(MACH_SEND_MSG_TOO_SMALL,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 2), 0));
    REFUSES(MACH_SEND_MSG_TOO_SMALL,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 1, 9), 0));
    REFUSES(MACH_SEND_MSG_TOO_SMALL,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 1, 1, 65), 0));
    REFUSES(MACH_SEND_MSG_TOO_SMALL,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 0xffffffff), 0));
    REFUSES(MACH_SEND_MSG_TOO_SMALL,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 0xffff, 1, 0xffffffff), 0));
    REFUSES(MACH_SEND_MSG_TOO_SMALL,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, 64, 1, 0x20000001), kinds.send));
    /* The second item is cut off: the first is undone. */
    m.word[0] = PORT(COPY_SEND);
    m.word[1] = kinds.send;
    m.word[2] = PORT(COPY_SEND);
    REFUSES(MACH_SEND_MSG_TOO_SMALL, send_words(3));
    kinds_free();
}

static void fields(void)
{
    kinds_make();
    for (unsigned bit = 0; bit < 5; bit++) {
        REFUSES(MACH_SEND_INVALID_TYPE, send_item(MACH_TYPE_INT64 | UNUSED(1 << bit), 0));
        REFUSES(MACH_SEND_INVALID_TYPE,
                send_item(PORT(COPY_SEND) | UNUSED(1 << bit), kinds.send));
    }
    REFUSES(MACH_SEND_INVALID_TYPE, send_item(MACH_TYPE_INT64 | DEALLOCATE, 0));
    REFUSES(MACH_SEND_INVALID_TYPE, send_item(PORT(COPY_SEND) | DEALLOCATE, kinds.send));
    REFUSES(MACH_SEND_INVALID_TYPE,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, 32, 1, 1), kinds.send));
    REFUSES(MACH_SEND_INVALID_TYPE,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, 0, 1, 1), kinds.send));
    REFUSES(MACH_SEND_INVALID_TYPE,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, 64, 0, 1), (uint64_t)&m));
    REFUSES(MACH_SEND_INVALID_TYPE,
            send_item(MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, 16, 0, 1), (uint64_t)&m));
    kinds_free();
}

static void rights(void)
{
    name_t high;

    kinds_make();
    high = kinds.send + 0x01000000;
#define BAD(disposition, name) REFUSES(MACH_SEND_INVALID_RIGHT, send_item(PORT(disposition), name))
    BAD(COPY_SEND, kinds.unknown);
    BAD(COPY_SEND, kinds.stale);
    BAD(COPY_SEND, high);
    BAD(COPY_SEND, 0x00ffffff);
    BAD(COPY_SEND, kinds.receive);
    BAD(COPY_SEND, kinds.once);
    BAD(COPY_SEND, kinds.set);
    BAD(MOVE_SEND, kinds.receive);
    BAD(MOVE_SEND, kinds.once);
    BAD(MOVE_SEND, kinds.set);
    BAD(MAKE_SEND, kinds.send);
    BAD(MAKE_SEND, kinds.once);
    BAD(MAKE_SEND, kinds.dead);
    BAD(MAKE_SEND, kinds.set);
    BAD(MAKE_SEND_ONCE, kinds.send);
    BAD(MAKE_SEND_ONCE, kinds.once);
    BAD(MAKE_SEND_ONCE, kinds.dead);
    BAD(MAKE_SEND_ONCE, kinds.set);
    BAD(MOVE_SEND_ONCE, kinds.send);
    BAD(MOVE_SEND_ONCE, kinds.receive);
    BAD(MOVE_SEND_ONCE, kinds.set);
    BAD(MOVE_RECEIVE, kinds.send);
    BAD(MOVE_RECEIVE, kinds.once);
    BAD(MOVE_RECEIVE, kinds.dead);
    BAD(MOVE_RECEIVE, kinds.set);
    BAD(MOVE_RECEIVE, kinds.unknown);
#undef BAD
    /* What went before is undone. */
    m.word[0] = MACH_TYPE_WORD(MACH_MSG_TYPE_COPY_SEND, 64, 1, 3);
    m.word[1] = kinds.send;
    m.word[2] = kinds.dead;
    m.word[3] = kinds.unknown;
    REFUSES(MACH_SEND_INVALID_RIGHT, send_words(4));
    kinds_free();
}

static void memory(void)
{
    uint64_t address = 0;

    kinds_make();
    MUST(trap_vm_allocate(task_self, &address, 2 * PAGE_SIZE, true));
    MUST(trap_vm_deallocate(task_self, address + PAGE_SIZE, PAGE_SIZE));
    *(volatile char *)address = 1;
    for (uint64_t flag = 0; flag <= DEALLOCATE; flag += DEALLOCATE) {
#define BAD(n, at) REFUSES(MACH_SEND_INVALID_MEMORY, send_item(MEMORY(n) | flag, at))
        BAD(1, 0);
        BAD(1, address + PAGE_SIZE);
        BAD(2, address + PAGE_SIZE - 1);
        BAD(PAGE_SIZE + 1, address);
        BAD(1, 0xffff800000100000);
        BAD(16, -16ull);
        BAD(32, -16ull);
        BAD(2, USER_MAX - 1);
        BAD(0xffffffff, address);
        BAD(1, 0x8000000000000000);
#undef BAD
    }
    MUST(vm_protect(address, PAGE_SIZE, false, 0));
    REFUSES(MACH_SEND_INVALID_MEMORY, send_item(MEMORY(1), address));
    MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    kinds_free();
}

static void arrays(void)
{
    uint64_t address = 0;
    name_t *names;

    kinds_make();
    MUST(trap_vm_allocate(task_self, &address, 2 * PAGE_SIZE, true));
    MUST(trap_vm_deallocate(task_self, address + PAGE_SIZE, PAGE_SIZE));
    names = (name_t *)address;
    names[0] = kinds.send;
    names[1] = kinds.dead;
    names[2] = kinds.unknown;
    REFUSES(MACH_SEND_INVALID_MEMORY, send_item(PORTS(COPY_SEND, 1), 0));
    REFUSES(MACH_SEND_INVALID_MEMORY, send_item(PORTS(COPY_SEND, 1), address + PAGE_SIZE));
    REFUSES(MACH_SEND_INVALID_MEMORY, send_item(PORTS(COPY_SEND, 2), address + PAGE_SIZE - 4));
    REFUSES(MACH_SEND_INVALID_MEMORY, send_item(PORTS(COPY_SEND, 1), 0xffff800000100000));
    REFUSES(MACH_SEND_INVALID_MEMORY, send_item(PORTS(COPY_SEND, 4), -8ull));
    REFUSES(MACH_SEND_NO_BUFFER, send_item(PORTS(COPY_SEND, 0x10000), address));
    REFUSES(MACH_SEND_NO_BUFFER, send_item(PORTS(COPY_SEND, 0xffffffff), address));
    REFUSES(MACH_SEND_INVALID_RIGHT, send_item(PORTS(COPY_SEND, 3), address));
    names[0] = kinds.receive;
    REFUSES(MACH_SEND_INVALID_RIGHT, send_item(PORTS(COPY_SEND, 1), address));
    names[0] = kinds.set;
    REFUSES(MACH_SEND_INVALID_RIGHT, send_item(PORTS(MAKE_SEND_ONCE, 1), address));
    MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    kinds_free();
}

/* A receive right sent to its own port would hold itself: the message and the port are gone. */
static void circular(void)
{
    kinds_make();
    CHECK_EQ(send_item(PORT(MOVE_RECEIVE), kinds.both), MACH_MSG_SUCCESS);
    CHECK_EQ(send_words(0), MACH_SEND_INVALID_DEST);
    kinds_free();
}

const struct test selftest_body[] = {
    {"body: cut off", truncated},
    {"body: descriptors", fields},
    {"body: rights", rights},
    {"body: memory", memory},
    {"body: arrays of rights", arrays},
    {"body: circular", circular},
    {0},
};
