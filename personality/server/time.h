/* SPDX-License-Identifier: BSD-2-Clause */
/* One ordered list of timers over the host's single timer. Times are host_clock() nanoseconds. */
#ifndef PERSONALITY_SERVER_TIME_H
#define PERSONALITY_SERVER_TIME_H

#include "l4k/lib/list.h"
#include "personality/server/host.h"
#include "personality/server/linux.h"

struct timer {
    struct list link; /* empty when not running */
    uint64_t deadline;
    void (*fire)(struct timer *); /* called when the timer is already off the list */
};

void timer_start_all(void); /* once, at start */
void timer_init(struct timer *tm, void (*fire)(struct timer *));
/* Running timers move to the new deadline. */
void timer_set(struct timer *tm, uint64_t deadline);
void timer_cancel(struct timer *tm);

/* -EINVAL for a negative or unnormalised time. Saturates at 2^62 ns. */
int timespec_to_ns(const struct linux_timespec *ts, uint64_t *ns);
/* `delay` from now, saturating, never 0. */
uint64_t deadline_after(uint64_t delay);

#endif
