/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h for the server as an L4 user task: client spaces are tasks, client threads threads, and
 * everything is a call on a kernel object (l4k/abi/l4.h). */
#include "l4k/abi/l4_user.h"
#include "l4k/lib/archive.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "personality/place/host_result.h"
#include "personality/place/l4_host.h"

#define CLIENT_PRIORITY 8

#define UTCB ((struct utcb *)UTCB_BASE)
#define MODULE_BASE 0x0000710000000000
#define HEAP_BASE 0x0000720000000000
#define HEAP_END 0x00007e0000000000

/* ---- capability slots ---- */

#define SLOTS_MAX 65535u

static uint32_t next_slot = CAP_FREE;
static uint16_t free_slots[SLOTS_MAX];
static uint32_t free_count;

/* 0: none is left. */
static uint32_t slot_alloc(void)
{
    if (free_count)
        return free_slots[--free_count];
    return next_slot < SLOTS_MAX ? next_slot++ : 0;
}

/* Also when the slot is empty. */
static void slot_free(uint32_t slot)
{
    if (!slot)
        return;
    if (l4_do(CAP_TASK, TASK_CAP_DELETE, slot, 0, 0, 0) != OK)
        host_panic("capability slot");
    free_slots[free_count++] = (uint16_t)slot;
}

/* ---- small records: fixed-size pieces of host_memory(), freed ones chained ---- */

union record {
    union record *next;
    struct host_space space;
    struct host_thread thread;
    uint32_t object;
};

static union record *free_records;

static void *record_alloc(void)
{
    union record *r = free_records;

    if (!r) {
        union record *page = host_memory(PAGE_SIZE);

        if (!page)
            return NULL;
        for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i++) {
            page[i].next = free_records;
            free_records = &page[i];
        }
        r = free_records;
    }
    free_records = r->next;
    memset(r, 0, sizeof(*r));
    return r;
}

static void record_free(void *p)
{
    union record *r = p;

    r->next = free_records;
    free_records = r;
}

/* ---- spaces ---- */

static uint32_t stub_object; /* the stub's first page */

static enum status map_stub(uint32_t task)
{
    uint64_t first[6] = {STUB_BASE, PAGE_SIZE, PROT_R | PROT_X | MAP_FIXED_AT, stub_object, 0, 0};
    uint64_t slots[6] = {STUB_BASE + PAGE_SIZE, STUB_SIZE - PAGE_SIZE,
                         PROT_R | PROT_X | MAP_FIXED_AT, 0, 0, 0};
    enum status s = l4_invoke(task, TASK_MAP, first);

    return s == OK ? l4_invoke(task, TASK_MAP, slots) : s;
}

int host_space_create(struct host_space **out)
{
    struct host_space *space = record_alloc();
    enum status s = ERR_NO_MEMORY;

    if (!space)
        return -ERRNO_ENOMEM;
    space->task = slot_alloc();
    if (space->task)
        s = l4_do(CAP_TASK, TASK_CREATE, space->task, 0, 0, 0);
    if (s == OK)
        s = map_stub(space->task);
    if (s != OK) {
        host_space_destroy(space);
        return errno_of(s);
    }
    *out = space;
    return 0;
}

int host_space_fork(struct host_space *src, struct host_space **out)
{
    struct host_space *space = record_alloc();
    enum status s = ERR_NO_MEMORY;

    if (!space)
        return -ERRNO_ENOMEM;
    *space = *src;
    space->threads = 0;
    space->task = slot_alloc();
    if (space->task)
        s = l4_do(src->task, TASK_FORK, space->task, 0, 0, 0);
    if (s != OK) {
        host_space_destroy(space);
        return errno_of(s);
    }
    *out = space;
    return 0;
}

void host_space_destroy(struct host_space *s)
{
    if (s->task && l4_do(s->task, TASK_DESTROY, 0, 0, 0, 0) != OK)
        assert(s->task); /* it never came to be: the slot is empty */
    slot_free(s->task);
    record_free(s);
}

static uint32_t object_cap(const struct host_object *o)
{
    return o ? ((const union record *)o)->object : 0;
}

int host_map(struct host_space *s, const struct host_map_args *args, uint64_t *addr)
{
    uint64_t w[6] = {args->addr, args->len,
                     args->prot | (args->fixed ? MAP_FIXED_AT : 0) |
                         (args->shared ? MAP_SHARED_WITH : 0),
                     object_cap(args->object), args->offset, args->limit};
    enum status status = l4_invoke(s->task, TASK_MAP, w);

    if (status == OK)
        *addr = w[0];
    return errno_of(status);
}

int host_unmap(struct host_space *s, uint64_t addr, uint64_t len)
{
    return errno_of(l4_do(s->task, TASK_UNMAP, addr, len, 0, 0));
}

int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    return errno_of(l4_do(s->task, TASK_PROTECT, addr, len, prot, 0));
}

int host_region(struct host_space *s, uint64_t addr, struct host_region *out)
{
    uint64_t w[6] = {addr};

    if (l4_invoke(s->task, TASK_REGION, w) != OK)
        return -ERRNO_ENOENT;
    out->start = w[0];
    out->end = w[1];
    out->prot = (unsigned)w[2];
    out->shared = w[3];
    return 0;
}

/* ---- memory objects ---- */

int host_object_create(uint64_t size, struct host_object **out)
{
    union record *r = record_alloc();
    enum status s = ERR_NO_MEMORY;

    if (!r)
        return -ERRNO_ENOMEM;
    r->object = slot_alloc();
    if (r->object)
        s = l4_do(CAP_TASK, TASK_OBJECT, r->object, size, 0, 0);
    if (s != OK) {
        slot_free(r->object);
        record_free(r);
        return errno_of(s);
    }
    *out = (struct host_object *)r;
    return 0;
}

/* The kernel copies a bounded piece per call. */
static int object_copy(struct host_object *o, uint32_t label, uint64_t offset, uint64_t at, size_t n)
{
    while (n) {
        uint64_t w[6] = {offset, at, n};
        enum status s = l4_invoke(object_cap(o), label, w);

        if (s != OK)
            return errno_of(s);
        offset += w[0];
        at += w[0];
        n -= w[0];
    }
    return 0;
}

int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n)
{
    return object_copy(o, OBJECT_WRITE, offset, (uint64_t)src, n);
}

int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n)
{
    return object_copy(o, OBJECT_READ, offset, (uint64_t)dst, n);
}

void host_object_release(struct host_object *o)
{
    slot_free(object_cap(o));
    record_free(o);
}

/* ---- copies ---- */

static enum host_copy client_copy(struct host_space *s, uint32_t label, uint64_t client,
                                  uint64_t own, size_t n)
{
    while (n) {
        uint64_t w[6] = {client, own, n};
        enum status status = l4_invoke(s->task, label, w);

        if (status != OK)
            return copy_result(status);
        client += w[0];
        own += w[0];
        n -= w[0];
    }
    return HOST_DONE;
}

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n)
{
    return client_copy(s, TASK_COPY_IN, src, (uint64_t)dst, n);
}

enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return client_copy(s, TASK_COPY_OUT, dst, (uint64_t)src, n);
}

enum host_copy place_copy_out_forced(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return copy_result(l4_do(s->task, TASK_COPY_OUT, dst, (uint64_t)src, n, true));
}

enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max,
                                size_t *len)
{
    uint64_t w[6] = {src, (uint64_t)dst, max};
    enum status status = l4_invoke(s->task, TASK_COPY_STRING, w);

    *len = status == ERR_TRUNCATED ? max : w[0];
    return status == ERR_TRUNCATED ? HOST_DONE : copy_result(status);
}

enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen)
{
    uint64_t w[6] = {addr, old, new};
    enum status status = l4_invoke(s->task, TASK_CAS32, w);

    *seen = (uint32_t)w[0];
    return copy_result(status);
}

/* ---- threads ---- */

/* All client UTCBs lie in one memory object, which the server maps: the page of thread n is page n. A
 * client sees its own at UTCB_BASE, where GS leads the stub. */
#define CLIENT_UTCBS 16384
#define CLIENT_UTCB_BASE 0x0000730000000000

static uint32_t utcb_object;
static uint16_t free_utcbs[CLIENT_UTCBS];
static uint32_t free_utcb_count, next_utcb;

struct utcb *place_utcb(const struct host_thread *t)
{
    return (struct utcb *)(CLIENT_UTCB_BASE + (uint64_t)t->utcb * PAGE_SIZE);
}

/* False: there are none left. */
static bool utcb_alloc(struct host_thread *t)
{
    if (free_utcb_count)
        t->utcb = free_utcbs[--free_utcb_count];
    else if (next_utcb < CLIENT_UTCBS)
        t->utcb = next_utcb++;
    else
        return false;
    memset(place_utcb(t), 0, sizeof(struct utcb)); /* the last thread's */
    return true;
}

static void utcb_free(const struct host_thread *t)
{
    free_utcbs[free_utcb_count++] = (uint16_t)t->utcb;
}

/* A gate to the server's thread, through which `badge` arrives, in a slot of the client. */
static enum status give_gate(uint32_t task, uint32_t client_slot, uint64_t badge)
{
    uint32_t slot = slot_alloc();
    enum status s = ERR_NO_MEMORY;

    if (slot)
        s = l4_do(CAP_TASK, TASK_GATE, slot, CAP_THREAD, badge, 0);
    if (s == OK)
        s = l4_do(task, TASK_CAP_COPY, client_slot, slot, 0, 0);
    slot_free(slot);
    return s;
}

static enum status set_handler(uint32_t thread, uint64_t badge)
{
    uint32_t slot = slot_alloc();
    enum status s = ERR_NO_MEMORY;

    if (slot)
        s = l4_do(CAP_TASK, TASK_GATE, slot, CAP_THREAD, badge, 0);
    if (s == OK)
        s = l4_do(thread, THREAD_HANDLER, slot, 0, 0, 0);
    slot_free(slot);
    return s;
}

static enum status equip(struct host_thread *t, struct host_call *c)
{
    uint64_t badge = (uint64_t)c;
    uint32_t task = t->space->task;
    uint64_t w[6] = {t->cap, UTCB_BASE, CLIENT_PRIORITY, utcb_object,
                     (uint64_t)t->utcb * PAGE_SIZE};
    enum status s = l4_invoke(task, TASK_THREAD, w);

    /* An earlier thread's gates are in the way: it was destroyed. */
    if (s == OK)
        s = l4_do(task, TASK_CAP_DELETE, CLIENT_CAP_CALL, 0, 0, 0);
    if (s == OK)
        s = l4_do(task, TASK_CAP_DELETE, CLIENT_CAP_TRAPPED, 0, 0, 0);
    if (s == OK)
        s = give_gate(task, CLIENT_CAP_CALL, badge | BADGE_CALL);
    if (s == OK)
        s = give_gate(task, CLIENT_CAP_TRAPPED, badge | BADGE_TRAPPED);
    if (s == OK)
        s = set_handler(t->cap, badge | BADGE_FAULT);
    if (s == OK)
        s = l4_do(t->cap, THREAD_LINUX, STUB_END, STUB_BASE, 0, 0);
    return s;
}

/* The stub names fixed capabilities, so a space holds one thread. */
int host_thread_create(struct host_space *s, struct host_call *c)
{
    struct host_thread *t;
    enum status status = ERR_NO_MEMORY;

    assert(((uint64_t)c & BADGE_KIND_MASK) == 0);
    if (s->threads)
        return -ERRNO_EAGAIN;
    t = record_alloc();
    if (!t)
        return -ERRNO_ENOMEM;
    if (!utcb_alloc(t)) {
        record_free(t);
        return -ERRNO_EAGAIN;
    }
    t->space = s;
    t->own_regs = true;
    t->cap = slot_alloc();
    if (t->cap)
        status = equip(t, c);
    if (status != OK) {
        slot_free(t->cap);
        utcb_free(t);
        record_free(t);
        return errno_of(status);
    }
    s->threads++;
    c->thread = t;
    return 0;
}

void host_thread_destroy(struct host_call *c)
{
    struct host_thread *t = c->thread;

    if (l4_do(t->cap, THREAD_DESTROY, 0, 0, 0, 0) != OK)
        host_panic("thread destroy");
    if (l4_do(t->space->task, TASK_UNMAP, UTCB_BASE, PAGE_SIZE, 0, 0) != OK)
        host_panic("UTCB unmap");
    slot_free(t->cap);
    utcb_free(t);
    t->space->threads--;
    record_free(t);
    c->thread = NULL;
}

void host_get_regs(struct host_call *c, struct host_regs *regs)
{
    _Static_assert(sizeof(struct host_regs) == sizeof(struct thread_regs), "same registers");

    if (l4_do(c->thread->cap, THREAD_GET_REGS, 0, 0, 0, 0) != OK)
        host_panic("get registers");
    memcpy(regs, UTCB->word, sizeof(*regs));
    patch_hide(c->thread->space, c, regs);
    if (!c->thread->own_regs)
        merge_call(c, regs);
    regs->gs_base = 0; /* the UTCB's, which is not the program's business */
}

void host_set_regs(struct host_call *c, const struct host_regs *regs)
{
    struct thread_regs *r = (struct thread_regs *)UTCB->word;

    memcpy(r, regs, sizeof(*regs));
    r->gs_base = UTCB_BASE;
    if (l4_do(c->thread->cap, THREAD_SET_REGS, 0, 0, 0, 0) != OK)
        host_panic("set registers");
    c->thread->own_regs = true;
}

void place_hide_trampoline(struct host_call *c, struct host_regs *regs, uint64_t syscall)
{
    uint64_t offset = regs->rip - STUB_BASE, back = place_utcb(c->thread)->reflect_rip;

    if (offset >= PAGE_SIZE)
        return;
    if (offset <= syscall) {
        regs->rip = back - 2; /* its own `syscall` */
        regs->rax >>= TAG_LABEL_SHIFT;
    } else {
        regs->rip = back;
    }
}

void host_get_fpu(struct host_call *c, void *fxsave)
{
    if (l4_do(c->thread->cap, THREAD_GET_FPU, (uint64_t)fxsave, 0, 0, 0) != OK)
        host_panic("get FPU registers");
}

void host_set_fpu(struct host_call *c, const void *fxsave)
{
    if (l4_do(c->thread->cap, THREAD_SET_FPU, (uint64_t)fxsave, 0, 0, 0) != OK)
        host_panic("set FPU registers");
}

void host_set_fs_base(struct host_call *c, uint64_t base)
{
    if (l4_do(c->thread->cap, THREAD_FS_BASE, base, 0, 0, 0) != OK)
        host_panic("set FS base");
}

/* GS leads the stub to the UTCB. */
bool host_set_gs_base(struct host_call *c, uint64_t base)
{
    (void)c;
    (void)base;
    return false;
}

bool host_interrupt(struct host_call *c)
{
    uint64_t w[6] = {0};

    if (l4_invoke(c->thread->cap, THREAD_STOP, w) != OK || !w[0])
        return false;
    c->thread->own_regs = true;
    return true;
}

void host_complete(struct host_call *c, long result)
{
    struct l4_message m = {
        .tag = l4_tag(OP_REPLY_TO, c->thread->cap, 0, 0, 0),
        .label = (uint64_t)result,
    };

    if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
    memcpy(m.w, c->arg, sizeof(m.w));
    l4_ipc(&m); /* a client that no longer waits has nothing to complete */
}

void host_resume(struct host_call *c)
{
    c->thread->own_regs = false;
    if (l4_do(c->thread->cap, THREAD_RESUME, 0, 0, 0, 0) != OK)
        host_panic("resume");
}

/* ---- the server's own needs ---- */

static uint32_t timer_cap, console_cap;

void *host_memory(size_t bytes)
{
    static uint64_t next = HEAP_BASE;
    uint64_t w[6] = {next, (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1), PROT_R | PROT_W,
                     0, 0, HEAP_END};

    if (l4_invoke(CAP_TASK, TASK_MAP, w) != OK)
        return NULL;
    next = w[0] + ((bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1));
    return (void *)w[0];
}

static uint64_t clock_word(unsigned index)
{
    uint64_t w[6] = {0};

    if (l4_invoke(CAP_SYSTEM, SYSTEM_CLOCK, w) != OK)
        host_panic("clock");
    return w[index];
}

uint64_t host_clock(void)
{
    return clock_word(0);
}

uint64_t host_realtime(void)
{
    return clock_word(1);
}

void host_timer_set(uint64_t deadline)
{
    if (l4_do(timer_cap, TIMER_SET, deadline, 0, 0, 0) != OK)
        host_panic("timer");
}

void host_entropy(void *dst, size_t n)
{
    while (n) {
        uint64_t w[6] = {0};
        size_t piece = n < sizeof(w) ? n : sizeof(w);

        if (l4_invoke(CAP_SYSTEM, SYSTEM_ENTROPY, w) != OK)
            host_panic("entropy");
        memcpy(dst, w, piece);
        dst = (char *)dst + piece;
        n -= piece;
    }
}

void host_console_write(const char *bytes, size_t n)
{
    while (n) {
        uint64_t w[6] = {(uint64_t)bytes, n};

        if (l4_invoke(CAP_SYSTEM, SYSTEM_CONSOLE_WRITE, w) != OK)
            return;
        bytes += w[0];
        n -= w[0];
    }
}

void host_log(const char *line)
{
    host_console_write(line, strlen(line));
    host_console_write("\r\n", 2);
}

void host_memory_info(struct host_memory_info *out)
{
    uint64_t w[6] = {0};

    if (l4_invoke(CAP_SYSTEM, SYSTEM_MEMORY, w) != OK)
        host_panic("memory");
    out->total = w[0];
    out->free = w[1];
}

void host_reset(void)
{
    (void)!l4_do(CAP_SYSTEM, SYSTEM_RESET, 0, 0, 0, 0);
    __builtin_trap();
}

void host_panic(const char *why)
{
    host_console_write("@l4k-panic server: ", 19);
    host_log(why);
    host_reset();
}

void assert_fail(const char *file, int line, const char *text)
{
    (void)line;
    host_console_write(file, strlen(file));
    host_console_write(": ", 2);
    host_panic(text);
}

/* ---- messages ---- */

static void console_input(void)
{
    char bytes[64];
    uint64_t w[6] = {0};

    do {
        w[0] = (uint64_t)bytes;
        w[1] = sizeof(bytes);
        if (l4_invoke(CAP_SYSTEM, SYSTEM_CONSOLE_READ, w) != OK)
            break;
        if (w[0])
            server_console_input(bytes, w[0]);
    } while (w[0] == sizeof(bytes));
    if (l4_do(console_cap, INTERRUPT_ACK, 0, 0, 0, 0) != OK)
        host_panic("console interrupt");
}

static long fault(struct host_call *c, uint64_t tag, const uint64_t *w)
{
    struct host_fault f = {.vector = w[0], .error = w[1]};
    long result;

    if (tag >> TAG_LABEL_SHIFT == LABEL_PAGE_FAULT)
        f = (struct host_fault){.vector = 14, .error = w[4], .address = w[0], .mapped = w[3]};
    c->thread->own_regs = true;
    result = server_fault(c, &f);
    if (result != HOST_REGS)
        return HOST_DEFER;
    if (c->thread)
        c->thread->own_regs = false;
    return 0; /* the reply continues it */
}

/* The loop's way out for everything that is no plain call. Answers the result for the client of this
 * badge, or HOST_*. */
long place_other(uint64_t badge, uint64_t tag, const uint64_t *w);
long place_other(uint64_t badge, uint64_t tag, const uint64_t *w)
{
    struct host_call *c = (struct host_call *)(badge & ~(uint64_t)BADGE_KIND_MASK);

    switch (badge & BADGE_KIND_MASK) {
    case BADGE_TRAPPED:
        c->nr = tag >> TAG_LABEL_SHIFT;
        memcpy(c->arg, w, sizeof(c->arg));
        patch_site(c);
        return server_syscall(c);
    case BADGE_FAULT:
        return fault(c, tag, w);
    case BADGE_TIMER:
        server_timer();
        return HOST_DEFER;
    case BADGE_CONSOLE:
        console_input();
        return HOST_DEFER;
    default:
        host_panic("message with an unknown badge");
    }
}

/* The call of `c` ended with a HOST_ result: the loop waits for the next message without a reply. */
void place_special(struct host_call *c, long result);
void place_special(struct host_call *c, long result)
{
    if (!c->thread)
        return; /* it ended its own thread */
    if (result == HOST_REGS)
        host_resume(c);
    else if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
}

void place_receive_failed(void);
void place_receive_failed(void)
{
    host_panic("receive failed");
}

/* ---- start ---- */

void place_loop(void) __attribute__((noreturn));

static void must(enum status s, const char *what)
{
    if (s != OK)
        host_panic(what);
}

static void bind_events(void)
{
    timer_cap = slot_alloc();
    must(l4_do(CAP_TASK, TASK_TIMER, timer_cap, CAP_THREAD, BADGE_TIMER, 0), "timer");
    console_cap = slot_alloc();
    must(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, console_cap, 4, CAP_THREAD, BADGE_CONSOLE),
         "console interrupt");
}

static void make_stub(void)
{
    uint64_t w[6] = {0, (uint64_t)stub_image, (uint64_t)(stub_image_end - stub_image)};

    stub_object = slot_alloc();
    must(l4_do(CAP_TASK, TASK_OBJECT, stub_object, PAGE_SIZE, 0, 0), "stub object");
    must(l4_invoke(stub_object, OBJECT_WRITE, w), "stub code");
}

static void map_utcbs(void)
{
    uint64_t w[6] = {CLIENT_UTCB_BASE, CLIENT_UTCBS * PAGE_SIZE,
                     PROT_R | PROT_W | MAP_FIXED_AT | MAP_SHARED_WITH, 0, 0, 0};

    utcb_object = slot_alloc();
    must(l4_do(CAP_TASK, TASK_OBJECT, utcb_object, CLIENT_UTCBS * PAGE_SIZE, 0, 0), "UTCB object");
    w[3] = utcb_object;
    must(l4_invoke(CAP_TASK, TASK_MAP, w), "UTCBs");
}

static void find_initramfs(struct host_boot *boot)
{
    uint64_t w[6] = {0, MODULE_BASE};

    must(l4_invoke(CAP_SYSTEM, SYSTEM_MODULE, w), "boot archive");
    if (!archive_find((void *)MODULE_BASE, w[0], "initramfs", &boot->initramfs,
                      &boot->initramfs_size))
        host_panic("the boot archive holds no initramfs");
}

void place_start(void);
void place_start(void)
{
    static char cmdline[1024];
    struct host_boot boot = {.cmdline = cmdline};

    bind_events();
    make_stub();
    map_utcbs();
    find_initramfs(&boot);
    must(l4_do(CAP_SYSTEM, SYSTEM_CMDLINE, (uint64_t)cmdline, sizeof(cmdline), 0, 0),
         "command line");
    server_init(&boot);
    place_loop();
}
