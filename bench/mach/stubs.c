/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the kernel in the form that MIG gives them: one structure, one mach_msg, the reply
 * checked field by field. The reply port is cached. */
#include "bench/mach/bench.h"
#include "l4k/lib/string.h"

#define MIG_TYPE_ERROR 0xfffffed4u

static void set_type(struct mach_msg_type *type, uint64_t word)
{
    *(uint64_t *)type = word;
}

static uint64_t type_word(const struct mach_msg_type *type)
{
    return *(const uint64_t *)type;
}

static void begin(struct mach_msg_header *h, name_t target, int32_t id)
{
    h->bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    h->remote = target;
    h->local = reply_port;
    h->seqno = 0;
    h->id = id;
}

static uint32_t transact(struct mach_msg_header *h, uint32_t size, uint32_t room)
{
    return mach_msg_trap(h, MACH_SEND_MSG | MACH_RCV_MSG, size, room, reply_port, 0, 0);
}

/* The result of a reply that should be `size` long; a shorter one has a failure only. */
static uint32_t result(const struct mach_result *r, int32_t id, uint32_t size)
{
    if (r->header.id != id + RPC_REPLY)
        return MIG_TYPE_ERROR;
    if (r->header.bits & MACH_MSGH_BITS_COMPLEX ||
        (r->header.size != size && r->header.size != sizeof(*r)) ||
        type_word(&r->result.type) != MACH_TYPE_INT32)
        return MIG_TYPE_ERROR;
    if (r->header.size != size && (uint32_t)r->result.value == 0)
        return MIG_TYPE_ERROR;
    return (uint32_t)r->result.value;
}

uint32_t mig_port_type(name_t task, name_t name, uint32_t *type)
{
    union {
        struct {
            struct mach_msg_header header;
            struct mach_arg name;
        } in;
        struct {
            struct mach_result result;
            struct mach_arg type;
        } out;
    } m;
    uint32_t kr;

    set_type(&m.in.name.type, MACH_TYPE_NAME);
    m.in.name.value = name;
    begin(&m.in.header, task, RPC_PORT_TYPE);
    kr = transact(&m.in.header, sizeof(m.in), sizeof(m));
    if (kr)
        return kr;
    kr = result(&m.out.result, RPC_PORT_TYPE, sizeof(m.out));
    if (kr)
        return kr;
    if (type_word(&m.out.type.type) != MACH_TYPE_INT32)
        return MIG_TYPE_ERROR;
    *type = (uint32_t)m.out.type.value;
    return 0;
}

uint32_t mig_vm_allocate(name_t task, uint64_t *address, uint64_t size, uint32_t anywhere)
{
    union {
        struct {
            struct mach_msg_header header;
            struct mach_arg address, size, anywhere;
        } in;
        struct {
            struct mach_result result;
            struct mach_arg address;
        } out;
    } m;
    uint32_t kr;

    set_type(&m.in.address.type, MACH_TYPE_INT64);
    m.in.address.value = *address;
    set_type(&m.in.size.type, MACH_TYPE_INT64);
    m.in.size.value = size;
    set_type(&m.in.anywhere.type, MACH_TYPE_BOOL);
    m.in.anywhere.value = anywhere;
    begin(&m.in.header, task, RPC_VM_ALLOCATE);
    kr = transact(&m.in.header, sizeof(m.in), sizeof(m));
    if (kr)
        return kr;
    kr = result(&m.out.result, RPC_VM_ALLOCATE, sizeof(m.out));
    if (kr)
        return kr;
    if (type_word(&m.out.address.type) != MACH_TYPE_INT64)
        return MIG_TYPE_ERROR;
    *address = m.out.address.value;
    return 0;
}

uint32_t mig_vm_deallocate(name_t task, uint64_t address, uint64_t size)
{
    union {
        struct {
            struct mach_msg_header header;
            struct mach_arg address, size;
        } in;
        struct mach_result out;
    } m;
    uint32_t kr;

    set_type(&m.in.address.type, MACH_TYPE_INT64);
    m.in.address.value = address;
    set_type(&m.in.size.type, MACH_TYPE_INT64);
    m.in.size.value = size;
    begin(&m.in.header, task, RPC_VM_DEALLOCATE);
    kr = transact(&m.in.header, sizeof(m.in), sizeof(m));
    return kr ? kr : result(&m.out, RPC_VM_DEALLOCATE, sizeof(m.out));
}

#define STATE_TYPE                                                                             \
    MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, STATE_COUNT(struct mach_thread_state))

uint32_t mig_get_state(name_t thread, uint32_t flavor, struct mach_thread_state *state)
{
    union {
        struct {
            struct mach_msg_header header;
            struct mach_arg flavor, count;
        } in;
        struct {
            struct mach_result result;
            struct mach_msg_type type;
            struct mach_thread_state state;
        } out;
    } m;
    uint32_t kr;

    set_type(&m.in.flavor.type, MACH_TYPE_INT32);
    m.in.flavor.value = flavor;
    set_type(&m.in.count.type, MACH_TYPE_INT32);
    m.in.count.value = STATE_COUNT(*state);
    begin(&m.in.header, thread, RPC_THREAD_GET_STATE);
    kr = transact(&m.in.header, sizeof(m.in), sizeof(m));
    if (kr)
        return kr;
    kr = result(&m.out.result, RPC_THREAD_GET_STATE, sizeof(m.out));
    if (kr)
        return kr;
    if (type_word(&m.out.type) != STATE_TYPE)
        return MIG_TYPE_ERROR;
    memcpy(state, &m.out.state, sizeof(*state));
    return 0;
}

uint32_t mig_set_state(name_t thread, uint32_t flavor, const struct mach_thread_state *state)
{
    union {
        struct {
            struct mach_msg_header header;
            struct mach_arg flavor;
            struct mach_msg_type type;
            struct mach_thread_state state;
        } in;
        struct mach_result out;
    } m;
    uint32_t kr;

    set_type(&m.in.flavor.type, MACH_TYPE_INT32);
    m.in.flavor.value = flavor;
    set_type(&m.in.type, STATE_TYPE);
    memcpy(&m.in.state, state, sizeof(*state));
    begin(&m.in.header, thread, RPC_THREAD_SET_STATE);
    kr = transact(&m.in.header, sizeof(m.in), sizeof(m));
    return kr ? kr : result(&m.out, RPC_THREAD_SET_STATE, sizeof(m.out));
}
