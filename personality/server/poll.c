/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for several files: poll, ppoll, select, pselect6. All sleepers share one queue and look
 * again whenever anything changes. */
#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

static struct linux_pollfd fds[FD_LIMIT];

/* Fills in what is ready; how many descriptors have something. */
static long poll_once(struct thread *t, unsigned n)
{
    long count = 0;

    for (unsigned i = 0; i < n; i++) {
        struct linux_pollfd *p = &fds[i];
        struct file *f = p->fd >= 0 ? fd_get(t, (uint64_t)(unsigned)p->fd) : NULL;

        if (p->fd < 0)
            p->revents = 0;
        else if (!f)
            p->revents = POLLNVAL;
        else
            p->revents =
                (int16_t)(f->ops->poll(f) & ((unsigned)(uint16_t)p->events | POLLERR | POLLHUP));
        count += p->revents != 0;
    }
    return count;
}

/* Nothing is ready: 0 when the time is over, else waits. A timeout that has not begun begins. */
static long poll_wait(struct thread *t, bool forever, uint64_t timeout)
{
    long r;

    if (!forever) {
        if (!t->deadline) {
            if (!timeout)
                return 0;
            t->deadline = deadline_after(timeout);
        } else if (host_clock() >= t->deadline) {
            return 0;
        }
    }
    r = wait_until(t, &poll_queue);
    return r == -ERESTART ? -ERESTART_NOHAND : r;
}

static long finish(struct thread *t, long result)
{
    if (result != HOST_DEFER && result != HOST_PENDING_CALL && result != -ERESTART_NOHAND)
        t->deadline = 0;
    return result;
}

static long do_poll(struct thread *t, bool forever, uint64_t timeout)
{
    unsigned n = (unsigned)t->call.arg[1];
    long count, r;

    if (t->call.arg[1] > FD_LIMIT)
        return -EINVAL;
    r = copy_in(t, fds, t->call.arg[0], n * sizeof(*fds));
    if (r)
        return r;
    count = poll_once(t, n);
    if (!count) {
        r = poll_wait(t, forever, timeout);
        if (r)
            return r;
    }
    r = copy_out(t, t->call.arg[0], fds, n * sizeof(*fds));
    return r ? r : count;
}

long sys_poll(struct thread *t)
{
    int ms = (int)t->call.arg[2];

    return finish(t, do_poll(t, ms < 0, ms < 0 ? 0 : (uint64_t)ms * 1000000));
}

/* ppoll and pselect6 with a signal mask: as rt_sigsuspend has it. */
static long temporary_mask(struct thread *t, uint64_t addr, uint64_t size)
{
    uint64_t set;
    long r;

    if (!addr || t->restore_mask)
        return 0;
    if (size != 8)
        return -EINVAL;
    r = copy_in(t, &set, addr, sizeof(set));
    if (r)
        return r;
    t->suspend_saved = t->blocked;
    t->restore_mask = true;
    t->blocked = set;
    signal_mask_changed(t);
    server_work = 1; /* so that the end of the call restores the mask */
    return 0;
}

static long read_timeout(struct thread *t, uint64_t addr, uint64_t *ns)
{
    struct linux_timespec ts;
    long r;

    *ns = 0;
    if (!addr)
        return 0;
    r = copy_in(t, &ts, addr, sizeof(ts));
    return r ? r : timespec_to_ns(&ts, ns);
}

long sys_ppoll(struct thread *t)
{
    uint64_t ns;
    long r = read_timeout(t, t->call.arg[2], &ns);

    if (!r)
        r = temporary_mask(t, t->call.arg[3], t->call.arg[4]);
    return finish(t, r ? r : do_poll(t, !t->call.arg[2], ns));
}

/* ---- select ---- */

enum { SET_WORDS = FD_LIMIT / 64 };

static uint64_t sets[3][SET_WORDS]; /* read, write, except */
static const int16_t set_events[3] = {POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM, POLLPRI};
static const unsigned set_ready[3] = {POLLIN | POLLRDNORM | POLLHUP | POLLERR,
                                      POLLOUT | POLLWRNORM | POLLERR, POLLPRI};

/* The three sets as one pollfd per descriptor; the number of descriptors, or -EBADF. */
static long sets_to_fds(struct thread *t, unsigned n)
{
    unsigned count = 0;

    for (unsigned fd = 0; fd < n; fd++) {
        int16_t events = 0;

        for (unsigned k = 0; k < 3; k++)
            if (sets[k][fd / 64] >> fd % 64 & 1)
                events |= set_events[k];
        if (!events)
            continue;
        if (!fd_get(t, fd))
            return -EBADF;
        fds[count++] = (struct linux_pollfd){(int)fd, events, 0};
    }
    return count;
}

static long fds_to_sets(unsigned count)
{
    uint64_t asked[3][SET_WORDS];
    long bits = 0;

    memcpy(asked, sets, sizeof(asked));
    memset(sets, 0, sizeof(sets));
    for (unsigned i = 0; i < count; i++) {
        unsigned fd = (unsigned)fds[i].fd;

        for (unsigned k = 0; k < 3; k++) {
            if (!(asked[k][fd / 64] >> fd % 64 & 1) || !((unsigned)fds[i].revents & set_ready[k]))
                continue;
            sets[k][fd / 64] |= 1ul << fd % 64;
            bits++;
        }
    }
    return bits;
}

static long do_select(struct thread *t, bool forever, uint64_t timeout)
{
    int n = (int)t->call.arg[0];
    size_t bytes;
    long r, count, bits;

    if (n < 0)
        return -EINVAL;
    if (n > FD_LIMIT)
        n = FD_LIMIT;
    bytes = ((size_t)n + 63) / 64 * 8;
    memset(sets, 0, sizeof(sets));
    for (unsigned k = 0; k < 3; k++)
        if (t->call.arg[1 + k] && (r = copy_in(t, sets[k], t->call.arg[1 + k], bytes)))
            return r;
    count = sets_to_fds(t, (unsigned)n);
    if (count < 0)
        return count;
    if (!poll_once(t, (unsigned)count) && (r = poll_wait(t, forever, timeout)))
        return r;
    bits = fds_to_sets((unsigned)count);
    for (unsigned k = 0; k < 3; k++)
        if (t->call.arg[1 + k] && (r = copy_out(t, t->call.arg[1 + k], sets[k], bytes)))
            return r;
    return bits;
}

long sys_select(struct thread *t)
{
    struct linux_timeval tv = {0, 0};
    struct linux_timespec ts;
    uint64_t ns = 0;
    long r = t->call.arg[4] ? copy_in(t, &tv, t->call.arg[4], sizeof(tv)) : 0;

    if (!r) {
        if (tv.usec < 0 || tv.usec >= 1000000)
            return -EINVAL;
        ts = (struct linux_timespec){tv.sec, tv.usec * 1000};
        r = timespec_to_ns(&ts, &ns);
    }
    return finish(t, r ? r : do_select(t, !t->call.arg[4], ns));
}

long sys_pselect6(struct thread *t)
{
    uint64_t ns, mask[2] = {0, 0};
    long r = read_timeout(t, t->call.arg[4], &ns);

    if (!r && t->call.arg[5])
        r = copy_in(t, mask, t->call.arg[5], sizeof(mask));
    if (!r)
        r = temporary_mask(t, mask[0], mask[1]);
    return finish(t, r ? r : do_select(t, !t->call.arg[4], ns));
}
