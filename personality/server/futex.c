/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes: WAIT, WAKE and their bitset forms. A word is known by (memory, address): a word in
 * memory shared between processes by MAP_SHARED is not one futex here. */
#include "personality/server/futex.h"

#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10,
       FUTEX_PRIVATE = 128, FUTEX_CLOCK_REALTIME = 256 };

static struct list waiters; /* all of them; the call's first argument is the address */

void futex_start(void)
{
    list_init(&waiters);
}

/* Wakes up to n waiters on the word of this memory; how many it woke. */
static unsigned futex_wake(struct mm *mm, uint64_t addr, unsigned n)
{
    struct list *at, *tmp;
    unsigned woken = 0;

    list_for_each_safe(at, tmp, &waiters) {
        struct thread *t = container_of(at, struct thread, link);

        if (woken == n)
            break;
        if (process_of(t)->mm == mm && t->call.arg[0] == addr) {
            wake_with(t, 0);
            woken++;
        }
    }
    return woken;
}

/* Sets t->deadline at the first run; FUTEX_WAIT's time is relative, WAIT_BITSET's absolute. */
static long set_deadline(struct thread *t, int op)
{
    struct linux_timespec ts;
    uint64_t ns, now;
    long r;

    if (!t->call.arg[3] || t->deadline)
        return 0;
    r = copy_in(t, &ts, t->call.arg[3], sizeof(ts));
    if (!r)
        r = timespec_to_ns(&ts, &ns);
    if (r)
        return r;
    if ((op & 127) == FUTEX_WAIT_BITSET) {
        now = op & FUTEX_CLOCK_REALTIME ? host_realtime() : host_clock();
        ns = ns > now ? ns - now : 0;
    }
    t->deadline = deadline_after(ns);
    return 0;
}

static long futex_wait(struct thread *t, int op)
{
    uint32_t seen;
    long r = copy_in(t, &seen, t->call.arg[0], sizeof(seen));

    if (!r)
        r = set_deadline(t, op);
    if (!r && seen != (uint32_t)t->call.arg[2])
        r = -EAGAIN;
    if (!r && t->deadline && host_clock() >= t->deadline)
        r = -ETIMEDOUT;
    if (r) {
        if (r != HOST_PENDING_CALL)
            t->deadline = 0;
        return r;
    }
    return wait_until(t, &waiters);
}

long sys_futex(struct thread *t)
{
    int op = (int)t->call.arg[1];

    if (t->call.arg[0] & 3)
        return -EINVAL;
    switch (op & 127) {
    case FUTEX_WAIT:
        return futex_wait(t, op);
    case FUTEX_WAIT_BITSET:
        return (uint32_t)t->call.arg[5] == ~0u ? futex_wait(t, op) : sys_missing(t);
    case FUTEX_WAKE:
        return (long)futex_wake(process_of(t)->mm, t->call.arg[0], (unsigned)t->call.arg[2]);
    case FUTEX_WAKE_BITSET:
        return (uint32_t)t->call.arg[5] == ~0u
                   ? (long)futex_wake(process_of(t)->mm, t->call.arg[0], (unsigned)t->call.arg[2])
                   : sys_missing(t);
    default:
        return sys_missing(t);
    }
}
