/* SPDX-License-Identifier: BSD-2-Clause */
/* Timed waits and timers: one list ordered by deadline, looked at on every tick. */
#ifndef L4K_KERN_TIMEOUT_H
#define L4K_KERN_TIMEOUT_H

#include <stdint.h>

#include "l4k/lib/list.h"

struct timeout {
    struct list link;
    uint64_t deadline; /* ns of the monotonic clock; 0: not set */
    void (*expired)(struct timeout *);
};

void timeout_init(struct timeout *t, void (*expired)(struct timeout *));

/* (Re)sets it; 0 clears. expired() is called from the tick after the deadline. */
void timeout_set(struct timeout *t, uint64_t deadline);

/* Calls expired() for all whose deadline has passed. */
void timeout_tick(void);

#endif
