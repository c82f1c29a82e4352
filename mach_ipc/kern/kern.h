/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and tasks as the kernel interfaces have them: fields behind those of the messages, and
 * what may be done to a task or thread, whoever asks. */
#ifndef MACH_IPC_KERN_KERN_H
#define MACH_IPC_KERN_KERN_H

#include "l4k/abi/mach_rpc.h"
#include "mach_ipc/mach_thread.h"

struct vm_map;

/* Where exceptions go: a send right to `port` (NULL or dead: nowhere) for those in `mask`. The
 * port is kept where the messages' structures have it. */
struct exception_action {
    uint32_t mask;
    uint8_t behavior; /* EXCEPTION_* */
    uint8_t flavor;   /* STATE_* */
};

struct kern_thread {
    struct mach_thread mach; /* first */
    bool foreign;            /* every system call raises EXC_SYSCALL */
    uint32_t suspend_count;
    uint8_t max_priority;    /* what thread_priority may give it (64 levels, 63 the highest) */
    struct exception_action action;
    struct port *reply;      /* exception replies come here; the kernel's; or NULL */
    /* Of the exception under way. */
    int32_t exception;
    bool thread_refused;     /* the handler of the thread's port would not have it */
    bool asked_task;         /* the task's port has been tried */
    uint8_t behavior, flavor;
    int64_t code, subcode;
};

struct kern_task {
    struct mach_task mach; /* first */
    struct exception_action action;
    char name[32];         /* for the log */
};

static inline struct kern_thread *kern_thread(struct thread *t)
{
    return (struct kern_thread *)t;
}

static inline struct kern_task *kern_task(struct task *t)
{
    return (struct kern_task *)t;
}

static inline struct thread *plain_thread(struct kern_thread *t)
{
    return &t->mach.thread;
}

static inline struct quota *thread_quota(struct kern_thread *t)
{
    return task_quota(t->mach.thread.task);
}

/* --- thread.c: tasks and threads --- */

/* A task with one reference, which stands for its being alive. Its memory is what `parent`
 * bequeaths, or (`inherit` false) nothing; its exception, bootstrap and registered ports are
 * parent's. `parent` NULL: the first task. */
enum kern_return kern_task_create(struct kern_task *parent, struct account *account, bool inherit,
                                  struct kern_task **out);

/* Ends it; it may be the running thread's own, which is then not continued. */
void kern_task_terminate(struct kern_task *task);

void kern_task_suspend(struct kern_task *task);
enum kern_return kern_task_resume(struct kern_task *task);

/* --- thread.c --- */

/* A suspended thread with its port, which lives until kern_thread_terminate().
 * KERN_RESOURCE_SHORTAGE. */
enum kern_return kern_thread_create(struct kern_task *task, struct kern_thread **out);
void kern_thread_terminate(struct kern_thread *t);
void kern_thread_suspend(struct kern_thread *t);
enum kern_return kern_thread_resume(struct kern_thread *t);
/* Ends its wait, if any, as interrupted; a wait for an exception's reply ends by trying again. */
void kern_thread_abort(struct kern_thread *t);

/* Makes it stand still or run as the suspend counts say. */
void kern_thread_settle(struct kern_thread *t);

/* A send right for the caller to the port that stands for the thread or task: NULL or PORT_DEAD
 * where that was set as its special port. */
struct port *kern_thread_port(struct kern_thread *t);
struct port *kern_task_port(struct kern_task *task);

/* port_copy_send() of a port that is mostly alive. */
static inline __attribute__((always_inline)) struct port *kern_copy_send(struct port *p)
{
    if (!port_valid(p) || !p->active)
        return port_copy_send(p);
    p->srights++;
    port_reference(p);
    return p;
}

/* --- state.c --- */

/* How many natural_t the flavor has; 0: unknown. */
uint32_t kern_state_count(uint32_t flavor);

/* Copies the state of a known flavor to `state`, where there is room for it. */
void kern_get_state(struct kern_thread *t, uint32_t flavor, void *state);

/* Sets the `count` natural_t of a state, sanitised. KERN_INVALID_ARGUMENT: unknown flavor, too few of
 * them, values that can't be. */
enum kern_return kern_set_state(struct kern_thread *t, uint32_t flavor, const void *state,
                                uint32_t count);
/* --- exception.c --- */

/* The running thread raises an exception: it waits for the handler's reply. Without a handler it
 * stops, and the log says so. Ends the kernel entry. */
void exception_raise(struct kern_thread *t, int32_t exception, int64_t code, int64_t subcode)
    __attribute__((noreturn));

/* A message came to a thread's reply port; as kobject_server(). */
void exception_replied(struct kern_thread *t, struct kmsg *m, struct mach_thread **next);

/* The thread's wait for a reply is over, or it dies: late replies find nobody. */
void exception_forget(struct kern_thread *t);

/* --- path.c --- */

/* The exception that a vector of the CPU's is, other than a page fault, and its code. */
int32_t kern_exception_of(uint64_t vector, int64_t *code);

/* --- foreign.c, or the placement of a collocated server --- */

/* A system call of a thread with `foreign` set: all registers are in its frame. */
void foreign_syscall(struct kern_thread *t) __attribute__((noreturn));

/* --- host.c --- */
extern struct port *host_port, *host_priv_port, *device_port;
void host_init(void); /* at boot: there is memory */

/* --- translation at the edge of the VM --- */
enum kern_return kern_status(enum status s);

#endif
