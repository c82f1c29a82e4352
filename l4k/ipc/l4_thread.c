/* SPDX-License-Identifier: BSD-2-Clause */
/* What the L4-style path adds to threads and tasks: its beginning and end. */
#include "l4k/ipc/l4_thread.h"

#include "l4k/ipc_path.h"

const size_t ipc_thread_size = sizeof(struct l4_thread);
const size_t ipc_task_size = sizeof(struct l4_task);

/* No rank to wait with, nobody to answer: the fast path refuses it by itself. */
static struct l4_thread null_l4_thread = {
    .thread.state = THREAD_DEAD,
    .thread.object = {.receiver = &null_thread, .kind = OBJECT_THREAD, .references = 1},
    .caller = &null_thread,
};
extern struct thread null_thread __attribute__((alias("null_l4_thread")));

void ipc_thread_init(struct thread *t)
{
    struct l4_thread *l = l4(t);

    l->stub_end = ~UINT64_C(0);
    l->caps.slot = l4_task(t->task)->caps.slot;
    l->caps.count = l4_task(t->task)->caps.count;
    l->caller = &null_thread;
    l->reply_rank = t->rank;
    list_init(&l->sender_link);
    list_init(&l->senders);
    list_init(&l->notifications);
    list_init(&l->gates);
    list_init(&l->sources);
}

enum status ipc_task_init(struct task *task)
{
    return cap_space_init(&l4_task(task)->caps, task_quota(task), &task->threads);
}

void ipc_task_fini(struct task *task)
{
    cap_space_fini(&l4_task(task)->caps);
}
