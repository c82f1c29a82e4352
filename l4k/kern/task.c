/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks and the accounts that pay for them. */
#include "l4k/kern/task.h"

#include "l4k/ipc_path.h"
#include "l4k/lib/assert.h"

void (*task_map_release)(struct vm_map *map);

/* Accounts without holders whose charges are still out: freed when a later release finds them
 * settled. */
static struct list unsettled = {&unsettled, &unsettled};

struct account_block {
    struct account account;
    struct list link;
};

/* Gives the limit of a settled account back to its parent and frees it; tells the parent, whose
 * reference is now the caller's, or NULL. */
static struct account *settle(struct account_block *b)
{
    struct account *parent = b->account.parent;

    list_remove(&b->link);
    if (parent)
        parent->quota.used -= b->account.quota.limit;
    kmem_free(b, sizeof(*b), NULL);
    return parent;
}

/* One that is settled, or NULL. */
static struct account_block *find_settled(void)
{
    struct list *l;

    list_for_each(l, &unsettled) {
        struct account_block *b = container_of(l, struct account_block, link);

        if (b->account.quota.used == 0)
            return b;
    }
    return NULL;
}

/* Gives back all that is settled, so that a parent does not pay for what is over. */
static void settle_all(void)
{
    struct account_block *b;

    while ((b = find_settled())) {
        struct account *parent = settle(b);

        if (parent)
            account_release(parent);
    }
}

enum status account_create(struct account *parent, size_t limit, struct account **out)
{
    struct account_block *b;

    if (parent)
        settle_all();
    if (parent && limit > parent->quota.limit - parent->quota.used)
        return ERR_NO_MEMORY;
    b = kmem_alloc(sizeof(*b), NULL);
    if (!b)
        return ERR_NO_MEMORY;
    if (parent) {
        parent->quota.used += limit;
        b->account.parent = account_reference(parent);
    }
    b->account.quota.limit = limit;
    b->account.holders = 1;
    list_init(&b->link);
    *out = &b->account;
    return OK;
}

void account_release(struct account *a)
{
    while (a) {
        struct account_block *b;

        assert(a->holders > 0);
        if (--a->holders == 0)
            list_add_tail(&unsettled, &container_of(a, struct account_block, account)->link);
        b = find_settled();
        a = b ? settle(b) : NULL;
    }
}

static void task_free(struct object *o)
{
    struct task *task = task_of(o);
    struct account *account = task->account;

    task_destroy(task);
    kmem_free(task, ipc_task_size, &account->quota);
    account_release(account);
}

enum status task_create(struct vm_map *map, uint64_t cr3, struct account *account,
                        struct task **out)
{
    struct task *task = kmem_alloc(ipc_task_size, &account->quota);
    enum status s;

    if (!task)
        return ERR_NO_MEMORY;
    object_init(&task->object, OBJECT_TASK, task_free);
    list_init(&task->threads);
    task->account = account_reference(account);
    s = ipc_task_init(task);
    if (s != OK) {
        kmem_free(task, ipc_task_size, &account->quota);
        account_release(account);
        return s;
    }
    task->map = map;
    task->cr3 = cr3;
    *out = task;
    return OK;
}

void task_destroy(struct task *task)
{
    if (!task->map)
        return;
    while (!list_empty(&task->threads))
        ipc_thread_destroy(container_of(task->threads.next, struct thread, task_link));
    ipc_task_fini(task);
    task_map_release(task->map);
    task->map = NULL;
}
