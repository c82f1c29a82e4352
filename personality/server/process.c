/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: creation, numbers, end, and what the parent learns of it. */
#include "personality/server/process.h"

#include "l4k/lib/format.h"
#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/sys.h"

enum { HASH_SIZE = 256 };

struct process *init_process;

static struct list hash[HASH_SIZE];
static struct list all;
/* Reaped, but perhaps still named by the call now handled: memory is recycled at the next creation.
 */
static struct list graveyard;
static unsigned count;
static int last_pid;

void process_start(void)
{
    for (unsigned i = 0; i < HASH_SIZE; i++)
        list_init(&hash[i]);
    list_init(&all);
    list_init(&graveyard);
    count = 0;
    last_pid = 0;
    init_process = NULL;
}

struct process *process_find(int pid)
{
    struct list *at;

    list_for_each(at, &hash[(unsigned)pid % HASH_SIZE]) {
        struct process *p = container_of(at, struct process, hash);

        if (p->pid == pid)
            return p;
    }
    return NULL;
}

struct process *process_next(struct process *p)
{
    struct list *next = p ? p->all.next : all.next;

    return next == &all ? NULL : container_of(next, struct process, all);
}

unsigned process_count(void)
{
    return count;
}

static int pick_pid(void)
{
    do
        last_pid = last_pid + 1 < PID_LIMIT ? last_pid + 1 : 2;
    while (process_find(last_pid));
    return last_pid;
}

static void alarm_fired(struct timer *tm)
{
    struct process *p = container_of(tm, struct process, alarm);

    signal_send(p, SIGALRM, NULL);
    if (p->alarm_interval)
        timer_set(tm, deadline_after(p->alarm_interval));
}

static void empty_graveyard(void)
{
    while (!list_empty(&graveyard)) {
        struct process *p = container_of(graveyard.next, struct process, all);

        list_remove(&p->all);
        mem_free(p, sizeof(*p));
    }
}

struct process *process_create(struct process *parent)
{
    struct process *p;

    empty_graveyard();
    p = count < PROCESS_LIMIT ? mem_zalloc(sizeof(*p)) : NULL;
    if (!p)
        return NULL;
    p->pid = pick_pid();
    count++;
    thread_init(&p->thread, p, p->pid);
    timer_init(&p->alarm, alarm_fired);
    files_init(&p->files);
    list_init(&p->children);
    list_init(&p->child_wait);
    list_init(&p->sibling);
    list_add_tail(&all, &p->all);
    list_add(&hash[(unsigned)p->pid % HASH_SIZE], &p->hash);
    p->parent = parent;
    if (parent)
        list_add_tail(&parent->children, &p->sibling);
    return p;
}

/* All that a process holds but its number and its place in the tree. */
static void release_resources(struct process *p)
{
    timer_cancel(&p->alarm);
    files_close_all(&p->files);
    inode_put(p->cwd);
    inode_put(p->root);
    inode_put(p->exe);
    p->cwd = p->root = p->exe = NULL;
    mem_free(p->exe_path, PATH_MAX);
    p->exe_path = NULL;
    sigactions_put(p->actions);
    p->actions = NULL;
    mem_free(p->infos, NSIG * sizeof(*p->infos));
    p->infos = NULL;
    if (p->mm)
        mm_release(p->mm);
    p->mm = NULL;
}

static void bury(struct process *p)
{
    list_remove(&p->sibling);
    list_remove(&p->hash);
    list_remove(&p->all);
    list_add_tail(&graveyard, &p->all);
    count--;
}

void process_abandon(struct process *p)
{
    thread_stop(&p->thread);
    release_resources(p);
    bury(p);
}

void process_vfork_done(struct process *p)
{
    struct thread *parent = p->vfork_parent;

    p->vfork_parent = NULL;
    if (parent)
        wake_with(parent, p->pid);
}

void process_tell_parent(struct process *p, int code, int status)
{
    struct process *parent = p->parent;
    struct linux_siginfo info;
    int sig = p->exit_signal;

    if (code == CLD_STOPPED || code == CLD_CONTINUED) {
        sig = SIGCHLD;
        if (parent->actions->action[SIGCHLD].flags & SA_NOCLDSTOP)
            sig = 0;
    }
    if (sig) {
        siginfo_init(&info, sig, code);
        info.pid = p->pid;
        info.status = status;
        signal_send(parent, sig, &info);
    }
    wake(&parent->child_wait);
}

static bool parent_ignores(const struct process *p)
{
    const struct linux_sigaction *a = &p->parent->actions->action[SIGCHLD];

    return p->exit_signal == SIGCHLD && (a->handler == SIG_IGN || (a->flags & SA_NOCLDWAIT));
}

static void reparent_children(struct process *p)
{
    while (!list_empty(&p->children)) {
        struct process *child = container_of(p->children.next, struct process, sibling);

        list_remove(&child->sibling);
        child->parent = init_process;
        if (child->vfork_parent == &p->thread)
            child->vfork_parent = NULL;
        child->exit_signal = SIGCHLD;
        list_add_tail(&init_process->children, &child->sibling);
        if (child->zombie)
            process_tell_parent(child, CLD_EXITED, child->exit_status >> 8);
    }
}

static void __attribute__((noreturn)) init_exited(int status)
{
    char line[64];

    snprintf(line, sizeof(line), "linux: init ended, status %d signal %d", status >> 8 & 255,
             status & 127);
    host_log(line);
    syscall_log_missing();
    host_reset();
}

void process_exit(struct process *p, int status)
{
    int sig = status & 127;

    if (p == init_process)
        init_exited(status);
    thread_stop(&p->thread);
    thread_host_destroy(&p->thread);
    release_resources(p);
    process_vfork_done(p);
    reparent_children(p);
    p->zombie = true;
    p->stopped = false;
    p->exit_status = status;
    if (parent_ignores(p)) {
        struct process *parent = p->parent;

        bury(p);
        wake(&parent->child_wait);
    } else {
        process_tell_parent(p, sig ? CLD_KILLED : CLD_EXITED, sig ? sig : status >> 8);
    }
}

long sys_exit(struct thread *t)
{
    process_exit(process_of(t), (int)(t->call.arg[0] & 255) << 8);
    return HOST_DEFER;
}

long sys_exit_group(struct thread *t)
{
    return sys_exit(t);
}

/* Does wait4(pid) of `p` mean `child`? */
static bool wait_matches(const struct process *p, const struct process *child, int pid)
{
    if (pid > 0)
        return child->pid == pid;
    if (pid == -1)
        return true;
    return child->pgid == (pid == 0 ? p->pgid : -pid);
}

/* Has `child` something to report? Its status word; -1: no. */
static int wait_status(const struct process *child, unsigned options)
{
    if (child->zombie)
        return child->exit_status;
    if ((options & WAIT_UNTRACED) && child->stopped && child->stop_unreported)
        return child->stop_signal << 8 | 0x7f;
    if ((options & WAIT_CONTINUED) && child->continued)
        return 0xffff;
    return -1;
}

static long wait_report(struct thread *t, struct process *child, int status)
{
    static const struct linux_rusage no_usage;
    int pid = child->pid;
    long r = t->call.arg[1] ? copy_out(t, t->call.arg[1], &status, sizeof(status)) : 0;

    if (!r && t->call.arg[3])
        r = copy_out(t, t->call.arg[3], &no_usage, 144);
    if (r)
        return r;
    if (child->zombie)
        bury(child);
    else if (child->stopped)
        child->stop_unreported = false;
    else
        child->continued = false;
    return pid;
}

long sys_wait4(struct thread *t)
{
    struct process *p = process_of(t);
    int pid = (int)t->call.arg[0];
    unsigned options = (unsigned)t->call.arg[2];
    bool candidates = false;
    struct list *at;

    if ((options &
         ~(WAIT_NOHANG | WAIT_UNTRACED | WAIT_CONTINUED | WAIT_NOTHREAD | WAIT_ALL | WAIT_CLONE)) ||
        pid == INT32_MIN)
        return pid == INT32_MIN ? -ESRCH : -EINVAL;
    list_for_each(at, &p->children) {
        struct process *child = container_of(at, struct process, sibling);
        int status;

        if (!wait_matches(p, child, pid))
            continue;
        candidates = true;
        status = wait_status(child, options);
        if (status >= 0)
            return wait_report(t, child, status);
    }
    if (!candidates)
        return -ECHILD;
    return options & WAIT_NOHANG ? 0 : wait_on(t, &p->child_wait);
}

long sys_getpid(struct thread *t)
{
    return t->tgid;
}

long sys_gettid(struct thread *t)
{
    return t->tid;
}

long sys_getppid(struct thread *t)
{
    struct process *parent = process_of(t)->parent;

    return parent ? parent->pid : 0;
}

/* 0 names the caller; NULL: no such process. */
static struct process *named(struct thread *t, int pid)
{
    return pid ? process_find(pid) : process_of(t);
}

long sys_getpgid(struct thread *t)
{
    struct process *p = named(t, (int)t->call.arg[0]);

    return p ? p->pgid : -ESRCH;
}

long sys_getpgrp(struct thread *t)
{
    return process_of(t)->pgid;
}

long sys_getsid(struct thread *t)
{
    struct process *p = named(t, (int)t->call.arg[0]);

    return p ? p->sid : -ESRCH;
}

static bool group_in_session(int pgid, int sid)
{
    for (struct process *p = process_next(NULL); p; p = process_next(p))
        if (p->pgid == pgid && p->sid == sid)
            return true;
    return false;
}

long sys_setpgid(struct thread *t)
{
    struct process *self = process_of(t), *p = named(t, (int)t->call.arg[0]);
    int pgid = (int)t->call.arg[1];

    if (pgid < 0)
        return -EINVAL;
    if (!p || p->zombie || (p != self && p->parent != self))
        return -ESRCH;
    if (pgid == 0)
        pgid = p->pid;
    if (p->sid != self->sid || p->sid == p->pid)
        return -EPERM;
    if (pgid != p->pid && !group_in_session(pgid, p->sid))
        return -EPERM;
    p->pgid = pgid;
    return 0;
}

long sys_setsid(struct thread *t)
{
    struct process *p = process_of(t);

    for (struct process *q = process_next(NULL); q; q = process_next(q))
        if (q->pgid == p->pid)
            return -EPERM;
    p->sid = p->pgid = p->pid;
    return p->sid;
}
