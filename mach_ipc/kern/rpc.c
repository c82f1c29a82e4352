/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel as receiver: finds the routine of a request, checks every descriptor, makes the
 * reply. */
#include "mach_ipc/kern/rpc.h"

#include "l4k/kern/sched.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_object.h"
#include "mach_ipc/kobject.h"

#define FIRST_ID 2000
#define LAST_ID 4299

/* A routine, and what its signature says of a request. */
static struct indexed {
    const struct routine *routine;
    uint16_t bytes; /* header and arguments, without the inline array */
    bool complex;
    char tail;      /* the letter of that array, or 0 */
} by_id[LAST_ID - FIRST_ID + 1];

static bool is_complex(char letter)
{
    return letter == 's' || letter == 'o' || letter == 'p' || letter == 'd' || letter == 'r';
}

static void enter(const struct routine *r)
{
    struct indexed *x = &by_id[r->id - FIRST_ID];

    assert(!x->routine);
    x->routine = r;
    x->bytes = sizeof(struct mach_msg_header);
    for (const char *c = r->in; *c; c++) {
        if (*c < 'a') {
            x->tail = *c;
            break;
        }
        x->bytes += sizeof(struct mach_arg);
        x->complex |= is_complex(*c);
    }
}

void rpc_init(void)
{
    static const struct routine *const tables[] = {task_routines, thread_routines, vm_routines,
                                                   port_routines, host_routines,   device_routines,
                                                   machine_routines, sync_routines,
                                                   special_routines};

    for (unsigned t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct routine *r = tables[t]; r->id; r++)
            enter(r);
}

/* The descriptor that a signature letter stands for, and which of its bits count. Of out-of-line
 * arguments the number, the deallocate bit and the long form are free. */
#define ALL ~UINT64_C(0)
#define FREE_NUMBER UINT64_C(0x3fffffff)
#define LETTER(c) ((c) - 'b')
static const struct {
    uint64_t mask, word;
} letters[] = {
    [LETTER('b')] = {ALL, MACH_TYPE_BOOL},
    [LETTER('d')] = {FREE_NUMBER, MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, 0)},
    [LETTER('i')] = {ALL, MACH_TYPE_INT32},
    [LETTER('l')] = {ALL, MACH_TYPE_INT64},
    [LETTER('n')] = {ALL, MACH_TYPE_NAME},
    [LETTER('o')] = {ALL, MACH_TYPE_PORT(MACH_MSG_TYPE_PORT_SEND_ONCE)},
    [LETTER('p')] = {ALL & ~UINT64_C(0xff), MACH_TYPE_PORT(0)},
    [LETTER('r')] = {FREE_NUMBER, MACH_TYPE_WORD(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_PORT_OOL_BITS,
                                                 0, 0)},
    [LETTER('s')] = {ALL, MACH_TYPE_PORT(MACH_MSG_TYPE_PORT_SEND)},
};

/* The inline array that ends a request, all of it. */
static bool tail_ok(struct rpc *r, uint32_t at, char letter)
{
    struct mach_msg_type *type = (struct mach_msg_type *)((char *)&r->request->header + at);
    uint32_t left = r->request->header.size - at;
    uint64_t bytes;

    if (left < sizeof(*type) || !type->is_inline || type->unused || type->deallocate)
        return false;
    if (letter == 'I' ? type->name != MACH_MSG_TYPE_INTEGER_32 || type->size != 32
                      : type->name != MACH_MSG_TYPE_CHAR && type->name != MACH_MSG_TYPE_STRING)
        return false;
    bytes = ((uint64_t)type->number * type->size + 7) / 8;
    r->tail = type;
    r->tail_bytes = (uint32_t)bytes;
    return MACH_MSG_ALIGN(bytes) == left - sizeof(*type);
}

static inline bool arguments_ok(struct rpc *r, const struct indexed *x)
{
    const struct mach_msg_header *h = &r->request->header;
    const uint64_t *at = (const uint64_t *)(h + 1);

    r->in = (struct mach_arg *)(h + 1);
    if (x->complex != h->bits >> 31 || (x->tail ? h->size < x->bytes : h->size != x->bytes))
        return false;
    for (const char *c = x->routine->in; *c >= 'a'; c++, at += 2)
        if ((*at & letters[LETTER(*c)].mask) != letters[LETTER(*c)].word)
            return false;
    return !x->tail || tail_ok(r, x->bytes, x->tail);
}

/* What a routine that wants another kind of object answers. */
static int32_t wrong_target(const struct routine *routine)
{
    return routine->target == KOBJECT_HOST || routine->target == KOBJECT_HOST_PRIVILEGED
               ? KERN_INVALID_HOST
               : KERN_INVALID_ARGUMENT;
}

static bool target_ok(const struct routine *routine, const struct port *port)
{
    return port->kobject_type == routine->target ||
           (routine->target == KOBJECT_HOST && port->kobject_type == KOBJECT_HOST_PRIVILEGED);
}

static inline int32_t serve(struct rpc *r)
{
    uint32_t index = (uint32_t)r->request->header.id - FIRST_ID;
    const struct indexed *x = &by_id[index];
    int32_t kr;

    if (index > LAST_ID - FIRST_ID || !x->routine)
        return MIG_BAD_ID;
    if (!arguments_ok(r, x))
        return MIG_BAD_ARGUMENTS;
    kr = target_ok(x->routine, r->port) ? x->routine->serve(r) : wrong_target(x->routine);
    return x->routine->simple ? MIG_NO_REPLY : kr;
}

static void put_text(const struct rpc *r, uint64_t *at)
{
    size_t length = strnlen(r->text, r->text_room - 1);

    *at++ = MACH_TYPE_WORD(MACH_MSG_TYPE_STRING, 8, 1, r->text_room);
    memset(at, 0, r->text_room);
    memcpy(at, r->text, length);
}

/* The reply in the request's buffer where it fits: what is left in the request's body goes
 * first. */
static struct kmsg *make_reply(struct rpc *r, int32_t kr)
{
    struct kmsg *reply = r->request;
    uint32_t size = (uint32_t)sizeof(struct mach_result) + r->out_bytes +
                    (r->text ? 8 + r->text_room : 0);
    struct mach_result *result;

    if (reply->header.bits & MACH_MSGH_BITS_COMPLEX)
        kmsg_clean_body(reply);
    if (size > reply->capacity) {
        reply = kmsg_alloc(size, r->request->payer);
        if (!reply) {
            assert(!r->complex); /* those fit into any buffer */
            reply = r->request;
            size = sizeof(struct mach_result);
            r->out_bytes = 0;
            r->text = NULL;
            kr = KERN_RESOURCE_SHORTAGE;
        }
    }
    reply->header.id = r->request->header.id + RPC_REPLY;
    reply->header.size = size;
    result = (struct mach_result *)&reply->header;
    *(uint64_t *)&result->result.type = MACH_TYPE_INT32;
    result->result.value = (uint32_t)kr;
    for (uint32_t i = 0; i < r->out_bytes / 8; i++)
        ((uint64_t *)(result + 1))[i] = ((uint64_t *)r->out)[i];
    if (r->text)
        put_text(r, (uint64_t *)(result + 1) + r->out_bytes / 8);
    reply->header.bits = r->request->header.bits & MACH_MSGH_BITS_PORTS_MASK;
    if (r->complex)
        reply->header.bits |= MACH_MSGH_BITS_COMPLEX;
    return reply;
}

static void __attribute__((noinline))
serve_request(struct mach_thread *self, struct kmsg *request, struct kmsg **reply)
{
    struct rpc r;
    int32_t kr;

    r.self = (struct kern_thread *)self;
    r.request = request;
    r.port = kmsg_remote(request);
    r.object = r.port->kobject;
    r.complex = false;
    r.text = NULL;
    r.out_bytes = 0;
    kr = serve(&r);
    if (kr != MIG_NO_REPLY)
        *reply = make_reply(&r, kr);
}

void kobject_server(struct mach_thread *self, struct kmsg *request, struct kmsg **reply,
                    struct mach_thread **next)
{
    const struct port *port = kmsg_remote(request);

    if (port->kobject_type == KOBJECT_EXCEPTION_REPLY)
        exception_replied(port->kobject, request, next);
    else
        serve_request(self, request, reply);
}

/* Memory objects are all that live by their send rights alone. */
void kobject_no_senders(struct port *p)
{
    struct vm_object *object = p->kobject;

    if (p->kobject_type != KOBJECT_MEMORY_NAME)
        return;
    port_destroy(p);
    vm_object_release(object);
}

void *rpc_out_inline(struct rpc *r, uint32_t name, uint32_t bits, uint32_t number)
{
    uint32_t bytes = (uint32_t)MACH_MSG_ALIGN((uint64_t)bits * number / 8);
    uint64_t *at = (uint64_t *)(r->out + r->out_bytes);

    assert(r->out_bytes + 8 + bytes <= RPC_OUT_MAX);
    *at = MACH_TYPE_WORD(name, bits, 1, number);
    if (bytes)
        at[bytes / 8] = 0;
    r->out_bytes += 8 + bytes;
    return at + 1;
}

void rpc_out_memory(struct rpc *r, struct vm_ool *ool, uint32_t name, uint32_t bits,
                    uint32_t number)
{
    rpc_out(r, MACH_TYPE_WORD(name, bits, 0, number) | MACH_TYPE_LONG | MACH_TYPE_DEALLOCATE,
            (uint64_t)ool);
    r->complex = true;
}

struct port_array *rpc_out_ports(struct rpc *r, uint32_t number)
{
    struct port_array *a = port_array_alloc(number, thread_quota(r->self));

    if (a) {
        rpc_out(r, MACH_TYPE_WORD(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_PORT_OOL_BITS, 0, number) |
                       MACH_TYPE_LONG | MACH_TYPE_DEALLOCATE, (uint64_t)a);
        r->complex = true;
    }
    return a;
}

void rpc_terminate_self(struct rpc *r, void (*terminate)(struct rpc *))
{
    struct object *self = object_reference(&plain_thread(r->self)->object);

    terminate(r);
    kmsg_destroy(r->request);
    object_release(self);
    sched_resume();
}
