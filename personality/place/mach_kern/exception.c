/* SPDX-License-Identifier: BSD-2-Clause */
/* The `mklinux-kern` row: a Linux system call is an exception, as a fault is, and the exception's RPC
 * to the collocated server is cut short, as OSF's kernel did it.
 *
 * There is no message. The exception still finds the port, and checks what the server behind it takes:
 * flavor, subsystem, and that it runs in this kernel's space. Then it pops an activation of the
 * server, runs on its stack (no CR3 write, no ring crossing), passes a pointer to the saved registers,
 * and comes back the same way. */
#include "l4k/kern/panic.h"
#include "l4k/kern/sched.h"
#include "mach_ipc/kern/bootstrap.h"
#include "mach_ipc/kern/kern.h"
#include "personality/place/kernel/kernel.h"

struct kern_task *first_task; /* the server is no task here */

/* Where a collocated server may run: its stack, and the registers it serves. The server is never
 * entered twice, so there is one. */
struct activation {
    struct activation *next;
    struct frame *saved;
};

/* What registering a collocated server tells the kernel. */
struct collocated {
    int32_t first_id, last_id; /* the subsystem: ids that it takes */
    uint8_t behavior, flavor;
    struct space *space;         /* NULL: the kernel's own */
    struct activation *free;
    long (*serve)(void *call, const void *saved);
};

static long serve(void *call, const void *saved);

static struct activation only_activation;
static struct collocated server = {
    .first_id = RPC_EXCEPTION_RAISE,
    .last_id = RPC_EXCEPTION_RAISE_STATE_IDENTITY,
    .behavior = EXCEPTION_STATE,
    .flavor = STATE_SAVED,
    .free = &only_activation,
    .serve = serve,
};
static struct port *server_port;

enum status place_equip(struct thread *t)
{
    struct kern_thread *k = kern_thread(t);

    if (!server_port)
        server_port = port_alloc_kernel(NULL, KOBJECT_OTHER, &server);
    if (!server_port)
        return ERR_NO_MEMORY;
    k->foreign = true;
    k->mach.exception = port_make_send(server_port);
    k->action = (struct exception_action){EXC_MASK_ALL, EXCEPTION_STATE, STATE_SAVED};
    return OK;
}

/* The server that takes this thread's exceptions without a message, or NULL. */
static inline __attribute__((always_inline)) struct collocated *
short_circuit(const struct kern_thread *k, int32_t exception, int32_t id)
{
    struct port *p = k->mach.exception;
    struct collocated *c;

    if (!(k->action.mask & EXC_MASK(exception)) || !port_valid(p) || !p->active ||
        p->kobject_type != KOBJECT_OTHER)
        return NULL;
    c = p->kobject;
    if (c->behavior != k->action.behavior || c->flavor != k->action.flavor || id < c->first_id ||
        id > c->last_id || c->space || !c->free)
        return NULL;
    return c;
}

static long serve(void *call, const void *saved)
{
    struct host_call *c = call;
    const struct frame *f = saved;

    c->nr = (uint32_t)f->rax; /* Linux looks at eax */
    c->arg[0] = f->rdi;
    c->arg[1] = f->rsi;
    c->arg[2] = f->rdx;
    c->arg[3] = f->r10;
    c->arg[4] = f->r8;
    c->arg[5] = f->r9;
    return server_syscall(c);
}

/* An activation of the server, which has a free one, for a thread with these registers. */
static inline struct activation *activate(struct collocated *c, struct frame *saved)
{
    struct activation *a = c->free;

    c->free = a->next;
    a->saved = saved;
    return a;
}

static inline void put_back(struct collocated *c, struct activation *a)
{
    a->next = c->free;
    c->free = a;
}

void foreign_syscall(struct kern_thread *k)
{
    struct thread *t = plain_thread(k);
    struct collocated *c = short_circuit(k, EXC_SYSCALL, RPC_EXCEPTION_RAISE_STATE);
    struct activation *a;
    long result;

    if (!c)
        exception_raise(k, EXC_SYSCALL, (int64_t)thread_frame(t)->rax, 0);
    a = activate(c, thread_frame(t));
    result = server_enter(c->serve, t->host_call, a->saved);
    put_back(c, a);
    if (result >= HOST_LAST && result <= HOST_FIRST)
        place_no_answer(result);
    place_give_way(t, result);
}

#define PAGE_FAULT 14 /* its vector */

void place_fault(struct thread *t, const struct host_fault *f)
{
    struct kern_thread *k = kern_thread(t);
    int64_t code, subcode = (int64_t)f->error;
    int32_t exception;
    struct collocated *c;
    struct activation *a;

    if (f->vector == PAGE_FAULT) {
        exception = EXC_BAD_ACCESS;
        code = f->mapped ? KERN_PROTECTION_FAILURE : KERN_INVALID_ADDRESS;
        subcode = (int64_t)f->address;
    } else {
        exception = kern_exception_of(f->vector, &code);
    }
    c = short_circuit(k, exception, RPC_EXCEPTION_RAISE_STATE);
    if (!c)
        exception_raise(k, exception, code, subcode);
    a = activate(c, thread_frame(t));
    server_take_fault(t, f);
    put_back(c, a);
}
