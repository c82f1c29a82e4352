/* SPDX-License-Identifier: BSD-2-Clause */
/* Open files and descriptor tables. */
#ifndef PERSONALITY_SERVER_FILE_H
#define PERSONALITY_SERVER_FILE_H

#include "personality/server/inode.h"
#include "personality/server/thread.h"

enum { FD_LIMIT = 1024, FD_INLINE = 32, OPEN_FILE_LIMIT = 8192 };

struct file;
struct pipe;

/* The buffers of a read or write call, as one stretch of `total` bytes. */
struct uio {
    struct thread *t;
    const struct linux_iovec *iov;
    unsigned n;
    size_t total;
};
/* Moves n bytes from or to position `at` of the stretch: 0, -EFAULT, HOST_PENDING_CALL. */
long uio_in(const struct uio *u, size_t at, void *dst, size_t n);
long uio_out(const struct uio *u, size_t at, const void *src, size_t n);

/* What a kind of file does. read and write may defer; they keep their progress in t->done. */
struct file_ops {
    long (*read)(struct file *f, const struct uio *u, uint64_t *pos);
    long (*write)(struct file *f, const struct uio *u, uint64_t *pos);
    long (*ioctl)(struct thread *t, struct file *f, unsigned cmd, uint64_t arg); /* may be NULL */
    unsigned (*poll)(struct file *f);                                            /* POLL* bits */
    void (*release)(struct file *f);                                             /* may be NULL */
    bool seekable;
};

struct file {
    unsigned refs;
    unsigned flags; /* O_* */
    uint64_t pos;
    const struct file_ops *ops;
    struct inode *inode; /* reference */
    struct pipe *pipe;   /* pipe ends */
};

struct files {
    unsigned size;        /* slots of fd */
    unsigned top;         /* no open descriptor at or above */
    struct file **fd;     /* inl, or a block of its own */
    uint8_t *cloexec;     /* a byte each */
    struct file *inl[FD_INLINE];
    uint8_t inl_cloexec[FD_INLINE];
};

static inline bool file_reads(const struct file *f)
{
    return (f->flags & (O_ACCMODE | O_PATH)) != O_WRONLY && !(f->flags & O_PATH);
}
static inline bool file_writes(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY && !(f->flags & O_PATH);
}

void files_init(struct files *fs);
int files_copy(struct files *to, const struct files *from);
void files_close_all(struct files *fs);
void files_close_on_exec(struct files *fs);
/* The open file, without a reference; NULL: EBADF. */
struct file *fd_get(struct thread *t, uint64_t fd);
/* Takes over the caller's reference, also when it fails (-EMFILE, -ENOMEM). Lowest free >= min. */
long fd_install(struct files *fs, struct file *f, unsigned min, bool cloexec);
int fd_close(struct files *fs, unsigned fd);

/* One reference; takes over the caller's reference to the inode, also when it fails. */
int file_create(struct inode *i, unsigned flags, const struct file_ops *ops, struct file **out);
struct file *file_get(struct file *f);
void file_put(struct file *f);
/* Opens an inode as its type asks; consumes no reference. */
int file_open(struct thread *t, struct inode *i, unsigned flags, struct file **out);
#define DEV_ZERO 0x105ul
/* The operations of a device; NULL: no such device. */
const struct file_ops *device_ops(uint64_t rdev);
void devices_populate(void); /* /dev, at start */

extern const struct file_ops regular_ops, dir_ops, tty_ops, path_ops;

/* Reads and writes by the server itself, as the system calls do them. */
long file_transfer(struct thread *t, struct file *f, const struct linux_iovec *iov, unsigned n,
                   uint64_t *pos, bool write);

#endif
