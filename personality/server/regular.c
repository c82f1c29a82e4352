/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files and directories as open files. */
#include "l4k/abi/layout.h"
#include "personality/server/errno.h"
#include "personality/server/pipe.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

static const uint8_t zero_page[PAGE_SIZE];

static long fail_isdir(struct file *f, const struct uio *u, uint64_t *pos)
{
    (void)f, (void)u, (void)pos;
    return -EISDIR;
}

static long fail_badf(struct file *f, const struct uio *u, uint64_t *pos)
{
    (void)f, (void)u, (void)pos;
    return -EBADF;
}

static unsigned always_ready(struct file *f)
{
    (void)f;
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

/* One page's worth at most, so that a piece that fails leaves the pieces before it done. */
static long read_piece(struct inode *i, const struct uio *u, size_t at, uint64_t pos, size_t *n)
{
    static uint8_t bounce[PAGE_SIZE];
    const void *p;
    size_t have;

    if (i->object_shared) {
        have = PAGE_SIZE - pos % PAGE_SIZE;
        if (have > *n)
            have = *n;
        if (file_read(i, pos, bounce, have) != have)
            return -EIO;
        p = bounce;
    } else {
        p = file_bytes(i, pos, &have);
        if (!p)
            p = zero_page;
    }
    if (*n > have)
        *n = have;
    return uio_out(u, at, p, *n);
}

static long regular_read(struct file *f, const struct uio *u, uint64_t *pos)
{
    struct inode *i = f->inode;
    size_t done = 0, want = u->total;

    if (*pos >= i->size)
        return 0;
    if (want > i->size - *pos)
        want = i->size - *pos;
    while (done < want) {
        size_t n = want - done;
        long r = read_piece(i, u, done, *pos + done, &n);

        if (r && !done)
            return r;
        if (r)
            break;
        done += n;
    }
    *pos += done;
    return (long)done;
}

static long write_piece(struct inode *i, const struct uio *u, size_t at, uint64_t pos, size_t *n)
{
    uint8_t *p = file_page(i, pos);
    size_t room = PAGE_SIZE - pos % PAGE_SIZE;
    long r;

    if (!p)
        return -ENOSPC;
    if (*n > room)
        *n = room;
    r = uio_in(u, at, p + pos % PAGE_SIZE, *n);
    if (r)
        return r;
    if (pos + *n > i->size)
        i->size = pos + *n;
    return file_written(i, pos, *n);
}

static long regular_write(struct file *f, const struct uio *u, uint64_t *pos)
{
    struct inode *i = f->inode;
    uint64_t at = f->flags & O_APPEND ? i->size : *pos;
    size_t done = 0;

    if (at >= FILE_SIZE_MAX || u->total > FILE_SIZE_MAX - at)
        return -EFBIG;
    while (done < u->total) {
        size_t n = u->total - done;
        long r = write_piece(i, u, done, at + done, &n);

        if (r && !done)
            return r;
        if (r)
            break;
        done += n;
    }
    *pos = at + done;
    return (long)done;
}

static void regular_release(struct file *f)
{
    if (file_writes(f))
        f->inode->writers--;
}

const struct file_ops regular_ops = {.read = regular_read,
                                     .write = regular_write,
                                     .poll = always_ready,
                                     .release = regular_release,
                                     .seekable = true};
const struct file_ops dir_ops = {.read = fail_isdir, .write = fail_isdir, .poll = always_ready,
                                 .seekable = true};
const struct file_ops path_ops = {.read = fail_badf, .write = fail_badf, .poll = always_ready};

int file_open(struct thread *t, struct inode *i, unsigned flags, struct file **out)
{
    const struct file_ops *ops = NULL;
    int r;

    (void)t;
    if (flags & O_PATH)
        return file_create(inode_get(i), flags, &path_ops, out);
    switch (i->mode & S_IFMT) {
    case S_IFREG:
        ops = &regular_ops;
        if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY) {
            r = file_truncate(i, 0);
            if (r)
                return r;
        }
        break;
    case S_IFDIR:
        if ((flags & O_ACCMODE) != O_RDONLY)
            return -EISDIR;
        ops = &dir_ops;
        break;
    case S_IFCHR:
        ops = device_ops(i->rdev);
        break;
    default:
        break;
    }
    if (!ops)
        return -ENXIO;
    r = file_create(inode_get(i), flags, ops, out);
    if (!r && ops == &regular_ops && file_writes(*out))
        i->writers++;
    return r;
}

/* ---- getdents64 ---- */

static uint8_t dirent_type(const struct inode *i)
{
    return (uint8_t)((i->mode & S_IFMT) >> 12);
}

/* Appends one record to buf; false: does not fit. */
static bool emit(uint8_t *buf, size_t size, size_t *used, const struct inode *i, const char *name,
                 size_t length, int64_t next)
{
    struct linux_dirent64 *d = (struct linux_dirent64 *)(buf + *used);
    size_t need = (offsetof(struct linux_dirent64, name) + length + 1 + 7) & ~7ul;

    if (need > size - *used)
        return false;
    *d = (struct linux_dirent64){i->ino, next, (uint16_t)need, dirent_type(i)};
    for (size_t k = 0; k < need - offsetof(struct linux_dirent64, name); k++)
        d->name[k] = k < length ? name[k] : 0;
    *used += need;
    return true;
}

/* Entries from position f->pos on: 0 ".", 1 "..", then the entries in order. */
static size_t list_entries(struct inode *dir, uint64_t *pos, uint8_t *buf, size_t size)
{
    size_t used = 0;
    uint64_t at = 2;
    struct list *l;

    if (*pos == 0 && emit(buf, size, &used, dir, ".", 1, 1))
        *pos = 1;
    if (*pos == 1 && emit(buf, size, &used, dir->parent ? dir->parent : dir, "..", 2, 2))
        *pos = 2;
    list_for_each(l, &dir->entries) {
        struct dirent *d = container_of(l, struct dirent, link);

        if (at == *pos) {
            if (!emit(buf, size, &used, d->inode, d->name, d->length, (int64_t)at + 1))
                break;
            ++*pos;
        }
        at++;
    }
    return used;
}

long sys_getdents64(struct thread *t)
{
    static uint8_t buf[8192] __attribute__((aligned(8)));
    struct file *f = fd_get(t, t->call.arg[0]);
    size_t size = (unsigned)t->call.arg[2], used;
    uint64_t pos;
    long r;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (!inode_is(f->inode, S_IFDIR))
        return -ENOTDIR;
    if (size > sizeof(buf))
        size = sizeof(buf);
    pos = f->pos;
    used = list_entries(f->inode, &pos, buf, size);
    if (!used)
        return pos < f->inode->entry_count + 2ul ? -EINVAL : 0;
    r = copy_out(t, t->call.arg[1], buf, used);
    if (r)
        return r;
    f->pos = pos;
    return (long)used;
}
