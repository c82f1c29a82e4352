/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h over the memory of the test program. */
#include "personality/server/test/place_test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef assert
#include <assert.h>

enum { PAGE = 4096 };

struct frame {
    int refs;
    uint8_t bytes[PAGE];
};

struct page {
    uint64_t addr;
    struct frame *frame; /* NULL: zeros so far */
    unsigned prot;
    bool shared;
};

struct host_space {
    struct page *page; /* sorted by address */
    size_t count;
};

struct host_object {
    struct host_object *next; /* of all that the server still holds */
    size_t count;
    struct frame **frame;
};

uint64_t test_now, test_deadline;
char test_log[4096], test_console[4096];
int test_spaces, test_threads;
jmp_buf test_reset;
bool test_expect_reset;

static struct host_object *objects;
static void *blocks[4096]; /* what host_memory() gave, for the next boot to free */
static size_t block_count;

static struct frame *frame_new(void)
{
    struct frame *f = calloc(1, sizeof(*f));

    f->refs = 1;
    return f;
}

static void frame_put(struct frame *f)
{
    if (f && --f->refs == 0)
        free(f);
}

static size_t lower_bound(const struct host_space *s, uint64_t addr)
{
    size_t lo = 0, hi = s->count;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (s->page[mid].addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct page *find_page(struct host_space *s, uint64_t addr)
{
    size_t i = lower_bound(s, addr & ~0xffful);

    return i < s->count && s->page[i].addr == (addr & ~0xffful) ? &s->page[i] : NULL;
}

int host_space_create(struct host_space **out)
{
    *out = calloc(1, sizeof(**out));
    test_spaces++;
    return 0;
}

int host_space_fork(struct host_space *src, struct host_space **out)
{
    struct host_space *s;

    host_space_create(out);
    s = *out;
    s->count = src->count;
    s->page = malloc((src->count + 1) * sizeof(*s->page));
    for (size_t i = 0; i < src->count; i++) {
        s->page[i] = src->page[i];
        if (!src->page[i].frame)
            continue;
        if (src->page[i].shared) {
            src->page[i].frame->refs++;
        } else {
            s->page[i].frame = frame_new();
            memcpy(s->page[i].frame->bytes, src->page[i].frame->bytes, PAGE);
        }
    }
    return 0;
}

void host_space_destroy(struct host_space *s)
{
    for (size_t i = 0; i < s->count; i++)
        frame_put(s->page[i].frame);
    free(s->page);
    free(s);
    test_spaces--;
}

int host_unmap(struct host_space *s, uint64_t addr, uint64_t len)
{
    size_t from = lower_bound(s, addr), to = lower_bound(s, addr + len);

    for (size_t i = from; i < to; i++)
        frame_put(s->page[i].frame);
    if (to > from)
        memmove(s->page + from, s->page + to, (s->count - to) * sizeof(*s->page));
    s->count -= to - from;
    return 0;
}

/* The first free range of len from *addr below limit. */
static int find_room(struct host_space *s, uint64_t *addr, uint64_t len, uint64_t limit)
{
    for (size_t i = lower_bound(s, *addr); i < s->count; i++) {
        if (s->page[i].addr - *addr >= len)
            break;
        *addr = s->page[i].addr + PAGE;
    }
    return *addr + len <= limit ? 0 : -ENOMEM;
}

int host_map(struct host_space *s, const struct host_map_args *a, uint64_t *addr)
{
    size_t n = a->len / PAGE, at;

    assert(a->len && a->len % PAGE == 0 && *addr % PAGE == 0 && a->offset % PAGE == 0);
    if (!a->fixed && find_room(s, addr, a->len, a->limit))
        return -ENOMEM;
    assert(*addr + a->len <= STUB_BASE || *addr >= STUB_BASE + STUB_SIZE);
    host_unmap(s, *addr, a->len);
    at = lower_bound(s, *addr);
    s->page = realloc(s->page, (s->count + n) * sizeof(*s->page));
    memmove(s->page + at + n, s->page + at, (s->count - at) * sizeof(*s->page));
    s->count += n;
    for (size_t i = 0; i < n; i++) {
        struct frame *f = NULL;

        if (a->object) {
            size_t index = a->offset / PAGE + i;

            assert(index < a->object->count);
            f = a->object->frame[index];
            if (a->shared) {
                f->refs++;
            } else {
                f = frame_new();
                memcpy(f->bytes, a->object->frame[index]->bytes, PAGE);
            }
        }
        s->page[at + i] = (struct page){*addr + i * PAGE, f, a->prot, a->shared};
    }
    return 0;
}

int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    for (uint64_t at = addr; at < addr + len; at += PAGE)
        if (!find_page(s, at))
            return -ENOMEM;
    for (uint64_t at = addr; at < addr + len; at += PAGE)
        find_page(s, at)->prot = prot;
    return 0;
}

int host_region(struct host_space *s, uint64_t addr, struct host_region *out)
{
    size_t i = lower_bound(s, addr & ~0xffful);

    if (i == s->count)
        return -ENOENT;
    *out = (struct host_region){s->page[i].addr, s->page[i].addr + PAGE, s->page[i].prot,
                                s->page[i].shared};
    return 0;
}

int host_object_create(uint64_t size, struct host_object **out)
{
    struct host_object *o = calloc(1, sizeof(*o));

    o->next = objects;
    objects = o;
    o->count = (size + PAGE - 1) / PAGE;
    o->frame = calloc(o->count, sizeof(*o->frame));
    for (size_t i = 0; i < o->count; i++)
        o->frame[i] = frame_new();
    *out = o;
    return 0;
}

static int object_move(struct host_object *o, uint64_t offset, uint8_t *p, size_t n, bool write)
{
    assert(offset + n <= o->count * PAGE);
    for (size_t i = 0; i < n; i++) {
        uint8_t *b = &o->frame[(offset + i) / PAGE]->bytes[(offset + i) % PAGE];

        if (write)
            *b = p[i];
        else
            p[i] = *b;
    }
    return 0;
}

int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n)
{
    return object_move(o, offset, (uint8_t *)(uintptr_t)src, n, true);
}

int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n)
{
    return object_move(o, offset, dst, n, false);
}

void host_object_release(struct host_object *o)
{
    struct host_object **at = &objects;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    for (size_t i = 0; i < o->count; i++)
        frame_put(o->frame[i]);
    free(o->frame);
    free(o);
}

/* Moves what the pages allow; the rest is EFAULT. */
static enum host_copy move(struct host_space *s, uint64_t addr, uint8_t *p, size_t n, bool out)
{
    while (n) {
        struct page *page = find_page(s, addr);
        size_t part = PAGE - addr % PAGE < n ? PAGE - addr % PAGE : n;

        if (!page || !(page->prot & (out ? HOST_WRITE : HOST_READ))) {
            /* The server clears the tail of data pages before the program runs. */
            return HOST_EFAULT;
        }
        if (!page->frame)
            page->frame = frame_new();
        if (out)
            memcpy(page->frame->bytes + addr % PAGE, p, part);
        else
            memcpy(p, page->frame->bytes + addr % PAGE, part);
        addr += part;
        p += part;
        n -= part;
    }
    return HOST_DONE;
}

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n)
{
    return move(s, src, dst, n, false);
}

enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return move(s, dst, (uint8_t *)(uintptr_t)src, n, true);
}

enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max,
                                size_t *len)
{
    for (*len = 0; *len < max; ++*len) {
        if (move(s, src + *len, (uint8_t *)dst + *len, 1, false) != HOST_DONE)
            return HOST_EFAULT;
        if (!dst[*len])
            return HOST_DONE;
    }
    return HOST_DONE;
}

enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen)
{
    enum host_copy r = move(s, addr, (uint8_t *)seen, 4, false);

    if (r == HOST_DONE && *seen == old)
        r = move(s, addr, (uint8_t *)&new, 4, true);
    return r;
}

int host_thread_create(struct host_space *s, struct host_call *c)
{
    c->thread = calloc(1, sizeof(*c->thread));
    c->thread->space = s;
    test_threads++;
    return 0;
}

void host_thread_destroy(struct host_call *c)
{
    free(c->thread);
    c->thread = NULL;
    test_threads--;
}

void host_get_regs(struct host_call *c, struct host_regs *regs)
{
    *regs = c->thread->regs;
}

void host_set_regs(struct host_call *c, const struct host_regs *regs)
{
    c->thread->regs = *regs;
}

void host_get_fpu(struct host_call *c, void *fxsave)
{
    memcpy(fxsave, c->thread->fpu, 512);
}

void host_set_fpu(struct host_call *c, const void *fxsave)
{
    memcpy(c->thread->fpu, fxsave, 512);
}

void host_set_fs_base(struct host_call *c, uint64_t base)
{
    c->thread->regs.fs_base = base;
}

bool host_set_gs_base(struct host_call *c, uint64_t base)
{
    c->thread->regs.gs_base = base;
    return true;
}

bool host_interrupt(struct host_call *c)
{
    bool was = c->thread->running;

    c->thread->running = false;
    return was;
}

void host_complete(struct host_call *c, long result)
{
    assert(c->thread->in_call);
    c->thread->in_call = false;
    c->thread->answered = c->thread->running = true;
    c->thread->result = result;
}

void host_resume(struct host_call *c)
{
    c->thread->in_call = false;
    c->thread->answered = c->thread->running = true;
    c->thread->result = HOST_REGS;
}

void *host_memory(size_t bytes)
{
    if (block_count == sizeof(blocks) / sizeof(blocks[0]))
        return NULL;
    blocks[block_count] = aligned_alloc(PAGE, bytes);
    return memset(blocks[block_count++], 0, bytes);
}

uint64_t host_clock(void)
{
    return test_now;
}

uint64_t host_realtime(void)
{
    return 1767225600000000000ul + test_now;
}

void host_timer_set(uint64_t deadline)
{
    test_deadline = deadline;
}

void host_entropy(void *dst, size_t n)
{
    memset(dst, 0x5a, n);
}

void host_console_write(const char *bytes, size_t n)
{
    strncat(test_console, bytes, n);
}

void host_log(const char *line)
{
    strcat(test_log, line);
    strcat(test_log, "\n");
}

void host_memory_info(struct host_memory_info *out)
{
    *out = (struct host_memory_info){512ul << 20, 256ul << 20};
}

void host_reset(void)
{
    if (test_expect_reset)
        longjmp(test_reset, 1);
    abort();
}

void host_panic(const char *why)
{
    fprintf(stderr, "panic: %s\n", why);
    abort();
}

/* ---- driving ---- */

size_t cpio_entry(uint8_t *archive, size_t at, const char *name, unsigned mode, const void *data,
                  size_t size)
{
    char header[111];
    size_t length;

    if (!name) {
        name = "TRAILER!!!";
        mode = 0;
    }
    length = strlen(name) + 1;
    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             1, mode, 0, 0, 1, 7, (unsigned)size, 0, 0, 0, 0, (unsigned)length, 0);
    memcpy(archive + at, header, 110);
    memcpy(archive + at + 110, name, length);
    at += 110 + length;
    while (at % 4)
        archive[at++] = 0;
    if (size)
        memcpy(archive + at, data, size);
    at += size;
    while (at % 4)
        archive[at++] = 0;
    return at;
}

size_t make_elf(uint8_t *out)
{
    Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                    .e_type = ET_EXEC,
                    .e_machine = EM_X86_64,
                    .e_version = 1,
                    .e_entry = 0x400100,
                    .e_phoff = 64,
                    .e_ehsize = 64,
                    .e_phentsize = 56,
                    .e_phnum = 2};
    Elf64_Phdr p[2] = {
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_X,
         .p_vaddr = 0x400000,
         .p_filesz = 512,
         .p_memsz = 512,
         .p_align = PAGE},
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_W,
         .p_vaddr = 0x401200,
         .p_filesz = 256,
         .p_memsz = 0x2000,
         .p_align = PAGE,
         .p_offset = 0x200},
    };

    memset(out, 0xcc, 768);
    memcpy(out, &h, sizeof(h));
    memcpy(out + 64, p, sizeof(p));
    return 768;
}

struct thread *test_init(void)
{
    return &init_process->thread;
}

/* Everything of the last boot that the test placement holds. */
static void tear_down(void)
{
    struct process *p;

    for (p = init_process ? process_next(NULL) : NULL; p; p = process_next(p)) {
        if (p->thread.call.thread)
            host_thread_destroy(&p->thread.call);
        if (p->mm)
            mm_release(p->mm);
    }
    while (objects)
        host_object_release(objects);
    while (block_count)
        free(blocks[--block_count]);
    init_process = NULL;
}

void test_boot(void)
{
    static uint8_t archive[16384], elf[4096];
    struct host_boot boot = {.initramfs = archive, .cmdline = "console=ttyS0 quiet A=1 word"};
    size_t n = make_elf(elf), at = 0;

    tear_down();
    memset(archive, 0, sizeof(archive));
    at = cpio_entry(archive, at, "init", 0100755, elf, n);
    at = cpio_entry(archive, at, "bin", 0040755, NULL, 0);
    at = cpio_entry(archive, at, "bin/tool", 0100755, elf, n);
    at = cpio_entry(archive, at, "etc/text", 0100644, "hello, file", 11);
    at = cpio_entry(archive, at, "link", 0120777, "etc/text", 8);
    at = cpio_entry(archive, at, "script", 0100755, "#!/bin/tool -x y \nbody", 22);
    at = cpio_entry(archive, at, NULL, 0, NULL, 0);
    boot.initramfs_size = at;
    test_now = 1000000;
    test_deadline = 0;
    test_log[0] = test_console[0] = 0;
    server_init(&boot);
    assert(CALL(test_init(), 9, SCRATCH, SCRATCH_SIZE, 3ul, 0x32ul, -1ul, 0ul) == (long)SCRATCH);
}

long call(struct thread *t, uint64_t nr, ...)
{
    struct host_thread *h = t->call.thread;
    struct host_call *c = &t->call;
    uint64_t before = server_dispatches;
    va_list ap;
    long r;

    assert(!h->in_call);
    va_start(ap, nr);
    c->nr = nr;
    for (int i = 0; i < 6; i++)
        c->arg[i] = va_arg(ap, uint64_t);
    va_end(ap);
    h->in_call = true;
    h->answered = h->running = false;
    h->regs.rax = nr;
    r = server_syscall(c);
    assert(server_dispatches == before + 1);
    h = c->thread;
    if (r != HOST_DEFER && h) {
        assert(!h->answered);
        h->in_call = false;
        h->running = true;
    }
    return r;
}

bool test_answered(struct thread *t)
{
    return t->call.thread && t->call.thread->answered;
}

long test_answer(struct thread *t)
{
    assert(test_answered(t));
    t->call.thread->answered = false;
    return t->call.thread->result;
}

void poke(struct thread *t, uint64_t addr, const void *src, size_t n)
{
    enum host_copy r = host_copy_out(process_of(t)->mm->space, addr, src, n);

    assert(r == HOST_DONE);
}

void peek(struct thread *t, uint64_t addr, void *dst, size_t n)
{
    enum host_copy r = host_copy_in(process_of(t)->mm->space, dst, addr, n);

    assert(r == HOST_DONE);
}

uint64_t poke_string(struct thread *t, uint64_t addr, const char *s)
{
    poke(t, addr, s, strlen(s) + 1);
    return addr;
}

void test_advance(uint64_t ns)
{
    uint64_t end = test_now + ns;

    while (test_deadline && test_deadline <= end) {
        if (test_now < test_deadline)
            test_now = test_deadline;
        server_timer();
    }
    test_now = end;
}

struct thread *test_fork(struct thread *t)
{
    long pid = CALL(t, 57);

    assert(pid > 1);
    return &process_find((int)pid)->thread;
}
