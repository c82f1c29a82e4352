/* SPDX-License-Identifier: BSD-2-Clause */
/* Character devices: null, zero, full, random and urandom; the terminal is in tty.c. */
#include "l4k/abi/layout.h"
#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

static const uint8_t zeros[PAGE_SIZE];

static unsigned always_ready(struct file *f)
{
    (void)f;
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static long read_nothing(struct file *f, const struct uio *u, uint64_t *pos)
{
    (void)f, (void)u, (void)pos;
    return 0;
}

static long write_all(struct file *f, const struct uio *u, uint64_t *pos)
{
    (void)f, (void)pos;
    return (long)u->total;
}

static long write_nothing(struct file *f, const struct uio *u, uint64_t *pos)
{
    (void)f, (void)pos;
    return u->total ? -ENOSPC : 0;
}

static long read_zeros(struct file *f, const struct uio *u, uint64_t *pos)
{
    size_t done = 0;

    (void)f, (void)pos;
    while (done < u->total) {
        size_t n = u->total - done < sizeof(zeros) ? u->total - done : sizeof(zeros);
        long r = uio_out(u, done, zeros, n);

        if (r)
            return done && r != HOST_PENDING_CALL ? (long)done : r;
        done += n;
    }
    return (long)done;
}

static long read_random(struct file *f, const struct uio *u, uint64_t *pos)
{
    uint8_t buf[256];
    size_t done = 0;

    (void)f, (void)pos;
    while (done < u->total) {
        size_t n = u->total - done < sizeof(buf) ? u->total - done : sizeof(buf);
        long r;

        host_entropy(buf, n);
        r = uio_out(u, done, buf, n);
        if (r)
            return done && r != HOST_PENDING_CALL ? (long)done : r;
        done += n;
    }
    return (long)done;
}

static const struct file_ops null_ops = {
    .read = read_nothing, .write = write_all, .poll = always_ready, .seekable = true};
static const struct file_ops zero_ops = {
    .read = read_zeros, .write = write_all, .poll = always_ready, .seekable = true};
static const struct file_ops full_ops = {.read = read_zeros, .write = write_nothing,
                                         .poll = always_ready, .seekable = true};
static const struct file_ops random_ops = {
    .read = read_random, .write = write_all, .poll = always_ready, .seekable = true};

#define DEV(major, minor) ((major) << 8 | (minor))

static const struct device {
    const char *name;
    uint64_t rdev;
    uint32_t mode;
    const struct file_ops *ops;
} devices[] = {
    {"null", DEV(1, 3), 0666, &null_ops},      {"zero", DEV_ZERO, 0666, &zero_ops},
    {"full", DEV(1, 7), 0666, &full_ops},      {"random", DEV(1, 8), 0666, &random_ops},
    {"urandom", DEV(1, 9), 0666, &random_ops}, {"tty", DEV(5, 0), 0666, &tty_ops},
    {"console", DEV(5, 1), 0600, &tty_ops},    {"ttyS0", DEV(4, 64), 0600, &tty_ops},
};
_Static_assert(DEV_ZERO == DEV(1, 5), "the number of /dev/zero");

enum { DEVICE_COUNT = sizeof(devices) / sizeof(devices[0]) };

const struct file_ops *device_ops(uint64_t rdev)
{
    for (unsigned i = 0; i < DEVICE_COUNT; i++)
        if (devices[i].rdev == rdev)
            return devices[i].ops;
    return NULL;
}

static void populate_one(struct inode *dir, const struct device *d)
{
    struct inode *i = inode_create(S_IFCHR | d->mode);

    if (!i)
        host_panic("linux: no memory for /dev");
    i->rdev = d->rdev;
    if (dir_add(dir, d->name, strlen(d->name), i))
        host_panic("linux: no memory for /dev");
    inode_put(i);
}

void devices_populate(void)
{
    struct dirent *d = dir_find(root_inode, "dev", 3);

    if (!d) {
        struct inode *dir = inode_create(S_IFDIR | 0755);

        if (!dir || dir_add(root_inode, "dev", 3, dir))
            host_panic("linux: no memory for /dev");
        inode_put(dir);
        d = dir_find(root_inode, "dev", 3);
    }
    for (unsigned i = 0; inode_is(d->inode, S_IFDIR) && i < DEVICE_COUNT; i++)
        if (!dir_find(d->inode, devices[i].name, strlen(devices[i].name)))
            populate_one(d->inode, &devices[i]);
}
