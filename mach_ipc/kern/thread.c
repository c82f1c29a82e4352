/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and tasks: making, ending, suspending, aborting, and the ports that name them. */
#include "l4k/ipc_path.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_map.h"
#include "mach_ipc/kern/bootstrap.h"
#include "mach_ipc/kern/kern.h"
#include "mach_ipc/wait.h"

#define DEFAULT_PRIORITY 32

enum kern_return kern_thread_create(struct kern_task *task, struct kern_thread **out)
{
    struct thread *thread;
    struct kern_thread *t;

    assert(task->mach.task.map); /* its port died before its map went */
    if (thread_create(&task->mach.task, DEFAULT_PRIORITY, &thread) != OK)
        return KERN_RESOURCE_SHORTAGE;
    t = kern_thread(thread);
    t->mach.self = port_alloc_kernel(thread_quota(t), KOBJECT_THREAD, t);
    if (!t->mach.self) {
        kern_thread_terminate(t);
        return KERN_RESOURCE_SHORTAGE;
    }
    t->mach.self_send = port_make_send(t->mach.self);
    /* Only the first task is above the others; in Mach its processor set's port would be. */
    t->max_priority = task == first_task ? PRIORITIES - 1 : DEFAULT_PRIORITY;
    *out = t;
    return KERN_SUCCESS;
}

void kern_thread_terminate(struct kern_thread *t)
{
    ipc_thread_destroy(plain_thread(t));
}

static struct kern_task *task_of_thread(struct kern_thread *t)
{
    return kern_task(plain_thread(t)->task);
}

void kern_thread_settle(struct kern_thread *t)
{
    struct thread *thread = plain_thread(t);
    bool stop = t->suspend_count || task_of_thread(t)->mach.suspend_count;

    if (thread->state == (stop ? THREAD_STOPPED : THREAD_READY))
        return;
    if (stop)
        sched_remove(thread);
    thread->state = stop ? THREAD_STOPPED : THREAD_READY;
    if (!stop && t->mach.wait == MACH_RUNS)
        mach_ready(&t->mach);
}

void kern_thread_suspend(struct kern_thread *t)
{
    t->suspend_count++;
    kern_thread_settle(t);
}

enum kern_return kern_thread_resume(struct kern_thread *t)
{
    if (!t->suspend_count)
        return KERN_FAILURE;
    t->suspend_count--;
    kern_thread_settle(t);
    return KERN_SUCCESS;
}

void kern_thread_abort(struct kern_thread *t)
{
    if (t->mach.wait == MACH_WAIT_REPLY) {
        exception_forget(t);
        mach_wake(&t->mach, KERN_ABORTED);
    } else {
        mach_interrupt(&t->mach);
    }
}

struct port *kern_thread_port(struct kern_thread *t)
{
    return port_copy_send(t->mach.self_send);
}

struct port *kern_task_port(struct kern_task *task)
{
    return port_copy_send(task->mach.self_send);
}

/* The address map of a new task, whose limits are the parent's even where it is empty. */
static enum kern_return make_map(struct kern_task *parent, struct account *account, bool inherit,
                                 struct vm_map **map)
{
    const struct vm_map *from = parent ? parent->mach.task.map : NULL;
    enum status s;

    if (inherit)
        return kern_status(vm_map_fork(parent->mach.task.map, &account->quota, map));
    s = vm_map_create(&account->quota, PAGE_SIZE, USER_MAX, map);
    if (s == OK && from)
        s = vm_map_set_limit(*map, from->limit, from->max_limit);
    return kern_status(s);
}

static void inherit_ports(const struct kern_task *parent, struct kern_task *child)
{
    child->action = parent->action;
    child->mach.exception = port_copy_send(parent->mach.exception);
    child->mach.bootstrap = port_copy_send(parent->mach.bootstrap);
    for (unsigned i = 0; i < MACH_TASK_PORTS; i++)
        child->mach.registered[i] = port_copy_send(parent->mach.registered[i]);
}

enum kern_return kern_task_create(struct kern_task *parent, struct account *account, bool inherit,
                                  struct kern_task **out)
{
    struct vm_map *map;
    struct task *task;
    enum kern_return kr = make_map(parent, account, inherit, &map);

    if (kr != KERN_SUCCESS)
        return kr;
    if (task_create(map, pmap_root(vm_map_pmap(map)), account, &task) != OK) {
        vm_map_release(map);
        return KERN_RESOURCE_SHORTAGE;
    }
    if (parent)
        inherit_ports(parent, kern_task(task));
    *out = kern_task(task);
    return KERN_SUCCESS;
}

void kern_task_terminate(struct kern_task *task)
{
    assert(task->mach.task.map);
    task_destroy(&task->mach.task);
    object_release(&task->mach.task.object);
}

static void settle_all(struct kern_task *task)
{
    struct list *l;

    list_for_each(l, &task->mach.task.threads)
        kern_thread_settle(kern_thread(container_of(l, struct thread, task_link)));
}

void kern_task_suspend(struct kern_task *task)
{
    task->mach.suspend_count++;
    settle_all(task);
}

enum kern_return kern_task_resume(struct kern_task *task)
{
    if (!task->mach.suspend_count)
        return KERN_FAILURE;
    task->mach.suspend_count--;
    settle_all(task);
    return KERN_SUCCESS;
}
