/* SPDX-License-Identifier: BSD-2-Clause */
/* Path resolution. Nothing waits on the way, so no references are needed before its end. */
#include "personality/server/path.h"

#include "l4k/lib/format.h"
#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"

enum { LINK_LIMIT = 40 };

static char paths[2][PATH_MAX];
/* A path with a link in it goes on as target + rest, alternating between the two. */
static char expanded[2][PATH_MAX];

long path_copy(struct thread *t, uint64_t addr, unsigned which, char **out)
{
    long r = copy_string(t, paths[which], addr, PATH_MAX);

    *out = paths[which];
    return r < 0 ? r : 0;
}

static int start_dir(struct thread *t, int dirfd, const char *path, struct inode **out)
{
    struct process *p = process_of(t);
    struct file *f;

    if (path[0] == '/') {
        *out = p->root;
        return 0;
    }
    if (dirfd == AT_FDCWD) {
        *out = p->cwd;
        return 0;
    }
    f = fd_get(t, (uint64_t)(unsigned)dirfd);
    if (!f)
        return -EBADF;
    *out = f->inode;
    return inode_is(f->inode, S_IFDIR) ? 0 : -ENOTDIR;
}

/* The text of a link; *target may point into `buf`. */
static int link_text(struct thread *t, const struct inode *i, const char **target)
{
    if (i->magic == MAGIC_NONE) {
        *target = i->target;
        return 0;
    }
    *target = process_of(t)->exe_path;
    return *target ? 0 : -ENOENT;
}

/* Replaces the path by the link's target and `rest`. */
static int expand(struct thread *t, const struct inode *link, const char *rest, unsigned count,
                  const char **path)
{
    char *buf = expanded[count % 2];
    const char *target;
    int r = link_text(t, link, &target);

    if (r)
        return r;
    if (!target[0])
        return -ENOENT;
    if (strlen(target) + 1 + strlen(rest) >= PATH_MAX)
        return -ENAMETOOLONG;
    snprintf(buf, PATH_MAX, "%s%s%s", target, *rest ? "/" : "", rest);
    *path = buf;
    return 0;
}

/* One component from *path on: its length; *path moves behind it and the slashes that follow. */
static size_t component(const char **path, const char **name, bool *slash)
{
    const char *p = *path;
    size_t n = 0;

    *name = p;
    while (p[n] && p[n] != '/')
        n++;
    p += n;
    *slash = *p == '/';
    while (*p == '/')
        p++;
    *path = p;
    return n;
}

static bool is_dots(const char *name, size_t n)
{
    return name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.'));
}

/* "." and "..", which stops at the root. */
static struct inode *step_dots(struct thread *t, struct inode *dir, size_t n)
{
    return n == 1 || dir == process_of(t)->root ? dir : dir->parent;
}

int path_walk(struct thread *t, int dirfd, const char *path, unsigned flags, struct walk *w)
{
    struct inode *dir;
    unsigned links = 0;
    int r = start_dir(t, dirfd, path, &dir);

    if (r)
        return r;
    if (!path[0])
        return -ENOENT;
restart:
    if (path[0] == '/')
        dir = process_of(t)->root;
    while (*path == '/')
        path++;
    *w = (struct walk){.inode = dir, .slash = true};
    while (*path) {
        struct dirent *d;

        if (!inode_is(dir, S_IFDIR))
            return -ENOTDIR;
        w->length = component(&path, &w->name, &w->slash);
        if (w->length > NAME_MAX)
            return -ENAMETOOLONG;
        if (is_dots(w->name, w->length)) {
            dir = w->inode = step_dots(t, dir, w->length);
            w->dir = NULL;
            if (!dir)
                return -ENOENT;
            continue;
        }
        d = dir_find(dir, w->name, w->length);
        w->dir = dir;
        w->inode = d ? d->inode : NULL;
        if (!d)
            return *path ? -ENOENT : 0;
        if (inode_is(d->inode, S_IFLNK) && (*path || w->slash || (flags & LOOKUP_FOLLOW))) {
            if (d->inode->magic == MAGIC_EXE && !*path && process_of(t)->exe) {
                w->inode = process_of(t)->exe;
                break;
            }
            if (++links > LINK_LIMIT)
                return -ELOOP;
            r = expand(t, d->inode, path, links, &path);
            if (r)
                return r;
            goto restart;
        }
        dir = d->inode;
    }
    if ((w->slash || (flags & LOOKUP_DIRECTORY)) && w->inode && !inode_is(w->inode, S_IFDIR))
        return -ENOTDIR;
    return 0;
}

int path_find(struct thread *t, int dirfd, const char *path, unsigned flags, struct inode **out)
{
    struct walk w;
    int r;

    if (!path[0] && (flags & LOOKUP_EMPTY)) {
        struct file *f = fd_get(t, (uint64_t)(unsigned)dirfd);

        *out = dirfd == AT_FDCWD ? process_of(t)->cwd : f ? f->inode : NULL;
        return *out ? 0 : -EBADF;
    }
    r = path_walk(t, dirfd, path, flags, &w);
    if (r)
        return r;
    *out = w.inode;
    return w.inode ? 0 : -ENOENT;
}

long path_find_user(struct thread *t, int dirfd, uint64_t addr, unsigned flags, struct inode **out)
{
    char *path;
    long r = path_copy(t, addr, 0, &path);

    return r ? r : path_find(t, dirfd, path, flags, out);
}

/* The entry that names `dir` in its parent. */
static struct dirent *name_of(struct inode *dir)
{
    struct list *at;

    list_for_each(at, &dir->parent->entries) {
        struct dirent *d = container_of(at, struct dirent, link);

        if (d->inode == dir)
            return d;
    }
    return NULL;
}

int path_of_dir(struct inode *dir, struct inode *root, char *buf)
{
    size_t at = PATH_MAX - 1;

    buf[at] = 0;
    while (dir != root && dir != root_inode) {
        struct dirent *d = dir->parent ? name_of(dir) : NULL;

        if (!d || at < d->length + 1)
            return d ? -ENAMETOOLONG : -ENOENT;
        at -= d->length;
        memcpy(buf + at, d->name, d->length);
        buf[--at] = '/';
        dir = dir->parent;
    }
    if (at == PATH_MAX - 1)
        buf[--at] = '/';
    memmove(buf, buf + at, PATH_MAX - at);
    return (int)(PATH_MAX - 1 - at);
}
