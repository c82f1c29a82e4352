/* SPDX-License-Identifier: BSD-2-Clause */
/* Small calls about the system, its limits and the caller's identity. */
#include "l4k/abi/layout.h"
#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/memory.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

long sys_uname(struct thread *t)
{
    static const struct linux_utsname names = {
        .sysname = "Linux", .nodename = "l4k", .release = "6.1.0-l4k", .version = "#1 l4k",
        .machine = "x86_64", .domainname = "(none)",
    };

    return copy_out(t, t->call.arg[0], &names, sizeof(names));
}

long sys_sysinfo(struct thread *t)
{
    struct host_memory_info info;
    struct linux_sysinfo s;

    host_memory_info(&info);
    s = (struct linux_sysinfo){.uptime = (int64_t)(host_clock() / NSEC_PER_SEC),
                               .totalram = info.total,
                               .freeram = info.free,
                               .procs = (uint16_t)process_count(),
                               .mem_unit = 1};
    return copy_out(t, t->call.arg[0], &s, sizeof(s));
}

long sys_getrandom(struct thread *t)
{
    uint8_t buf[256];
    uint64_t size = t->call.arg[1], done = 0;

    if (t->call.arg[2] & ~7ul)
        return -EINVAL;
    if (size > MAX_RW_COUNT)
        size = MAX_RW_COUNT;
    while (done < size) {
        size_t n = size - done < sizeof(buf) ? size - done : sizeof(buf);
        long r;

        host_entropy(buf, n);
        r = copy_out(t, t->call.arg[0] + done, buf, n);
        if (r)
            return done && r == -EFAULT ? (long)done : r;
        done += n;
    }
    return (long)done;
}

/* ---- limits: those that hold are told, none can be changed ---- */

enum { RLIMIT_COUNT = 16, RLIMIT_STACK = 3, RLIMIT_CORE = 4, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7 };

static int read_limit(uint64_t which, struct linux_rlimit *l)
{
    uint64_t v = ~0ul;

    if (which >= RLIMIT_COUNT)
        return -EINVAL;
    if (which == RLIMIT_STACK)
        v = STACK_SIZE;
    else if (which == RLIMIT_CORE)
        v = 0;
    else if (which == RLIMIT_NPROC)
        v = PROCESS_LIMIT;
    else if (which == RLIMIT_NOFILE)
        v = FD_LIMIT;
    *l = (struct linux_rlimit){v, v};
    return 0;
}

long sys_prlimit64(struct thread *t)
{
    int pid = (int)t->call.arg[0];
    struct linux_rlimit old, new;
    long r = read_limit((unsigned)t->call.arg[1], &old);

    if (r)
        return r;
    if (pid && !process_find(pid))
        return -ESRCH;
    if (t->call.arg[2]) {
        r = copy_in(t, &new, t->call.arg[2], sizeof(new));
        if (r)
            return r;
        if (new.cur != old.cur || new.max != old.max)
            return -EPERM;
    }
    return t->call.arg[3] ? copy_out(t, t->call.arg[3], &old, sizeof(old)) : 0;
}

long sys_getrlimit(struct thread *t)
{
    struct linux_rlimit l;
    long r = read_limit((unsigned)t->call.arg[0], &l);

    return r ? r : copy_out(t, t->call.arg[1], &l, sizeof(l));
}

/* ---- the thread ---- */

long sys_arch_prctl(struct thread *t)
{
    uint64_t addr = t->call.arg[1];
    struct host_regs regs;

    switch ((unsigned)t->call.arg[0]) {
    case ARCH_SET_FS:
        if (addr >= LINUX_USER_MAX)
            return -EPERM;
        host_set_fs_base(&t->call, addr);
        return 0;
    case ARCH_SET_GS:
        if (addr >= LINUX_USER_MAX)
            return -EPERM;
        return host_set_gs_base(&t->call, addr) ? 0 : -EINVAL;
    case ARCH_GET_FS:
        host_get_regs(&t->call, &regs);
        return copy_out(t, addr, &regs.fs_base, sizeof(regs.fs_base));
    case ARCH_GET_GS:
        host_get_regs(&t->call, &regs);
        return copy_out(t, addr, &regs.gs_base, sizeof(regs.gs_base));
    default:
        return -EINVAL;
    }
}

/* The word is cleared for others who share the memory when the thread ends; nobody does. */
long sys_set_tid_address(struct thread *t)
{
    return t->tid;
}

/* A robust list matters to other threads of the memory when one of them dies; there are none. */
long sys_set_robust_list(struct thread *t)
{
    return t->call.arg[1] == 24 ? 0 : -EINVAL;
}

long sys_sched_yield(struct thread *t)
{
    (void)t;
    return 0;
}

long sys_prctl(struct thread *t)
{
    enum { PR_SET_NAME = 15, PR_GET_NAME = 16 };
    struct process *p = process_of(t);
    char name[16];
    long r;

    switch ((int)t->call.arg[0]) {
    case PR_SET_NAME:
        r = copy_string(t, name, t->call.arg[1], sizeof(name) - 1);
        if (r == -ENAMETOOLONG)
            r = copy_in(t, name, t->call.arg[1], sizeof(name) - 1);
        if (r < 0)
            return r;
        name[15] = 0;
        memset(p->comm, 0, sizeof(p->comm));
        memcpy(p->comm, name, strlen(name));
        return 0;
    case PR_GET_NAME:
        return copy_out(t, t->call.arg[1], p->comm, sizeof(p->comm));
    default:
        (void)sys_missing(t);
        return -EINVAL;
    }
}

/* ---- identity: root, and nothing else to become ---- */

static long zero(struct thread *t)
{
    (void)t;
    return 0;
}

long sys_getuid(struct thread *t)
{
    return zero(t);
}

long sys_geteuid(struct thread *t)
{
    return zero(t);
}

long sys_getgid(struct thread *t)
{
    return zero(t);
}

long sys_getegid(struct thread *t)
{
    return zero(t);
}

long sys_setuid(struct thread *t)
{
    return (uint32_t)t->call.arg[0] ? -EPERM : 0;
}

long sys_setgid(struct thread *t)
{
    return sys_setuid(t);
}

long sys_getgroups(struct thread *t)
{
    return (int)t->call.arg[0] < 0 ? -EINVAL : 0;
}

long sys_setgroups(struct thread *t)
{
    return t->call.arg[0] ? -EPERM : 0;
}

/* ---- the machine ---- */

long sys_reboot(struct thread *t)
{
    enum { MAGIC1 = 0xfee1dead, MAGIC2 = 672274793, MAGIC2A = 85072278, MAGIC2B = 369367448,
           MAGIC2C = 537993216, RESTART = 0x01234567, HALT = 0xcdef0123, POWER_OFF = 0x4321fedc,
           CAD_ON = 0x89abcdef, CAD_OFF = 0 };
    uint32_t magic2 = (uint32_t)t->call.arg[1];

    if ((uint32_t)t->call.arg[0] != MAGIC1 ||
        (magic2 != MAGIC2 && magic2 != MAGIC2A && magic2 != MAGIC2B && magic2 != MAGIC2C))
        return -EINVAL;
    switch ((uint32_t)t->call.arg[2]) {
    case RESTART:
    case HALT:
    case POWER_OFF:
        syscall_log_missing();
        host_reset();
    case CAD_ON:
    case CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}
