/* SPDX-License-Identifier: BSD-2-Clause */
/* The Mach-style path's side of l4k/ipc_path.h: what it adds to threads and tasks, and their
 * ends. */
#include "l4k/ipc_path.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/sched.h"
#include "l4k/x86_64/cpu.h"
#include "mach_ipc/kern/kern.h"
#include "mach_ipc/kern/sync.h"
#include "mach_ipc/wait.h"

void mach_syscall_entry(void);

const size_t ipc_thread_size = sizeof(struct kern_thread);
const size_t ipc_task_size = sizeof(struct kern_task);

static struct kern_thread null_kern_thread = {
    .mach.thread.state = THREAD_DEAD,
    .mach.thread.object = {.receiver = &null_thread, .kind = OBJECT_THREAD, .references = 1},
};
extern struct thread null_thread __attribute__((alias("null_kern_thread")));

/* Flags that the entry clears: interrupts, direction, trap, nested task, alignment check. */
#define SFMASK (0x200 | 0x400 | 0x100 | 0x4000 | 0x40000)

void ipc_init(void)
{
    wrmsr(MSR_LSTAR, (uint64_t)mach_syscall_entry);
    wrmsr(MSR_SFMASK, SFMASK);
}

/* A new thread is suspended: THREAD_STOPPED goes with the suspend counts (kern_thread_settle()). */
void ipc_thread_init(struct thread *t)
{
    mach_thread_init(mach_thread(t));
    kern_thread(t)->suspend_count = 1;
}

enum status ipc_task_init(struct task *task)
{
    struct mach_task *m = mach_task(task);

    if (space_create(task_quota(task), &m->space) != KERN_SUCCESS)
        return ERR_NO_MEMORY;
    m->self = port_alloc_kernel(task_quota(task), KOBJECT_TASK, task);
    if (!m->self) {
        space_destroy(m->space);
        space_release(m->space);
        return ERR_NO_MEMORY;
    }
    m->self_send = port_make_send(m->self);
    return OK;
}

void ipc_task_fini(struct task *task)
{
    struct mach_task *m = mach_task(task);

    sync_forget(kern_task(task));
    port_destroy(m->self);
    port_release_send(m->self_send);
    port_release_send(m->exception);
    port_release_send(m->bootstrap);
    for (unsigned i = 0; i < MACH_TASK_PORTS; i++)
        port_release_send(m->registered[i]);
    space_destroy(m->space);
    space_release(m->space);
}

static void end_ports(struct kern_thread *k)
{
    exception_forget(k);
    if (k->mach.self)
        port_destroy(k->mach.self);
    port_release_send(k->mach.self_send);
    port_release_send(k->mach.exception);
    k->mach.self = k->mach.self_send = k->mach.exception = NULL;
}

void ipc_thread_destroy(struct thread *t)
{
    struct kern_thread *k = kern_thread(t);

    if (t->state == THREAD_DEAD)
        return;
    mach_thread_leave(&k->mach);
    sched_remove(t);
    t->state = THREAD_DEAD;
    end_ports(k);
    fpu_flush(t);
    list_remove(&t->task_link);
    list_remove(&t->all_link);
    if (t == current())
        cpu_tss.rsp0 = (uint64_t)&null_thread;
    object_release(&t->object);
}

void ipc_cancel(struct thread *t, enum status why)
{
    (void)why; /* a Mach wait tells itself how it was interrupted */
    if (t->state != THREAD_DEAD)
        kern_thread_abort(kern_thread(t));
}

void ipc_stop(struct thread *t)
{
    struct kern_thread *k = kern_thread(t);

    if (t->state == THREAD_DEAD)
        return;
    if (k->mach.wait != MACH_RUNS)
        mach_thread_leave(&k->mach);
    k->suspend_count++;
    kern_thread_settle(k);
}

void ipc_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped)
{
    t->fault.vector = thread_frame(t)->vector;
    t->fault.error = thread_frame(t)->error;
    t->fault.address = address;
    t->fault.access = (uint8_t)access;
    t->fault.mapped = mapped;
    exception_raise(kern_thread(t), EXC_BAD_ACCESS,
                    mapped ? KERN_PROTECTION_FAILURE : KERN_INVALID_ADDRESS, (int64_t)address);
}

/* What the vectors of the SDM (vol. 3, table 6-1) are to Mach; others are bad instructions. */
static const struct {
    uint8_t exception, code;
} exception_of[] = {
    [0] = {EXC_ARITHMETIC, EXC_I386_DIV},     [1] = {EXC_BREAKPOINT, EXC_I386_SGL},
    [3] = {EXC_BREAKPOINT, EXC_I386_BPT},     [4] = {EXC_ARITHMETIC, EXC_I386_INTO},
    [5] = {EXC_ARITHMETIC, EXC_I386_BOUND},   [6] = {EXC_BAD_INSTRUCTION, EXC_I386_INVOP},
    [7] = {EXC_ARITHMETIC, EXC_I386_NOEXT},   [11] = {EXC_BAD_INSTRUCTION, EXC_I386_SEGNPFLT},
    [12] = {EXC_BAD_INSTRUCTION, EXC_I386_STKFLT}, [13] = {EXC_BAD_INSTRUCTION, EXC_I386_GPFLT},
    [16] = {EXC_ARITHMETIC, EXC_I386_EXTERR}, [17] = {EXC_BAD_INSTRUCTION, EXC_I386_ALIGNFLT},
    [19] = {EXC_ARITHMETIC, EXC_I386_EXTERR},
};

int32_t kern_exception_of(uint64_t vector, int64_t *code)
{
    if (vector < sizeof(exception_of) / sizeof(exception_of[0]) && exception_of[vector].exception) {
        *code = exception_of[vector].code;
        return exception_of[vector].exception;
    }
    *code = (int64_t)vector;
    return EXC_BAD_INSTRUCTION;
}

void ipc_exception(struct thread *t, uint64_t vector, uint64_t error)
{
    int64_t code;
    int32_t exception = kern_exception_of(vector, &code);

    t->fault.vector = vector;
    t->fault.error = error;
    t->fault.address = 0;
    exception_raise(kern_thread(t), exception, code, (int64_t)error);
}
