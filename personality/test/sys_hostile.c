/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program may try against the system below it: it must get an error, a signal or what Linux
 * answers, and everybody else goes on (KTAP). As process 1 it uses up the machine's memory, and
 * restarts the machine at the end; elsewhere it limits itself. Where Linux programs have a stub
 * (l4k/abi/layout.h) it is called in ways it was not made for; where they have none, a jump there
 * must be SIGSEGV. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "l4k/abi/guest_log.h"
#include "l4k/abi/l4.h"
#include "l4k/abi/status.h"

static int failures;

#define CHECK(cond)                                                                            \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf(LOG_ASSERT "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #cond, errno);     \
            failures++;                                                                        \
        }                                                                                      \
    } while (0)

#define PATIENCE_MS 3000

static void nap(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* Waits a limited time for a child's end: its status, or -1. */
static int wait_for(pid_t pid)
{
    int status;

    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        pid_t p = waitpid(pid, &status, WNOHANG);

        if (p)
            return p == pid ? status : -1;
        nap(5);
    }
    return -1;
}

static bool killed(int status, int sig)
{
    return status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

static bool left(int status, int value)
{
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == value;
}

/* No child is left; orphans that came to process 1 end soon. */
static bool alone(void)
{
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        pid_t p = waitpid(-1, NULL, WNOHANG);

        if (p < 0)
            return errno == ECHILD;
        if (p == 0)
            nap(5);
    }
    return false;
}

/* Processes, pipes and memory are as they should be. */
static void still_works(void)
{
    static char buf[8192];

    for (int i = 0; i < 8; i++) {
        ssize_t n, total = 0;
        int fd[2];
        pid_t pid;

        CHECK(pipe(fd) == 0);
        pid = fork();
        if (pid == 0) {
            memset(buf, i, sizeof(buf));
            _exit(write(fd[1], buf, sizeof(buf)) == sizeof(buf) ? 9 : 1);
        }
        CHECK(pid > 0);
        close(fd[1]);
        while ((n = read(fd[0], buf, sizeof(buf))) > 0)
            total += n;
        CHECK(n == 0 && total == sizeof(buf) && buf[0] == i && buf[100] == i);
        CHECK(left(wait_for(pid), 9));
        close(fd[0]);
    }
}

/* --- Memory --- */

#define STEP (16ul << 20)
#define LIMIT_ELSEWHERE (256ul << 20)

static bool whole_machine; /* this is process 1 */

/* There is no memory: now make the system need some of its own. */
static void no_memory(int sig)
{
    static char page[4096];

    (void)sig;
    for (int i = 0; i < 200; i++) {
        int fd[2];

        if (pipe(fd))
            break;
        for (int k = 0; k < 15; k++)
            if (write(fd[1], page, sizeof(page)) < 0)
                break;
    }
    if (fork() == 0)
        _exit(0);
    _exit(3);
}

static void use_up_memory(void)
{
    struct rlimit limit = {LIMIT_ELSEWHERE, LIMIT_ELSEWHERE};
    volatile char stack[65536]; /* for the handler: present before */

    for (size_t i = 0; i < sizeof(stack); i += 4096)
        stack[i] = 1;
    signal(SIGSEGV, no_memory);
    signal(SIGBUS, no_memory);
    if (!whole_machine && setrlimit(RLIMIT_AS, &limit))
        _exit(1);
    for (;;) {
        volatile char *p = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (p == MAP_FAILED)
            no_memory(0);
        for (size_t i = 0; i < STEP; i += 4096)
            p[i] = 1;
    }
}

/* Twice: what the first child had is there again for the second. Linux kills such a process. */
static void memory(void)
{
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        int status = -1;

        if (pid == 0)
            use_up_memory();
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(left(status, 3) || killed(status, SIGKILL));
        CHECK(alone());
        still_works();
    }
}

/* --- What a program finds as it left it --- */

#define MXCSR_OWN 0x9fc0 /* flush to zero, denormals are zero, all exceptions masked */

static void ignore(int sig)
{
    (void)sig;
}

static void mxcsr(void)
{
    unsigned before = _mm_getcsr(), after_signal, after_fork;
    pid_t pid;

    signal(SIGUSR1, ignore);
    _mm_setcsr(MXCSR_OWN);
    raise(SIGUSR1);
    after_signal = _mm_getcsr();
    _mm_setcsr(MXCSR_OWN);
    pid = fork();
    if (pid == 0)
        _exit(_mm_getcsr() == MXCSR_OWN ? 7 : 1);
    after_fork = _mm_getcsr();
    _mm_setcsr(before);
    CHECK(after_signal == MXCSR_OWN && after_fork == MXCSR_OWN);
    CHECK(left(wait_for(pid), 7));
}

/* The bytes of `mov $39, %eax; syscall` (39: getpid) as the end of another instruction: each time
 * it comes by, both must do what they say. */
static long site_behind_rex(long *out)
{
    long rax, r8;

    __asm__ volatile("mov $5, %%r8d\n\tmov $39, %%eax\n\t"
                     ".byte 0x41, 0xb8, 39, 0, 0, 0\n\tsyscall\n\tmov %%r8, %1" /* mov $39, %r8d */
                     : "=&a"(rax), "=r"(r8) : : "rcx", "r11", "r8", "memory");
    *out = r8;
    return rax;
}

static long site_behind_mov(long *out)
{
    volatile int32_t slot[64] = {0};
    long rax;

    __asm__ volatile("mov $39, %%eax\n\t"
                     ".byte 0xc7, 0x43, 0xb8, 39, 0, 0, 0\n\tsyscall" /* movl $39, -0x48(%rbx) */
                     : "=&a"(rax) : "b"(&slot[40]) : "rcx", "r11", "memory");
    *out = slot[40 - 0x48 / 4];
    return rax;
}

static long site_behind_sib(long *out)
{
    volatile int32_t slot[64] = {0};
    long rax;

    __asm__ volatile("mov $39, %%eax\n\t" /* movl $39, -0x48(%rbx,%rcx) */
                     ".byte 0xc7, 0x44, 0x0b, 0xb8, 39, 0, 0, 0\n\tsyscall"
                     : "=&a"(rax) : "b"(&slot[40]), "c"(0) : "r11", "memory");
    *out = slot[40 - 0x48 / 4];
    return rax;
}

static long site_behind_lea(long *out)
{
    long rax, rdi;

    __asm__ volatile("mov $39, %%eax\n\t"
                     ".byte 0x8d, 0xb8, 39, 0, 0, 0\n\tsyscall" /* lea 39(%rax), %edi */
                     : "=&a"(rax), "=&D"(rdi) : : "rcx", "r11", "memory");
    *out = rdi - 39;
    return rax;
}

/* The b8 of the others is part of an immediate, of a displacement, and a SIB. */
static long site_in_imm64(long *out)
{
    long rax, rdi;

    __asm__ volatile("mov $39, %%eax\n\t" /* movabs $0x27b8123456, %rdi */
                     ".byte 0x48, 0xbf, 0x56, 0x34, 0x12, 0xb8, 39, 0, 0, 0\n\tsyscall"
                     : "=&a"(rax), "=&D"(rdi) : : "rcx", "r11", "memory");
    *out = rdi - 0x27b8123456 + 39;
    return rax;
}

static long site_in_disp32(long *out)
{
    volatile int32_t slot = 0;
    long rax;

    __asm__ volatile("mov $39, %%eax\n\t" /* movl $39, -0x48000000(%rbx) */
                     ".byte 0xc7, 0x83, 0, 0, 0, 0xb8, 39, 0, 0, 0\n\tsyscall"
                     : "=&a"(rax) : "b"((uintptr_t)&slot + 0x48000000) : "rcx", "r11", "memory");
    *out = slot;
    return rax;
}

static long site_is_sib(long *out)
{
    static volatile char table[64];
    long rax = (long)(uintptr_t)table;

    memcpy((char *)table + 39, &(int){39}, sizeof(int));
    /* mov 39(%rax,%rdi,4), %eax */
    __asm__ volatile(".byte 0x8b, 0x84, 0xb8, 39, 0, 0, 0\n\tsyscall"
                     : "+a"(rax) : "D"(0) : "rcx", "r11", "memory");
    *out = 39;
    return rax;
}

static long site_alone(long *out)
{
    long rax;

    __asm__ volatile("mov $39, %%eax\n\tsyscall" : "=&a"(rax) : : "rcx", "r11", "memory");
    *out = 39;
    return rax;
}

static void sites(void)
{
    long (*const site[])(long *) = {site_behind_rex, site_behind_mov, site_behind_sib,
                                    site_behind_lea, site_in_imm64, site_in_disp32,
                                    site_is_sib, site_alone};
    pid_t pid = getpid();

    for (unsigned i = 0; i < sizeof(site) / sizeof(site[0]); i++)
        for (int turn = 0; turn < 4; turn++) {
            long value = 0;

            CHECK(site[i](&value) == pid && value == 39);
        }
}

/* A vfork parent is killed while its child runs; whoever is made in its place must not be woken
 * when that child ends. */
static void vfork_parent(void)
{
    int go[2], empty[2];
    pid_t parent, stranger;
    char byte;

    CHECK(pipe(go) == 0 && pipe(empty) == 0);
    parent = fork();
    if (parent == 0) {
        pid_t me = getpid();

        if (syscall(SYS_vfork) == 0) {
            kill(me, SIGKILL);
            _exit(read(go[0], &byte, 1) == 1 ? 7 : 1);
        }
        _exit(1);
    }
    CHECK(killed(wait_for(parent), SIGKILL));
    stranger = fork();
    if (stranger == 0)
        _exit(read(empty[0], &byte, 1) >= 0 ? 1 : 2);
    nap(50);
    CHECK(write(go[1], "x", 1) == 1);
    nap(200);
    CHECK(waitpid(stranger, NULL, WNOHANG) == 0);
    CHECK(kill(stranger, SIGKILL) == 0 && killed(wait_for(stranger), SIGKILL));
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(empty[i]);
    }
    CHECK(alone());
}

/* --- The stub --- */

enum { RAX, RBX, RDI, RSI, RDX, R10, R8, R9, RBP, R12, REGS };

/* Jumps to `entry`, a `syscall` of the stub, with these registers; rax as it is afterwards. */
uint64_t stub_jump(const uint64_t regs[REGS], uint64_t entry);
__asm__(".text\n"
        "stub_jump:\n"
        "    push %rbx\n    push %rbp\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    lea 1f(%rip), %rax\n    mov %rax, %gs:0\n" /* utcb->reflect_rip */
        "    mov %rsi, %r11\n    mov %rdi, %rcx\n"
        "    mov (%rcx), %rax\n    mov 8(%rcx), %rbx\n    mov 16(%rcx), %rdi\n"
        "    mov 24(%rcx), %rsi\n    mov 32(%rcx), %rdx\n    mov 40(%rcx), %r10\n"
        "    mov 48(%rcx), %r8\n    mov 56(%rcx), %r9\n    mov 64(%rcx), %rbp\n"
        "    mov 72(%rcx), %r12\n    clc\n    jmp *%r11\n"
        "1:  pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbp\n    pop %rbx\n"
        "    ret\n");
_Static_assert(UTCB_REFLECT_RIP == 0 && RBP == 8 && R12 == 9, "stub_jump() knows");

static unsigned char *volatile stub = (unsigned char *)STUB_BASE;

/* Asks the system, not the memory. */
static bool have_stub(void)
{
    int fd[2];
    ssize_t n;

    CHECK(pipe(fd) == 0);
    n = write(fd[1], stub, 2);
    CHECK(n == 2 || errno == EFAULT);
    close(fd[0]);
    close(fd[1]);
    return n == 2;
}

static uint64_t stub_syscall(void)
{
    unsigned offset = 0;

    while (stub[offset] != 0x0f || stub[offset + 1] != 0x05)
        offset++;
    return STUB_BASE + offset;
}

static uint64_t tag_of(uint64_t nr, uint64_t low)
{
    return nr << TAG_LABEL_SHIFT | low;
}

/* A child makes one call through the stub, tells what it answered, and then waits to be killed. */
static bool answers(uint64_t tag, uint64_t expected)
{
    uint64_t regs[REGS] = {[RAX] = tag}, answer = 0;
    struct pollfd p = {.events = POLLIN};
    bool told;
    int fd[2];
    pid_t pid;

    CHECK(pipe(fd) == 0);
    pid = fork();
    if (pid == 0) {
        answer = stub_jump(regs, stub_syscall());
        (void)!write(fd[1], &answer, sizeof(answer));
        for (;;)
            pause();
    }
    p.fd = fd[0];
    told = poll(&p, 1, 1000) == 1 && read(fd[0], &answer, sizeof(answer)) == sizeof(answer);
    close(fd[0]);
    close(fd[1]);
    CHECK(kill(pid, SIGKILL) == 0 && killed(wait_for(pid), SIGKILL));
    if (!told || answer != expected)
        printf("# tag %#lx: %s %#lx\n", (unsigned long)tag, told ? "answered" : "no answer",
               (unsigned long)answer);
    return told && answer == expected;
}

/* There is nothing to jump to. */
static void no_stub(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        ((void (*)(void))(uintptr_t)stub)();
        _exit(0);
    }
    CHECK(killed(wait_for(pid), SIGSEGV));
}

/* Whatever is no plain call is refused, whatever number it carries. */
static void stub_operations(void)
{
    static const uint64_t nrs[] = {SYS_getpid, SYS_vfork}, extras[] = {
        TAG_TIMEOUT, 1u << TAG_WORDS_SHIFT, 1u << TAG_ITEMS_SHIFT, 1u << 27,
        TAG_TIMEOUT | 7u << TAG_WORDS_SHIFT | 8u << TAG_ITEMS_SHIFT,
    };

    if (!have_stub())
        return no_stub();
    CHECK(answers(tag_of(1000, OP_CALL), (uint64_t)-ENOSYS));
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned i = 0; i < sizeof(extras) / sizeof(extras[0]); i++)
            CHECK(answers(tag_of(nrs[n], extras[i]), (uint64_t)ERR_INVALID));
        for (uint64_t op = OP_CALL + 1; op < 16; op++)
            CHECK(answers(tag_of(nrs[n], op << TAG_OP_SHIFT), (uint64_t)ERR_INVALID));
        for (uint64_t cap = 2; cap < 0x10000; cap = cap * 4 + 1)
            CHECK(answers(tag_of(nrs[n], cap), (uint64_t)ERR_NO_CAP));
    }
    CHECK(alone());
    still_works();
}

/* xorshift64. */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Neither signals others nor leaves its process group nor restarts the machine. */
static uint64_t any_number(uint64_t *seed)
{
    static const uint64_t spared[] = {SYS_kill, SYS_tkill, SYS_tgkill, SYS_reboot, SYS_setpgid,
                                      SYS_setsid};
    uint64_t nr = random_next(seed) % 450;

    for (unsigned i = 0; i < sizeof(spared) / sizeof(spared[0]); i++)
        if (nr == spared[i])
            return SYS_getpid;
    return nr;
}

/* Neither waits nor changes what the caller stands on. */
static uint64_t mild_number(uint64_t *seed)
{
    static const uint64_t mild[] = {SYS_open, SYS_close, SYS_stat, SYS_lseek, SYS_access,
                                    SYS_sched_yield, SYS_dup, SYS_getpid, SYS_fcntl, SYS_umask,
                                    SYS_getppid, SYS_getpgid, SYS_gettid, 1000, 0xffffffff};

    return mild[random_next(seed) % (sizeof(mild) / sizeof(mild[0]))];
}

#define JUMPS 200

/* Random UTCB and registers; the child ends with 5 if it comes that far. */
static void random_jumps(uint64_t seed, uint64_t (*number)(uint64_t *))
{
    uint64_t entry = stub_syscall(), regs[REGS];
    char *buf = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int fd = 0; fd < 64; fd++)
        close(fd);
    for (int i = 0; i < 8; i++)
        random_next(&seed);
    for (int i = 0; i < JUMPS; i++) {
        for (uint64_t at = 8; at < sizeof(struct utcb); at += 8)
            __asm__ volatile("mov %0, %%gs:(%1)"
                             : : "r"(random_next(&seed) >> random_next(&seed) % 64), "r"(at)
                             : "memory");
        for (int r = 0; r < REGS; r++) {
            uint64_t x = random_next(&seed);

            regs[r] = x & 1 ? x >> x / 64 % 64 : x & 2 ? (uint64_t)buf + x / 64 % 65536
                    : x & 4 ? STUB_BASE + x / 64 % 8192 : UTCB_BASE + x / 64 % 8192;
        }
        regs[RAX] = tag_of(number(&seed), random_next(&seed) % 2);
        if (random_next(&seed) % 3 == 0)
            regs[RAX] |= random_next(&seed) & UINT64_C(0xffff0000);
        (void)stub_jump(regs, entry);
    }
    _exit(5);
}

/* A child of mild numbers comes to its end; one of any numbers can be killed, with what it made. */
static void stub_at_random(void)
{
    if (!have_stub())
        return no_stub();
    for (uint64_t seed = 1; seed <= 24; seed++) {
        bool mild = seed % 4 == 0;
        pid_t pid = fork();

        if (pid == 0) {
            setpgid(0, 0);
            random_jumps(seed * UINT64_C(0x9e3779b97f4a7c15), mild ? mild_number : any_number);
        }
        CHECK(pid > 0 && (setpgid(pid, pid) == 0 || errno == ESRCH));
        if (mild) {
            CHECK(left(wait_for(pid), 5));
            continue;
        }
        nap(40);
        CHECK(kill(-pid, SIGKILL) == 0);
        CHECK(wait_for(pid) != -1);
    }
    CHECK(alone());
    still_works();
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"memory used up", memory},
    {"MXCSR over signal and fork", mxcsr},
    {"call sites inside instructions", sites},
    {"a vfork parent that is killed", vfork_parent},
    {"other operations by the stub", stub_operations},
    {"random jumps into the stub", stub_at_random},
};

enum { COUNT = sizeof(tests) / sizeof(tests[0]) };

int main(void)
{
    int failed = 0;

    setvbuf(stdout, NULL, _IONBF, 0);
    whole_machine = getpid() == 1;
    printf(LOG_BEGIN "sys_hostile\nKTAP version 1\n1..%d\n", COUNT);
    for (int i = 0; i < COUNT; i++) {
        failures = 0;
        tests[i].run();
        failed += failures != 0;
        printf("%sok %d %s\n", failures ? "not " : "", i + 1, tests[i].name);
    }
    printf(LOG_END "sys_hostile status=%d\n", failed != 0);
    if (whole_machine)
        reboot(RB_AUTOBOOT);
    return failed != 0;
}
