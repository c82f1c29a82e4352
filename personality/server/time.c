/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: the timer list, the clocks, sleeping and alarms. */
#include "personality/server/time.h"

#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5,
       CLOCK_MONOTONIC_COARSE = 6, CLOCK_BOOTTIME = 7, TIMER_ABSTIME = 1, ITIMER_REAL = 0 };
#define TIME_MAX (1ul << 62)
#define CLOCK_RESOLUTION 1

static struct list timers;
static struct list sleepers; /* threads that wait for nothing but time or a signal */

void timer_start_all(void)
{
    list_init(&timers);
    list_init(&sleepers);
}

void timer_init(struct timer *tm, void (*fire)(struct timer *))
{
    list_init(&tm->link);
    tm->fire = fire;
}

static struct timer *first_timer(void)
{
    return list_empty(&timers) ? NULL : container_of(timers.next, struct timer, link);
}

static void program_host(void)
{
    struct timer *tm = first_timer();

    host_timer_set(tm ? tm->deadline : 0);
}

void timer_cancel(struct timer *tm)
{
    bool was_first = first_timer() == tm;

    if (list_empty(&tm->link))
        return;
    list_remove(&tm->link);
    if (was_first)
        program_host();
}

void timer_set(struct timer *tm, uint64_t deadline)
{
    struct list *at;

    timer_cancel(tm);
    tm->deadline = deadline;
    list_for_each(at, &timers)
        if (container_of(at, struct timer, link)->deadline > deadline)
            break;
    list_add_tail(at, &tm->link);
    if (first_timer() == tm)
        program_host();
}

void server_timer(void)
{
    uint64_t now = host_clock();
    struct timer *tm;

    while ((tm = first_timer()) && tm->deadline <= now) {
        list_remove(&tm->link);
        tm->fire(tm);
    }
    program_host();
    work_run();
}

int timespec_to_ns(const struct linux_timespec *ts, uint64_t *ns)
{
    if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= NSEC_PER_SEC)
        return -EINVAL;
    *ns = (uint64_t)ts->sec >= TIME_MAX / NSEC_PER_SEC
              ? TIME_MAX
              : (uint64_t)ts->sec * NSEC_PER_SEC + (uint64_t)ts->nsec;
    return 0;
}

uint64_t deadline_after(uint64_t delay)
{
    uint64_t now = host_clock();

    return delay >= TIME_MAX - now ? TIME_MAX : now + delay + (now + delay == 0);
}

static struct linux_timespec ns_to_timespec(uint64_t ns)
{
    return (struct linux_timespec){(int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC)};
}

static int clock_read(uint64_t id, uint64_t *ns)
{
    switch ((int)id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = host_realtime();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = host_clock();
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_clock_gettime(struct thread *t)
{
    struct linux_timespec ts;
    uint64_t ns;
    int r = clock_read(t->call.arg[0], &ns);

    if (r)
        return r;
    ts = ns_to_timespec(ns);
    return copy_out(t, t->call.arg[1], &ts, sizeof(ts));
}

long sys_clock_getres(struct thread *t)
{
    struct linux_timespec ts = {0, CLOCK_RESOLUTION};
    uint64_t ns;
    int r = clock_read(t->call.arg[0], &ns);

    if (r || !t->call.arg[1])
        return r;
    return copy_out(t, t->call.arg[1], &ts, sizeof(ts));
}

long sys_gettimeofday(struct thread *t)
{
    uint64_t ns = host_realtime();
    struct linux_timeval tv = {(int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC / 1000)};
    int zone[2] = {0, 0};
    long r = 0;

    if (t->call.arg[0])
        r = copy_out(t, t->call.arg[0], &tv, sizeof(tv));
    if (!r && t->call.arg[1])
        r = copy_out(t, t->call.arg[1], zone, sizeof(zone));
    return r;
}

long sys_time(struct thread *t)
{
    int64_t seconds = (int64_t)(host_realtime() / NSEC_PER_SEC);
    long r = t->call.arg[0] ? copy_out(t, t->call.arg[0], &seconds, sizeof(seconds)) : 0;

    return r ? r : seconds;
}

/* Sleeps to t->deadline, which the first run has set; `rem` gets the rest when interrupted. */
static long sleep_to_deadline(struct thread *t, uint64_t rem)
{
    uint64_t now = host_clock();
    struct linux_timespec ts;
    long r;

    if (now >= t->deadline) {
        t->deadline = 0;
        return 0;
    }
    r = wait_until(t, &sleepers);
    if (r != -ERESTART)
        return r;
    ts = ns_to_timespec(t->deadline - now);
    r = rem ? copy_out(t, rem, &ts, sizeof(ts)) : 0;
    return r ? r : -ERESTART_NOHAND;
}

static long read_delay(struct thread *t, uint64_t addr, uint64_t *ns)
{
    struct linux_timespec ts;
    long r = copy_in(t, &ts, addr, sizeof(ts));

    return r ? r : timespec_to_ns(&ts, ns);
}

long sys_nanosleep(struct thread *t)
{
    uint64_t delay;

    if (!t->deadline) {
        long r = read_delay(t, t->call.arg[0], &delay);

        if (r)
            return r;
        t->deadline = deadline_after(delay);
    }
    return sleep_to_deadline(t, t->call.arg[1]);
}

long sys_clock_nanosleep(struct thread *t)
{
    bool absolute = t->call.arg[1] & TIMER_ABSTIME;
    uint64_t now, ns;
    long r;

    if (!t->deadline) {
        r = clock_read(t->call.arg[0], &now);
        if (!r)
            r = read_delay(t, t->call.arg[2], &ns);
        if (r)
            return r;
        if (absolute)
            ns = ns > now ? ns - now : 0;
        t->deadline = deadline_after(ns);
    }
    return sleep_to_deadline(t, absolute ? 0 : t->call.arg[3]);
}

long sys_pause(struct thread *t)
{
    long r = wait_on(t, &sleepers);

    return r == -ERESTART ? -ERESTART_NOHAND : r;
}

/* Time to the next alarm and its interval; what is left rounds up to a microsecond. */
static struct linux_itimerval alarm_left(const struct process *p)
{
    struct linux_itimerval v = {{0, 0}, {0, 0}};
    uint64_t now = host_clock(), left = 0;

    if (!list_empty(&p->alarm.link))
        left = p->alarm.deadline > now ? p->alarm.deadline - now + 999 : 1000;
    v.value.sec = (int64_t)(left / NSEC_PER_SEC);
    v.value.usec = (int64_t)(left % NSEC_PER_SEC / 1000);
    v.interval.sec = (int64_t)(p->alarm_interval / NSEC_PER_SEC);
    v.interval.usec = (int64_t)(p->alarm_interval % NSEC_PER_SEC / 1000);
    return v;
}

static void alarm_set(struct process *p, uint64_t delay, uint64_t interval)
{
    p->alarm_interval = interval;
    if (delay)
        timer_set(&p->alarm, deadline_after(delay));
    else
        timer_cancel(&p->alarm);
}

long sys_alarm(struct thread *t)
{
    struct process *p = process_of(t);
    struct linux_itimerval old = alarm_left(p);

    alarm_set(p, (t->call.arg[0] & 0xffffffff) * NSEC_PER_SEC, 0);
    return old.value.sec + (old.value.usec >= 500000 || (!old.value.sec && old.value.usec));
}

static int timeval_to_ns(const struct linux_timeval *tv, uint64_t *ns)
{
    struct linux_timespec ts = {tv->sec, tv->usec * 1000};

    if (tv->usec < 0 || tv->usec >= 1000000)
        return -EINVAL;
    return timespec_to_ns(&ts, ns);
}

long sys_setitimer(struct thread *t)
{
    struct process *p = process_of(t);
    struct linux_itimerval new = {{0, 0}, {0, 0}}, old = alarm_left(p);
    uint64_t value, interval;
    long r;

    if ((int)t->call.arg[0] != ITIMER_REAL)
        return (int)t->call.arg[0] > 2 || (int)t->call.arg[0] < 0 ? -EINVAL : sys_missing(t);
    r = t->call.arg[1] ? copy_in(t, &new, t->call.arg[1], sizeof(new)) : 0;
    if (!r)
        r = timeval_to_ns(&new.value, &value);
    if (!r)
        r = timeval_to_ns(&new.interval, &interval);
    if (!r && t->call.arg[2])
        r = copy_out(t, t->call.arg[2], &old, sizeof(old));
    if (!r)
        alarm_set(p, value, interval);
    return r;
}

long sys_getitimer(struct thread *t)
{
    struct linux_itimerval v = alarm_left(process_of(t));

    if ((int)t->call.arg[0] != ITIMER_REAL)
        return (int)t->call.arg[0] > 2 || (int)t->call.arg[0] < 0 ? -EINVAL : sys_missing(t);
    return copy_out(t, t->call.arg[1], &v, sizeof(v));
}
