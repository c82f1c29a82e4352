/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio newc: a header of 110 characters with 8-digit hexadecimal fields, the name, the content,
 * each padded to 4 bytes; the last entry is named TRAILER!!!. Several archives may follow one
 * another, padded with zeros. */
#include "personality/server/cpio.h"

#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/inode.h"

enum { HEADER = 110, LINKS = 256 };
enum { F_INO, F_MODE, F_UID, F_GID, F_NLINK, F_MTIME, F_SIZE, F_DEVMAJOR, F_DEVMINOR, F_RDEVMAJOR,
       F_RDEVMINOR, F_NAMESIZE, F_CHECK, FIELDS };

struct entry {
    uint32_t field[FIELDS];
    const char *name; /* terminated */
    const uint8_t *content;
    size_t total; /* bytes to the next header */
};

/* Hard links: the inodes of entries with nlink > 1, by their archive number. */
static struct {
    uint32_t ino, major, minor;
    struct inode *inode;
} links[LINKS];
static unsigned link_count;

static bool hex_field(const uint8_t *p, uint32_t *out)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint8_t c = p[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

static size_t align4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Reads the entry at p, of which `left` bytes exist. NULL or the error. */
static const char *parse(const uint8_t *p, size_t left, struct entry *e)
{
    size_t name_end, content_end;

    if (left < HEADER)
        return "cpio: archive ends within a header";
    if (memcmp(p, "070701", 6) && memcmp(p, "070702", 6))
        return "cpio: bad magic, newc expected";
    for (unsigned i = 0; i < FIELDS; i++)
        if (!hex_field(p + 6 + 8 * i, &e->field[i]))
            return "cpio: bad digit in a header";
    if (e->field[F_NAMESIZE] < 1 || e->field[F_NAMESIZE] > PATH_MAX)
        return "cpio: bad name size";
    name_end = HEADER + (size_t)e->field[F_NAMESIZE];
    if (name_end > left || p[name_end - 1])
        return "cpio: name is cut or not terminated";
    content_end = align4(name_end) + e->field[F_SIZE];
    if (content_end > left)
        return "cpio: archive ends within a file";
    e->name = (const char *)p + HEADER;
    e->content = p + align4(name_end);
    e->total = align4(content_end) < left ? align4(content_end) : left;
    return NULL;
}

static size_t count_slashes(const char *s)
{
    size_t n = 0;

    while (s[n] == '/')
        n++;
    return n;
}

static bool has_zero(const uint8_t *p, size_t n)
{
    while (n--)
        if (!*p++)
            return true;
    return false;
}

/* The directory of the path's last component, which *name becomes; missing ones are made. */
static struct inode *parent_of(const char **name, size_t *length)
{
    struct inode *dir = root_inode;
    const char *p = *name;

    for (;;) {
        size_t n = 0;
        struct dirent *d;

        while (*p == '/')
            p++;
        while (p[n] && p[n] != '/')
            n++;
        if (n > NAME_MAX || (n == 2 && p[0] == '.' && p[1] == '.'))
            return NULL;
        if (!p[n + count_slashes(p + n)]) {
            *name = p;
            *length = n;
            return dir;
        }
        if (!(n == 1 && p[0] == '.')) {
            d = dir_find(dir, p, n);
            if (!d) {
                struct inode *made = inode_create(S_IFDIR | 0755);

                if (!made || dir_add(dir, p, n, made))
                    return NULL;
                inode_put(made);
                d = dir_find(dir, p, n);
            }
            dir = d->inode;
            if (!inode_is(dir, S_IFDIR))
                return NULL;
        }
        p += n;
    }
}

static struct inode *linked(const struct entry *e)
{
    for (unsigned i = 0; i < link_count; i++)
        if (links[i].ino == e->field[F_INO] && links[i].major == e->field[F_DEVMAJOR] &&
            links[i].minor == e->field[F_DEVMINOR])
            return links[i].inode;
    return NULL;
}

static void remember(const struct entry *e, struct inode *i)
{
    if (e->field[F_NLINK] < 2 || link_count == LINKS)
        return;
    links[link_count].ino = e->field[F_INO];
    links[link_count].major = e->field[F_DEVMAJOR];
    links[link_count].minor = e->field[F_DEVMINOR];
    links[link_count++].inode = inode_get(i);
}

static void forget_links(void)
{
    while (link_count)
        inode_put(links[--link_count].inode);
}

/* Sets what the entry's type asks for. */
static const char *fill(struct inode *i, const struct entry *e)
{
    i->uid = e->field[F_UID];
    i->gid = e->field[F_GID];
    i->mtime = i->ctime = i->atime = (uint64_t)e->field[F_MTIME] * NSEC_PER_SEC;
    if (inode_is(i, S_IFREG) && e->field[F_SIZE]) {
        i->archive = e->content;
        i->archive_size = i->size = e->field[F_SIZE];
    } else if (inode_is(i, S_IFLNK)) {
        if (!e->field[F_SIZE] || e->field[F_SIZE] >= PATH_MAX ||
            has_zero(e->content, e->field[F_SIZE]))
            return "cpio: bad target of a symbolic link";
        if (symlink_set(i, (const char *)e->content, e->field[F_SIZE]))
            return "cpio: no memory";
    } else if (inode_is(i, S_IFCHR) || inode_is(i, S_IFBLK)) {
        i->rdev = (uint64_t)e->field[F_RDEVMAJOR] << 8 | e->field[F_RDEVMINOR];
    }
    return NULL;
}

/* Makes the entry's inode and name; a directory that is there already stays. */
static const char *add(const struct entry *e)
{
    const char *name = e->name, *error = NULL;
    uint32_t type = e->field[F_MODE] & S_IFMT;
    size_t length;
    struct inode *dir = parent_of(&name, &length), *i;
    struct dirent *old;

    if (!dir)
        return "cpio: bad path";
    if (length == 0 || (length == 1 && name[0] == '.'))
        return NULL;
    if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK && type != S_IFCHR &&
        type != S_IFBLK && type != S_IFIFO)
        return "cpio: unknown file type";
    old = dir_find(dir, name, length);
    if (old && inode_is(old->inode, S_IFDIR))
        return type == S_IFDIR ? NULL : "cpio: a file in place of a directory";
    if (old)
        dir_remove(dir, old);
    i = type == S_IFREG && e->field[F_NLINK] > 1 ? linked(e) : NULL;
    if (i) {
        inode_get(i);
        if (e->field[F_SIZE])
            error = fill(i, e);
    } else {
        i = inode_create(e->field[F_MODE] & (S_IFMT | 07777));
        if (!i)
            return "cpio: no memory";
        error = fill(i, e);
        if (type == S_IFREG)
            remember(e, i);
    }
    if (!error && dir_add(dir, name, length, i))
        error = "cpio: no memory";
    inode_put(i);
    return error;
}

static const char *unpack(const uint8_t *p, size_t size)
{
    size_t at = 0;

    while (at < size) {
        struct entry e;
        const char *error;

        if (!p[at]) { /* padding between archives */
            at++;
            continue;
        }
        error = parse(p + at, size - at, &e);
        if (error)
            return error;
        at += e.total;
        if (!strcmp(e.name, "TRAILER!!!")) {
            forget_links();
            continue;
        }
        error = add(&e);
        if (error)
            return error;
    }
    return NULL;
}

const char *cpio_unpack(const void *data, size_t size)
{
    const char *error = unpack(data, size);

    forget_links();
    return error;
}
