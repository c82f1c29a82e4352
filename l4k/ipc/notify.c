/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as messages: timers and hardware interrupts. */
#include "l4k/ipc/ipc.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/timeout.h"
#include "l4k/x86_64/pic.h"

void notification_init(struct notification *n, enum object_kind kind, struct account *payer,
                       struct thread *target, uint64_t badge, void (*destroy)(struct object *))
{
    object_init(&n->object, kind, destroy);
    n->account = account_reference(payer);
    n->target = target;
    n->badge = badge;
    n->pending = 0;
    list_init(&n->link);
    list_add_tail(&l4(target)->sources, &n->target_link);
}

static void forget_events(struct notification *n)
{
    if (!n->pending)
        return;
    n->pending = 0;
    list_remove(&n->link);
    l4(n->target)->queued_events--;
}

static void orphan(struct notification *n)
{
    if (!n->target)
        return;
    forget_events(n);
    list_remove(&n->target_link);
    n->target = NULL;
}

/* `n` begins an object of `size` bytes. */
static void notification_free(struct notification *n, size_t size)
{
    struct account *account = n->account;

    orphan(n);
    kmem_free(n, size, &account->quota);
    account_release(account);
}

void notifications_orphan(struct thread *t)
{
    while (!list_empty(&l4(t)->sources))
        orphan(container_of(l4(t)->sources.next, struct notification, target_link));
}

void notification_take(struct notification *n, struct thread *t)
{
    thread_frame(t)->rdi = n->pending;
    thread_frame(t)->rsi = thread_frame(t)->rdx = thread_frame(t)->r10 = 0;
    thread_frame(t)->r8 = thread_frame(t)->r9 = 0;
    forget_events(n);
    ipc_received(t, (uint64_t)LABEL_INTERRUPT << TAG_LABEL_SHIFT, n->badge);
}

void notify(struct notification *n)
{
    struct thread *t = n->target;

    if (!t)
        return;
    if (n->pending++ == 0) {
        list_add_tail(&l4(t)->notifications, &n->link);
        l4(t)->queued_events++;
    }
    if (!ipc_waits_for(t, NULL))
        return;
    ipc_unwait(t);
    notification_take(n, t);
    sched_ready(t);
}

struct timer {
    struct notification notification;
    struct timeout timeout;
};

static struct timer *timer_of(struct object *o)
{
    return container_of(o, struct timer, notification.object);
}

static void timer_destroy(struct object *o)
{
    struct timer *timer = timer_of(o);

    timeout_set(&timer->timeout, 0);
    notification_free(&timer->notification, sizeof(*timer));
}

static void timer_expired(struct timeout *timeout)
{
    notify(&container_of(timeout, struct timer, timeout)->notification);
}

enum status timer_create(struct account *payer, struct thread *target, uint64_t badge,
                         struct object **out)
{
    struct timer *timer;

    if (target->state == THREAD_DEAD)
        return ERR_DEAD;
    timer = kmem_alloc(sizeof(*timer), &payer->quota);
    if (!timer)
        return ERR_NO_MEMORY;
    notification_init(&timer->notification, OBJECT_TIMER, payer, target, badge, timer_destroy);
    timeout_init(&timer->timeout, timer_expired);
    *out = &timer->notification.object;
    return OK;
}

void timer_set(struct object *o, uint64_t deadline)
{
    timeout_set(&timer_of(o)->timeout, deadline);
}

#define LINES 16
#define LINE_TICK 0
#define LINE_CASCADE 2

struct interrupt {
    struct notification notification;
    unsigned line;
};

static struct interrupt *bound[LINES];

static struct interrupt *interrupt_of(struct object *o)
{
    return container_of(o, struct interrupt, notification.object);
}

static void interrupt_destroy(struct object *o)
{
    struct interrupt *i = interrupt_of(o);

    pic_mask(i->line);
    bound[i->line] = NULL;
    notification_free(&i->notification, sizeof(*i));
}

enum status interrupt_create(struct account *payer, unsigned line, struct thread *target,
                             uint64_t badge, struct object **out)
{
    struct interrupt *i;

    if (line >= LINES || line == LINE_TICK || line == LINE_CASCADE)
        return ERR_INVALID;
    if (bound[line])
        return ERR_BUSY;
    if (target->state == THREAD_DEAD)
        return ERR_DEAD;
    i = kmem_alloc(sizeof(*i), &payer->quota);
    if (!i)
        return ERR_NO_MEMORY;
    notification_init(&i->notification, OBJECT_INTERRUPT, payer, target, badge, interrupt_destroy);
    i->line = line;
    bound[line] = i;
    pic_unmask(line);
    *out = &i->notification.object;
    return OK;
}

bool interrupt_raise(unsigned line)
{
    if (!bound[line])
        return false;
    pic_mask(line); /* until INTERRUPT_ACK */
    notify(&bound[line]->notification);
    return true;
}

void interrupt_ack(struct object *o)
{
    pic_unmask(interrupt_of(o)->line);
}
