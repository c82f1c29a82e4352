/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the placement as a Mach user task: traps, requests to the kernel, spaces and threads. */
#ifndef PERSONALITY_PLACE_MACH_USER_MACH_USER_H
#define PERSONALITY_PLACE_MACH_USER_MACH_USER_H

#include "l4k/abi/layout.h"
#include "l4k/abi/mach_rpc.h"
#include "personality/place/host_result.h"
#include "personality/place/record.h"

struct host_space {
    mach_port_name_t task;
};

struct host_object {
    mach_port_name_t port;
    uint64_t size;
};

struct host_thread {
    mach_port_name_t thread;
    mach_port_name_t port; /* the receive right that its exceptions come by */
    struct host_space *space;
    struct host_call *call;
    /* The exception whose reply it waits for: its state, in the loop's buffer while it is served
     * and in `saved` when the answer is deferred, and the reply right. NULL: it runs, or is
     * suspended. */
    struct mach_saved_state *state;
    mach_port_name_t reply;
    struct mach_saved_state saved;
};

/* --- traps (traps.S) --- */

enum kern_return mach_msg(struct mach_msg_header *msg, uint32_t option, uint32_t send_size,
                          uint32_t rcv_size, mach_port_name_t rcv_name, uint32_t timeout,
                          mach_port_name_t notify);
mach_port_name_t mach_reply_port(void);
mach_port_name_t mach_task_self(void);
void mach_print(const char *text);
enum kern_return trap_vm_allocate(mach_port_name_t task, uint64_t *address, uint64_t size,
                                  uint32_t anywhere);
enum kern_return trap_vm_deallocate(mach_port_name_t task, uint64_t address, uint64_t size);

/* --- requests to the kernel (rpc.c), one at a time ---
 *
 * rpc_begin(); arguments in their order; rpc_call(), which sends, receives and checks the reply as
 * MIG's stubs do; then its values, valid until the next rpc_begin(). */

void rpc_begin(mach_port_name_t to, int32_t id);
void rpc_int(uint32_t value);
void rpc_long(uint64_t value);
void rpc_bool(bool value);
void rpc_name(mach_port_name_t name);
/* A right: disposition MACH_MSG_TYPE_*. */
void rpc_right(mach_port_name_t name, uint32_t disposition);
/* Out-of-line bytes. */
void rpc_memory(const void *data, uint32_t bytes);
/* The inline array that ends a request: elements of type `name` and `bits`. */
void rpc_array(uint32_t name, uint32_t bits, const void *data, uint32_t number);

/* `out` is what comes behind the result, a letter for each:
 *   i int32   b boolean   l int64   n port name   s send right   d out-of-line bytes
 * and last, if there is one, an inline array:
 *   I of int32   L of int64   C of characters.
 * Answers the result; MIG's own and mach_msg's failures too. */
int32_t rpc_call(const char *out);

/* Value `i` behind the result; of out-of-line bytes the address. */
uint64_t rpc_value(unsigned i);
/* How many bytes value `i` has out of line. */
uint32_t rpc_memory_bytes(unsigned i);
/* The array that ends a reply, behind `values` others; `*bytes` is its length. */
const void *rpc_reply_array(unsigned values, uint32_t *bytes);

/* Ends the server when a request fails that must not. */
void must(int32_t kr, const char *what);

/* Results of the kernel in Linux's words, and of copies. */
int errno_of_kern(int32_t kr);
enum host_copy copy_of_kern(int32_t kr);

/* --- main.c --- */

/* The reply that lets the thread go on with *t->state, which it waits for no longer. */
void place_fill_reply(struct host_thread *t, struct mach_exception_state_reply *m);

/* --- space.c --- */

/* Once at start. */
void space_init(void);

/* Boot module 0, mapped to be read: the boot archive. */
const void *module_map(uint64_t *size);

/* --- ports.c --- */

/* The server's task, the host's privileged port, the set that all client ports are in. */
extern mach_port_name_t own_task, host_priv, port_set;

void ports_init(void);

/* A receive right in the set whose messages are the thread's; sets t->port. */
int32_t client_port_create(struct host_thread *t);
void client_port_destroy(struct host_thread *t);
/* The thread that messages to this port are about; NULL: none. */
struct host_thread *client_of_port(uint64_t name);

/* One reference of a send or send-once right less; MACH_PORT_NULL: nothing. */
void port_deallocate(mach_port_name_t name);
/* The set gets a new receive right for the server's own use. */
mach_port_name_t port_in_set(void);

/* --- needs.c --- */

/* Once at start: wires the stack, makes the memory to send bytes out of line from, opens the
 * console behind this port. */
void needs_init(mach_port_name_t device_master);

/* A message by the console's reply port. */
void console_message(const struct mach_msg_header *m);
extern mach_port_name_t console_port;

/* The deadline of host_timer_set(), or 0. */
extern uint64_t timer_deadline;

/* Bytes sent out of line from here are copied at once, for it is wired; BOUNCE_SIZE of them. */
#define BOUNCE_SIZE 65536u
extern char *bounce;

/* The bytes [offset, offset + size) behind `address` of a task, by vm_read: given back by
 * memory_drop(). */
int32_t memory_read(mach_port_name_t task, uint64_t address, uint64_t size, const char **data);
void memory_drop(const char *data, uint64_t size);
/* By vm_write. */
int32_t memory_write(mach_port_name_t task, uint64_t address, const void *data, uint64_t size);

#endif
