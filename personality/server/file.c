/* SPDX-License-Identifier: BSD-2-Clause */
/* Open files, descriptor tables, and the calls on descriptors alone. */
#include "personality/server/file.h"

#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/pipe.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

static unsigned open_files;

/* ---- buffers ---- */

/* Moves n bytes at position `at` of the buffers; out: to the client. */
static long uio_move(const struct uio *u, size_t at, uint8_t *p, size_t n, bool out)
{
    for (unsigned i = 0; n && i < u->n; i++) {
        const struct linux_iovec *v = &u->iov[i];
        size_t part;
        long r;

        if (at >= v->len) {
            at -= v->len;
            continue;
        }
        part = v->len - at < n ? v->len - at : n;
        r = out ? copy_out(u->t, v->base + at, p, part) : copy_in(u->t, p, v->base + at, part);
        if (r)
            return r;
        p += part;
        n -= part;
        at = 0;
    }
    return 0;
}

long uio_in(const struct uio *u, size_t at, void *dst, size_t n)
{
    return uio_move(u, at, dst, n, false);
}

long uio_out(const struct uio *u, size_t at, const void *src, size_t n)
{
    return uio_move(u, at, (uint8_t *)(uintptr_t)src, n, true);
}

/* ---- open files ---- */

int file_create(struct inode *i, unsigned flags, const struct file_ops *ops, struct file **out)
{
    struct file *f = open_files < OPEN_FILE_LIMIT ? mem_zalloc(sizeof(*f)) : NULL;

    if (!f) {
        inode_put(i);
        return -ENFILE;
    }
    open_files++;
    f->refs = 1;
    f->flags = flags;
    f->ops = ops;
    f->inode = i;
    *out = f;
    return 0;
}

struct file *file_get(struct file *f)
{
    f->refs++;
    return f;
}

void file_put(struct file *f)
{
    if (--f->refs)
        return;
    if (f->ops->release)
        f->ops->release(f);
    inode_put(f->inode);
    open_files--;
    mem_free(f, sizeof(*f));
}

/* ---- descriptor tables ---- */

void files_init(struct files *fs)
{
    fs->size = FD_INLINE;
    fs->top = 0;
    fs->fd = fs->inl;
    fs->cloexec = fs->inl_cloexec;
}

/* Tables beyond the inline one are one block: pointers, then flags. */
static size_t table_bytes(unsigned size)
{
    return size * (sizeof(struct file *) + 1);
}

static int files_grow(struct files *fs, unsigned size)
{
    struct file **fd = mem_zalloc(table_bytes(size));
    uint8_t *cloexec;

    if (!fd)
        return -ENOMEM;
    cloexec = (uint8_t *)(fd + size);
    memcpy(fd, fs->fd, fs->top * sizeof(*fd));
    memcpy(cloexec, fs->cloexec, fs->top);
    if (fs->fd != fs->inl)
        mem_free(fs->fd, table_bytes(fs->size));
    fs->fd = fd;
    fs->cloexec = cloexec;
    fs->size = size;
    return 0;
}

int files_copy(struct files *to, const struct files *from)
{
    if (from->top > to->size) {
        int r = files_grow(to, from->size);

        if (r)
            return r;
    }
    for (unsigned i = 0; i < from->top; i++) {
        if (from->fd[i])
            to->fd[i] = file_get(from->fd[i]);
        to->cloexec[i] = from->cloexec[i];
    }
    to->top = from->top;
    return 0;
}

void files_close_all(struct files *fs)
{
    for (unsigned i = 0; i < fs->top; i++)
        if (fs->fd[i])
            file_put(fs->fd[i]);
    if (fs->fd != fs->inl)
        mem_free(fs->fd, table_bytes(fs->size));
    memset(fs->inl, 0, sizeof(fs->inl));
    files_init(fs);
}

void files_close_on_exec(struct files *fs)
{
    for (unsigned i = 0; i < fs->top; i++)
        if (fs->fd[i] && fs->cloexec[i])
            (void)fd_close(fs, i);
}

struct file *fd_get(struct thread *t, uint64_t fd)
{
    struct files *fs = &process_of(t)->files;
    unsigned n = (unsigned)fd;

    return n < fs->top ? fs->fd[n] : NULL;
}

/* Room for descriptor fd. */
static int files_reserve(struct files *fs, unsigned fd)
{
    unsigned size = fs->size;

    if (fd >= FD_LIMIT)
        return -EMFILE;
    while (size <= fd)
        size *= 2;
    return size == fs->size ? 0 : files_grow(fs, size);
}

static void fd_set(struct files *fs, unsigned fd, struct file *f, bool cloexec)
{
    fs->fd[fd] = f;
    fs->cloexec[fd] = cloexec;
    if (fd >= fs->top)
        fs->top = fd + 1;
}

long fd_install(struct files *fs, struct file *f, unsigned min, bool cloexec)
{
    unsigned fd = min;
    int r;

    while (fd < fs->top && fs->fd[fd])
        fd++;
    r = files_reserve(fs, fd);
    if (r) {
        file_put(f);
        return r;
    }
    fd_set(fs, fd, f, cloexec);
    return fd;
}

int fd_close(struct files *fs, unsigned fd)
{
    struct file *f = fd < fs->top ? fs->fd[fd] : NULL;

    if (!f)
        return -EBADF;
    fs->fd[fd] = NULL;
    fs->cloexec[fd] = 0;
    while (fs->top && !fs->fd[fs->top - 1])
        fs->top--;
    file_put(f);
    return 0;
}

/* ---- calls ---- */

long sys_close(struct thread *t)
{
    return fd_close(&process_of(t)->files, (unsigned)t->call.arg[0]);
}

static long dup_from(struct thread *t, uint64_t min, bool cloexec)
{
    struct file *f = fd_get(t, t->call.arg[0]);

    if (!f)
        return -EBADF;
    if (min >= FD_LIMIT)
        return -EINVAL;
    return fd_install(&process_of(t)->files, file_get(f), (unsigned)min, cloexec);
}

long sys_dup(struct thread *t)
{
    return dup_from(t, 0, false);
}

static long dup_to(struct thread *t, unsigned to, bool cloexec)
{
    struct files *fs = &process_of(t)->files;
    struct file *f = fd_get(t, t->call.arg[0]);
    int r;

    if (!f || to >= FD_LIMIT)
        return -EBADF;
    r = files_reserve(fs, to);
    if (r)
        return r;
    file_get(f);
    (void)fd_close(fs, to);
    fd_set(fs, to, f, cloexec);
    return to;
}

long sys_dup2(struct thread *t)
{
    unsigned from = (unsigned)t->call.arg[0], to = (unsigned)t->call.arg[1];

    if (from == to)
        return fd_get(t, from) ? (long)to : -EBADF;
    return dup_to(t, to, false);
}

long sys_dup3(struct thread *t)
{
    unsigned flags = (unsigned)t->call.arg[2];

    if ((flags & ~(unsigned)O_CLOEXEC) || (unsigned)t->call.arg[0] == (unsigned)t->call.arg[1])
        return -EINVAL;
    return dup_to(t, (unsigned)t->call.arg[1], flags & O_CLOEXEC);
}

long sys_fcntl(struct thread *t)
{
    enum { CHANGEABLE = O_APPEND | O_NONBLOCK | O_NOATIME };
    struct file *f = fd_get(t, t->call.arg[0]);
    unsigned fd = (unsigned)t->call.arg[0];
    uint64_t arg = t->call.arg[2];

    if (!f)
        return -EBADF;
    switch ((int)t->call.arg[1]) {
    case F_DUPFD:
        return dup_from(t, arg, false);
    case F_DUPFD_CLOEXEC:
        return dup_from(t, arg, true);
    case F_GETFD:
        return process_of(t)->files.cloexec[fd] ? FD_CLOEXEC : 0;
    case F_SETFD:
        process_of(t)->files.cloexec[fd] = arg & FD_CLOEXEC;
        return 0;
    case F_GETFL:
        return f->flags & ~(unsigned)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
    case F_SETFL:
        f->flags = (f->flags & ~(unsigned)CHANGEABLE) | ((unsigned)arg & CHANGEABLE);
        return 0;
    case F_GETPIPE_SZ:
        return f->pipe ? PIPE_SIZE : -EBADF;
    default:
        (void)sys_missing(t);
        return -EINVAL;
    }
}

long file_transfer(struct thread *t, struct file *f, const struct linux_iovec *iov, unsigned n,
                   uint64_t *pos, bool write)
{
    struct uio u = {t, iov, n, 0};
    long r;

    for (unsigned i = 0; i < n; i++) {
        if (iov[i].len > (uint64_t)INT64_MAX - u.total)
            return -EINVAL;
        u.total += iov[i].len;
    }
    if (u.total > MAX_RW_COUNT)
        u.total = MAX_RW_COUNT;
    r = write ? f->ops->write(f, &u, pos) : f->ops->read(f, &u, pos);
    if (r != HOST_DEFER && r != HOST_PENDING_CALL && r != -ERESTART)
        t->done = 0;
    return r;
}

static inline long transfer_one(struct thread *t, struct file *f, uint64_t *pos, bool write)
{
    struct linux_iovec v = {t->call.arg[1], t->call.arg[2]};
    struct uio u = {t, &v, 1, v.len};
    long r;

    if ((int64_t)v.len < 0)
        return -EINVAL;
    if (v.len > MAX_RW_COUNT)
        u.total = v.len = MAX_RW_COUNT;
    r = write ? f->ops->write(f, &u, pos) : f->ops->read(f, &u, pos);
    if (r >= 0)
        t->done = 0;
    return r;
}

long sys_read(struct thread *t)
{
    struct file *f = fd_get(t, t->call.arg[0]);

    return f && file_reads(f) ? transfer_one(t, f, &f->pos, false) : -EBADF;
}

long sys_write(struct thread *t)
{
    struct file *f = fd_get(t, t->call.arg[0]);

    return f && file_writes(f) ? transfer_one(t, f, &f->pos, true) : -EBADF;
}

static long transfer_at(struct thread *t, bool write)
{
    struct file *f = fd_get(t, t->call.arg[0]);
    uint64_t pos = t->call.arg[3];

    if ((int64_t)pos < 0)
        return -EINVAL;
    if (!f || !(write ? file_writes(f) : file_reads(f)))
        return -EBADF;
    return f->ops->seekable ? transfer_one(t, f, &pos, write) : -ESPIPE;
}

long sys_pread64(struct thread *t)
{
    return transfer_at(t, false);
}

long sys_pwrite64(struct thread *t)
{
    return transfer_at(t, true);
}

static long transfer_vector(struct thread *t, bool write)
{
    static struct linux_iovec iov[IOV_MAX];
    struct file *f = fd_get(t, t->call.arg[0]);
    uint64_t n = t->call.arg[2];
    long r;

    if (!f || !(write ? file_writes(f) : file_reads(f)))
        return -EBADF;
    if (n > IOV_MAX)
        return -EINVAL;
    r = copy_in(t, iov, t->call.arg[1], n * sizeof(*iov));
    return r ? r : file_transfer(t, f, iov, (unsigned)n, &f->pos, write);
}

long sys_readv(struct thread *t)
{
    return transfer_vector(t, false);
}

long sys_writev(struct thread *t)
{
    return transfer_vector(t, true);
}

long sys_lseek(struct thread *t)
{
    struct file *f = fd_get(t, t->call.arg[0]);
    int64_t offset = (int64_t)t->call.arg[1], base;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (!f->ops->seekable)
        return -ESPIPE;
    switch ((unsigned)t->call.arg[2]) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = (int64_t)f->pos;
        break;
    case SEEK_END:
        base = (int64_t)f->inode->size;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &offset))
        return -EOVERFLOW;
    if (offset < 0)
        return -EINVAL;
    f->pos = (uint64_t)offset;
    return offset;
}

long sys_ioctl(struct thread *t)
{
    struct file *f = fd_get(t, t->call.arg[0]);
    unsigned cmd = (unsigned)t->call.arg[1], fd = (unsigned)t->call.arg[0];
    int on;
    long r;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    switch (cmd) {
    case FIOCLEX:
    case FIONCLEX:
        process_of(t)->files.cloexec[fd] = cmd == FIOCLEX;
        return 0;
    case FIONBIO:
        r = copy_in(t, &on, t->call.arg[2], sizeof(on));
        if (!r)
            f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~(unsigned)O_NONBLOCK;
        return r;
    default:
        return f->ops->ioctl ? f->ops->ioctl(t, f, cmd, t->call.arg[2]) : -ENOTTY;
    }
}

/* There is nothing behind memory to bring it to. */
long sys_fsync(struct thread *t)
{
    struct file *f = fd_get(t, t->call.arg[0]);

    if (!f)
        return -EBADF;
    return f->ops->seekable ? 0 : -EINVAL;
}

long sys_sync(struct thread *t)
{
    (void)t;
    return 0;
}
