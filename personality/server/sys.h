/* SPDX-License-Identifier: BSD-2-Clause */
/* The handlers of all system calls, by the file that holds them. */
#ifndef PERSONALITY_SERVER_SYS_H
#define PERSONALITY_SERVER_SYS_H

#include "personality/server/file.h"
#include "personality/server/signal.h"
#include "personality/server/syscall.h"

/* exec.c */
long sys_execve(struct thread *t);

/* file.c */
long sys_close(struct thread *t);
long sys_dup(struct thread *t);
long sys_dup2(struct thread *t);
long sys_dup3(struct thread *t);
long sys_fcntl(struct thread *t);
long sys_read(struct thread *t);
long sys_write(struct thread *t);
long sys_pread64(struct thread *t);
long sys_pwrite64(struct thread *t);
long sys_readv(struct thread *t);
long sys_writev(struct thread *t);
long sys_lseek(struct thread *t);
long sys_ioctl(struct thread *t);
long sys_fsync(struct thread *t);
long sys_sync(struct thread *t);

/* fork.c */
long sys_fork(struct thread *t);
long sys_vfork(struct thread *t);
long sys_clone(struct thread *t);

/* fs.c */
long sys_open(struct thread *t);
long sys_openat(struct thread *t);
long sys_creat(struct thread *t);
long sys_stat(struct thread *t);
long sys_lstat(struct thread *t);
long sys_fstat(struct thread *t);
long sys_newfstatat(struct thread *t);
long sys_access(struct thread *t);
long sys_faccessat(struct thread *t);
long sys_faccessat2(struct thread *t);
long sys_readlink(struct thread *t);
long sys_readlinkat(struct thread *t);
long sys_mkdir(struct thread *t);
long sys_mkdirat(struct thread *t);
long sys_mknod(struct thread *t);
long sys_mknodat(struct thread *t);
long sys_symlink(struct thread *t);
long sys_symlinkat(struct thread *t);
long sys_link(struct thread *t);
long sys_linkat(struct thread *t);
long sys_unlink(struct thread *t);
long sys_rmdir(struct thread *t);
long sys_unlinkat(struct thread *t);
long sys_rename(struct thread *t);
long sys_renameat(struct thread *t);
long sys_renameat2(struct thread *t);
long sys_chmod(struct thread *t);
long sys_fchmodat(struct thread *t);
long sys_fchmod(struct thread *t);
long sys_chown(struct thread *t);
long sys_lchown(struct thread *t);
long sys_fchownat(struct thread *t);
long sys_fchown(struct thread *t);
long sys_truncate(struct thread *t);
long sys_ftruncate(struct thread *t);
long sys_utimensat(struct thread *t);
long sys_getcwd(struct thread *t);
long sys_chdir(struct thread *t);
long sys_fchdir(struct thread *t);
long sys_chroot(struct thread *t);
long sys_umask(struct thread *t);
long sys_statfs(struct thread *t);
long sys_fstatfs(struct thread *t);

/* futex.c */
long sys_futex(struct thread *t);

/* memory.c */
long sys_brk(struct thread *t);
long sys_mmap(struct thread *t);
long sys_munmap(struct thread *t);
long sys_mprotect(struct thread *t);
long sys_msync(struct thread *t);

/* misc.c */
long sys_uname(struct thread *t);
long sys_sysinfo(struct thread *t);
long sys_getrandom(struct thread *t);
long sys_prlimit64(struct thread *t);
long sys_getrlimit(struct thread *t);
long sys_arch_prctl(struct thread *t);
long sys_set_tid_address(struct thread *t);
long sys_set_robust_list(struct thread *t);
long sys_sched_yield(struct thread *t);
long sys_prctl(struct thread *t);
long sys_getuid(struct thread *t);
long sys_geteuid(struct thread *t);
long sys_getgid(struct thread *t);
long sys_getegid(struct thread *t);
long sys_setuid(struct thread *t);
long sys_setgid(struct thread *t);
long sys_getgroups(struct thread *t);
long sys_setgroups(struct thread *t);
long sys_reboot(struct thread *t);

/* pipe.c */
long sys_pipe(struct thread *t);
long sys_pipe2(struct thread *t);

/* poll.c */
long sys_poll(struct thread *t);
long sys_ppoll(struct thread *t);
long sys_select(struct thread *t);
long sys_pselect6(struct thread *t);

/* process.c */
long sys_exit(struct thread *t);
long sys_exit_group(struct thread *t);
long sys_wait4(struct thread *t);
long sys_getpid(struct thread *t);
long sys_gettid(struct thread *t);
long sys_getppid(struct thread *t);
long sys_getpgid(struct thread *t);
long sys_getpgrp(struct thread *t);
long sys_getsid(struct thread *t);
long sys_setpgid(struct thread *t);
long sys_setsid(struct thread *t);

/* regular.c */
long sys_getdents64(struct thread *t);

/* sigframe.c */
long sys_rt_sigreturn(struct thread *t);
long sys_sigaltstack(struct thread *t);

/* signal.c */
long sys_rt_sigaction(struct thread *t);
long sys_rt_sigprocmask(struct thread *t);
long sys_rt_sigpending(struct thread *t);
long sys_rt_sigsuspend(struct thread *t);
long sys_kill(struct thread *t);
long sys_tkill(struct thread *t);
long sys_tgkill(struct thread *t);

/* time.c */
long sys_clock_gettime(struct thread *t);
long sys_clock_getres(struct thread *t);
long sys_gettimeofday(struct thread *t);
long sys_time(struct thread *t);
long sys_nanosleep(struct thread *t);
long sys_clock_nanosleep(struct thread *t);
long sys_pause(struct thread *t);
long sys_alarm(struct thread *t);
long sys_setitimer(struct thread *t);
long sys_getitimer(struct thread *t);

#endif
