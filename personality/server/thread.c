/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: waiting, waking, and the end of every call that had company. */
#include "personality/server/thread.h"

#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/signal.h"
#include "personality/server/syscall.h"

unsigned server_work;
struct list poll_queue = {&poll_queue, &poll_queue};

static struct list ready = {&ready, &ready};
/* Running threads with a signal to deliver that could not be interrupted: their call is on its way.
 */
static struct list signalled = {&signalled, &signalled};

static void timeout(struct timer *tm)
{
    wake_thread(container_of(tm, struct thread, timer));
}

void thread_init(struct thread *t, struct process *p, int tid)
{
    t->process = p;
    t->tgid = t->tid = tid;
    t->state = THREAD_RUNNING;
    t->altstack.flags = SS_DISABLE;
    list_init(&t->link);
    timer_init(&t->timer, timeout);
}

int thread_host_create(struct thread *t, struct host_space *s)
{
    int r = host_thread_create(s, &t->call);

    t->hosted = r == 0;
    return r;
}

void thread_host_destroy(struct thread *t)
{
    if (t->hosted)
        host_thread_destroy(&t->call);
    t->hosted = false;
}

static void make_ready(struct thread *t, bool rerun, long saved)
{
    timer_cancel(&t->timer);
    list_remove(&t->link);
    list_add_tail(&ready, &t->link);
    t->state = THREAD_READY;
    t->rerun = rerun;
    t->saved = saved;
    server_work = 1;
}

long wait_on(struct thread *t, struct list *queue)
{
    if (signal_pending(t))
        return -ERESTART;
    list_remove(&t->link);
    list_add_tail(queue, &t->link);
    t->state = THREAD_WAITING;
    t->unkillable = false;
    return HOST_DEFER;
}

long wait_until(struct thread *t, struct list *queue)
{
    long r = wait_on(t, queue);

    if (r == HOST_DEFER && t->deadline)
        timer_set(&t->timer, t->deadline);
    return r;
}

long wait_unkillable(struct thread *t)
{
    t->state = THREAD_WAITING;
    t->unkillable = true;
    return HOST_DEFER;
}

void wake_thread(struct thread *t)
{
    if (t->state == THREAD_WAITING && !t->unkillable)
        make_ready(t, true, 0);
}

void wake_with(struct thread *t, long result)
{
    if (t->state == THREAD_WAITING)
        make_ready(t, false, result);
}

static void wake_queue(struct list *queue)
{
    while (!list_empty(queue))
        make_ready(container_of(queue->next, struct thread, link), true, 0);
}

void wake(struct list *queue)
{
    wake_queue(queue);
    wake_queue(&poll_queue);
}

void thread_notify(struct thread *t)
{
    switch (t->state) {
    case THREAD_WAITING:
        if (!t->unkillable)
            make_ready(t, true, 0);
        else if (process_of(t)->pending & sigmask_of(SIGKILL))
            make_ready(t, false, -EINTR);
        break;
    case THREAD_RUNNING:
        if (!list_empty(&t->link))
            break;
        if (host_interrupt(&t->call)) {
            make_ready(t, false, HOST_REGS);
        } else {
            list_add_tail(&signalled, &t->link);
            server_work = 1;
        }
        break;
    default:
        break;
    }
}

void thread_continue(struct thread *t)
{
    if (t->state == THREAD_STOPPED)
        make_ready(t, false, t->saved);
}

void thread_stop(struct thread *t)
{
    timer_cancel(&t->timer);
    list_remove(&t->link);
    t->state = THREAD_DEAD;
}

/* Finishes a handler's run: what `t` continues with, HOST_DEFER when it does not. */
static long settle(struct thread *t, long result)
{
    for (;;) {
        if (t->state != THREAD_RUNNING)
            return HOST_DEFER;
        list_remove(&t->link);
        if (result == HOST_DEFER || result == HOST_PENDING_CALL) {
            if (signal_pending(t))
                thread_notify(t);
            return result;
        }
        result = signal_deliver(t, result);
        if (result != -ERESTART && result != -ERESTART_NOHAND)
            break;
        result = syscall_rerun(t);
    }
    t->done = 0;
    t->deadline = 0;
    return result;
}

static void run_thread(struct thread *t)
{
    long r;

    list_remove(&t->link);
    t->state = THREAD_RUNNING;
    r = settle(t, t->rerun ? syscall_rerun(t) : t->saved);
    if (r == HOST_REGS)
        host_resume(&t->call);
    else if (r != HOST_DEFER)
        host_complete(&t->call, r);
}

void work_run(void)
{
    while (!list_empty(&ready))
        run_thread(container_of(ready.next, struct thread, link));
    server_work = !list_empty(&signalled);
}

long work_after_call(struct thread *t, long result)
{
    result = settle(t, result);
    work_run();
    return result;
}

static long copy_result(enum host_copy r)
{
    if (r == HOST_DONE)
        return 0;
    return r == HOST_PENDING ? HOST_PENDING_CALL : -EFAULT;
}

static struct host_space *space_of(struct thread *t)
{
    return process_of(t)->mm->space;
}

long copy_in(struct thread *t, void *dst, uint64_t src, size_t n)
{
    return n ? copy_result(host_copy_in(space_of(t), dst, src, n)) : 0;
}

long copy_out(struct thread *t, uint64_t dst, const void *src, size_t n)
{
    return n ? copy_result(host_copy_out(space_of(t), dst, src, n)) : 0;
}

long copy_string(struct thread *t, char *dst, uint64_t src, size_t max)
{
    size_t length = 0;
    long r = copy_result(host_copy_string(space_of(t), dst, src, max, &length));

    if (r)
        return r;
    return length < max ? (long)length : -ENAMETOOLONG;
}
