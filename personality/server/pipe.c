/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes (pipe(7)): 64 KiB, writes up to PIPE_BUF in one piece.
 *
 * The ring's pages are allocated when first written. An empty pipe starts over at its beginning, so
 * one that carries small messages lives in one page. */
#include "personality/server/pipe.h"

#include "l4k/abi/layout.h"
#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

struct pipe {
    uint8_t *pages[PIPE_SIZE / PAGE_SIZE];
    size_t start, used; /* the bytes are at start .. start + used, modulo PIPE_SIZE */
    unsigned readers, writers;
    struct list read_wait, write_wait;
};

static unsigned pipe_count;

static void pipe_free(struct pipe *p)
{
    for (unsigned i = 0; i < PIPE_SIZE / PAGE_SIZE; i++)
        mem_free(p->pages[i], PAGE_SIZE);
    mem_free(p, sizeof(*p));
    pipe_count--;
}

static struct pipe *pipe_alloc(void)
{
    struct pipe *p = pipe_count < PIPE_LIMIT ? mem_zalloc(sizeof(*p)) : NULL;

    if (!p)
        return NULL;
    pipe_count++;
    p->readers = p->writers = 1;
    list_init(&p->read_wait);
    list_init(&p->write_wait);
    return p;
}

/* The stretch of the ring at `offset` up to the end of its page; NULL: no memory. */
static uint8_t *stretch(struct pipe *p, size_t offset, size_t *n)
{
    size_t at = offset % PIPE_SIZE, room = PAGE_SIZE - at % PAGE_SIZE;

    if (*n > room)
        *n = room;
    if (!p->pages[at / PAGE_SIZE])
        p->pages[at / PAGE_SIZE] = mem_alloc(PAGE_SIZE);
    return p->pages[at / PAGE_SIZE] ? p->pages[at / PAGE_SIZE] + at % PAGE_SIZE : NULL;
}

/* Copies out what is there, then consumes it: all or nothing. */
static long take(struct pipe *p, const struct uio *u)
{
    size_t want = u->total < p->used ? u->total : p->used, done = 0;

    while (done < want) {
        size_t n = want - done;
        uint8_t *bytes = stretch(p, p->start + done, &n);
        long r = uio_out(u, done, bytes, n);

        if (r)
            return r;
        done += n;
    }
    p->used -= want;
    p->start = p->used ? (p->start + want) % PIPE_SIZE : 0;
    return (long)want;
}

static long pipe_read(struct file *f, const struct uio *u, uint64_t *pos)
{
    struct pipe *p = f->pipe;
    long r;

    (void)pos;
    if (!u->total)
        return 0;
    if (!p->used) {
        if (!p->writers)
            return 0;
        return f->flags & O_NONBLOCK ? -EAGAIN : wait_on(u->t, &p->read_wait);
    }
    r = take(p, u);
    if (r > 0)
        wake(&p->write_wait);
    return r;
}

/* Copies in `want` bytes from position `from` of the buffers, then makes them visible. */
static long put(struct pipe *p, const struct uio *u, size_t from, size_t want)
{
    size_t done = 0;

    while (done < want) {
        size_t n = want - done;
        uint8_t *bytes = stretch(p, p->start + p->used + done, &n);
        long r = bytes ? uio_in(u, from + done, bytes, n) : -ENOMEM;

        if (r)
            return r;
        done += n;
    }
    p->used += want;
    return 0;
}

/* A write that can't go on: a part of it may have gone. */
static long write_blocked(struct file *f, const struct uio *u)
{
    struct thread *t = u->t;
    long r = f->flags & O_NONBLOCK ? -EAGAIN : wait_on(t, &f->pipe->write_wait);

    if (r == HOST_DEFER || !t->done)
        return r;
    r = (long)t->done;
    t->done = 0;
    return r;
}

static long broken(struct thread *t)
{
    long done = (long)t->done;

    t->done = 0;
    if (done)
        return done;
    signal_send(process_of(t), SIGPIPE, NULL);
    return -EPIPE;
}

static long pipe_write(struct file *f, const struct uio *u, uint64_t *pos)
{
    struct pipe *p = f->pipe;
    struct thread *t = u->t;

    (void)pos;
    while (t->done < u->total) {
        size_t left = u->total - t->done, room = PIPE_SIZE - p->used;
        long r;

        if (!p->readers)
            return broken(t);
        if (!room || (u->total <= PIPE_BUF && room < left))
            return write_blocked(f, u);
        r = put(p, u, t->done, left < room ? left : room);
        if (r == HOST_PENDING_CALL)
            return r;
        if (r) {
            long done = (long)t->done;

            t->done = 0;
            return done ? done : r;
        }
        t->done += left < room ? left : room;
        wake(&p->read_wait);
    }
    t->done = 0;
    return (long)u->total;
}

static unsigned pipe_poll_read(struct file *f)
{
    return (f->pipe->used ? POLLIN | POLLRDNORM : 0) | (f->pipe->writers ? 0 : POLLHUP);
}

static unsigned pipe_poll_write(struct file *f)
{
    return (PIPE_SIZE - f->pipe->used >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0) |
           (f->pipe->readers ? 0 : POLLERR);
}

static long pipe_ioctl(struct thread *t, struct file *f, unsigned cmd, uint64_t arg)
{
    int used = (int)f->pipe->used;

    return cmd == FIONREAD ? copy_out(t, arg, &used, sizeof(used)) : -ENOTTY;
}

static void pipe_release(struct file *f)
{
    struct pipe *p = f->pipe;

    if (file_reads(f)) {
        p->readers--;
        wake(&p->write_wait);
    } else {
        p->writers--;
        wake(&p->read_wait);
    }
    if (!p->readers && !p->writers)
        pipe_free(p);
}

static long wrong_end(struct file *f, const struct uio *u, uint64_t *pos)
{
    (void)f, (void)u, (void)pos;
    return -EBADF;
}

static const struct file_ops read_ops = {.read = pipe_read, .write = wrong_end, .ioctl = pipe_ioctl,
                                         .poll = pipe_poll_read, .release = pipe_release};
static const struct file_ops write_ops = {.read = wrong_end,
                                          .write = pipe_write,
                                          .ioctl = pipe_ioctl,
                                          .poll = pipe_poll_write,
                                          .release = pipe_release};

/* The two open files of a new pipe. */
static int pipe_create(unsigned flags, struct file **reader, struct file **writer)
{
    struct pipe *p = pipe_alloc();
    struct inode *i = p ? inode_create(S_IFIFO | 0600) : NULL;
    int r;

    if (!i) {
        if (p)
            pipe_free(p);
        return -ENFILE;
    }
    flags &= O_NONBLOCK;
    r = file_create(inode_get(i), O_RDONLY | flags, &read_ops, reader);
    if (r) {
        inode_put(i);
        pipe_free(p);
        return r;
    }
    (*reader)->pipe = p;
    r = file_create(i, O_WRONLY | flags, &write_ops, writer);
    if (r) {
        p->writers = 0;
        file_put(*reader);
        return r;
    }
    (*writer)->pipe = p;
    return 0;
}

static long do_pipe(struct thread *t, unsigned flags)
{
    struct files *fs = &process_of(t)->files;
    struct file *reader, *writer;
    long fd[2], r;
    int pair[2];

    if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    r = pipe_create(flags, &reader, &writer);
    if (r)
        return r;
    fd[0] = fd_install(fs, reader, 0, flags & O_CLOEXEC);
    if (fd[0] < 0) {
        file_put(writer);
        return fd[0];
    }
    fd[1] = fd_install(fs, writer, 0, flags & O_CLOEXEC);
    pair[0] = (int)fd[0];
    pair[1] = (int)fd[1];
    r = fd[1] < 0 ? fd[1] : copy_out(t, t->call.arg[0], pair, sizeof(pair));
    if (r) {
        (void)fd_close(fs, (unsigned)fd[0]);
        if (fd[1] >= 0)
            (void)fd_close(fs, (unsigned)fd[1]);
    }
    return r;
}

long sys_pipe(struct thread *t)
{
    return do_pipe(t, 0);
}

long sys_pipe2(struct thread *t)
{
    return do_pipe(t, (unsigned)t->call.arg[1]);
}
