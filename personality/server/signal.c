/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: sending, choosing what to deliver, default actions. The frame is in sigframe.c. */
#include "personality/server/signal.h"

#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sigframe.h"
#include "personality/server/sys.h"

#define BIT(sig) (1ul << ((sig) - 1))
#define STOP_SIGNALS (BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))
#define DEFAULT_IGNORED (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH))
/* Delivered before others, as they tell of the current instruction. */
#define SYNCHRONOUS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGFPE))

struct sigactions *sigactions_create(void)
{
    struct sigactions *a = mem_zalloc(sizeof(*a));

    if (a)
        a->refs = 1;
    return a;
}

struct sigactions *sigactions_get(struct sigactions *a)
{
    a->refs++;
    return a;
}

void sigactions_put(struct sigactions *a)
{
    if (a && --a->refs == 0)
        mem_free(a, sizeof(*a));
}

/* A private copy of the actions, so that they may change. */
static int unshare(struct process *p)
{
    struct sigactions *a;

    if (p->actions->refs == 1)
        return 0;
    a = mem_alloc(sizeof(*a));
    if (!a)
        return -ENOMEM;
    *a = *p->actions;
    a->refs = 1;
    sigactions_put(p->actions);
    p->actions = a;
    return 0;
}

int sigactions_exec(struct process *p)
{
    int r = unshare(p);

    if (r)
        return r;
    for (int sig = 1; sig <= NSIG; sig++) {
        struct linux_sigaction *a = &p->actions->action[sig];

        *a = (struct linux_sigaction){.handler = a->handler == SIG_IGN ? SIG_IGN : SIG_DFL};
    }
    return 0;
}

static bool is_ignored(const struct process *p, int sig)
{
    uint64_t handler = p->actions->action[sig].handler;

    return handler == SIG_IGN || (handler == SIG_DFL && (DEFAULT_IGNORED & BIT(sig)));
}

static void store_info(struct process *p, int sig, const struct linux_siginfo *info)
{
    struct linux_siginfo kernel;

    if (!p->infos)
        p->infos = mem_zalloc(NSIG * sizeof(*p->infos));
    if (!p->infos)
        return;
    if (!info) {
        siginfo_init(&kernel, sig, SI_KERNEL);
        info = &kernel;
    }
    memcpy(&p->infos[sig - 1], info, sizeof(*p->infos));
}

static void load_info(const struct process *p, int sig, struct linux_siginfo *info)
{
    siginfo_init(info, sig, SI_USER);
    if (p->infos)
        memcpy(info, &p->infos[sig - 1], sizeof(*p->infos));
}

static void continue_process(struct process *p)
{
    p->pending &= ~STOP_SIGNALS;
    if (!p->stopped)
        return;
    p->stopped = false;
    p->continued = true;
    process_tell_parent(p, CLD_CONTINUED, SIGCONT);
    thread_continue(&p->thread);
}

void signal_send(struct process *p, int sig, const struct linux_siginfo *info)
{
    if (p->zombie)
        return;
    if (sig == SIGCONT)
        continue_process(p);
    else if (BIT(sig) & STOP_SIGNALS)
        p->pending &= ~BIT(SIGCONT);
    if (p == init_process && p->actions->action[sig].handler == SIG_DFL)
        return;
    if (is_ignored(p, sig) && !(p->thread.blocked & BIT(sig)))
        return;
    if (!(p->pending & BIT(sig)))
        store_info(p, sig, info);
    p->pending |= BIT(sig);
    if (sig == SIGKILL && p->stopped) {
        p->stopped = false;
        thread_continue(&p->thread);
    }
    if (signal_pending(&p->thread))
        thread_notify(&p->thread);
}

unsigned signal_group(int pgid, int sig, const struct linux_siginfo *info)
{
    unsigned reached = 0;

    for (struct process *p = process_next(NULL); p; p = process_next(p)) {
        if (p->pgid != pgid)
            continue;
        if (sig)
            signal_send(p, sig, info);
        reached++;
    }
    return reached;
}

void signal_force(struct thread *t, int sig, const struct linux_siginfo *info)
{
    struct process *p = process_of(t);
    bool blocked = t->blocked & BIT(sig);

    if (blocked || p->actions->action[sig].handler == SIG_IGN) {
        t->blocked &= ~BIT(sig);
        if (unshare(p))
            sig = SIGKILL;
        else
            p->actions->action[sig].handler = SIG_DFL;
    }
    store_info(p, sig, info);
    p->pending |= BIT(sig);
    thread_notify(t);
}

bool signal_pending(const struct thread *t)
{
    return (t->process->pending & ~t->blocked) != 0;
}

void signal_mask_changed(struct thread *t)
{
    t->blocked &= ~SIGMASK_UNBLOCKABLE;
    if (signal_pending(t))
        thread_notify(t);
}

/* The process stops; its thread will continue with `result`. */
static long stop(struct process *p, int sig, long result)
{
    struct thread *t = &p->thread;

    p->stopped = p->stop_unreported = true;
    p->continued = false;
    p->stop_signal = sig;
    t->saved = result;
    t->state = THREAD_STOPPED;
    if (p->parent)
        process_tell_parent(p, CLD_STOPPED, sig);
    return HOST_DEFER;
}

static int next_signal(const struct thread *t)
{
    uint64_t set = t->process->pending & ~t->blocked;

    if (set & (SYNCHRONOUS | BIT(SIGKILL)))
        set &= SYNCHRONOUS | BIT(SIGKILL);
    return set ? __builtin_ctzl(set) + 1 : 0;
}

/* Takes the handler's mask, and the action back to default where asked. */
static void handler_entered(struct thread *t, int sig, const struct linux_sigaction *act)
{
    t->blocked |= act->mask;
    if (!(act->flags & SA_NODEFER))
        t->blocked |= BIT(sig);
    t->blocked &= ~SIGMASK_UNBLOCKABLE;
    t->restore_mask = false;
    if ((act->flags & SA_RESETHAND) && !unshare(process_of(t)))
        process_of(t)->actions->action[sig].handler = SIG_DFL;
}

/* Runs the handler; HOST_REGS, or the result unchanged when SIGSEGV is forced instead. */
static long deliver_to_handler(struct thread *t, int sig, long result)
{
    struct linux_sigaction act = process_of(t)->actions->action[sig];
    struct linux_siginfo info;

    load_info(process_of(t), sig, &info);
    if (sigframe_push(t, sig, &act, &info, result) == 0) {
        handler_entered(t, sig, &act);
        return HOST_REGS;
    }
    if (sig == SIGSEGV)
        t->blocked |= BIT(SIGSEGV);
    signal_force(t, SIGSEGV, NULL);
    return result;
}

long signal_deliver(struct thread *t, long result)
{
    struct process *p = process_of(t);
    int sig;

    while ((sig = next_signal(t)) != 0) {
        uint64_t handler = p->actions->action[sig].handler;

        p->pending &= ~BIT(sig);
        if (is_ignored(p, sig))
            continue;
        if (handler != SIG_DFL) {
            result = deliver_to_handler(t, sig, result);
            continue;
        }
        if (BIT(sig) & STOP_SIGNALS)
            return stop(p, sig, result);
        process_exit(p, sig);
        return HOST_DEFER;
    }
    if (t->restore_mask && result != -ERESTART_NOHAND) {
        t->restore_mask = false;
        t->blocked = t->suspend_saved;
        signal_mask_changed(t);
    }
    return result;
}

static const struct {
    uint8_t signal, code;
} exception_signals[20] = {
    [0] = {SIGFPE, FPE_INTDIV},   [1] = {SIGTRAP, TRAP_TRACE},  [3] = {SIGTRAP, SI_KERNEL},
    [4] = {SIGSEGV, SI_KERNEL},   [5] = {SIGSEGV, SI_KERNEL},   [6] = {SIGILL, ILL_ILLOPN},
    [11] = {SIGBUS, SI_KERNEL},   [12] = {SIGBUS, SI_KERNEL},   [13] = {SIGSEGV, SI_KERNEL},
    [14] = {SIGSEGV, SEGV_MAPERR}, [16] = {SIGFPE, FPE_FLTINV}, [17] = {SIGBUS, BUS_ADRALN},
    [19] = {SIGFPE, FPE_FLTINV},
};

__attribute__((visibility("default"))) long server_fault(struct host_call *c,
                                                         const struct host_fault *fault)
{
    struct thread *t = (struct thread *)c;
    uint64_t v = fault->vector;
    struct linux_siginfo info;

    t->fault = *fault;
    if (v >= 20 || !exception_signals[v].signal) {
        siginfo_init(&info, SIGSEGV, SI_KERNEL);
    } else {
        siginfo_init(&info, exception_signals[v].signal, exception_signals[v].code);
        if (v == 14) {
            info.code = fault->mapped ? SEGV_ACCERR : SEGV_MAPERR;
            info.address = fault->address;
        } else if (info.code != SI_KERNEL) {
            struct host_regs regs;

            host_get_regs(c, &regs);
            info.address = regs.rip;
        }
    }
    signal_force(t, info.signo, &info);
    return work_after_call(t, HOST_REGS);
}

/* ---- calls ---- */

long sys_rt_sigaction(struct thread *t)
{
    struct process *p = process_of(t);
    const uint64_t *arg = t->call.arg;
    int sig = (int)arg[0];
    struct linux_sigaction new, old;
    long r;

    if (arg[3] != 8 || sig < 1 || sig > NSIG || (arg[1] && (BIT(sig) & SIGMASK_UNBLOCKABLE)))
        return -EINVAL;
    old = p->actions->action[sig];
    if (arg[1] && (r = copy_in(t, &new, arg[1], sizeof(new))))
        return r;
    if (arg[1] && (r = unshare(p)))
        return r;
    if (arg[2] && (r = copy_out(t, arg[2], &old, sizeof(old))))
        return r;
    if (arg[1]) {
        new.mask &= ~SIGMASK_UNBLOCKABLE;
        p->actions->action[sig] = new;
        if (is_ignored(p, sig))
            p->pending &= ~BIT(sig);
    }
    return 0;
}

long sys_rt_sigprocmask(struct thread *t)
{
    const uint64_t *arg = t->call.arg;
    uint64_t set = 0, old = t->blocked;
    long r;

    if (arg[3] != 8)
        return -EINVAL;
    if (arg[1]) {
        if ((r = copy_in(t, &set, arg[1], sizeof(set))))
            return r;
        if ((int)arg[0] == SIG_BLOCK)
            set |= old;
        else if ((int)arg[0] == SIG_UNBLOCK)
            set = old & ~set;
        else if ((int)arg[0] != SIG_SETMASK)
            return -EINVAL;
    }
    if (arg[2] && (r = copy_out(t, arg[2], &old, sizeof(old))))
        return r;
    if (arg[1]) {
        t->blocked = set;
        signal_mask_changed(t);
    }
    return 0;
}

long sys_rt_sigpending(struct thread *t)
{
    uint64_t set = process_of(t)->pending & t->blocked;

    if (t->call.arg[1] != 8)
        return -EINVAL;
    return copy_out(t, t->call.arg[0], &set, sizeof(set));
}

long sys_rt_sigsuspend(struct thread *t)
{
    uint64_t set;

    if (!t->restore_mask) {
        long r;

        if (t->call.arg[1] != 8)
            return -EINVAL;
        if ((r = copy_in(t, &set, t->call.arg[0], sizeof(set))))
            return r;
        t->suspend_saved = t->blocked;
        t->restore_mask = true;
        t->blocked = set;
        signal_mask_changed(t);
    }
    return sys_pause(t);
}

/* kill(-1): everything but init and the caller. */
static unsigned signal_all(struct process *self, int sig, const struct linux_siginfo *info)
{
    unsigned reached = 0;

    for (struct process *p = process_next(NULL); p; p = process_next(p)) {
        if (p == self || p == init_process)
            continue;
        if (sig)
            signal_send(p, sig, info);
        reached++;
    }
    return reached;
}

long sys_kill(struct thread *t)
{
    struct process *self = process_of(t), *p;
    int pid = (int)t->call.arg[0], sig = (int)t->call.arg[1];
    struct linux_siginfo info;

    if (sig < 0 || sig > NSIG)
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    siginfo_init(&info, sig, SI_USER);
    info.pid = self->pid;
    if (pid == -1)
        return signal_all(self, sig, &info) ? 0 : -ESRCH;
    if (pid <= 0)
        return signal_group(pid ? -pid : self->pgid, sig, &info) ? 0 : -ESRCH;
    p = process_find(pid);
    if (!p)
        return -ESRCH;
    if (sig)
        signal_send(p, sig, &info);
    return 0;
}

static long kill_thread(struct thread *t, int tgid, int tid, int sig)
{
    struct process *p;
    struct linux_siginfo info;

    if (sig < 0 || sig > NSIG || tid <= 0 || tgid <= 0)
        return -EINVAL;
    p = process_find(tid);
    if (!p || tgid != p->pid)
        return -ESRCH;
    siginfo_init(&info, sig, SI_TKILL);
    info.pid = process_of(t)->pid;
    if (sig)
        signal_send(p, sig, &info);
    return 0;
}

long sys_tkill(struct thread *t)
{
    return kill_thread(t, (int)t->call.arg[0], (int)t->call.arg[0], (int)t->call.arg[1]);
}

long sys_tgkill(struct thread *t)
{
    return kill_thread(t, (int)t->call.arg[0], (int)t->call.arg[1], (int)t->call.arg[2]);
}
