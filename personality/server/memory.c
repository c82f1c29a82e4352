/* SPDX-License-Identifier: BSD-2-Clause */
/* Client memory: address spaces and the calls brk, mmap, munmap, mprotect. */
#include "personality/server/memory.h"

#include "personality/server/alloc.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

int mm_create(struct mm **out)
{
    struct mm *mm = mem_zalloc(sizeof(*mm));
    int r;

    if (!mm)
        return -ENOMEM;
    r = host_space_create(&mm->space);
    if (r) {
        mem_free(mm, sizeof(*mm));
        return r;
    }
    *out = mm;
    return 0;
}

int mm_fork(struct mm *mm, struct mm **out)
{
    struct mm *copy = mem_alloc(sizeof(*copy));
    int r;

    if (!copy)
        return -ENOMEM;
    *copy = *mm;
    r = host_space_fork(mm->space, &copy->space);
    if (r) {
        mem_free(copy, sizeof(*copy));
        return r;
    }
    *out = copy;
    return 0;
}

void mm_release(struct mm *mm)
{
    host_space_destroy(mm->space);
    mem_free(mm, sizeof(*mm));
}

bool range_is_user(uint64_t addr, uint64_t len)
{
    return len <= LINUX_USER_MAX && addr >= LINUX_USER_MIN && addr <= LINUX_USER_MAX - len;
}

_Static_assert(STUB_BASE + STUB_SIZE <= LINUX_USER_MIN, "programs can't reach the stub");

int map_anonymous(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    struct host_map_args args = {.addr = addr, .len = len, .limit = LINUX_USER_MAX, .prot = prot,
                                 .fixed = true};

    return len ? host_map(s, &args, &addr) : 0;
}

/* Is nothing mapped in [start, end)? */
static bool range_free(struct host_space *s, uint64_t start, uint64_t end)
{
    struct host_region region;

    return host_region(s, start, &region) || region.start >= end;
}

long sys_brk(struct thread *t)
{
    struct mm *mm = process_of(t)->mm;
    uint64_t new = t->call.arg[0], old_end = page_up(mm->brk), new_end;

    if (new < mm->brk_start || new > LINUX_USER_MAX - PAGE_SIZE)
        return (long)mm->brk;
    new_end = page_up(new);
    if (new_end > old_end) {
        uint64_t len = new_end - old_end;

        if (!range_is_user(old_end, len) || !range_free(mm->space, old_end, new_end) ||
            map_anonymous(mm->space, old_end, len, HOST_READ | HOST_WRITE))
            return (long)mm->brk;
    } else if (new_end < old_end && host_unmap(mm->space, new_end, old_end - new_end)) {
        return (long)mm->brk;
    }
    mm->brk = new;
    return (long)new;
}

/* PROT_* and HOST_* are the same bits; writable implies readable, as the processor has it. */
_Static_assert(PROT_READ == (int)HOST_READ && PROT_WRITE == (int)HOST_WRITE &&
                   PROT_EXEC == (int)HOST_EXEC,
               "protections are handed through");

/* Checks a fixed place, or chooses where the search begins and ends. */
static int choose_place(struct host_space *s, struct host_map_args *args, unsigned flags)
{
    bool code = (args->prot & HOST_EXEC) && args->object;
    uint64_t hint = page_down(args->addr);

    args->fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (args->fixed) {
        if (args->addr % PAGE_SIZE)
            return -EINVAL;
        if (!range_is_user(args->addr, args->len))
            return -ENOMEM;
        if ((flags & MAP_FIXED_NOREPLACE) && !range_free(s, args->addr, args->addr + args->len))
            return -EEXIST;
        return 0;
    }
    if (hint && range_is_user(hint, args->len) &&
        hint + args->len <= (code ? LINUX_EXEC_MAX : MMAP_LIMIT) &&
        range_free(s, hint, hint + args->len)) {
        args->addr = hint;
        args->fixed = true;
        return 0;
    }
    args->addr = code ? CODE_MAP_BASE : MMAP_BASE;
    args->limit = code ? LINUX_EXEC_MAX : MMAP_LIMIT;
    return 0;
}

/* Maps where choose_place() said. */
static long place(struct host_space *s, struct host_map_args *args)
{
    uint64_t addr = args->addr;
    int r = host_map(s, args, &addr);

    return r ? r : (long)addr;
}

/* A file's pages exist up to its end only; what a map has beyond is given no access. */
static long place_file(struct host_space *s, struct host_map_args *args, uint64_t file_end)
{
    uint64_t len = args->len;
    uint64_t have = args->offset < file_end ? page_up(file_end) - args->offset : 0;
    unsigned prot = args->prot;
    struct host_object *object = args->object;
    long addr;

    if (have >= len)
        return place(s, args);
    args->object = NULL;
    args->prot = 0;
    addr = place(s, args);
    if (addr < 0 || !have)
        return addr;
    args->object = object;
    args->prot = prot;
    args->addr = (uint64_t)addr;
    args->len = have;
    args->fixed = true;
    return place(s, args);
}

static long map_file(struct thread *t, struct host_map_args *args, unsigned flags)
{
    struct file *f = fd_get(t, t->call.arg[4]);
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    int r;

    if (!f || (f->flags & O_PATH))
        return -EBADF;
    if (f->ops == device_ops(DEV_ZERO))
        args->object = NULL;
    else if (!inode_is(f->inode, S_IFREG))
        return -ENODEV;
    if (!file_reads(f) || (shared && (args->prot & HOST_WRITE) && !file_writes(f)))
        return -EACCES;
    if (!inode_is(f->inode, S_IFREG)) {
        r = choose_place(process_of(t)->mm->space, args, flags);
        return r ? r : place(process_of(t)->mm->space, args);
    }
    r = file_object(f->inode, &args->object);
    if (!r)
        r = choose_place(process_of(t)->mm->space, args, flags);
    if (r)
        return r;
    args->shared = shared;
    if (shared && file_writes(f))
        f->inode->object_shared = true;
    return place_file(process_of(t)->mm->space, args, f->inode->size);
}

/* Anonymous memory; shared between parent and child it needs an object of its own. */
static long map_memory(struct thread *t, struct host_map_args *args, unsigned flags)
{
    struct host_space *s = process_of(t)->mm->space;
    long r = choose_place(s, args, flags);

    if (r)
        return r;
    if ((flags & MAP_TYPE) == MAP_PRIVATE)
        return place(s, args);
    r = host_object_create(args->len, &args->object);
    if (r)
        return r;
    args->shared = true;
    r = place(s, args);
    host_object_release(args->object);
    return r;
}

long sys_mmap(struct thread *t)
{
    const uint64_t *arg = t->call.arg;
    unsigned flags = (unsigned)arg[3], type = flags & MAP_TYPE;
    struct host_map_args args = {.addr = arg[0], .offset = arg[5], .limit = LINUX_USER_MAX};

    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (arg[1] == 0 || arg[5] % PAGE_SIZE)
        return -EINVAL;
    if (arg[1] > LINUX_USER_MAX)
        return -ENOMEM;
    args.len = page_up(arg[1]);
    args.prot = arg[2] & (HOST_READ | HOST_WRITE | HOST_EXEC);
    if (flags & MAP_ANONYMOUS) {
        args.offset = 0;
        return map_memory(t, &args, flags);
    }
    if (arg[5] + args.len < arg[5])
        return -EOVERFLOW;
    return map_file(t, &args, flags);
}

long sys_munmap(struct thread *t)
{
    struct host_space *s = process_of(t)->mm->space;
    uint64_t addr = t->call.arg[0], len = t->call.arg[1], end;

    if (addr % PAGE_SIZE || len == 0 || len > LINUX_USER_MAX ||
        addr > LINUX_USER_MAX - page_up(len))
        return -EINVAL;
    end = addr + page_up(len);
    if (addr < LINUX_USER_MIN)
        addr = LINUX_USER_MIN;
    return addr < end ? host_unmap(s, addr, end - addr) : 0;
}

long sys_mprotect(struct thread *t)
{
    uint64_t addr = t->call.arg[0], len = t->call.arg[1], prot = t->call.arg[2];

    if (addr % PAGE_SIZE || (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC)))
        return -EINVAL;
    if (len == 0)
        return 0;
    if (len > LINUX_USER_MAX || !range_is_user(addr, page_up(len)))
        return -ENOMEM;
    return host_protect(process_of(t)->mm->space, addr, page_up(len), (unsigned)prot);
}

/* Memory is the truth of a shared map, so there is nothing to write back. */
long sys_msync(struct thread *t)
{
    uint64_t addr = t->call.arg[0], len = t->call.arg[1], at;
    enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };
    unsigned flags = (unsigned)t->call.arg[2];
    struct host_region region;

    if (addr % PAGE_SIZE || (flags & ~7u) || (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (len > LINUX_USER_MAX || addr > LINUX_USER_MAX - page_up(len))
        return -ENOMEM;
    for (at = addr; at < addr + page_up(len); at = region.end)
        if (host_region(process_of(t)->mm->space, at, &region) || region.start > at)
            return -ENOMEM;
    return 0;
}
