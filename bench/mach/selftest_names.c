/* SPDX-License-Identifier: BSD-2-Clause */
/* Self-test of a name space that is full: what needs one more name is refused or, where a message
 * brings it, lost and told. Rights to what has a name already arrive. */
#include "bench/mach/selftest.h"

#define MOST 65536 /* more than a space has */

static name_t *used;
static unsigned n_used;
static name_t home; /* a port whose receive right only is here */

static struct {
    struct mach_msg_header h;
    struct mach_arg item;
} m;

static void begin(void)
{
    uint64_t at = 0;

    kinds_make();
    MUST(port_allocate(MACH_PORT_RIGHT_RECEIVE, &home));
    MUST(trap_vm_allocate(task_self, &at, MOST * sizeof(*used), true));
    used = (name_t *)at;
    n_used = 0;
    while (n_used < MOST &&
           !trap_port_allocate(task_self, MACH_PORT_RIGHT_DEAD_NAME, &used[n_used]))
        n_used++;
}

static void end(void)
{
    while (n_used)
        MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, used[--n_used]));
    MUST(trap_vm_deallocate(task_self, (uint64_t)used, MOST * sizeof(*used)));
    free_port(home);
    kinds_free();
}

/* A send-once right to `home` that finds no name is used for its notification. */
static uint32_t used_up(uint32_t kr)
{
    struct mach_msg_header h;

    CHECK_EQ(receive_message(&h, sizeof(h), home, 0), MACH_MSG_SUCCESS);
    CHECK_EQ(h.id, MACH_NOTIFY_SEND_ONCE);
    return kr;
}

static uint32_t two(int32_t id, uint64_t t1, uint32_t v1, uint64_t t2, uint32_t v2)
{
    struct call c;

    call_begin(&c);
    put(&c, t1, v1);
    put(&c, t2, v2);
    return call(&c, task_self, id);
}

/* The object goes with its right, which finds no name. */
static uint32_t object_create(void)
{
    struct call c;

    call_begin(&c);
    put64(&c, PAGE_SIZE);
    return call(&c, host_priv, RPC_OBJECT_CREATE);
}

static void requests(void)
{
    name_t name;

    begin();
    CHECK_EQ(trap_port_allocate(task_self, MACH_PORT_RIGHT_DEAD_NAME, &name), KERN_NO_SPACE);
    for (uint32_t right = MACH_PORT_RIGHT_RECEIVE; right < MACH_PORT_RIGHT_NUMBER; right += 2) {
        REFUSES(KERN_NO_SPACE, trap_port_allocate(task_self, right, &name));
        REFUSES(KERN_NO_SPACE, port_allocate(right, &name));
        REFUSES(KERN_NAME_EXISTS, two(RPC_PORT_ALLOCATE_NAME, MACH_TYPE_INT32, right,
                                      MACH_TYPE_NAME, 0xfffe));
        REFUSES(KERN_NO_SPACE, two(RPC_PORT_ALLOCATE_NAME, MACH_TYPE_INT32, right,
                                   MACH_TYPE_NAME, 0x10000));
    }
    REFUSES(KERN_NO_SPACE, trap_port_allocate(task_self, MACH_PORT_RIGHT_DEAD_NAME, &name));
    REFUSES(KERN_NO_SPACE, port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &name));
    REFUSES(KERN_NAME_EXISTS, two(RPC_PORT_RENAME, MACH_TYPE_NAME, kinds.both, MACH_TYPE_NAME,
                                  0xffff));
    REFUSES(KERN_NO_SPACE, two(RPC_PORT_RENAME, MACH_TYPE_NAME, kinds.both, MACH_TYPE_NAME,
                               0x10000));
    REFUSES(KERN_NO_SPACE, used_up(port_insert(task_self, 0x10000, home,
                                               MACH_MSG_TYPE_MAKE_SEND_ONCE)));
    REFUSES(MACH_PORT_NULL, mach_reply_port());
    REFUSES(MACH_PORT_NULL, mach_thread_self());
    REFUSES(MACH_PORT_NULL, mach_host_self());
    REFUSES(MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE, object_create());
    end();
}

/* A message to `home`, taken: what is told, and what it holds then. */
static uint32_t arrives(uint32_t reply_type, name_t reply, uint64_t type, uint64_t value)
{
    header(&m.h, MACH_MSG_TYPE_MAKE_SEND, home, reply_type, reply);
    m.h.bits |= type ? MACH_MSGH_BITS_COMPLEX : 0;
    *(uint64_t *)&m.item.type = type;
    m.item.value = value;
    MUST(send_message(&m, type ? sizeof(m) : sizeof(m.h), 0));
    return receive_message(&m, sizeof(m), home, 0);
}

static uint32_t once_arrives(void)
{
    return used_up(arrives(0, 0, MACH_TYPE_PORT(MACH_MSG_TYPE_MAKE_SEND_ONCE), home));
}

static uint32_t array_arrives(void)
{
    name_t names[2] = {home, kinds.send};
    uint32_t kr = arrives(0, 0, MACH_TYPE_WORD(MACH_MSG_TYPE_MAKE_SEND_ONCE,
                                               MACH_MSG_PORT_OOL_BITS, 0, 1), (uint64_t)names);

    CHECK_EQ(*(name_t *)m.item.value, MACH_PORT_NULL);
    MUST(trap_vm_deallocate(task_self, m.item.value, PAGE_SIZE));
    return used_up(kr);
}

/* Neither the message nor its right comes. */
static uint32_t reply_arrives(void)
{
    return used_up(arrives(MACH_MSG_TYPE_MAKE_SEND_ONCE, home, MACH_TYPE_INT64, 0));
}

/* A full queue: for the send-once right that comes back there is no name. */
static uint32_t comes_back(void)
{
    uint32_t kr;

    header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, MACH_MSG_TYPE_MAKE_SEND_ONCE, home);
    kr = send_message(&m, sizeof(m.h), 0);
    MUST(port_mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, -1)); /* the copy has come back */
    return used_up(kr);
}

static void messages(void)
{
    const uint32_t space = MACH_MSG_IPC_SPACE;

    begin();
    CHECK_EQ(once_arrives(), MACH_RCV_BODY_ERROR | space); /* the array's memory is entered once */
    CHECK_EQ(array_arrives(), MACH_RCV_BODY_ERROR | space);
    REFUSES(MACH_RCV_BODY_ERROR | space, once_arrives());
    CHECK_EQ(m.item.value, MACH_PORT_NULL);
    REFUSES(MACH_RCV_BODY_ERROR | space, array_arrives());
    REFUSES(MACH_RCV_HEADER_ERROR | space, reply_arrives());
    CHECK_EQ(m.h.remote, MACH_PORT_NULL);
    CHECK_EQ(m.h.local, home);
    for (unsigned i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
        header(&m.h, MACH_MSG_TYPE_COPY_SEND, kinds.both, 0, 0);
        MUST(send_message(&m, sizeof(m.h), 0));
    }
    REFUSES(MACH_SEND_TIMED_OUT | space, comes_back());
    CHECK_EQ(m.h.local, MACH_PORT_NULL);
    end();
}

const struct test selftest_names[] = {
    {"no name: requests", requests},
    {"no name: messages", messages},
    {0},
};
