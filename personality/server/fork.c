/* SPDX-License-Identifier: BSD-2-Clause */
/* fork, vfork and those uses of clone that make a process (clone(2)).
 *
 * A space has one thread, so vfork and CLONE_VM|CLONE_VFORK copy the memory too: the parent waits
 * as it must, but does not see what the child wrote before its exec. CLONE_CHILD_CLEARTID is for
 * those who share the memory, so there is nothing to clear. */
#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

#define CLONE_KNOWN                                                                            \
    (CSIGNAL | CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID |                   \
     CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)

struct clone_args {
    uint64_t flags, stack, parent_tid, child_tid, tls;
};

/* What a child has of its parent besides memory and registers. */
static int inherit(struct process *child, struct process *p)
{
    child->pgid = p->pgid;
    child->sid = p->sid;
    child->umask = p->umask;
    child->cwd = inode_get(p->cwd);
    child->root = inode_get(p->root);
    child->exe = p->exe ? inode_get(p->exe) : NULL;
    child->actions = sigactions_get(p->actions);
    child->thread.blocked = p->thread.blocked;
    child->thread.altstack = p->thread.altstack;
    memcpy(child->comm, p->comm, sizeof(child->comm));
    if (p->exe_path) {
        child->exe_path = mem_alloc(PATH_MAX);
        if (!child->exe_path)
            return -ENOMEM;
        memcpy(child->exe_path, p->exe_path, strlen(p->exe_path) + 1);
    }
    return files_copy(&child->files, &p->files);
}

/* The child's registers are the parent's after the call, with result 0. */
static void inherit_registers(struct thread *child, struct thread *t, const struct clone_args *a)
{
    static uint8_t fpu[512] __attribute__((aligned(64)));
    struct host_regs regs;

    host_get_regs(&t->call, &regs);
    regs.rax = 0;
    if (a->stack)
        regs.rsp = a->stack;
    if (a->flags & CLONE_SETTLS)
        regs.fs_base = a->tls;
    host_set_regs(&child->call, &regs);
    host_get_fpu(&t->call, fpu);
    host_set_fpu(&child->call, fpu);
}

/* A child that is complete but does not run. It has no host thread when this fails. */
static int make_child(struct process *child, struct thread *t, const struct clone_args *a)
{
    struct process *p = process_of(t);
    int r = inherit(child, p);

    if (!r)
        r = mm_fork(p->mm, &child->mm);
    if (!r)
        r = thread_host_create(&child->thread, child->mm->space);
    if (r)
        return r;
    child->exit_signal = (int)(a->flags & CSIGNAL);
    inherit_registers(&child->thread, t, a);
    return 0;
}

/* Thread numbers into memory. Failures are ignored but for PENDING, as Linux does. */
static void store_tids(struct process *child, struct thread *t, const struct clone_args *a)
{
    int pid = child->pid;

    if (a->flags & CLONE_PARENT_SETTID)
        (void)copy_out(t, a->parent_tid, &pid, sizeof(pid));
    if (a->flags & CLONE_CHILD_SETTID)
        (void)copy_out(&child->thread, a->child_tid, &pid, sizeof(pid));
}

static long do_clone(struct thread *t, const struct clone_args *a)
{
    struct process *child;
    int r, pid;

    if ((a->flags & CSIGNAL) > NSIG)
        return -EINVAL;
    if ((a->flags & ~(uint64_t)CLONE_KNOWN) || (a->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM) {
        (void)sys_missing(t);
        return -EINVAL;
    }
    child = process_create(process_of(t));
    if (!child)
        return -EAGAIN;
    r = make_child(child, t, a);
    if (r) {
        process_abandon(child);
        return r;
    }
    store_tids(child, t, a);
    pid = child->pid;
    if (a->flags & CLONE_VFORK)
        child->vfork_parent = t;
    host_resume(&child->thread.call);
    return a->flags & CLONE_VFORK ? wait_unkillable(t) : pid;
}

long sys_fork(struct thread *t)
{
    return do_clone(t, &(struct clone_args){.flags = SIGCHLD});
}

long sys_vfork(struct thread *t)
{
    return do_clone(t, &(struct clone_args){.flags = SIGCHLD | CLONE_VM | CLONE_VFORK});
}

long sys_clone(struct thread *t)
{
    const uint64_t *arg = t->call.arg;

    return do_clone(t, &(struct clone_args){arg[0], arg[1], arg[2], arg[3], arg[4]});
}
