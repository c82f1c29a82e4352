/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal frames of x86-64 (Linux arch/x86/kernel/signal_64.c): from low to high addresses the
 * return address, ucontext, siginfo, and apart from them, 64-byte aligned, the FXSAVE area. */
#include "personality/server/sigframe.h"

#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

enum {
    RED_ZONE = 128,
    FX_SIZE = 512,
    FX_MXCSR = 24,
    FX_SW_RESERVED = 464,
    USER_CS = 0x33,
    USER_SS = 0x2b,
    UC_SIGCONTEXT_SS = 2,
    UC_STRICT_RESTORE_SS = 4,
    FLAG_TF = 0x100,
    FLAG_DF = 0x400,
    FLAG_RF = 0x10000
};

struct rt_sigframe {
    uint64_t restorer;
    struct linux_ucontext uc;
    struct linux_siginfo info;
};
_Static_assert(sizeof(struct rt_sigframe) == 440, "struct rt_sigframe of x86-64");

/* Frame, alignment gap, FXSAVE area: what one copy carries. */
static uint8_t image[sizeof(struct rt_sigframe) + 64 + 16 + FX_SIZE] __attribute__((aligned(64)));
static uint8_t fx[FX_SIZE] __attribute__((aligned(64)));

static bool on_altstack(const struct thread *t, uint64_t sp)
{
    return !(t->altstack.flags & SS_DISABLE) && sp - t->altstack.sp < t->altstack.size;
}

static int altstack_flags(const struct thread *t, uint64_t sp)
{
    if (t->altstack.flags & SS_DISABLE)
        return SS_DISABLE;
    return on_altstack(t, sp) ? SS_ONSTACK : 0;
}

static void save_context(struct linux_sigcontext *sc, const struct host_regs *r,
                         const struct thread *t)
{
    *sc = (struct linux_sigcontext){
        .r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13,
        .r14 = r->r14, .r15 = r->r15, .rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx,
        .rdx = r->rdx, .rax = r->rax, .rcx = r->rcx, .rsp = r->rsp, .rip = r->rip,
        .eflags = r->rflags, .cs = USER_CS, .ss = USER_SS, .err = t->fault.error,
        .trapno = t->fault.vector, .oldmask = t->blocked, .cr2 = t->fault.address,
    };
}

static void restore_context(struct host_regs *r, const struct linux_sigcontext *sc)
{
    r->r8 = sc->r8, r->r9 = sc->r9, r->r10 = sc->r10, r->r11 = sc->r11;
    r->r12 = sc->r12, r->r13 = sc->r13, r->r14 = sc->r14, r->r15 = sc->r15;
    r->rdi = sc->rdi, r->rsi = sc->rsi, r->rbp = sc->rbp, r->rbx = sc->rbx;
    r->rdx = sc->rdx, r->rax = sc->rax, r->rcx = sc->rcx, r->rsp = sc->rsp;
    r->rip = sc->rip, r->rflags = sc->eflags;
}

/* What the program continues with when the handler returns. */
static void apply_result(const struct thread *t, struct host_regs *regs, uint64_t sa_flags,
                         long result)
{
    if (result == HOST_REGS)
        return;
    if (result == -ERESTART && (sa_flags & SA_RESTART)) {
        regs->rip -= 2; /* the `syscall` instruction */
        regs->rax = t->call.nr;
    } else if (result == -ERESTART || result == -ERESTART_NOHAND) {
        regs->rax = (uint64_t)-EINTR;
    } else {
        regs->rax = (uint64_t)result;
    }
}

/* Chooses the frame's address and that of the FXSAVE area above it. */
static uint64_t choose_stack(const struct thread *t, uint64_t rsp, uint64_t sa_flags,
                             uint64_t *fpstate)
{
    uint64_t sp = rsp - RED_ZONE;

    if ((sa_flags & SA_ONSTACK) && altstack_flags(t, rsp) == 0)
        sp = t->altstack.sp + t->altstack.size;
    *fpstate = (sp - FX_SIZE) & ~63ul;
    return ((*fpstate - sizeof(struct rt_sigframe)) & ~15ul) - 8;
}

int sigframe_push(struct thread *t, int sig, const struct linux_sigaction *act,
                  const struct linux_siginfo *info, long result)
{
    struct rt_sigframe *frame = (struct rt_sigframe *)image;
    uint64_t at, fpstate, size;
    struct host_regs regs;

    if (!(act->flags & SA_RESTORER))
        return -EFAULT;
    host_get_regs(&t->call, &regs);
    apply_result(t, &regs, act->flags, result);
    at = choose_stack(t, regs.rsp, act->flags, &fpstate);
    size = fpstate + FX_SIZE - at;
    if (on_altstack(t, regs.rsp) && !on_altstack(t, at))
        return -EFAULT;
    memset(image, 0, sizeof(image));
    frame->restorer = act->restorer;
    frame->uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame->uc.stack = t->altstack;
    frame->uc.stack.flags = altstack_flags(t, regs.rsp);
    save_context(&frame->uc.mcontext, &regs, t);
    frame->uc.mcontext.fpstate = fpstate;
    frame->uc.sigmask = t->restore_mask ? t->suspend_saved : t->blocked;
    frame->info = *info;
    host_get_fpu(&t->call, fx);
    memset(fx + FX_SW_RESERVED, 0, FX_SIZE - FX_SW_RESERVED);
    memcpy(image + (fpstate - at), fx, FX_SIZE);
    if (copy_out(t, at, image, size))
        return -EFAULT;
    regs.rsp = at;
    regs.rip = act->handler;
    regs.rdi = (uint64_t)sig;
    regs.rsi = at + offsetof(struct rt_sigframe, info);
    regs.rdx = at + offsetof(struct rt_sigframe, uc);
    regs.rax = 0;
    regs.rflags &= ~(uint64_t)(FLAG_TF | FLAG_DF | FLAG_RF);
    host_set_regs(&t->call, &regs);
    return 0;
}

/* The FPU state of a frame; without one, the initial state. Reserved MXCSR bits would fault. */
static long restore_fpu(struct thread *t, uint64_t fpstate)
{
    uint32_t mxcsr = 0x1f80;
    uint16_t fcw = 0x37f;
    long r;

    memset(fx, 0, sizeof(fx));
    memcpy(fx, &fcw, sizeof(fcw));
    memcpy(fx + FX_MXCSR, &mxcsr, sizeof(mxcsr));
    if (fpstate) {
        r = copy_in(t, fx, fpstate, FX_SIZE);
        if (r)
            return r;
        memcpy(&mxcsr, fx + FX_MXCSR, sizeof(mxcsr));
        mxcsr &= 0xffff;
        memcpy(fx + FX_MXCSR, &mxcsr, sizeof(mxcsr));
    }
    host_set_fpu(&t->call, fx);
    return 0;
}

static int altstack_check(const struct linux_stack *s)
{
    if (s->flags & ~(SS_ONSTACK | SS_DISABLE))
        return -EINVAL;
    if (!(s->flags & SS_DISABLE) && s->size < MINSIGSTKSZ)
        return -ENOMEM;
    return 0;
}

static void altstack_set(struct thread *t, const struct linux_stack *s)
{
    t->altstack = *s;
    t->altstack.pad = 0;
    t->altstack.flags &= SS_DISABLE;
    if (t->altstack.flags & SS_DISABLE)
        t->altstack.sp = t->altstack.size = 0;
}

long sys_rt_sigreturn(struct thread *t)
{
    static struct rt_sigframe frame;
    struct host_regs regs;
    long r;

    host_get_regs(&t->call, &regs);
    r = copy_in(t, &frame, regs.rsp - 8, sizeof(frame));
    if (!r)
        r = restore_fpu(t, frame.uc.mcontext.fpstate);
    if (r == HOST_PENDING_CALL)
        return r;
    if (r) {
        signal_force(t, SIGSEGV, NULL);
        return HOST_REGS;
    }
    restore_context(&regs, &frame.uc.mcontext);
    host_set_regs(&t->call, &regs);
    if (!altstack_check(&frame.uc.stack))
        altstack_set(t, &frame.uc.stack);
    t->blocked = frame.uc.sigmask;
    signal_mask_changed(t);
    return HOST_REGS;
}

long sys_sigaltstack(struct thread *t)
{
    struct linux_stack new, old = t->altstack;
    struct host_regs regs;
    long r;

    host_get_regs(&t->call, &regs);
    old.flags = altstack_flags(t, regs.rsp);
    if (t->call.arg[0]) {
        r = copy_in(t, &new, t->call.arg[0], sizeof(new));
        if (!r && on_altstack(t, regs.rsp))
            r = -EPERM;
        if (!r)
            r = altstack_check(&new);
        if (r)
            return r;
    }
    r = t->call.arg[1] ? copy_out(t, t->call.arg[1], &old, sizeof(old)) : 0;
    if (!r && t->call.arg[0])
        altstack_set(t, &new);
    return r;
}
