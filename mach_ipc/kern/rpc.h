/* SPDX-License-Identifier: BSD-2-Clause */
/* Serving requests to the kernel's ports: what a routine gets, and the tables of routines. */
#ifndef MACH_IPC_KERN_RPC_H
#define MACH_IPC_KERN_RPC_H

#include "mach_ipc/kern/kern.h"
#include "mach_ipc/kmsg.h"

/* The largest reply behind its result, `text` not counted. */
#define RPC_OUT_MAX 640

struct rpc {
    struct kern_thread *self; /* who asks; the running thread */
    struct kmsg *request;
    struct port *port;        /* where to: of the routine's target type */
    union {
        struct kern_task *task;
        struct kern_thread *thread;
        void *object;
    };
    struct mach_arg *in;      /* arguments, checked as the routine's signature says */
    struct mach_msg_type *tail; /* the descriptor of an inline array behind them */
    uint32_t tail_bytes;
    bool complex;             /* `out` has rights or memory */
    const char *text;         /* a string that ends the reply in an array of text_room, or NULL */
    uint32_t text_room;
    uint32_t out_bytes;
    uint8_t out[RPC_OUT_MAX] __attribute__((aligned(8)));
};

/* Signature letters, one for each argument of 16 bytes:
 *   i int32   b boolean   l int64   n port name
 *   s send right   o send-once right   p any right
 *   d out-of-line bytes   r out-of-line send rights
 * and last, if there is one, an inline array:
 *   I of int32   C of characters. */
struct routine {
    uint16_t id;
    uint8_t target; /* enum kobject_type */
    bool simple;    /* never answers */
    const char *in;
    /* On failure `out` has no rights or memory. */
    int32_t (*serve)(struct rpc *);
};

/* Ends with id 0. */
extern const struct routine task_routines[], thread_routines[], vm_routines[], port_routines[],
    host_routines[], device_routines[], machine_routines[], sync_routines[], special_routines[];

/* Makes the index of routines. Once. */
void rpc_init(void);

static inline uint32_t rpc_u32(const struct rpc *r, unsigned i)
{
    return (uint32_t)r->in[i].value;
}

/* The right or memory of argument `i`, now the routine's. */
static inline void *rpc_take(struct rpc *r, unsigned i)
{
    void *p = (void *)r->in[i].value;

    r->in[i].value = 0;
    return p;
}

static inline void rpc_out(struct rpc *r, uint64_t type, uint64_t value)
{
    uint64_t *at = (uint64_t *)(r->out + r->out_bytes);

    at[0] = type;
    at[1] = value;
    r->out_bytes += 16;
}

static inline void rpc_out32(struct rpc *r, uint32_t value)
{
    rpc_out(r, MACH_TYPE_INT32, value);
}

static inline void rpc_out64(struct rpc *r, uint64_t value)
{
    rpc_out(r, MACH_TYPE_INT64, value);
}

/* A right of this type (MACH_MSG_TYPE_PORT_*), consumed. */
static inline void rpc_out_port(struct rpc *r, struct port *port, uint32_t type)
{
    rpc_out(r, MACH_TYPE_PORT(type), (uint64_t)port);
    r->complex = true;
}

/* An inline array: room for its `bytes`, rounded up, behind the descriptor. */
void *rpc_out_inline(struct rpc *r, uint32_t name, uint32_t bits, uint32_t number);

/* `number` bytes of out-of-line memory, which the receiver gets for good; NULL: none. */
struct vm_ool;
void rpc_out_memory(struct rpc *r, struct vm_ool *ool, uint32_t name, uint32_t bits,
                    uint32_t number);

/* A new array of `number` send rights, to be filled; NULL: no memory. */
struct port_array *rpc_out_ports(struct rpc *r, uint32_t number);

/* The asking thread's own end: it is not continued, its request is destroyed. */
void rpc_terminate_self(struct rpc *r, void (*terminate)(struct rpc *)) __attribute__((noreturn));

#endif
