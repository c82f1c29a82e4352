/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and freeing threads. */
#include "l4k/kern/thread.h"

#include "l4k/ipc_path.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/task.h"
#include "l4k/lib/assert.h"
#include "l4k/x86_64/gdt.h"

_Static_assert(sizeof(struct frame) % 16 == 0, "a thread is as aligned as its memory");

/* A thread's memory: the frame, and the thread with the path's fields right above it. */
static size_t block_size(void)
{
    return sizeof(struct frame) + ipc_thread_size;
}

struct list all_threads = {&all_threads, &all_threads};

static void thread_free(struct object *o)
{
    struct thread *t = thread_of(o);
    struct task *task = t->task;

    assert(t->state == THREAD_DEAD);
    kmem_free(t->fpu, FPU_SIZE, task_quota(task));
    kmem_free(thread_frame(t), block_size(), task_quota(task));
    object_release(&task->object);
}

static void init_frame(struct frame *f)
{
    f->cs = USER_CS;
    f->ss = USER_DS;
    f->rflags = RFLAGS_FIXED | RFLAGS_IF;
}

/* FXSAVE image of an FPU after FNINIT, MXCSR at its default (SDM vol. 1, 10.5.1). */
static void init_fpu(uint16_t *fpu)
{
    fpu[0] = 0x037f;
    fpu[12] = 0x1f80;
}

enum status thread_create(struct task *task, unsigned priority, struct thread **out)
{
    struct quota *payer = task_quota(task);
    struct frame *frame = kmem_alloc(block_size(), payer);
    struct thread *t = (struct thread *)(frame + 1);

    if (!frame)
        return ERR_NO_MEMORY;
    t->fpu = kmem_alloc(FPU_SIZE, payer);
    if (!t->fpu) {
        kmem_free(frame, block_size(), payer);
        return ERR_NO_MEMORY;
    }
    init_fpu(t->fpu);
    init_frame(frame);
    object_init(&t->object, OBJECT_THREAD, thread_free);
    t->task = task;
    object_reference(&task->object);
    t->cr3 = task->cr3;
    t->state = THREAD_STOPPED;
    thread_set_priority_fields(t, priority);
    list_init(&t->ready_link);
    timeout_init(&t->timeout, NULL);
    list_add_tail(&task->threads, &t->task_link);
    list_add_tail(&all_threads, &t->all_link);
    ipc_thread_init(t);
    *out = t;
    return OK;
}
