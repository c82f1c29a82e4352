/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and freeing threads. */
#include "l4k/kern/thread.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/task.h"
#include "l4k/lib/assert.h"
#include "l4k/x86_64/gdt.h"

/* A thread's memory: the frame, and the thread right above it. */
struct thread_block {
    struct frame frame;
    struct thread thread;
};

_Static_assert(offsetof(struct thread_block, thread) == sizeof(struct frame),
               "thread_frame() finds the frame right below the thread");

struct thread null_thread = {
    .caller = &null_thread,
    .state = THREAD_DEAD,
    .object = {.receiver = &null_thread, .kind = OBJECT_THREAD, .references = 1},
};

struct list all_threads = {&all_threads, &all_threads};

static void thread_free(struct object *o)
{
    struct thread *t = thread_of(o);
    struct task *task = t->task;

    assert(t->state == THREAD_DEAD);
    kmem_free(t->fpu, FPU_SIZE, task_quota(task));
    kmem_free(container_of(t, struct thread_block, thread), sizeof(struct thread_block),
              task_quota(task));
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
    struct thread_block *block = kmem_alloc(sizeof(*block), payer);
    struct thread *t;

    if (!block)
        return ERR_NO_MEMORY;
    t = &block->thread;
    t->fpu = kmem_alloc(FPU_SIZE, payer);
    if (!t->fpu) {
        kmem_free(block, sizeof(*block), payer);
        return ERR_NO_MEMORY;
    }
    init_fpu(t->fpu);
    init_frame(&block->frame);
    object_init(&t->object, OBJECT_THREAD, thread_free);
    t->task = task;
    object_reference(&task->object);
    t->stub_end = ~UINT64_C(0);
    t->caps.slot = task->caps.slot;
    t->caps.count = task->caps.count;
    t->caller = &null_thread;
    t->cr3 = task->cr3;
    t->state = THREAD_STOPPED;
    thread_set_priority_fields(t, priority);
    list_init(&t->ready_link);
    list_init(&t->sender_link);
    timeout_init(&t->timeout, NULL);
    list_init(&t->senders);
    list_init(&t->notifications);
    list_init(&t->gates);
    list_init(&t->sources);
    list_add_tail(&task->threads, &t->task_link);
    list_add_tail(&all_threads, &t->all_link);
    *out = t;
    return OK;
}
