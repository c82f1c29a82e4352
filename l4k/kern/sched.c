/* SPDX-License-Identifier: BSD-2-Clause */
/* The ready queue and the switch. */
#include "l4k/kern/sched.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/regs.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/hot.h"
#include "l4k/x86_64/cpu.h"

HOT_DATA struct cpu_state cpu;

static struct list ready[PRIORITIES];
static HOT_DATA uint64_t ready_bits; /* bit p: ready[p] has a thread */

void sched_init(void)
{
    for (unsigned p = 0; p < PRIORITIES; p++)
        list_init(&ready[p]);
}

static void update_rank(void)
{
    cpu.ready_rank = ready_bits ? READY_RANK_OF(63u - (unsigned)__builtin_clzll(ready_bits)) : 0;
    if (!cpu.fpu_live)
        cpu.switch_rank = cpu.ready_rank;
}

static void enqueue(struct thread *t)
{
    assert(!t->queued && t->state == THREAD_READY);
    list_add_tail(&ready[t->priority], &t->ready_link);
    t->queued = true;
    ready_bits |= UINT64_C(1) << t->priority;
    update_rank();
}

void sched_ready(struct thread *t)
{
    enqueue(t);
    if (cpu.blocked || t->priority > current()->priority)
        cpu.reschedule = true;
}

void sched_remove(struct thread *t)
{
    if (!t->queued)
        return;
    list_remove(&t->ready_link);
    t->queued = false;
    if (list_empty(&ready[t->priority]))
        ready_bits &= ~(UINT64_C(1) << t->priority);
    update_rank();
}

void sched_set_priority(struct thread *t, unsigned priority)
{
    bool queued = t->queued;

    sched_remove(t);
    thread_set_priority_fields(t, priority);
    if (queued)
        enqueue(t);
    cpu.reschedule = true;
}

void sched_block(struct thread *t)
{
    if (t == current())
        cpu.blocked = true;
}

void sched_tick(void)
{
    struct thread *t = current();

    cpu.ticks++;
    if (t->slice > 1) {
        t->slice--;
    } else {
        t->slice = SLICE_TICKS;
        cpu.reschedule = true;
    }
}

void sched_yield(void)
{
    current()->slice = SLICE_TICKS;
    cpu.reschedule = true;
}

/* The highest ready thread, taken out of the queue; NULL: none. */
static struct thread *pick(void)
{
    struct thread *t;

    if (!ready_bits)
        return NULL;
    t = container_of(ready[63 - __builtin_clzll(ready_bits)].next, struct thread, ready_link);
    sched_remove(t);
    return t;
}

void thread_activate(struct thread *t)
{
    struct thread *from = current();

    if (t == from)
        return;
    thread_store_bases(from);
    if (t->cr3 != read_cr3())
        write_cr3(t->cr3);
    thread_load_bases(t);
    fpu_suspend();
    cpu_tss.rsp0 = (uint64_t)t;
}

void sched_switch_to(struct thread *t)
{
    cpu.blocked = false;
    assert(!t->queued && t->state == THREAD_READY);
    thread_activate(t);
    if (t->continuation) {
        void (*f)(struct thread *) = t->continuation;

        t->continuation = NULL;
        run_continuation(t, f);
    }
    frame_return(thread_frame(t));
}

void sched_resume(void)
{
    struct thread *t = current();

    /* One that stopped and was made ready again on the way is in the queue. */
    if (!cpu.blocked && t->state == THREAD_READY && !t->queued) {
        if (!cpu.reschedule)
            frame_return(thread_frame(t));
        enqueue(t);
    }
    cpu.reschedule = false;
    while (!(t = pick()))
        cpu_idle();
    cpu.reschedule = false;
    sched_switch_to(t);
}
