/* SPDX-License-Identifier: BSD-2-Clause */
/* Inodes of the one file system, which lives in memory: files, directories, links, devices.
 *
 * A reference is held by each directory entry, open file and current directory. A file's content is
 * the archive it came from (never copied while only read), overlaid page by page with what was
 * written. The first mmap or exec makes a memory object of it, kept as the file's page cache. */
#ifndef PERSONALITY_SERVER_INODE_H
#define PERSONALITY_SERVER_INODE_H

#include "l4k/lib/list.h"
#include "personality/server/host.h"
#include "personality/server/linux.h"

#define FILE_SIZE_MAX (256ul << 20)
enum { INODE_LIMIT = 65536 };

struct thread;
struct inode;

struct dirent {
    struct list link;
    struct inode *inode; /* reference */
    unsigned length;
    char name[];
};

/* Links whose target depends on who looks (/proc/self/exe). */
enum inode_magic { MAGIC_NONE, MAGIC_EXE, MAGIC_FD };

struct inode {
    unsigned refs, nlink;
    uint32_t mode, uid, gid;
    enum inode_magic magic;
    uint64_t ino, size, rdev;
    uint64_t mtime, ctime, atime; /* ns since 1970 */
    unsigned writers;             /* open for writing */
    union {
        struct { /* S_IFREG */
            const uint8_t *archive;
            uint64_t archive_size; /* valid bytes of it */
            uint8_t **pages;       /* NULL entries: the archive's, or zeros */
            uint64_t pages_cap;
            struct host_object *object;
            uint64_t object_size;
            bool object_shared; /* mapped for shared writing: the object has the truth */
        };
        struct { /* S_IFDIR */
            struct inode *parent; /* not a reference; NULL when removed */
            struct list entries;
            unsigned entry_count;
        };
        char *target; /* S_IFLNK: size + 1 bytes */
        struct pipe *pipe; /* of an unnamed pipe's inode */
    };
};

void inode_start(void); /* once, at start */
extern struct inode *root_inode;

/* nlink 0, one reference; NULL: no memory or limit. */
struct inode *inode_create(uint32_t mode);
struct inode *inode_get(struct inode *i); /* returns i */
void inode_put(struct inode *i);          /* NULL is allowed */
void inode_stat(const struct inode *i, struct linux_stat *st);

static inline bool inode_is(const struct inode *i, uint32_t type)
{
    return (i->mode & S_IFMT) == type;
}

/* Directories. Names need no NUL. dir_add takes a reference of its own. */
struct dirent *dir_find(struct inode *dir, const char *name, size_t length);
int dir_add(struct inode *dir, const char *name, size_t length, struct inode *i);
void dir_remove(struct inode *dir, struct dirent *d);
int symlink_set(struct inode *i, const char *target, size_t length);

/* Where the content of a page of a file is; NULL: zeros. *n: bytes valid there from `offset` on,
 * at most to the end of the page; the rest of the page is zeros. */
const void *file_bytes(struct inode *i, uint64_t offset, size_t *n);
/* The page to write at; NULL: no memory. */
uint8_t *file_page(struct inode *i, uint64_t offset);
/* After a write into file_page(): the page cache follows. */
int file_written(struct inode *i, uint64_t offset, size_t n);
int file_truncate(struct inode *i, uint64_t size);
/* Reads into server memory; the number of bytes, short at the end. */
size_t file_read(struct inode *i, uint64_t offset, void *dst, size_t n);
/* The page cache, made if need be. */
int file_object(struct inode *i, struct host_object **out);

#endif
