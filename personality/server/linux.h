/* SPDX-License-Identifier: BSD-2-Clause */
/* The Linux x86-64 ABI as user programs see it: structures and constants of include/uapi. */
#ifndef PERSONALITY_SERVER_LINUX_H
#define PERSONALITY_SERVER_LINUX_H

#include <stdint.h>

/* ---- files ---- */
enum {
    O_ACCMODE = 03, O_RDONLY = 0, O_WRONLY = 01, O_RDWR = 02, O_CREAT = 0100, O_EXCL = 0200,
    O_NOCTTY = 0400, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000, O_DSYNC = 010000,
    O_ASYNC = 020000, O_DIRECT = 040000, O_LARGEFILE = 0100000, O_DIRECTORY = 0200000,
    O_NOFOLLOW = 0400000, O_NOATIME = 01000000, O_CLOEXEC = 02000000, O_SYNC = 04010000,
    O_PATH = 010000000, O_TMPFILE = 020200000,
};
enum {
    S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFBLK = 0060000,
    S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000,
};
enum { AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EACCESS = 0x200,
       AT_SYMLINK_FOLLOW = 0x400, AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000 };
enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030,
       F_GETPIPE_SZ = 1032, FD_CLOEXEC = 1 };
enum { SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2 };
enum { PATH_MAX = 4096, NAME_MAX = 255, IOV_MAX = 1024, PIPE_BUF = 4096 };
#define MAX_RW_COUNT 0x7ffff000ul

struct linux_stat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad0;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    uint64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
    int64_t unused[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat of x86-64");

struct linux_iovec {
    uint64_t base, len;
};

struct linux_dirent64 {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
} __attribute__((packed));

struct linux_statfs {
    int64_t type, bsize, blocks, bfree, bavail, files, ffree, fsid, namelen, frsize, flags,
        spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "struct statfs of x86-64");

struct linux_pollfd {
    int32_t fd;
    int16_t events, revents;
};
enum { POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32,
       POLLRDNORM = 64, POLLWRNORM = 256 };

/* ---- memory ---- */
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_SHARED_VALIDATE = 3, MAP_TYPE = 15, MAP_FIXED = 0x10,
       MAP_ANONYMOUS = 0x20, MAP_GROWSDOWN = 0x100, MAP_DENYWRITE = 0x800, MAP_EXECUTABLE = 0x1000,
       MAP_LOCKED = 0x2000, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000, MAP_NONBLOCK = 0x10000,
       MAP_STACK = 0x20000, MAP_FIXED_NOREPLACE = 0x100000 };

/* ---- processes ---- */
#define CLONE_VM 0x100u
#define CLONE_VFORK 0x4000u
#define CLONE_SETTLS 0x80000u
#define CLONE_PARENT_SETTID 0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_CHILD_SETTID 0x1000000u
#define CSIGNAL 0xffu

#define WAIT_NOHANG 1u
#define WAIT_UNTRACED 2u
#define WAIT_CONTINUED 8u
#define WAIT_NOTHREAD 0x20000000u
#define WAIT_ALL 0x40000000u
#define WAIT_CLONE 0x80000000u

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004 };

enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_PLATFORM = 15,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
    AT_MINSIGSTKSZ = 51
};

struct linux_utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

struct linux_rlimit {
    uint64_t cur, max;
};

struct linux_sysinfo {
    int64_t uptime;
    uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit, pad2;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "struct sysinfo of x86-64");

struct linux_rusage {
    int64_t v[18];
};

/* ---- time ---- */
struct linux_timespec {
    int64_t sec, nsec;
};
struct linux_timeval {
    int64_t sec, usec;
};
struct linux_itimerval {
    struct linux_timeval interval, value;
};
#define NSEC_PER_SEC 1000000000ll

/* ---- signals ---- */
enum {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGWINCH = 28,
    NSIG = 64
};
enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };
#define SIG_DFL 0ul
#define SIG_IGN 1ul
#define SA_NOCLDSTOP 1ul
#define SA_NOCLDWAIT 2ul
#define SA_SIGINFO 4ul
#define SA_RESTORER 0x04000000ul
#define SA_ONSTACK 0x08000000ul
#define SA_RESTART 0x10000000ul
#define SA_NODEFER 0x40000000ul
#define SA_RESETHAND 0x80000000ul
enum { SS_ONSTACK = 1, SS_DISABLE = 2, MINSIGSTKSZ = 2048 };
enum {
    SI_USER = 0,
    SI_KERNEL = 0x80,
    SI_TKILL = -6,
    SEGV_MAPERR = 1,
    SEGV_ACCERR = 2,
    FPE_INTDIV = 1,
    FPE_FLTINV = 7,
    ILL_ILLOPN = 2,
    TRAP_BRKPT = 1,
    TRAP_TRACE = 2,
    BUS_ADRALN = 1,
    CLD_EXITED = 1,
    CLD_KILLED = 2,
    CLD_STOPPED = 5,
    CLD_CONTINUED = 6
};

struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};

struct linux_siginfo {
    int32_t signo, error, code, align;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            int32_t status, align2;
        };
        uint64_t address;
        uint8_t fill[112];
    };
};
_Static_assert(sizeof(struct linux_siginfo) == 128, "siginfo_t");

struct linux_stack {
    uint64_t sp;
    int32_t flags, pad;
    uint64_t size;
};

struct linux_sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
        eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
};
_Static_assert(sizeof(struct linux_sigcontext) == 256, "struct sigcontext of x86-64");

struct linux_ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    struct linux_sigcontext mcontext;
    uint64_t sigmask;
};
_Static_assert(sizeof(struct linux_ucontext) == 304, "struct ucontext of x86-64");

/* ---- terminals ---- */
enum {
    NCCS = 19,
    VINTR = 0,
    VQUIT = 1,
    VERASE = 2,
    VKILL = 3,
    VEOF = 4,
    VTIME = 5,
    VMIN = 6,
    VSUSP = 10,
    VEOL = 11,
    VWERASE = 14
};
enum {
    ICRNL = 0400,
    INLCR = 0100,
    IGNCR = 0200,
    IXON = 02000,
    OPOST = 1,
    ONLCR = 4,
    ISIG = 1,
    ICANON = 2,
    ECHO = 010,
    ECHOE = 020,
    ECHOK = 040,
    ECHONL = 0100,
    TOSTOP = 0400,
    ECHOCTL = 01000,
    ECHOKE = 04000,
    IEXTEN = 0100000,
    B38400 = 017,
    CS8 = 060,
    CREAD = 0200,
    HUPCL = 02000
};
enum {
    TCGETS = 0x5401,
    TCSETS = 0x5402,
    TCSETSW = 0x5403,
    TCSETSF = 0x5404,
    TCSBRK = 0x5409,
    TCXONC = 0x540a,
    TCFLSH = 0x540b,
    TIOCSCTTY = 0x540e,
    TIOCGPGRP = 0x540f,
    TIOCSPGRP = 0x5410,
    TIOCGWINSZ = 0x5413,
    TIOCSWINSZ = 0x5414,
    FIONREAD = 0x541b,
    FIONBIO = 0x5421,
    TIOCNOTTY = 0x5422,
    TIOCGSID = 0x5429,
    FIONCLEX = 0x5450,
    FIOCLEX = 0x5451
};

struct linux_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[NCCS];
};
_Static_assert(sizeof(struct linux_termios) == 36, "struct termios of the kernel");

struct linux_winsize {
    uint16_t row, col, xpixel, ypixel;
};

#endif
