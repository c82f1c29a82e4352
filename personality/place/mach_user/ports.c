/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's rights: one receive right for each client thread, all in one set, under names of the
 * server's choice that lead back to the thread; and the small records that go with them. */
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

/* Names of client ports: FIRST + slot. Names that the kernel chooses begin at 1. */
#define CLIENT_PORT_FIRST 0x8000u
#define CLIENT_PORTS 0x7000u

mach_port_name_t own_task, host_priv, port_set;

static struct host_thread *clients[CLIENT_PORTS];
static uint16_t free_slots[CLIENT_PORTS];
static uint32_t free_count, next_slot;

void ports_init(void)
{
    own_task = mach_task_self();
    rpc_begin(own_task, RPC_PORT_ALLOCATE);
    rpc_int(MACH_PORT_RIGHT_PORT_SET);
    must(rpc_call("n"), "port set");
    port_set = (mach_port_name_t)rpc_value(0);
}

static int32_t add_to_set(mach_port_name_t name)
{
    rpc_begin(own_task, RPC_PORT_MOVE_MEMBER);
    rpc_name(name);
    rpc_name(port_set);
    return rpc_call("");
}

static void destroy(mach_port_name_t name)
{
    rpc_begin(own_task, RPC_PORT_DESTROY);
    rpc_name(name);
    must(rpc_call(""), "port destroy");
}

int32_t client_port_create(struct host_thread *t)
{
    uint32_t slot;
    int32_t kr;

    if (!free_count && next_slot == CLIENT_PORTS)
        return KERN_NO_SPACE;
    slot = free_count ? free_slots[free_count - 1] : next_slot;
    rpc_begin(own_task, RPC_PORT_ALLOCATE_NAME);
    rpc_int(MACH_PORT_RIGHT_RECEIVE);
    rpc_name(CLIENT_PORT_FIRST + slot);
    kr = rpc_call("");
    if (kr != KERN_SUCCESS)
        return kr;
    kr = add_to_set(CLIENT_PORT_FIRST + slot);
    if (kr != KERN_SUCCESS) {
        destroy(CLIENT_PORT_FIRST + slot);
        return kr;
    }
    if (free_count)
        free_count--;
    else
        next_slot++;
    t->port = CLIENT_PORT_FIRST + slot;
    clients[slot] = t;
    return KERN_SUCCESS;
}

void client_port_destroy(struct host_thread *t)
{
    uint32_t slot = t->port - CLIENT_PORT_FIRST;

    destroy(t->port);
    clients[slot] = NULL;
    free_slots[free_count++] = (uint16_t)slot;
}

struct host_thread *client_of_port(uint64_t name)
{
    return name - CLIENT_PORT_FIRST < CLIENT_PORTS ? clients[name - CLIENT_PORT_FIRST] : NULL;
}

void port_deallocate(mach_port_name_t name)
{
    if (!mach_port_valid(name))
        return;
    rpc_begin(own_task, RPC_PORT_DEALLOCATE);
    rpc_name(name);
    must(rpc_call(""), "port deallocate");
}

mach_port_name_t port_in_set(void)
{
    mach_port_name_t name = mach_reply_port();

    if (!mach_port_valid(name))
        host_panic("no port");
    must(add_to_set(name), "port set");
    return name;
}

_Static_assert(sizeof(struct host_space) <= RECORD_SIZE &&
                   sizeof(struct host_object) <= RECORD_SIZE &&
                   sizeof(struct host_thread) <= RECORD_SIZE,
               "the records that there are");
