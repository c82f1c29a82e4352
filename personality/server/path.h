/* SPDX-License-Identifier: BSD-2-Clause */
/* Path names to inodes (path_resolution(7)). */
#ifndef PERSONALITY_SERVER_PATH_H
#define PERSONALITY_SERVER_PATH_H

#include "personality/server/file.h"

enum { LOOKUP_FOLLOW = 1, LOOKUP_DIRECTORY = 2, LOOKUP_EMPTY = 4 };

/* The last step of a path. No references: valid until something is removed. */
struct walk {
    struct inode *dir;    /* where the last component is or would be; NULL for "/", "." and ".." */
    const char *name;     /* not terminated */
    size_t length;
    struct inode *inode;  /* what it names; NULL: nothing */
    bool slash;           /* the path ends in one: must be a directory */
};

/* Walks `path` from dirfd. 0 with w->inode NULL when only the last component is missing. */
int path_walk(struct thread *t, int dirfd, const char *path, unsigned flags, struct walk *w);
/* The inode or -ENOENT; no reference. */
int path_find(struct thread *t, int dirfd, const char *path, unsigned flags, struct inode **out);
/* Copies a path in, into one of two static buffers (0, 1): valid until the handler returns. */
long path_copy(struct thread *t, uint64_t addr, unsigned which, char **out);
/* path_copy and path_find. */
long path_find_user(struct thread *t, int dirfd, uint64_t addr, unsigned flags, struct inode **out);
/* The absolute name of a directory into buf[PATH_MAX]; its length, or -ENOENT. */
int path_of_dir(struct inode *dir, struct inode *root, char *buf);

#endif
