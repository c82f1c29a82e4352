/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux error numbers (include/uapi/asm-generic/errno.h), as far as the server answers them. */
#ifndef PERSONALITY_SERVER_ERRNO_H
#define PERSONALITY_SERVER_ERRNO_H

enum {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    ERANGE = 34,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    EOVERFLOW = 75,
    EOPNOTSUPP = 95,
    ETIMEDOUT = 110,
};

/* Results of a handler that no program sees: an interrupted call that begins again. RESTART: unless
 * a handler without SA_RESTART runs; RESTART_NOHAND: unless any handler runs. Else EINTR. */
enum { ERESTART = 512, ERESTART_NOHAND = 514 };

#endif
