/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on path names: open, stat, links, directories, permissions. Everybody is root. */
#include "l4k/abi/layout.h"
#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/path.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

#define ARG(n) (t->call.arg[n])

/* A new entry where `w` says; its inode starts with nlink 0. */
static int make_node(struct walk *w, uint32_t mode, struct inode **out)
{
    struct inode *i;
    int r;

    if (w->inode || !w->dir)
        return -EEXIST;
    if (!w->dir->parent)
        return -ENOENT;
    if (w->slash && (mode & S_IFMT) != S_IFDIR)
        return -ENOENT;
    i = inode_create(mode);
    if (!i)
        return -ENOSPC;
    r = dir_add(w->dir, w->name, w->length, i);
    *out = i;
    inode_put(i);
    return r;
}

/* The inode to open, made when asked for. */
static int open_inode(struct thread *t, int dirfd, const char *path, unsigned flags, unsigned mode,
                      struct inode **out)
{
    bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    struct walk w;
    int r = path_walk(t, dirfd, path, (flags & O_NOFOLLOW) || exclusive ? 0 : LOOKUP_FOLLOW, &w);

    if (r)
        return r;
    *out = w.inode;
    if (!w.inode)
        return flags & O_CREAT
                   ? make_node(&w, S_IFREG | (mode & 07777 & ~process_of(t)->umask), out)
                   : -ENOENT;
    if (exclusive)
        return -EEXIST;
    if ((flags & O_CREAT) && inode_is(w.inode, S_IFDIR))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !inode_is(w.inode, S_IFDIR))
        return -ENOTDIR;
    if (inode_is(w.inode, S_IFLNK) && !(flags & O_PATH))
        return -ELOOP;
    return 0;
}

/* O_TMPFILE: a file without a name. */
static int open_tmpfile(struct thread *t, int dirfd, const char *path, unsigned flags,
                        unsigned mode, struct file **out)
{
    struct inode *i;
    int r = path_find(t, dirfd, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &i);

    if (r)
        return r;
    if ((flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    i = inode_create(S_IFREG | (mode & 07777 & ~process_of(t)->umask));
    if (!i)
        return -ENOSPC;
    r = file_open(t, i, flags, out);
    inode_put(i);
    return r;
}

static long do_open(struct thread *t, int dirfd, uint64_t addr, unsigned flags, unsigned mode)
{
    struct inode *i;
    struct file *f;
    char *path;
    long r = path_copy(t, addr, 0, &path);

    if (r)
        return r;
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        r = open_tmpfile(t, dirfd, path, flags, mode, &f);
    } else {
        r = open_inode(t, dirfd, path, flags, mode, &i);
        if (!r)
            r = file_open(t, i, flags, &f);
    }
    return r ? r : fd_install(&process_of(t)->files, f, 0, flags & O_CLOEXEC);
}

long sys_open(struct thread *t)
{
    return do_open(t, AT_FDCWD, ARG(0), (unsigned)ARG(1), (unsigned)ARG(2));
}

long sys_openat(struct thread *t)
{
    return do_open(t, (int)ARG(0), ARG(1), (unsigned)ARG(2), (unsigned)ARG(3));
}

long sys_creat(struct thread *t)
{
    return do_open(t, AT_FDCWD, ARG(0), O_CREAT | O_WRONLY | O_TRUNC, (unsigned)ARG(1));
}

static long put_stat(struct thread *t, const struct inode *i, uint64_t addr)
{
    struct linux_stat st;

    inode_stat(i, &st);
    return copy_out(t, addr, &st, sizeof(st));
}

static long stat_path(struct thread *t, int dirfd, uint64_t path, uint64_t addr, unsigned flags)
{
    struct inode *i;
    long r = path_find_user(t, dirfd, path, flags, &i);

    return r ? r : put_stat(t, i, addr);
}

long sys_stat(struct thread *t)
{
    return stat_path(t, AT_FDCWD, ARG(0), ARG(1), LOOKUP_FOLLOW);
}

long sys_lstat(struct thread *t)
{
    return stat_path(t, AT_FDCWD, ARG(0), ARG(1), 0);
}

long sys_fstat(struct thread *t)
{
    struct file *f = fd_get(t, ARG(0));

    return f ? put_stat(t, f->inode, ARG(1)) : -EBADF;
}

long sys_newfstatat(struct thread *t)
{
    unsigned flags = (unsigned)ARG(3);

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    return stat_path(t, (int)ARG(0), ARG(1), ARG(2),
                     (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                         (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
}

/* Root may do all, but execute only what somebody may execute. */
static long do_access(struct thread *t, int dirfd, uint64_t path, unsigned mode, unsigned flags)
{
    struct inode *i;
    long r;

    if (mode & ~7u)
        return -EINVAL;
    r = path_find_user(t, dirfd, path, flags, &i);
    if (!r && (mode & 1) && inode_is(i, S_IFREG) && !(i->mode & 0111))
        r = -EACCES;
    return r;
}

long sys_access(struct thread *t)
{
    return do_access(t, AT_FDCWD, ARG(0), (unsigned)ARG(1), LOOKUP_FOLLOW);
}

long sys_faccessat(struct thread *t)
{
    return do_access(t, (int)ARG(0), ARG(1), (unsigned)ARG(2), LOOKUP_FOLLOW);
}

long sys_faccessat2(struct thread *t)
{
    unsigned flags = (unsigned)ARG(3);

    if (flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return do_access(t, (int)ARG(0), ARG(1), (unsigned)ARG(2),
                     (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                         (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
}

static long do_readlink(struct thread *t, int dirfd, uint64_t path, uint64_t buf, int size)
{
    const char *target;
    struct inode *i;
    size_t n;
    long r;

    if (size <= 0)
        return -EINVAL;
    r = path_find_user(t, dirfd, path, LOOKUP_EMPTY, &i);
    if (r)
        return r;
    if (!inode_is(i, S_IFLNK))
        return -EINVAL;
    target = i->magic == MAGIC_EXE ? process_of(t)->exe_path : i->target;
    if (!target)
        return -ENOENT;
    n = strlen(target);
    if (n > (size_t)size)
        n = (size_t)size;
    r = copy_out(t, buf, target, n);
    return r ? r : (long)n;
}

long sys_readlink(struct thread *t)
{
    return do_readlink(t, AT_FDCWD, ARG(0), ARG(1), (int)ARG(2));
}

long sys_readlinkat(struct thread *t)
{
    return do_readlink(t, (int)ARG(0), ARG(1), ARG(2), (int)ARG(3));
}

/* ---- making names ---- */

static long make_at(struct thread *t, int dirfd, uint64_t addr, uint32_t mode, struct inode **out)
{
    struct walk w;
    char *path;
    long r = path_copy(t, addr, 0, &path);

    if (!r)
        r = path_walk(t, dirfd, path, 0, &w);
    return r ? r : make_node(&w, mode, out);
}

static long do_mkdir(struct thread *t, int dirfd, uint64_t path, uint64_t mode)
{
    struct inode *i;

    return make_at(t, dirfd, path, S_IFDIR | ((uint32_t)mode & 01777 & ~process_of(t)->umask), &i);
}

long sys_mkdir(struct thread *t)
{
    return do_mkdir(t, AT_FDCWD, ARG(0), ARG(1));
}

long sys_mkdirat(struct thread *t)
{
    return do_mkdir(t, (int)ARG(0), ARG(1), ARG(2));
}

static long do_mknod(struct thread *t, int dirfd, uint64_t path, uint32_t mode, uint64_t dev)
{
    struct inode *i;
    long r;

    if (!(mode & S_IFMT))
        mode |= S_IFREG;
    if ((mode & S_IFMT) != S_IFREG && (mode & S_IFMT) != S_IFCHR)
        return (mode & S_IFMT) == S_IFDIR ? -EPERM : -EINVAL;
    r = make_at(t, dirfd, path, mode & (S_IFMT | 07777) & ~process_of(t)->umask, &i);
    if (!r && inode_is(i, S_IFCHR))
        i->rdev = (unsigned)dev;
    return r;
}

long sys_mknod(struct thread *t)
{
    return do_mknod(t, AT_FDCWD, ARG(0), (uint32_t)ARG(1), ARG(2));
}

long sys_mknodat(struct thread *t)
{
    return do_mknod(t, (int)ARG(0), ARG(1), (uint32_t)ARG(2), ARG(3));
}

static long do_symlink(struct thread *t, uint64_t target_addr, int dirfd, uint64_t addr)
{
    struct inode *i;
    struct walk w;
    char *target, *path;
    long r = path_copy(t, target_addr, 1, &target);

    if (!r)
        r = path_copy(t, addr, 0, &path);
    if (r)
        return r;
    if (!target[0])
        return -ENOENT;
    r = path_walk(t, dirfd, path, 0, &w);
    if (r)
        return r;
    if (w.inode)
        return -EEXIST;
    if (!w.dir || !w.dir->parent || w.slash)
        return -ENOENT;
    i = inode_create(S_IFLNK | 0777);
    if (!i)
        return -ENOSPC;
    r = symlink_set(i, target, strlen(target));
    if (!r)
        r = dir_add(w.dir, w.name, w.length, i);
    inode_put(i);
    return r;
}

long sys_symlink(struct thread *t)
{
    return do_symlink(t, ARG(0), AT_FDCWD, ARG(1));
}

long sys_symlinkat(struct thread *t)
{
    return do_symlink(t, ARG(0), (int)ARG(1), ARG(2));
}

static long do_link(struct thread *t, int from_fd, uint64_t from, int to_fd, uint64_t to,
                    unsigned flags)
{
    struct inode *i;
    struct walk w;
    char *path, *old;
    long r = path_copy(t, from, 1, &old);

    if (!r)
        r = path_find(t, from_fd, old, flags, &i);
    if (!r)
        r = path_copy(t, to, 0, &path);
    if (!r)
        r = path_walk(t, to_fd, path, 0, &w);
    if (r)
        return r;
    if (inode_is(i, S_IFDIR))
        return -EPERM;
    if (w.inode || !w.dir)
        return -EEXIST;
    if (!w.dir->parent || w.slash || !i->nlink)
        return -ENOENT;
    return dir_add(w.dir, w.name, w.length, i);
}

long sys_link(struct thread *t)
{
    return do_link(t, AT_FDCWD, ARG(0), AT_FDCWD, ARG(1), 0);
}

long sys_linkat(struct thread *t)
{
    unsigned flags = (unsigned)ARG(4);

    if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return do_link(t, (int)ARG(0), ARG(1), (int)ARG(2), ARG(3),
                   (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
                       (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
}

/* ---- removing and renaming ---- */

static long do_unlink(struct thread *t, int dirfd, uint64_t addr, bool directory)
{
    struct walk w;
    char *path;
    long r = path_copy(t, addr, 0, &path);

    if (!r)
        r = path_walk(t, dirfd, path, 0, &w);
    if (r)
        return r;
    if (!w.inode)
        return -ENOENT;
    if (!w.dir)
        return directory ? -EBUSY : -EISDIR;
    if (directory != inode_is(w.inode, S_IFDIR))
        return directory ? -ENOTDIR : -EISDIR;
    if (directory && w.inode->entry_count)
        return -ENOTEMPTY;
    dir_remove(w.dir, dir_find(w.dir, w.name, w.length));
    return 0;
}

long sys_unlink(struct thread *t)
{
    return do_unlink(t, AT_FDCWD, ARG(0), false);
}

long sys_rmdir(struct thread *t)
{
    return do_unlink(t, AT_FDCWD, ARG(0), true);
}

long sys_unlinkat(struct thread *t)
{
    if ((unsigned)ARG(2) & ~(unsigned)AT_REMOVEDIR)
        return -EINVAL;
    return do_unlink(t, (int)ARG(0), ARG(1), ARG(2) & AT_REMOVEDIR);
}

static bool is_inside(const struct inode *dir, const struct inode *top)
{
    while (dir && dir != top && dir != root_inode)
        dir = dir->parent;
    return dir == top;
}

/* May what `to` names be replaced by `i`? */
static int may_replace(const struct walk *to, const struct inode *i)
{
    if (!to->inode)
        return 0;
    if (inode_is(to->inode, S_IFDIR)) {
        if (!inode_is(i, S_IFDIR))
            return -EISDIR;
        return to->inode->entry_count ? -ENOTEMPTY : 0;
    }
    return inode_is(i, S_IFDIR) ? -ENOTDIR : 0;
}

static long rename_entry(struct walk *from, struct walk *to)
{
    struct inode *i = from->inode;
    int r;

    if (!from->dir || !to->dir)
        return -EBUSY;
    if (!i || !to->dir->parent)
        return -ENOENT;
    if (to->inode == i)
        return 0;
    if (inode_is(i, S_IFDIR) && is_inside(to->dir, i))
        return -EINVAL;
    if (to->slash && !inode_is(i, S_IFDIR))
        return -ENOTDIR;
    r = may_replace(to, i);
    if (r)
        return r;
    inode_get(i);
    if (to->inode)
        dir_remove(to->dir, dir_find(to->dir, to->name, to->length));
    r = dir_add(to->dir, to->name, to->length, i);
    if (!r) {
        dir_remove(from->dir, dir_find(from->dir, from->name, from->length));
        if (inode_is(i, S_IFDIR))
            i->parent = to->dir;
    }
    inode_put(i);
    return r;
}

static long do_rename(struct thread *t, int from_fd, uint64_t from, int to_fd, uint64_t to)
{
    struct walk source, target;
    char *old, *new;
    long r = path_copy(t, from, 0, &old);

    if (!r)
        r = path_copy(t, to, 1, &new);
    if (!r)
        r = path_walk(t, from_fd, old, 0, &source);
    if (r)
        return r;
    /* The name lies in a buffer that the second walk may use for its links. */
    static char name[NAME_MAX + 1];
    memcpy(name, source.name ? source.name : "", source.length);
    source.name = name;
    r = path_walk(t, to_fd, new, 0, &target);
    return r ? r : rename_entry(&source, &target);
}

long sys_rename(struct thread *t)
{
    return do_rename(t, AT_FDCWD, ARG(0), AT_FDCWD, ARG(1));
}

long sys_renameat(struct thread *t)
{
    return do_rename(t, (int)ARG(0), ARG(1), (int)ARG(2), ARG(3));
}

long sys_renameat2(struct thread *t)
{
    return ARG(4) ? -EINVAL : do_rename(t, (int)ARG(0), ARG(1), (int)ARG(2), ARG(3));
}

/* ---- attributes ---- */

static long set_mode(struct inode *i, uint64_t mode)
{
    i->mode = (i->mode & S_IFMT) | ((uint32_t)mode & 07777);
    i->ctime = host_realtime();
    return 0;
}

long sys_chmod(struct thread *t)
{
    struct inode *i;
    long r = path_find_user(t, AT_FDCWD, ARG(0), LOOKUP_FOLLOW, &i);

    return r ? r : set_mode(i, ARG(1));
}

long sys_fchmodat(struct thread *t)
{
    struct inode *i;
    long r = path_find_user(t, (int)ARG(0), ARG(1), LOOKUP_FOLLOW, &i);

    return r ? r : set_mode(i, ARG(2));
}

long sys_fchmod(struct thread *t)
{
    struct file *f = fd_get(t, ARG(0));

    return f ? set_mode(f->inode, ARG(1)) : -EBADF;
}

static long set_owner(struct inode *i, uint64_t uid, uint64_t gid)
{
    if ((uint32_t)uid != ~0u)
        i->uid = (uint32_t)uid;
    if ((uint32_t)gid != ~0u)
        i->gid = (uint32_t)gid;
    i->ctime = host_realtime();
    return 0;
}

static long chown_path(struct thread *t, int dirfd, uint64_t path, uint64_t uid, uint64_t gid,
                       unsigned flags)
{
    struct inode *i;
    long r = path_find_user(t, dirfd, path, flags, &i);

    return r ? r : set_owner(i, uid, gid);
}

long sys_chown(struct thread *t)
{
    return chown_path(t, AT_FDCWD, ARG(0), ARG(1), ARG(2), LOOKUP_FOLLOW);
}

long sys_lchown(struct thread *t)
{
    return chown_path(t, AT_FDCWD, ARG(0), ARG(1), ARG(2), 0);
}

long sys_fchownat(struct thread *t)
{
    unsigned flags = (unsigned)ARG(4);

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return chown_path(t, (int)ARG(0), ARG(1), ARG(2), ARG(3),
                      (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                          (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
}

long sys_fchown(struct thread *t)
{
    struct file *f = fd_get(t, ARG(0));

    return f ? set_owner(f->inode, ARG(1), ARG(2)) : -EBADF;
}

static long truncate_inode(struct inode *i, uint64_t size)
{
    if ((int64_t)size < 0)
        return -EINVAL;
    if (!inode_is(i, S_IFREG))
        return inode_is(i, S_IFDIR) ? -EISDIR : -EINVAL;
    return file_truncate(i, size);
}

long sys_truncate(struct thread *t)
{
    struct inode *i;
    long r = path_find_user(t, AT_FDCWD, ARG(0), LOOKUP_FOLLOW, &i);

    return r ? r : truncate_inode(i, ARG(1));
}

long sys_ftruncate(struct thread *t)
{
    struct file *f = fd_get(t, ARG(0));

    if (!f)
        return -EBADF;
    return file_writes(f) ? truncate_inode(f->inode, ARG(1)) : -EINVAL;
}

enum { UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };

static int set_time(uint64_t *where, const struct linux_timespec *ts)
{
    if (ts->nsec == UTIME_OMIT)
        return 0;
    if (ts->nsec == UTIME_NOW) {
        *where = host_realtime();
        return 0;
    }
    return timespec_to_ns(ts, where);
}

long sys_utimensat(struct thread *t)
{
    struct linux_timespec ts[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    unsigned follow = (unsigned)ARG(3) & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    struct inode *i;
    struct file *f;
    long r;

    r = ARG(2) ? copy_in(t, ts, ARG(2), sizeof(ts)) : 0;
    if (r)
        return r;
    if (ARG(1)) {
        r = path_find_user(t, (int)ARG(0), ARG(1), follow, &i);
        if (r)
            return r;
    } else {
        f = fd_get(t, ARG(0));
        if (!f)
            return -EBADF;
        i = f->inode;
    }
    r = set_time(&i->atime, &ts[0]);
    return r ? r : set_time(&i->mtime, &ts[1]);
}

/* ---- where a process is ---- */

long sys_getcwd(struct thread *t)
{
    static char buf[PATH_MAX];
    struct process *p = process_of(t);
    int length = path_of_dir(p->cwd, p->root, buf);
    long r;

    if (length < 0)
        return length;
    if ((uint64_t)length + 1 > ARG(1))
        return -ERANGE;
    r = copy_out(t, ARG(0), buf, (size_t)length + 1);
    return r ? r : length + 1;
}

static long move_to(struct inode **where, struct inode *dir)
{
    inode_get(dir);
    inode_put(*where);
    *where = dir;
    return 0;
}

long sys_chdir(struct thread *t)
{
    struct inode *i;
    long r = path_find_user(t, AT_FDCWD, ARG(0), LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &i);

    return r ? r : move_to(&process_of(t)->cwd, i);
}

long sys_fchdir(struct thread *t)
{
    struct file *f = fd_get(t, ARG(0));

    if (!f)
        return -EBADF;
    return inode_is(f->inode, S_IFDIR) ? move_to(&process_of(t)->cwd, f->inode) : -ENOTDIR;
}

long sys_chroot(struct thread *t)
{
    struct inode *i;
    long r = path_find_user(t, AT_FDCWD, ARG(0), LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &i);

    return r ? r : move_to(&process_of(t)->root, i);
}

long sys_umask(struct thread *t)
{
    struct process *p = process_of(t);
    unsigned old = p->umask;

    p->umask = (unsigned)ARG(0) & 0777;
    return old;
}

static long put_statfs(struct thread *t, uint64_t addr)
{
    struct host_memory_info info;
    struct linux_statfs st;

    host_memory_info(&info);
    st = (struct linux_statfs){.type = 0x858458f6 /* RAMFS_MAGIC */, .bsize = PAGE_SIZE,
                               .frsize = PAGE_SIZE, .namelen = NAME_MAX,
                               .blocks = (int64_t)(info.total / 4 / PAGE_SIZE),
                               .bfree = (int64_t)(info.free / 4 / PAGE_SIZE),
                               .bavail = (int64_t)(info.free / 4 / PAGE_SIZE)};
    return copy_out(t, addr, &st, sizeof(st));
}

long sys_statfs(struct thread *t)
{
    struct inode *i;
    long r = path_find_user(t, AT_FDCWD, ARG(0), LOOKUP_FOLLOW, &i);

    return r ? r : put_statfs(t, ARG(1));
}

long sys_fstatfs(struct thread *t)
{
    return fd_get(t, ARG(0)) ? put_statfs(t, ARG(1)) : -EBADF;
}
