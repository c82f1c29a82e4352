/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: the frame there and back, masks, interrupted calls, default actions, faults. */
#include <string.h>

#include "personality/server/test/place_test.h"

enum {
    READ = 0,
    SIGACTION = 13,
    SIGPROCMASK = 14,
    SIGRETURN = 15,
    NANOSLEEP = 35,
    ALARM = 37,
    GETPID = 39,
    EXIT = 60,
    WAIT4 = 61,
    KILL = 62,
    SIGSUSPEND = 130,
    SIGALTSTACK = 131
};
#define BUF (SCRATCH + 0x1000)
#define STACK (SCRATCH + 0x20000)
#define HANDLER 0x400180ul
#define RESTORER 0x4001a0ul

static struct thread *t;

static struct host_regs *regs(void)
{
    return &t->call.thread->regs;
}

/* The thread under test is a child, as init is immune to default actions. */
static void boot(void)
{
    test_boot();
    t = test_fork(test_init());
    (void)test_answer(t);
    for (unsigned i = 0; i < 18; i++)
        ((uint64_t *)regs())[i] = 0x1000 + i;
    regs()->rip = 0x400110;
    regs()->rsp = STACK;
    regs()->rflags = 0x202 | 0x400;
    memset(t->call.thread->fpu, 0x11, 512);
    memset(t->call.thread->fpu + 24, 0, 4);
}

static void handle(int sig, uint64_t flags)
{
    struct linux_sigaction a = {HANDLER, flags | SA_RESTORER, RESTORER, sigmask_of(SIGUSR2)};

    poke(t, BUF, &a, sizeof(a));
    assert_int_equal(CALL(t, SIGACTION, (unsigned long)sig, BUF, 0ul, 8ul), 0);
}

/* As the handler's `ret` and the restorer would do. */
static long sigreturn(void)
{
    regs()->rsp += 8;
    return CALL(t, SIGRETURN);
}

static void frame_round_trip(void **state)
{
    struct host_regs before;
    struct linux_siginfo info;
    uint64_t restorer, mask, fpstate;

    (void)state;
    boot();
    handle(SIGUSR1, SA_SIGINFO);
    before = *regs();
    assert_int_equal(CALL(t, KILL, 2ul, (unsigned long)SIGUSR1), HOST_REGS);
    assert_int_equal(regs()->rip, HANDLER);
    assert_int_equal(regs()->rdi, SIGUSR1);
    assert_int_equal(regs()->rsp % 16, 8);
    peek(t, regs()->rdx + offsetof(struct linux_ucontext, mcontext.fpstate), &fpstate, 8);
    assert_true(fpstate % 64 == 0 && fpstate > regs()->rdx);
    assert_true(fpstate + 512 <= STACK - 128); /* the red zone is kept */
    assert_int_equal(regs()->rflags & 0x400, 0);
    peek(t, regs()->rsp, &restorer, 8);
    assert_int_equal(restorer, RESTORER);
    peek(t, regs()->rsi, &info, sizeof(info));
    assert_int_equal(info.signo, SIGUSR1);
    assert_int_equal(info.pid, 2);
    assert_int_equal(t->blocked, sigmask_of(SIGUSR1) | sigmask_of(SIGUSR2));
    memset(t->call.thread->fpu, 0x22, 512);
    mask = regs()->rdx;
    assert_int_equal(sigreturn(), HOST_REGS);
    assert_true(mask > regs()->rsp - 2048);
    before.rax = 0; /* kill()'s result */
    assert_memory_equal(regs(), &before, offsetof(struct host_regs, fs_base));
    assert_int_equal(t->blocked, 0);
    assert_int_equal(t->call.thread->fpu[0], 0x11);
    assert_int_equal(t->call.thread->fpu[463], 0x11);
}

static void blocked_until_unblocked(void **state)
{
    uint64_t set = sigmask_of(SIGUSR1) | sigmask_of(SIGKILL);

    (void)state;
    boot();
    handle(SIGUSR1, 0);
    poke(t, BUF, &set, 8);
    assert_int_equal(CALL(t, SIGPROCMASK, 0ul, BUF, 0ul, 8ul), 0);
    assert_int_equal(t->blocked, sigmask_of(SIGUSR1));
    assert_int_equal(CALL(t, KILL, 2ul, (unsigned long)SIGUSR1), 0);
    assert_int_equal(CALL(t, SIGPROCMASK, 1ul, BUF, 0ul, 8ul), HOST_REGS);
    assert_int_equal(regs()->rip, HANDLER);
    assert_int_equal(CALL(t, SIGPROCMASK, 3ul, BUF, 0ul, 8ul), -EINVAL);
    assert_int_equal(CALL(t, SIGPROCMASK, 0ul, BUF, 0ul, 4ul), -EINVAL);
}

static void interrupts_running(void **state)
{
    (void)state;
    boot();
    handle(SIGUSR1, 0);
    t->call.thread->answered = false;
    assert_int_equal(CALL(test_init(), KILL, 2ul, (unsigned long)SIGUSR1), 0);
    assert_int_equal(test_answer(t), HOST_REGS);
    assert_int_equal(regs()->rip, HANDLER);
}

static void restarts(void **state)
{
    (void)state;
    boot();
    handle(SIGUSR1, SA_RESTART);
    assert_int_equal(CALL(t, READ, 0ul, BUF, 1ul), HOST_DEFER);
    assert_int_equal(CALL(test_init(), KILL, 2ul, (unsigned long)SIGUSR1), 0);
    assert_int_equal(test_answer(t), HOST_REGS);
    assert_int_equal(sigreturn(), HOST_REGS);
    assert_int_equal(regs()->rip, 0x400110 - 2);
    assert_int_equal(regs()->rax, READ);
    regs()->rip += 2;
    handle(SIGUSR1, 0);
    assert_int_equal(CALL(t, READ, 0ul, BUF, 1ul), HOST_DEFER);
    assert_int_equal(CALL(test_init(), KILL, 2ul, (unsigned long)SIGUSR1), 0);
    assert_int_equal(sigreturn(), HOST_REGS);
    assert_int_equal((int64_t)regs()->rax, -EINTR);
}

static void sleep_interrupted(void **state)
{
    struct linux_timespec ts = {1, 0};

    (void)state;
    boot();
    handle(SIGALRM, SA_RESTART);
    poke(t, BUF, &ts, sizeof(ts));
    assert_int_equal(CALL(t, ALARM, 0ul), 0);
    t->process->alarm_interval = 0;
    timer_set(&t->process->alarm, test_now + 250000000);
    assert_int_equal(CALL(t, NANOSLEEP, BUF, BUF + 64), HOST_DEFER);
    test_advance(250000000);
    assert_int_equal(test_answer(t), HOST_REGS);
    peek(t, BUF + 64, &ts, sizeof(ts));
    assert_int_equal(ts.sec, 0);
    assert_int_equal(ts.nsec, 750000000);
    assert_int_equal(sigreturn(), HOST_REGS);
    assert_int_equal((int64_t)regs()->rax, -EINTR);
}

static void suspend(void **state)
{
    uint64_t none = 0, all = sigmask_of(SIGUSR1);

    (void)state;
    boot();
    handle(SIGUSR1, 0);
    poke(t, BUF, &all, 8);
    assert_int_equal(CALL(t, SIGPROCMASK, 2ul, BUF, 0ul, 8ul), 0);
    poke(t, BUF, &none, 8);
    assert_int_equal(CALL(t, SIGSUSPEND, BUF, 8ul), HOST_DEFER);
    assert_int_equal(CALL(test_init(), KILL, 2ul, (unsigned long)SIGUSR1), 0);
    assert_int_equal(regs()->rip, HANDLER);
    assert_int_equal(sigreturn(), HOST_REGS);
    assert_int_equal((int64_t)regs()->rax, -EINTR);
    assert_int_equal(t->blocked, all); /* the mask from before */
}

static void default_kills(void **state)
{
    struct thread *init;
    int status;

    (void)state;
    boot();
    init = test_init();
    assert_int_equal(CALL(init, WAIT4, -1ul, BUF, 0ul, 0ul), HOST_DEFER);
    assert_int_equal(CALL(t, KILL, 2ul, (unsigned long)SIGTERM), HOST_DEFER);
    assert_int_equal(test_answer(init), 2);
    peek(init, BUF, &status, 4);
    assert_int_equal(status, SIGTERM);
    assert_int_equal(CALL(init, KILL, 1ul, (unsigned long)SIGTERM), 0); /* init is immune */
    assert_int_equal(CALL(init, KILL, 2ul, 0ul), -ESRCH);
    assert_int_equal(CALL(init, KILL, 1ul, 65ul), -EINVAL);
}

static void stop_and_continue(void **state)
{
    struct thread *init;
    int status;

    (void)state;
    boot();
    init = test_init();
    assert_int_equal(CALL(t, KILL, 2ul, (unsigned long)SIGSTOP), HOST_DEFER);
    assert_int_equal(CALL(init, WAIT4, -1ul, BUF, (unsigned long)WAIT_UNTRACED, 0ul), 2);
    peek(init, BUF, &status, 4);
    assert_int_equal(status, SIGSTOP << 8 | 0x7f);
    assert_int_equal(
        CALL(init, WAIT4, -1ul, BUF, (unsigned long)(WAIT_UNTRACED | WAIT_NOHANG), 0ul), 0);
    assert_int_equal(CALL(init, KILL, 2ul, (unsigned long)SIGCONT), 0);
    assert_int_equal(test_answer(t), 0); /* kill()'s own result */
    assert_int_equal(CALL(init, WAIT4, -1ul, BUF, (unsigned long)WAIT_CONTINUED, 0ul), 2);
}

static void faults(void **state)
{
    struct host_fault f = {.vector = 14, .error = 6, .address = 0x1230, .mapped = false};
    struct linux_siginfo info;
    int status;

    (void)state;
    boot();
    handle(SIGSEGV, SA_SIGINFO);
    t->call.thread->running = false; /* stopped by the fault */
    assert_int_equal(server_fault(&t->call, &f), HOST_REGS);
    assert_int_equal(regs()->rip, HANDLER);
    peek(t, regs()->rsi, &info, sizeof(info));
    assert_int_equal(info.code, SEGV_MAPERR);
    assert_int_equal(info.address, 0x1230);
    assert_int_equal(server_fault(&t->call, &f), HOST_DEFER); /* within the handler: the end */
    assert_int_equal(CALL(test_init(), WAIT4, 2ul, BUF, 0ul, 0ul), 2);
    peek(test_init(), BUF, &status, 4);
    assert_int_equal(status, SIGSEGV);
}

/* A stack that can't take the frame, and a frame that can't be read: SIGSEGV, no more. */
static void bad_stack(void **state)
{
    (void)state;
    boot();
    handle(SIGUSR1, 0);
    regs()->rsp = 0x3000;
    assert_int_equal(CALL(t, KILL, 2ul, (unsigned long)SIGUSR1), HOST_DEFER);
    assert_int_equal(process_find(2)->exit_status, SIGSEGV);
    boot();
    regs()->rsp = 0x3000;
    assert_int_equal(CALL(t, SIGRETURN), HOST_DEFER);
    assert_int_equal(process_find(2)->exit_status, SIGSEGV);
}

static void alternate_stack(void **state)
{
    struct linux_stack s = {SCRATCH + 0x8000, 0, 0, 8192};

    (void)state;
    boot();
    poke(t, BUF, &s, sizeof(s));
    assert_int_equal(CALL(t, SIGALTSTACK, BUF, 0ul), 0);
    handle(SIGUSR1, SA_ONSTACK);
    assert_int_equal(CALL(t, KILL, 2ul, (unsigned long)SIGUSR1), HOST_REGS);
    assert_true(regs()->rsp > s.sp && regs()->rsp < s.sp + s.size);
    assert_int_equal(CALL(t, SIGALTSTACK, BUF, 0ul), -EPERM);
    assert_int_equal(sigreturn(), HOST_REGS);
    assert_int_equal(regs()->rsp, STACK);
    s.size = 100;
    poke(t, BUF, &s, sizeof(s));
    assert_int_equal(CALL(t, SIGALTSTACK, BUF, 0ul), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_round_trip),  cmocka_unit_test(blocked_until_unblocked),
        cmocka_unit_test(interrupts_running), cmocka_unit_test(restarts),
        cmocka_unit_test(sleep_interrupted), cmocka_unit_test(suspend),
        cmocka_unit_test(default_kills),     cmocka_unit_test(stop_and_continue),
        cmocka_unit_test(faults),            cmocka_unit_test(bad_stack),
        cmocka_unit_test(alternate_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
