/* SPDX-License-Identifier: BSD-2-Clause */
/* Inodes: life, directories, content and page cache. */
#include "personality/server/inode.h"

#include "l4k/abi/layout.h"
#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/pipe.h"

enum { DEVICE_NUMBER = 1 };

struct inode *root_inode;

static uint64_t next_ino;
static unsigned inode_count;

void inode_start(void)
{
    next_ino = 1;
    inode_count = 0;
    root_inode = inode_create(S_IFDIR | 0755);
    if (!root_inode)
        host_panic("linux: no memory for the root directory");
    root_inode->nlink = 2;
    root_inode->parent = root_inode;
}

struct inode *inode_create(uint32_t mode)
{
    struct inode *i = inode_count < INODE_LIMIT ? mem_zalloc(sizeof(*i)) : NULL;

    if (!i)
        return NULL;
    inode_count++;
    i->refs = 1;
    i->mode = mode;
    i->ino = next_ino++;
    i->mtime = i->ctime = i->atime = host_realtime();
    if (inode_is(i, S_IFDIR))
        list_init(&i->entries);
    return i;
}

struct inode *inode_get(struct inode *i)
{
    i->refs++;
    return i;
}

static void free_pages(struct inode *i, uint64_t from)
{
    for (uint64_t page = from; page < i->pages_cap; page++) {
        mem_free(i->pages[page], PAGE_SIZE);
        i->pages[page] = NULL;
    }
}

static void drop_object(struct inode *i)
{
    if (i->object)
        host_object_release(i->object);
    i->object = NULL;
    i->object_size = 0;
    i->object_shared = false;
}

/* Ends the page cache; what was written through shared maps comes back into the file first. */
static int retire_object(struct inode *i)
{
    for (uint64_t at = 0; i->object_shared && at < i->size && at < i->object_size;
         at += PAGE_SIZE) {
        uint8_t *p = file_page(i, at);
        int r = p ? host_object_read(i->object, at, p, PAGE_SIZE) : -ENOMEM;

        if (r)
            return r;
    }
    drop_object(i);
    return 0;
}

void inode_put(struct inode *i)
{
    if (!i || --i->refs)
        return;
    if (inode_is(i, S_IFREG)) {
        free_pages(i, 0);
        mem_free(i->pages, i->pages_cap * sizeof(*i->pages));
        drop_object(i);
    } else if (inode_is(i, S_IFLNK)) {
        mem_free(i->target, i->size + 1);
    }
    inode_count--;
    mem_free(i, sizeof(*i));
}

static void stat_time(uint64_t ns, uint64_t *sec, uint64_t *nsec)
{
    *sec = ns / NSEC_PER_SEC;
    *nsec = ns % NSEC_PER_SEC;
}

void inode_stat(const struct inode *i, struct linux_stat *st)
{
    *st = (struct linux_stat){
        .dev = DEVICE_NUMBER, .ino = i->ino, .nlink = i->nlink, .mode = i->mode, .uid = i->uid,
        .gid = i->gid, .rdev = i->rdev, .size = (int64_t)i->size, .blksize = PAGE_SIZE,
        .blocks = (int64_t)((i->size + 511) / 512),
    };
    stat_time(i->atime, &st->atime, &st->atime_nsec);
    stat_time(i->mtime, &st->mtime, &st->mtime_nsec);
    stat_time(i->ctime, &st->ctime, &st->ctime_nsec);
}

/* ---- directories ---- */

struct dirent *dir_find(struct inode *dir, const char *name, size_t length)
{
    struct list *at;

    list_for_each(at, &dir->entries) {
        struct dirent *d = container_of(at, struct dirent, link);

        if (d->length == length && !memcmp(d->name, name, length))
            return d;
    }
    return NULL;
}

int dir_add(struct inode *dir, const char *name, size_t length, struct inode *i)
{
    struct dirent *d = mem_alloc(sizeof(*d) + length + 1);

    if (!d)
        return -ENOMEM;
    d->inode = inode_get(i);
    d->length = (unsigned)length;
    memcpy(d->name, name, length);
    d->name[length] = 0;
    list_add_tail(&dir->entries, &d->link);
    dir->entry_count++;
    dir->mtime = dir->ctime = host_realtime();
    i->nlink++;
    if (inode_is(i, S_IFDIR)) {
        i->nlink++;
        i->parent = dir;
        dir->nlink++;
    }
    return 0;
}

void dir_remove(struct inode *dir, struct dirent *d)
{
    struct inode *i = d->inode;

    list_remove(&d->link);
    dir->entry_count--;
    dir->mtime = dir->ctime = i->ctime = host_realtime();
    i->nlink--;
    if (inode_is(i, S_IFDIR)) {
        i->nlink--;
        i->parent = NULL;
        dir->nlink--;
    }
    mem_free(d, sizeof(*d) + d->length + 1);
    inode_put(i);
}

int symlink_set(struct inode *i, const char *target, size_t length)
{
    i->target = mem_alloc(length + 1);
    if (!i->target)
        return -ENOMEM;
    memcpy(i->target, target, length);
    i->target[length] = 0;
    i->size = length;
    return 0;
}

/* ---- file content ---- */

const void *file_bytes(struct inode *i, uint64_t offset, size_t *n)
{
    uint64_t page = offset / PAGE_SIZE, in_page = offset % PAGE_SIZE;
    size_t room = PAGE_SIZE - in_page;

    *n = room;
    if (page < i->pages_cap && i->pages[page])
        return i->pages[page] + in_page;
    if (offset >= i->archive_size)
        return NULL;
    if (room > i->archive_size - offset)
        *n = i->archive_size - offset;
    return i->archive + offset;
}

static int grow_pages(struct inode *i, uint64_t count)
{
    uint64_t cap = i->pages_cap ? i->pages_cap : 8;
    uint8_t **pages;

    while (cap < count)
        cap *= 2;
    pages = mem_zalloc(cap * sizeof(*pages));
    if (!pages)
        return -ENOMEM;
    if (i->pages)
        memcpy(pages, i->pages, i->pages_cap * sizeof(*pages));
    mem_free(i->pages, i->pages_cap * sizeof(*pages));
    i->pages = pages;
    i->pages_cap = cap;
    return 0;
}

uint8_t *file_page(struct inode *i, uint64_t offset)
{
    uint64_t page = offset / PAGE_SIZE, start = page * PAGE_SIZE;
    uint8_t *p;

    if (page >= i->pages_cap && grow_pages(i, page + 1))
        return NULL;
    if (i->pages[page])
        return i->pages[page];
    p = mem_zalloc(PAGE_SIZE);
    if (p && start < i->archive_size) {
        uint64_t left = i->archive_size - start;

        memcpy(p, i->archive + start, left < PAGE_SIZE ? left : PAGE_SIZE);
    }
    i->pages[page] = p;
    return p;
}

int file_written(struct inode *i, uint64_t offset, size_t n)
{
    const uint8_t *p = i->pages[offset / PAGE_SIZE] + offset % PAGE_SIZE;

    i->mtime = i->ctime = host_realtime();
    if (!i->object)
        return 0;
    if (offset + n > i->object_size)
        return retire_object(i);
    return host_object_write(i->object, offset, p, n);
}

int file_truncate(struct inode *i, uint64_t size)
{
    uint64_t tail = size % PAGE_SIZE;

    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    if (size != i->size && retire_object(i))
        return -ENOMEM;
    if (size < i->size) {
        if (tail && size / PAGE_SIZE < i->pages_cap && i->pages[size / PAGE_SIZE])
            memset(i->pages[size / PAGE_SIZE] + tail, 0, PAGE_SIZE - tail);
        free_pages(i, (size + PAGE_SIZE - 1) / PAGE_SIZE);
        if (i->archive_size > size)
            i->archive_size = size;
    }
    i->size = size;
    i->mtime = i->ctime = host_realtime();
    return 0;
}

size_t file_read(struct inode *i, uint64_t offset, void *dst, size_t n)
{
    size_t done = 0;

    if (offset >= i->size)
        return 0;
    if (n > i->size - offset)
        n = i->size - offset;
    if (i->object_shared)
        return host_object_read(i->object, offset, dst, n) ? 0 : n;
    while (done < n) {
        size_t have;
        const void *p = file_bytes(i, offset + done, &have);

        if (have > n - done)
            have = n - done;
        if (p)
            memcpy((char *)dst + done, p, have);
        else
            memset((char *)dst + done, 0, have);
        done += have;
    }
    return n;
}

static int fill_object(struct inode *i, struct host_object *object)
{
    uint64_t at = 0;
    int r = 0;

    while (!r && at < i->size) {
        size_t have;
        const void *p = file_bytes(i, at, &have);

        if (p == i->archive + at && at < i->archive_size && !i->pages)
            have = i->archive_size - at; /* one stretch */
        if (have > i->size - at)
            have = i->size - at;
        if (p)
            r = host_object_write(object, at, p, have);
        at += have;
    }
    return r;
}

int file_object(struct inode *i, struct host_object **out)
{
    struct host_object *object;
    int r;

    if (!i->object) {
        r = host_object_create(i->size ? i->size : 1, &object);
        if (r)
            return r;
        r = fill_object(i, object);
        if (r) {
            host_object_release(object);
            return r;
        }
        i->object = object;
        i->object_size = (i->size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    }
    *out = i->object;
    return 0;
}
