/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of messages share: two tasks with a thread each, and short forms of the traps. */
#ifndef MACH_IPC_TEST_MESSAGE_TEST_H
#define MACH_IPC_TEST_MESSAGE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mach_ipc/test/fake_kern.h"

#define BUFFER USER_BASE                  /* where messages lie */
#define DATA (USER_BASE + 32 * PAGE_SIZE) /* out-of-line */
#define HEADER ((uint32_t)sizeof(struct mach_msg_header))

static struct client *alice, *bob;
static struct mach_thread *ta, *tb; /* one of each */

static inline int world_set_up(void **state)
{
    (void)state;
    world_mark();
    alice = client_create();
    bob = client_create();
    ta = client_thread(alice);
    tb = client_thread(bob);
    fake_server = NULL;
    return 0;
}

/* Whatever a test did, nothing is left when both tasks are gone. */
static inline int world_tear_down(void **state)
{
    (void)state;
    thread_destroy(ta);
    thread_destroy(tb);
    client_destroy(alice);
    client_destroy(bob);
    world_check();
    return 0;
}

static inline mach_port_name_t new_port(struct client *c)
{
    mach_port_name_t name;

    assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_RECEIVE, &name), 0);
    return name;
}

static inline mach_port_name_t new_set(struct client *c)
{
    mach_port_name_t name;

    assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_PORT_SET, &name), 0);
    return name;
}

/* Gives `to` a right made from one of `from`. */
static inline mach_port_name_t give(struct client *from, mach_port_name_t name,
                                    uint32_t disposition, struct client *to)
{
    struct port *p;
    uint32_t type;
    mach_port_name_t got;

    assert_int_equal(mach_port_extract_right(client_space(from), name, disposition, &p, &type), 0);
    assert_int_equal(right_copyout(client_space(to), p, type, false, &got), 0);
    return got;
}

static inline uint32_t type_of(struct client *c, mach_port_name_t name)
{
    uint32_t type;

    return mach_port_type(client_space(c), name, &type) == KERN_SUCCESS ? type : 0;
}

static inline uint32_t refs_of(struct client *c, mach_port_name_t name, uint32_t right)
{
    uint32_t refs = 0;

    assert_int_equal(mach_port_get_refs(client_space(c), name, right, &refs), 0);
    return refs;
}

static inline struct mach_port_status status_of(struct client *c, mach_port_name_t name)
{
    struct mach_port_status status;

    assert_int_equal(mach_port_get_receive_status(client_space(c), name, &status), 0);
    return status;
}

/* A message under construction or received. */
struct message {
    struct mach_msg_header header;
    char body[2048 - 32];
};

static inline struct message header(uint32_t remote_type, mach_port_name_t remote,
                                    uint32_t local_type, mach_port_name_t local, int32_t id)
{
    return (struct message){.header = {.bits = MACH_MSGH_BITS(remote_type, local_type),
                                       .size = HEADER,
                                       .remote = remote,
                                       .local = local,
                                       .id = id}};
}

/* Appends a descriptor and its data. */
static inline void add(struct message *m, struct mach_msg_type type, const void *data, size_t n)
{
    memcpy((char *)m + m->header.size, &type, sizeof(type));
    memcpy((char *)m + m->header.size + sizeof(type), data, n);
    m->header.size += (uint32_t)(sizeof(type) + MACH_MSG_ALIGN(n));
    m->header.bits |= MACH_MSGH_BITS_COMPLEX;
}

static inline void add_port(struct message *m, uint32_t disposition, uint64_t name)
{
    struct mach_msg_type type = {
        .name = disposition & 0xff, .size = 64, .is_inline = 1, .number = 1};

    add(m, type, &name, 8);
}

static inline void add_ool(struct message *m, uint64_t addr, uint32_t bytes, bool deallocate)
{
    struct mach_msg_type type = {
        .name = MACH_MSG_TYPE_BYTE, .size = 8, .deallocate = deallocate, .number = bytes};

    add(m, type, &addr, 8);
}

static inline struct client *client_of(struct mach_thread *t)
{
    return t == ta ? alice : bob;
}

/* Results as plain numbers; -1: it waits. */
static inline int64_t outcome(bool over, enum kern_return kr)
{
    return over ? (int64_t)kr : -1;
}

static inline int64_t msg(struct mach_thread *t, const struct message *m, uint32_t option,
                          uint32_t rcv_size, mach_port_name_t rcv, uint32_t timeout,
                          mach_port_name_t notify)
{
    enum kern_return kr = 0;
    bool over;

    if (m)
        poke(client_of(t), BUFFER, m, m->header.size);
    over = trap_msg(t, BUFFER, option, m ? m->header.size : 0, rcv_size, rcv, timeout, notify,
                    &kr);
    return outcome(over, kr);
}

static inline int64_t send(struct mach_thread *t, const struct message *m)
{
    return msg(t, m, MACH_SEND_MSG, 0, 0, 0, 0);
}

static inline int64_t receive(struct mach_thread *t, mach_port_name_t rcv)
{
    return msg(t, NULL, MACH_RCV_MSG, sizeof(struct message), rcv, 0, 0);
}

/* Receives if something is there. */
static inline int64_t poll(struct mach_thread *t, mach_port_name_t rcv)
{
    return msg(t, NULL, MACH_RCV_MSG | MACH_RCV_TIMEOUT, sizeof(struct message), rcv, 0, 0);
}

static inline int64_t result(struct mach_thread *t)
{
    enum kern_return kr = 0;
    bool over = trap_over(t, &kr);

    return outcome(over, kr);
}

static inline struct message received(struct mach_thread *t)
{
    struct message m;

    peek(client_of(t), BUFFER, &m, sizeof(m));
    return m;
}

/* The notification that `t` finds at `rcv`, whose value it is. */
static inline uint64_t notified(struct mach_thread *t, mach_port_name_t rcv, int32_t id)
{
    struct message m;
    struct mach_notification n;

    assert_int_equal(poll(t, rcv), MACH_MSG_SUCCESS);
    m = received(t);
    memcpy(&n, &m, sizeof(n));
    assert_int_equal(n.header.id, id);
    return id == MACH_NOTIFY_SEND_ONCE ? 0 : n.value;
}

/* A send-once right for notifications to a port of `c`. */
static inline struct port *notify_right(struct client *c, mach_port_name_t name)
{
    return port_make_send_once(right_lookup_receive(client_space(c), name));
}

#endif
