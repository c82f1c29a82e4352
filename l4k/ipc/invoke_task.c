/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on tasks: making tasks, threads, gates and other objects; capabilities. */
#include "l4k/ipc/invoke.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/panic.h"
#include "l4k/vm/vm_map.h"

/* The account that pays for a new task: that of the creator, or a new one with a limit. */
static enum status choose_account(struct task *creator, uint64_t limit, struct account **out)
{
    if (limit)
        return account_create(creator->account, limit, out);
    *out = account_reference(creator->account);
    return OK;
}

/* `model`: the task to fork, or NULL for an empty one. */
static enum status new_task(struct thread *t, struct task *payer, struct task *model)
{
    struct frame *f = thread_frame(t);
    struct account *account;
    struct vm_map *map;
    struct task *task = NULL;
    enum status s = choose_account(payer, f->rsi, &account);

    if (s != OK)
        return s;
    if (model)
        s = vm_map_fork(model->map, &account->quota, &map);
    else
        s = vm_map_create(&account->quota, STUB_BASE, USER_MAX, &map);
    if (s == OK) {
        s = task_create(map, pmap_root(vm_map_pmap(map)), account, &task);
        if (s != OK)
            vm_map_release(map);
    }
    account_release(account);
    return s == OK ? invoke_insert(t->task, f->rdi, s, &task->object) : s;
}

/* The memory object that is to hold the UTCB (r10; none: 0), where in it (r8), and where the thread
 * sees it (rsi; no UTCB: 0). */
static enum status new_utcb(struct thread *t, struct thread *thread)
{
    struct frame *f = thread_frame(t);
    struct object *o;
    enum status s;

    if (!f->rsi)
        return OK;
    if (!f->r10)
        return utcb_give(thread, f->rsi, NULL, 0);
    s = cap_lookup(&l4_task(t->task)->caps, slot_arg(f->r10), OBJECT_MEMORY, &o);
    return s == OK ? utcb_give(thread, f->rsi, memory_vm_object(o), f->r8) : s;
}

/* A thread that came to nothing goes, and so does its UTCB's mapping, which has an entry of its own and
 * thus needs no memory to be removed. */
static void undo_thread(struct thread *thread, uint64_t utcb_address)
{
    struct vm_map *map = thread->task->map;
    bool mapped = l4(thread)->utcb;

    ipc_thread_destroy(thread);
    if (mapped && vm_map_remove(map, utcb_address, utcb_address + PAGE_SIZE) != OK)
        panic("a UTCB's entry could not be removed");
}

static enum status new_thread(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    struct thread *thread;
    enum status s;

    if (f->rdx >= PRIORITIES)
        return ERR_INVALID;
    s = thread_create(task, (unsigned)f->rdx, &thread);
    if (s != OK)
        return s;
    s = new_utcb(t, thread);
    if (s == OK)
        s = cap_insert(&l4_task(t->task)->caps, slot_arg(f->rdi), &thread->object);
    if (s != OK)
        undo_thread(thread, f->rsi);
    return s;
}

/* The thread that a word names by the caller's capability. */
static enum status thread_arg(struct thread *t, uint64_t word, struct thread **out)
{
    struct object *o;
    enum status s = cap_lookup(&l4_task(t->task)->caps, slot_arg(word), OBJECT_THREAD, &o);

    if (s == OK)
        *out = thread_of(o);
    return s;
}

static enum status new_gate(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    struct thread *receiver;
    struct object *o = NULL;
    enum status s = thread_arg(t, f->rsi, &receiver);

    if (s == OK)
        s = gate_create(task->account, receiver, f->rdx, &o);
    return invoke_insert(t->task, f->rdi, s, o);
}

static enum status new_timer(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    struct thread *target;
    struct object *o = NULL;
    enum status s = thread_arg(t, f->rsi, &target);

    if (s == OK)
        s = timer_create(task->account, target, f->rdx, &o);
    return invoke_insert(t->task, f->rdi, s, o);
}

static enum status new_memory(struct thread *t, struct task *task)
{
    struct frame *f = thread_frame(t);
    struct object *o = NULL;
    enum status s = memory_create(task->account, f->rsi, &o);

    return invoke_insert(t->task, f->rdi, s, o);
}

enum status invoke_task(struct thread *t, struct object *o, uint32_t label)
{
    struct task *task = task_of(o);
    struct frame *f = thread_frame(t);

    if (!task->map)
        return ERR_DEAD;
    switch (label) {
    case TASK_CREATE:
        return new_task(t, task, NULL);
    case TASK_FORK:
        return new_task(t, task, task);
    case TASK_DESTROY:
        task_destroy(task);
        return OK;
    case TASK_THREAD:
        return new_thread(t, task);
    case TASK_GATE:
        return new_gate(t, task);
    case TASK_TIMER:
        return new_timer(t, task);
    case TASK_OBJECT:
        return new_memory(t, task);
    case TASK_CAP_COPY:
        return cap_copy(&l4_task(t->task)->caps, slot_arg(f->rsi), &l4_task(task)->caps, slot_arg(f->rdi));
    case TASK_CAP_DELETE:
        cap_delete(&l4_task(task)->caps, slot_arg(f->rdi));
        return OK;
    case TASK_CAP_REVOKE:
        cap_revoke(&l4_task(task)->caps, slot_arg(f->rdi));
        return OK;
    default:
        return invoke_task_memory(t, task, label);
    }
}
