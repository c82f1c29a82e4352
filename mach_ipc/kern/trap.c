/* SPDX-License-Identifier: BSD-2-Clause */
/* The Mach traps (l4k/abi/mach_rpc.h). */
#include "l4k/kern/sched.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/x86_64/serial.h"
#include "l4k/x86_64/user_copy.h"
#include "mach_ipc/kern/kern.h"
#include "mach_ipc/kern/vm_call.h"
#include "mach_ipc/mach_port.h"
#include "mach_ipc/right.h"

/* entry.S: any trap but mach_msg; what it answers goes to eax. Its thread runs on. */
uint32_t mach_trap(struct kern_thread *t);

/* entry.S: mach_msg's seventh argument can't be read. */
void mach_trap_bad_stack(struct kern_thread *t) __attribute__((noreturn));

void mach_trap_bad_stack(struct kern_thread *t)
{
    exception_raise(t, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS,
                    (int64_t)(thread_frame(plain_thread(t))->rsp + 8));
}

/* A name for a right that the caller gets; consumes the right. MACH_PORT_NULL: no room. */
static mach_port_name_t give_name(struct kern_thread *t, struct port *right)
{
    mach_port_name_t name;

    if (right_copyout(mach_space(&t->mach), right, MACH_MSG_TYPE_PORT_SEND, true, &name) ==
        KERN_SUCCESS)
        return name;
    port_release_send(right);
    return MACH_PORT_NULL;
}

static mach_port_name_t reply_port(struct kern_thread *t)
{
    mach_port_name_t name;

    return mach_port_allocate(mach_space(&t->mach), MACH_PORT_RIGHT_RECEIVE, &name) == KERN_SUCCESS
               ? name
               : MACH_PORT_NULL;
}

/* Prints a string, page by page at most PRINT_MAX bytes. */
#define PRINT_MAX 4096
static void print(struct kern_thread *t, uint64_t address)
{
    char buffer[256];
    size_t length;

    for (size_t done = 0; done < PRINT_MAX; done += sizeof(buffer), address += sizeof(buffer)) {
        enum status s = vm_copy_string_in(plain_thread(t)->task->map, address, buffer,
                                          sizeof(buffer), &length);

        if (s == OK)
            return serial_write(buffer, length);
        if (s != ERR_TRUNCATED)
            return;
        serial_write(buffer, sizeof(buffer));
    }
}

/* The live task that a name of the caller's stands for, or NULL. */
static struct kern_task *task_named(struct kern_thread *t, mach_port_name_t name)
{
    struct port *p = right_lookup_send(mach_space(&t->mach), name);

    return p && p->kobject_type == KOBJECT_TASK ? p->kobject : NULL;
}

static enum kern_return trap_vm_allocate(struct kern_thread *t, const struct frame *f)
{
    struct kern_task *task = task_named(t, (mach_port_name_t)f->rdi);
    uint64_t address;
    enum kern_return kr;

    if (!task)
        return MACH_SEND_INTERRUPTED; /* the C library then sends a message */
    if (copy_from_user(&address, f->rsi, sizeof(address)) != OK)
        return KERN_INVALID_ADDRESS;
    kr = vm_call_allocate(task, &address, f->rdx, (uint32_t)f->r10);
    if (kr == KERN_SUCCESS && copy_to_user(f->rsi, &address, sizeof(address)) != OK) {
        kr = vm_call_deallocate(task, address, f->rdx);
        return KERN_INVALID_ADDRESS;
    }
    return kr;
}

static enum kern_return trap_vm_deallocate(struct kern_thread *t, const struct frame *f)
{
    struct kern_task *task = task_named(t, (mach_port_name_t)f->rdi);

    return task ? vm_call_deallocate(task, f->rsi, f->rdx) : MACH_SEND_INTERRUPTED;
}

static enum kern_return trap_port_allocate(struct kern_thread *t, const struct frame *f)
{
    struct kern_task *task = task_named(t, (mach_port_name_t)f->rdi);
    mach_port_name_t name;
    enum kern_return kr;

    if (!task)
        return MACH_SEND_INTERRUPTED;
    kr = mach_port_allocate(task->mach.space, (uint32_t)f->rsi, &name);
    if (kr == KERN_SUCCESS && copy_to_user(f->rdx, &name, sizeof(name)) != OK) {
        kr = mach_port_destroy(task->mach.space, name);
        return KERN_INVALID_ADDRESS;
    }
    return kr;
}

/* With a flavor that has general registers, the thread goes on with what was set. */
static enum kern_return set_self_state(struct kern_thread *t, const struct frame *f)
{
    uint32_t state[STATE_MAX] __attribute__((aligned(16)));
    uint32_t flavor = (uint32_t)f->rdi, count = (uint32_t)f->rdx;
    enum kern_return kr;

    if (count > STATE_MAX)
        return KERN_INVALID_ARGUMENT;
    if (copy_from_user(state, f->rsi, count * sizeof(state[0])) != OK)
        return KERN_INVALID_ADDRESS;
    kr = kern_set_state(t, flavor, state, count);
    if (kr == KERN_SUCCESS && flavor != STATE_FSGS_BASE && flavor != STATE_FXSAVE &&
        flavor != STATE_XFLOAT)
        sched_resume();
    return kr;
}

uint32_t mach_trap(struct kern_thread *t)
{
    const struct frame *f = thread_frame(plain_thread(t));
    uint32_t number = -(uint32_t)f->rax;

    if (number > TRAP_MAX)
        exception_raise(t, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0);
    switch (number) {
    case TRAP_REPLY_PORT:
        return reply_port(t);
    case TRAP_THREAD_SELF:
        return give_name(t, kern_thread_port(t));
    case TRAP_TASK_SELF:
        return give_name(t, kern_task_port(kern_task(plain_thread(t)->task)));
    case TRAP_HOST_SELF:
        return give_name(t, port_make_send(host_port));
    case TRAP_PRINT:
        print(t, f->rdi);
        return KERN_SUCCESS;
    case TRAP_VM_ALLOCATE:
        return trap_vm_allocate(t, f);
    case TRAP_VM_DEALLOCATE:
        return trap_vm_deallocate(t, f);
    case TRAP_PORT_ALLOCATE:
        return trap_port_allocate(t, f);
    case TRAP_SET_SELF_STATE:
        return set_self_state(t, f);
    default:
        return KERN_INVALID_ARGUMENT;
    }
}
