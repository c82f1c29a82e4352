/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of deadlines. */
#include "l4k/kern/timeout.h"

#include "l4k/x86_64/clock.h"

static struct list timeouts = {&timeouts, &timeouts};

void timeout_init(struct timeout *t, void (*expired)(struct timeout *))
{
    list_init(&t->link);
    t->deadline = 0;
    t->expired = expired;
}

void timeout_set(struct timeout *t, uint64_t deadline)
{
    struct list *at;

    list_remove(&t->link);
    t->deadline = deadline;
    if (!deadline)
        return;
    list_for_each(at, &timeouts) {
        if (container_of(at, struct timeout, link)->deadline > deadline)
            break;
    }
    list_add_tail(at, &t->link);
}

void timeout_tick(void)
{
    uint64_t now;

    if (list_empty(&timeouts))
        return;
    now = clock_ns();
    while (!list_empty(&timeouts)) {
        struct timeout *t = container_of(timeouts.next, struct timeout, link);

        if (t->deadline > now)
            return;
        timeout_set(t, 0);
        t->expired(t);
    }
}
