/* SPDX-License-Identifier: BSD-2-Clause */
/* fork, exit, wait, vfork, sleeping, pipes between processes, paths of a process. */
#include <string.h>

#include "personality/server/test/place_test.h"

enum {
    READ = 0,
    WRITE = 1,
    OPEN = 2,
    CLOSE = 3,
    NANOSLEEP = 35,
    GETPID = 39,
    CLONE = 56,
    FORK = 57,
    VFORK = 58,
    EXECVE = 59,
    EXIT = 60,
    WAIT4 = 61,
    KILL = 62,
    GETPPID = 110,
    SETPGID = 109,
    EXIT_GROUP = 231,
    FUTEX = 202,
    PIPE2 = 293
};
#define BUF (SCRATCH + 0x1000)
#define BIG (SCRATCH + 0x10000)

static struct thread *t;

static void boot(void)
{
    test_boot();
    t = test_init();
}

static int status_at(uint64_t addr)
{
    int status;

    peek(t, addr, &status, sizeof(status));
    return status;
}

static void fork_exit_wait(void **state)
{
    struct thread *child;
    char byte = 'p';

    (void)state;
    boot();
    assert_int_equal(CALL(t, WAIT4, -1ul, BUF, 0ul, 0ul), -ECHILD);
    poke(t, SCRATCH, &byte, 1);
    child = test_fork(t);
    assert_int_equal(test_answer(child), HOST_REGS);
    assert_int_equal(child->call.thread->regs.rax, 0);
    assert_int_equal(CALL(child, GETPID), 2);
    assert_int_equal(CALL(child, GETPPID), 1);
    byte = 'c';
    poke(child, SCRATCH, &byte, 1);
    peek(t, SCRATCH, &byte, 1);
    assert_int_equal(byte, 'p');
    assert_int_equal(CALL(t, WAIT4, -1ul, BUF, 1ul, 0ul), 0);
    assert_int_equal(CALL(t, WAIT4, -1ul, BUF, 0ul, 0ul), HOST_DEFER);
    assert_int_equal(CALL(child, EXIT_GROUP, 0x103ul), HOST_DEFER);
    assert_int_equal(test_answer(t), 2);
    assert_int_equal(status_at(BUF), 3 << 8);
    assert_int_equal(CALL(t, WAIT4, -1ul, BUF, 0ul, 0ul), -ECHILD);
    assert_int_equal(test_spaces, 1);
    assert_int_equal(test_threads, 1);
}

/* A status that can't be stored consumes nothing. */
static void wait_keeps_zombie(void **state)
{
    (void)state;
    boot();
    (void)CALL(test_fork(t), EXIT, 1ul);
    assert_int_equal(CALL(t, WAIT4, 2ul, 8ul, 0ul, 0ul), -EFAULT);
    assert_int_equal(CALL(t, WAIT4, 77ul, BUF, 0ul, 0ul), -ECHILD);
    assert_int_equal(CALL(t, WAIT4, 2ul, BUF, 0x10ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, WAIT4, 0ul, BUF, 0ul, 0ul), 2);
}

static void orphans(void **state)
{
    struct thread *child, *grandchild;

    (void)state;
    boot();
    child = test_fork(t);
    grandchild = test_fork(child);
    (void)CALL(child, EXIT, 0ul);
    assert_int_equal(CALL(grandchild, GETPPID), 1);
    assert_int_equal(CALL(t, WAIT4, -1ul, 0ul, 0ul, 0ul), 2);
    (void)CALL(grandchild, EXIT, 0ul);
    assert_int_equal(CALL(t, WAIT4, -1ul, 0ul, 0ul, 0ul), 3);
}

static void vfork_suspends(void **state)
{
    struct thread *child;
    char byte = 'v';

    (void)state;
    boot();
    assert_int_equal(CALL(t, VFORK), HOST_DEFER);
    child = &process_find(2)->thread;
    poke(child, SCRATCH, &byte, 1);
    byte = 0;
    peek(t, SCRATCH, &byte, 1);
    assert_int_equal(byte, 0); /* a copy: see fork.c */
    assert_false(test_answered(t));
    poke_string(child, SCRATCH, "/bin/tool");
    assert_int_equal(CALL(child, EXECVE, SCRATCH, 0ul, 0ul), HOST_DEFER);
    assert_int_equal(test_answer(t), 2);
    assert_int_equal(test_spaces, 2);
}

static void clone_flags(void **state)
{
    int tid = 0;

    (void)state;
    boot();
    assert_int_equal(CALL(t, CLONE, 0x10000ul | SIGCHLD, 0ul, 0ul, 0ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, CLONE, (unsigned long)CLONE_VM, 0ul, 0ul, 0ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, CLONE, CLONE_CHILD_SETTID | CLONE_SETTLS | SIGCHLD, 0x5000ul, 0ul,
                          SCRATCH, 0x1234ul),
                     2);
    peek(&process_find(2)->thread, SCRATCH, &tid, 4);
    assert_int_equal(tid, 2);
    assert_int_equal(process_find(2)->thread.call.thread->regs.rsp, 0x5000);
    assert_int_equal(process_find(2)->thread.call.thread->regs.fs_base, 0x1234);
}

static void limit(void **state)
{
    long r;

    (void)state;
    boot();
    while ((r = CALL(t, FORK)) > 0)
        ;
    assert_int_equal(r, -EAGAIN);
    for (int pid = 2; pid < 100; pid++)
        (void)CALL(&process_find(pid)->thread, EXIT, 0ul);
    for (int i = 0; i < 98; i++)
        assert_true(CALL(t, WAIT4, -1ul, 0ul, 0ul, 0ul) > 0);
    assert_true(CALL(t, FORK) > 0);
}

static void sleeping(void **state)
{
    struct linux_timespec ts = {0, 5000000};

    (void)state;
    boot();
    poke(t, BUF, &ts, sizeof(ts));
    assert_int_equal(CALL(t, NANOSLEEP, BUF, 0ul), HOST_DEFER);
    test_advance(4999999);
    assert_false(test_answered(t));
    test_advance(1);
    assert_int_equal(test_answer(t), 0);
    ts.nsec = 1000000000;
    poke(t, BUF, &ts, sizeof(ts));
    assert_int_equal(CALL(t, NANOSLEEP, BUF, 0ul), -EINVAL);
}

static int pipe_pair(struct thread *who, unsigned long flags, int fd[2])
{
    long r = CALL(who, PIPE2, BUF, flags);

    peek(who, BUF, fd, 8);
    return (int)r;
}

static void pipe_between(void **state)
{
    struct thread *child;
    char buf[8] = "";
    int fd[2];

    (void)state;
    boot();
    assert_int_equal(pipe_pair(t, 0, fd), 0);
    assert_int_equal(fd[0], 3);
    assert_int_equal(fd[1], 4);
    child = test_fork(t);
    assert_int_equal(CALL(t, READ, 3ul, BUF, 8ul), HOST_DEFER);
    poke_string(child, BUF, "ping");
    assert_int_equal(CALL(child, WRITE, 4ul, BUF, 4ul), 4);
    assert_int_equal(test_answer(t), 4);
    peek(t, BUF, buf, 4);
    assert_string_equal(buf, "ping");
    assert_int_equal(CALL(child, WRITE, 4ul, BUF, 4ul), 4);
    assert_int_equal(CALL(t, READ, 3ul, 8ul, 4ul), -EFAULT); /* and nothing is consumed */
    assert_int_equal(CALL(t, READ, 3ul, BUF, 1ul), 1);
    assert_int_equal(CALL(t, READ, 3ul, BUF, 8ul), 3);
    assert_int_equal(CALL(t, CLOSE, 4ul), 0);
    assert_int_equal(CALL(t, READ, 3ul, BUF, 8ul), HOST_DEFER);
    (void)CALL(child, EXIT, 0ul);
    assert_int_equal(test_answer(t), 0); /* end of file */
}

/* A write larger than the pipe goes in pieces; what arrives is what was sent. */
static void pipe_large(void **state)
{
    static uint8_t sent[100000], got[100000];
    struct thread *child;
    size_t total = 0;
    int fd[2];

    (void)state;
    boot();
    assert_int_equal(pipe_pair(t, 0, fd), 0);
    child = test_fork(t);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)(i * 7 + i / 251);
    poke(child, BIG, sent, sizeof(sent));
    assert_int_equal(CALL(child, WRITE, 4ul, BIG, 100000ul), HOST_DEFER);
    while (total < sizeof(sent)) {
        long n = CALL(t, READ, 3ul, BIG, 30000ul);

        assert_true(n > 0);
        peek(t, BIG, got + total, (size_t)n);
        total += (size_t)n;
    }
    assert_memory_equal(got, sent, sizeof(sent));
    assert_int_equal(test_answer(child), 100000);
}

static void pipe_atomic(void **state)
{
    int fd[2];

    (void)state;
    boot();
    assert_int_equal(pipe_pair(t, O_NONBLOCK, fd), 0);
    for (int i = 0; i < 15; i++)
        assert_int_equal(CALL(t, WRITE, 4ul, BIG, 4096ul), 4096);
    assert_int_equal(CALL(t, WRITE, 4ul, BIG, 100ul), 100);
    assert_int_equal(CALL(t, WRITE, 4ul, BIG, 4096ul), -EAGAIN);      /* all or nothing */
    assert_int_equal(CALL(t, WRITE, 4ul, BIG, 5000ul), 4096 - 100);   /* as much as fits */
    assert_int_equal(CALL(t, READ, 3ul, BIG, 65536ul), 65536);
    assert_int_equal(CALL(t, READ, 3ul, BIG, 1ul), -EAGAIN);
    assert_int_equal(CALL(t, READ, 4ul, BIG, 1ul), -EBADF);
    assert_int_equal(CALL(t, PIPE2, BUF, 1ul), -EINVAL);
    assert_int_equal(CALL(t, PIPE2, 8ul, 0ul), -EFAULT);
    assert_int_equal(CALL(t, PIPE2, BUF, 0ul), 0); /* the failed one left no descriptors */
    peek(t, BUF, fd, 8);
    assert_int_equal(fd[0], 5);
}

static void pipe_broken(void **state)
{
    struct thread *child;
    int fd[2];

    (void)state;
    boot();
    assert_int_equal(pipe_pair(t, 0, fd), 0);
    child = test_fork(t);
    assert_int_equal(CALL(t, CLOSE, 3ul), 0);
    assert_int_equal(CALL(child, CLOSE, 3ul), 0);
    assert_int_equal(CALL(t, WRITE, 4ul, BUF, 1ul), -EPIPE); /* init has no default signals */
    assert_int_equal(CALL(child, WRITE, 4ul, BUF, 1ul), HOST_DEFER);
    assert_int_equal(CALL(t, WAIT4, 2ul, BUF, 0ul, 0ul), 2);
    assert_int_equal(status_at(BUF), SIGPIPE);
}

static void futex(void **state)
{
    struct linux_timespec ts = {0, 1000};
    uint32_t word = 5;

    (void)state;
    boot();
    poke(t, SCRATCH, &word, 4);
    poke(t, BUF, &ts, sizeof(ts));
    assert_int_equal(CALL(t, FUTEX, SCRATCH, 0ul, 6ul, 0ul), -EAGAIN);
    assert_int_equal(CALL(t, FUTEX, SCRATCH + 1, 0ul, 6ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, FUTEX, SCRATCH, 1ul, 1ul), 0);
    assert_int_equal(CALL(t, FUTEX, SCRATCH, 128ul, 5ul, BUF), HOST_DEFER);
    test_advance(1000);
    assert_int_equal(test_answer(t), -ETIMEDOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fork_exit_wait), cmocka_unit_test(wait_keeps_zombie),
        cmocka_unit_test(orphans),        cmocka_unit_test(vfork_suspends),
        cmocka_unit_test(clone_flags),    cmocka_unit_test(limit),
        cmocka_unit_test(sleeping),       cmocka_unit_test(pipe_between),
        cmocka_unit_test(pipe_large),     cmocka_unit_test(pipe_atomic),
        cmocka_unit_test(pipe_broken),    cmocka_unit_test(futex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
