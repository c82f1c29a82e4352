/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls as a program sees them; says the same on Linux and on our server (KTAP). As process
 * 1 it restarts the machine at the end. It writes below /tmp, which it makes when missing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "l4k/abi/guest_log.h"

static int failures;

#define CHECK(cond)                                                                            \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf(LOG_ASSERT "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #cond, errno);     \
            failures++;                                                                        \
        }                                                                                      \
    } while (0)

static char *self;

/* Addresses where nothing is mapped, hidden from the compiler. */
static void *volatile nowhere = (void *)0x10;

static void start_up(void)
{
    unsigned char *random = (unsigned char *)getauxval(AT_RANDOM);
    int any = 0;

    CHECK(getauxval(AT_PAGESZ) == 4096);
    CHECK(getauxval(AT_ENTRY) != 0);
    CHECK(getauxval(AT_PHNUM) != 0);
    CHECK(random != NULL);
    for (int i = 0; random && i < 16; i++)
        any |= random[i];
    CHECK(any != 0);
    CHECK(getenv("PATH") == NULL || strlen(getenv("PATH")) > 0);
}

static void identity(void)
{
    struct utsname u;
    pid_t pid = getpid();

    CHECK(pid > 0 && syscall(SYS_gettid) == pid);
    CHECK(getpgid(0) == getpgrp());
    CHECK(uname(&u) == 0 && !strcmp(u.sysname, "Linux") && !strcmp(u.machine, "x86_64"));
    CHECK(syscall(SYS_uname, nowhere) == -1 && errno == EFAULT);
    CHECK(syscall(1000) == -1 && errno == ENOSYS);
    CHECK(syscall(-1L) == -1 && errno == ENOSYS);
}

static void files(void)
{
    struct stat st;
    char buf[64];
    int fd;

    mkdir("/tmp", 0777);
    unlink("/tmp/l4k_a");
    fd = open("/tmp/l4k_a", O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0);
    CHECK(open("/tmp/l4k_a", O_RDWR | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST);
    CHECK(write(fd, "hello", 5) == 5);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(read(fd, buf, sizeof(buf)) == 5 && !memcmp(buf, "hello", 5));
    CHECK(read(fd, buf, sizeof(buf)) == 0);
    CHECK(pwrite(fd, "J", 1, 0) == 1 && pread(fd, buf, 5, 0) == 5 && buf[0] == 'J');
    CHECK(fstat(fd, &st) == 0 && st.st_size == 5 && S_ISREG(st.st_mode) &&
          (st.st_mode & 0777) == 0600);
    CHECK(ftruncate(fd, 4096) == 0 && pread(fd, buf, 1, 4095) == 1 && buf[0] == 0);
    CHECK(read(fd, nowhere, 1) == -1 && errno == EFAULT);
    CHECK(close(fd) == 0);
    CHECK(close(fd) == -1 && errno == EBADF);
    CHECK(rename("/tmp/l4k_a", "/tmp/l4k_b") == 0);
    CHECK(stat("/tmp/l4k_a", &st) == -1 && errno == ENOENT);
    CHECK(access("/tmp/l4k_b", R_OK) == 0);
    CHECK(open("/tmp/l4k_b/x", O_RDONLY) == -1 && errno == ENOTDIR);
    CHECK(unlink("/tmp/l4k_b") == 0);
}

static void devices(void)
{
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    struct iovec v[2] = {{"ab", 2}, {"c", 1}};
    char byte = 1;

    CHECK(null >= 0 && zero >= 0);
    CHECK(write(null, "x", 1) == 1 && read(null, &byte, 1) == 0);
    CHECK(writev(null, v, 2) == 3);
    CHECK(read(zero, &byte, 1) == 1 && byte == 0);
    CHECK(write(zero, "x", 1) == -1 && errno == EBADF);
    close(null);
    close(zero);
}

static void descriptors(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), other;

    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    other = fcntl(fd, F_DUPFD, 50);
    CHECK(other >= 50 && fcntl(other, F_GETFD) == 0);
    CHECK(dup2(fd, 60) == 60 && close(60) == 0 && close(other) == 0);
    CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
    close(fd);
}

static void memory(void)
{
    char *a = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *brk0 = (char *)syscall(SYS_brk, 0);
    volatile char *big;

    CHECK(a != MAP_FAILED && a[0] == 0 && a[8191] == 0);
    a[0] = 1;
    CHECK(mprotect(a, 4096, PROT_READ) == 0 && a[0] == 1);
    CHECK(read(open("/dev/zero", O_RDONLY | O_CLOEXEC), a, 1) == -1 && errno == EFAULT);
    CHECK(munmap(a, 8192) == 0);
    CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == EINVAL);
    CHECK(mprotect(a, 4096, PROT_READ) == -1 && errno == ENOMEM);
    CHECK((char *)syscall(SYS_brk, brk0 + 100000) == brk0 + 100000);
    memset(brk0, 7, 100000);
    CHECK((char *)syscall(SYS_brk, brk0) == brk0);
    big = malloc(3 << 20);
    CHECK(big != NULL);
    big[(3 << 20) - 1] = 1;
    free((void *)big);
}

static int wait_for(pid_t pid)
{
    int status = -1;

    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void processes(void)
{
    volatile int shared_not = 1;
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        shared_not = 2;
        _exit(getppid() == parent && shared_not == 2 ? 42 : 1);
    }
    CHECK(pid > 0);
    CHECK(waitpid(pid, NULL, WNOHANG) >= 0 || errno == ECHILD);
    for (int i = 0; i < 50; i++) {
        pid_t p = fork();

        if (p == 0)
            _exit(i);
        CHECK(p > 0 && WEXITSTATUS(wait_for(p)) == i);
    }
    CHECK(shared_not == 1);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    CHECK(errno == ECHILD);
    pid = fork();
    if (pid == 0)
        _exit(42);
    CHECK(wait_for(pid) == 42 << 8);
}

static void programs(void)
{
    char *args[] = {self, "--child", "a b", NULL};
    char *env[] = {"L4K=yes", NULL};
    pid_t pid = vfork();

    if (pid == 0) {
        execve(self, args, env);
        _exit(127);
    }
    CHECK(WEXITSTATUS(wait_for(pid)) == 23);
    CHECK(execve("/nonexistent", args, env) == -1 && errno == ENOENT);
    CHECK(execve("/dev/null", args, env) == -1 && errno == EACCES);
}

static void pipes(void)
{
    static char buf[200000];
    int fd[2], back[2];
    ssize_t n, total = 0;
    pid_t pid;

    CHECK(pipe2(fd, O_CLOEXEC) == 0 && pipe(back) == 0);
    pid = fork();
    if (pid == 0) {
        close(fd[0]);
        memset(buf, 'q', sizeof(buf));
        _exit(write(fd[1], buf, sizeof(buf)) == sizeof(buf) ? 0 : 1);
    }
    close(fd[1]);
    while ((n = read(fd[0], buf, sizeof(buf))) > 0)
        total += n;
    CHECK(n == 0 && total == (ssize_t)sizeof(buf) && buf[0] == 'q');
    CHECK(wait_for(pid) == 0);
    close(fd[0]);
    CHECK(fcntl(back[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(read(back[0], buf, 1) == -1 && errno == EAGAIN);
    close(back[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK(write(back[1], "x", 1) == -1 && errno == EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(back[1]);
}

static volatile sig_atomic_t caught, caught_code;
static sigjmp_buf escape;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    caught = sig;
    caught_code = info->si_code;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    caught = sig;
    caught_code = info->si_addr == nowhere ? info->si_code : -1;
    siglongjmp(escape, 1);
}

static void install(int sig, void (*f)(int, siginfo_t *, void *), int flags)
{
    struct sigaction a = {.sa_sigaction = f, .sa_flags = SA_SIGINFO | flags};

    CHECK(sigaction(sig, &a, NULL) == 0);
}

static void signals(void)
{
    volatile double fpu = 1.5;
    sigset_t set, old;
    pid_t pid;

    install(SIGUSR1, on_signal, 0);
    caught = 0;
    CHECK(kill(getpid(), SIGUSR1) == 0 && caught == SIGUSR1 && caught_code == SI_USER);
    CHECK(fpu * 2 == 3.0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    caught = 0;
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
    CHECK(raise(SIGUSR1) == 0 && caught == 0);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0 && caught == SIGUSR1);
    install(SIGSEGV, on_fault, 0);
    caught = 0;
    if (sigsetjmp(escape, 1) == 0)
        *(volatile int *)nowhere = 1;
    CHECK(caught == SIGSEGV && caught_code == SEGV_MAPERR);
    signal(SIGSEGV, SIG_DFL);
    pid = fork();
    if (pid == 0) {
        *(volatile int *)nowhere = 1;
        _exit(0);
    }
    CHECK(WTERMSIG(wait_for(pid)) == SIGSEGV);
    pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    CHECK(kill(pid, SIGTERM) == 0 && WTERMSIG(wait_for(pid)) == SIGTERM);
}

static void times(void)
{
    struct timespec a, b, d = {0, 2000000};
    struct timeval tv;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
    CHECK(nanosleep(&d, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
    CHECK((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >= 2000000);
    CHECK(gettimeofday(&tv, NULL) == 0 && tv.tv_sec > 1600000000);
    d.tv_nsec = 1000000000;
    CHECK(nanosleep(&d, NULL) == -1 && errno == EINVAL);
    install(SIGALRM, on_signal, 0);
    caught = 0;
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 2000}}, NULL) == 0);
    CHECK(pause() == -1 && errno == EINTR && caught == SIGALRM);
}

static void polling(void)
{
    int fd[2];
    struct pollfd p;

    CHECK(pipe(fd) == 0);
    p = (struct pollfd){fd[0], POLLIN, 0};
    CHECK(poll(&p, 1, 0) == 0);
    CHECK(poll(&p, 1, 2) == 0);
    CHECK(write(fd[1], "x", 1) == 1 && poll(&p, 1, -1) == 1 && p.revents == POLLIN);
    close(fd[1]);
    CHECK(poll(&p, 1, -1) == 1 && p.revents == (POLLIN | POLLHUP));
    close(fd[0]);
}

static void places(void)
{
    char buf[256];
    struct stat st;

    CHECK(chdir("/dev") == 0 && getcwd(buf, sizeof(buf)) == buf && !strcmp(buf, "/dev"));
    CHECK(stat("null", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(chdir("..") == 0 && getcwd(buf, sizeof(buf)) == buf && !strcmp(buf, "/"));
    CHECK(readlink("/proc/self/exe", buf, sizeof(buf)) > 0);
    CHECK(symlink("null", "/tmp/l4k_link") == 0);
    CHECK(readlink("/tmp/l4k_link", buf, sizeof(buf)) == 4 && !memcmp(buf, "null", 4));
    CHECK(lstat("/tmp/l4k_link", &st) == 0 && S_ISLNK(st.st_mode));
    CHECK(unlink("/tmp/l4k_link") == 0);
}

static void limits(void)
{
    struct rlimit r;
    int null = open("/dev/null", O_RDWR);
    struct termios tio;

    CHECK(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur >= 64);
    CHECK(getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur >= 1 << 20);
    CHECK(tcgetattr(null, &tio) == -1 && errno == ENOTTY);
    close(null);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"start-up", start_up},
    {"identity", identity},
    {"files", files},
    {"devices", devices},
    {"descriptors", descriptors},
    {"memory", memory},
    {"processes", processes},
    {"programs", programs},
    {"pipes", pipes},
    {"signals", signals},
    {"times", times},
    {"polling", polling},
    {"places", places},
    {"limits", limits},
};

enum { COUNT = sizeof(tests) / sizeof(tests[0]) };

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc == 3 && !strcmp(argv[1], "--child"))
        return !strcmp(argv[2], "a b") && getenv("L4K") && !strcmp(getenv("L4K"), "yes") ? 23 : 1;
    setvbuf(stdout, NULL, _IONBF, 0);
    self = argv[0];
    if (getpid() == 1)
        mount("proc", "/proc", "proc", 0, NULL); /* `places` needs it; only Linux does */
    printf(LOG_BEGIN "sys_calls\nKTAP version 1\n1..%d\n", COUNT);
    for (int i = 0; i < COUNT; i++) {
        failures = 0;
        tests[i].run();
        failed += failures != 0;
        printf("%sok %d %s\n", failures ? "not " : "", i + 1, tests[i].name);
    }
    printf(LOG_END "sys_calls status=%d\n", failed != 0);
    if (getpid() == 1)
        reboot(RB_AUTOBOOT);
    return failed != 0;
}
