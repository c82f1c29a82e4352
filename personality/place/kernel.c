/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h for the server inside the kernel (the `mono` row): client spaces are tasks, client threads
 * threads, and everything is a call of the kernel's functions.
 *
 * The server runs with interrupts on, kernel functions with interrupts off: every host_ function that
 * enters the kernel does so between kernel_enter() and kernel_leave(). A client thread runs user
 * code, or is THREAD_STOPPED: its call was deferred, or the server stopped it. */
#include "l4k/ipc/l4_thread.h"
#include "l4k/ipc_path.h"
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/entropy.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/kvm.h"
#include "l4k/kern/log.h"
#include "l4k/kern/panic.h"
#include "l4k/kern/regs.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/task.h"
#include "l4k/lib/archive.h"
#include "l4k/lib/string.h"
#include "l4k/sys/client.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/pic.h"
#include "l4k/x86_64/reset.h"
#include "l4k/x86_64/serial.h"
#include "l4k/x86_64/user_copy.h"
#include "personality/place/host_result.h"

#define CLIENT_PRIORITY 8

extern char server_stack[], server_stack_top[];
long server_enter(long (*f)(void *, const void *), void *a, const void *b);

struct host_space {
    struct task task;
};

struct host_thread {
    struct thread *thread;
    bool own_regs; /* the frame holds all registers; else it is in a call, of which struct
                    * host_call holds the argument registers */
};

/* All clients draw on what was free at boot, less a reserve. */
static struct account *client_account;

static bool kernel_enter(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq\n\tpop %0\n\tcli" : "=r"(flags) : : "memory");
    return flags & RFLAGS_IF;
}

static void kernel_leave(bool interrupts_on)
{
    if (interrupts_on)
        __asm__ volatile("sti" : : : "memory");
}

/* The value of a kernel function's call from the server. */
#define IN_KERNEL(call)                                                                        \
    ({                                                                                         \
        bool irq_ = kernel_enter();                                                            \
        __auto_type result_ = (call);                                                          \
        kernel_leave(irq_);                                                                    \
        result_;                                                                               \
    })

/* ---- spaces ---- */

static struct vm_map *map_of(struct host_space *s)
{
    return s->task.map;
}

/* Consumes the map. */
static enum status space_of_map(struct vm_map *map, struct host_space **out)
{
    struct task *task;
    enum status s = task_create(map, pmap_root(vm_map_pmap(map)), client_account, &task);

    if (s != OK)
        vm_map_release(map);
    else
        *out = container_of(task, struct host_space, task);
    return s;
}

static enum status space_create(struct host_space **out)
{
    struct vm_map *map;
    enum status s = vm_map_create(&client_account->quota, STUB_BASE, USER_MAX, &map);

    return s == OK ? space_of_map(map, out) : s;
}

int host_space_create(struct host_space **out)
{
    return errno_of(IN_KERNEL(space_create(out)));
}

static enum status space_fork(struct host_space *src, struct host_space **out)
{
    struct vm_map *map;
    enum status s = vm_map_fork(map_of(src), &client_account->quota, &map);

    return s == OK ? space_of_map(map, out) : s;
}

int host_space_fork(struct host_space *src, struct host_space **out)
{
    return errno_of(IN_KERNEL(space_fork(src, out)));
}

void host_space_destroy(struct host_space *s)
{
    bool irq = kernel_enter();

    task_destroy(&s->task);
    object_release(&s->task.object);
    kernel_leave(irq);
}

static enum status map(struct host_space *s, const struct host_map_args *a, uint64_t *addr)
{
    struct vm_object *object = (struct vm_object *)a->object;
    uint64_t at = a->addr;
    enum status status;

    if (!a->len || a->len > USER_MAX || at > USER_MAX - a->len)
        return ERR_INVALID;
    if (a->fixed) {
        status = vm_map_remove(map_of(s), at, at + a->len);
        if (status != OK)
            return status;
    }
    status = vm_map_enter(map_of(s), &at, a->len, 0, !a->fixed, object, a->offset,
                          object && !a->shared, a->prot, VM_PROT_ALL,
                          a->shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY);
    if (status == OK && !a->fixed && (at > a->limit || a->len > a->limit - at)) {
        status = vm_map_remove(map_of(s), at, at + a->len);
        return status == OK ? ERR_NO_SPACE : status;
    }
    if (status == OK)
        *addr = at;
    return status;
}

int host_map(struct host_space *s, const struct host_map_args *args, uint64_t *addr)
{
    return errno_of(IN_KERNEL(map(s, args, addr)));
}

static bool range_ok(uint64_t addr, uint64_t len)
{
    return len && len <= USER_MAX && addr <= USER_MAX - len;
}

int host_unmap(struct host_space *s, uint64_t addr, uint64_t len)
{
    if (!range_ok(addr, len))
        return -ERRNO_EINVAL;
    return errno_of(IN_KERNEL(vm_map_remove(map_of(s), addr, addr + len)));
}

int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot)
{
    if (!range_ok(addr, len))
        return -ERRNO_EINVAL;
    return errno_of(IN_KERNEL(vm_map_protect(map_of(s), addr, addr + len, prot, false)));
}

int host_region(struct host_space *s, uint64_t addr, struct host_region *out)
{
    struct vm_region r;

    if (IN_KERNEL(vm_map_region(map_of(s), addr, &r)) != OK)
        return -ERRNO_ENOENT;
    *out = (struct host_region){r.start, r.end, r.prot, r.shared};
    return 0;
}

/* ---- memory objects ---- */

int host_object_create(uint64_t size, struct host_object **out)
{
    return errno_of(IN_KERNEL(vm_object_create_anonymous(size, &client_account->quota,
                                                         (struct vm_object **)out)));
}

int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n)
{
    return errno_of(IN_KERNEL(vm_object_write((struct vm_object *)o, offset, src, n)));
}

int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n)
{
    return errno_of(IN_KERNEL(vm_object_read((struct vm_object *)o, offset, dst, n)));
}

void host_object_release(struct host_object *o)
{
    bool irq = kernel_enter();

    vm_object_release((struct vm_object *)o);
    kernel_leave(irq);
}

/* ---- copies ---- */

/* The caller's own memory is loaded and can be reached directly. */
static bool is_loaded(const struct host_space *s)
{
    return &s->task == current()->task;
}

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n)
{
    return copy_result(IN_KERNEL(is_loaded(s) ? copy_from_user(dst, src, n)
                                              : vm_copy_in(map_of(s), src, dst, n)));
}

enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return copy_result(IN_KERNEL(is_loaded(s) ? copy_to_user(dst, src, n)
                                              : vm_copy_out(map_of(s), dst, src, n, false)));
}

enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max,
                                size_t *len)
{
    enum status status = IN_KERNEL(vm_copy_string_in(map_of(s), src, dst, max, len));

    if (status == ERR_TRUNCATED) {
        *len = max;
        return HOST_DONE;
    }
    return copy_result(status);
}

enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen)
{
    return copy_result(IN_KERNEL(vm_compare_and_swap32(map_of(s), addr, old, new, seen)));
}

/* ---- threads ---- */

static enum status new_thread(struct host_space *s, struct host_call *c)
{
    struct host_thread *h = kmem_alloc(sizeof(*h), &client_account->quota);
    enum status status;

    if (!h)
        return ERR_NO_MEMORY;
    status = thread_create(&s->task, CLIENT_PRIORITY, &h->thread);
    if (status != OK) {
        kmem_free(h, sizeof(*h), &client_account->quota);
        return status;
    }
    h->own_regs = true;
    h->thread->host_call = c;
    l4(h->thread)->stub_end = 0; /* every system call is Linux's */
    c->thread = h;
    return OK;
}

int host_thread_create(struct host_space *s, struct host_call *c)
{
    return errno_of(IN_KERNEL(new_thread(s, c)));
}

void host_thread_destroy(struct host_call *c)
{
    bool irq = kernel_enter();

    ipc_thread_destroy(c->thread->thread);
    kmem_free(c->thread, sizeof(*c->thread), &client_account->quota);
    c->thread = NULL;
    kernel_leave(irq);
}

_Static_assert(sizeof(struct host_regs) == sizeof(struct thread_regs), "same registers");

void host_get_regs(struct host_call *c, struct host_regs *regs)
{
    bool irq = kernel_enter();

    thread_get_regs(c->thread->thread, (struct thread_regs *)regs);
    kernel_leave(irq);
    if (!c->thread->own_regs)
        merge_call(c, regs);
}

void host_set_regs(struct host_call *c, const struct host_regs *regs)
{
    bool irq = kernel_enter();

    thread_set_regs(c->thread->thread, (const struct thread_regs *)regs);
    c->thread->own_regs = true;
    kernel_leave(irq);
}

void host_get_fpu(struct host_call *c, void *fxsave)
{
    bool irq = kernel_enter();

    fpu_flush(c->thread->thread);
    memcpy(fxsave, c->thread->thread->fpu, FPU_SIZE);
    kernel_leave(irq);
}

void host_set_fpu(struct host_call *c, const void *fxsave)
{
    bool irq = kernel_enter();

    fpu_set(c->thread->thread, fxsave);
    kernel_leave(irq);
}

void host_set_fs_base(struct host_call *c, uint64_t base)
{
    if (IN_KERNEL(thread_set_fs_base(c->thread->thread, base)) != OK)
        host_panic("FS base out of range");
}

bool host_set_gs_base(struct host_call *c, uint64_t base)
{
    struct thread_regs regs;
    bool irq = kernel_enter();

    thread_get_regs(c->thread->thread, &regs);
    regs.gs_base = base;
    thread_set_regs(c->thread->thread, &regs);
    kernel_leave(irq);
    return true;
}

/* The server runs because of an event: the running thread is then not in a call, but interrupted in
 * user code or about to return to it. */
static bool in_event;

bool host_interrupt(struct host_call *c)
{
    struct thread *t = c->thread->thread;
    bool irq = kernel_enter();
    bool runs = t->state == THREAD_READY && (t != current() || in_event);

    if (runs) {
        ipc_stop(t);
        c->thread->own_regs = true;
    }
    kernel_leave(irq);
    return runs;
}

/* The registers of a call and its result, as frame_return() will load them. */
static void finish_call(struct thread *t, const struct host_call *c, long result)
{
    struct frame *f = thread_frame(t);

    f->rax = (uint64_t)result;
    f->rdi = c->arg[0];
    f->rsi = c->arg[1];
    f->rdx = c->arg[2];
    f->r10 = c->arg[3];
    f->r8 = c->arg[4];
    f->r9 = c->arg[5];
    f->rcx = f->rip;
    f->r11 = f->rflags;
}

static void continue_thread(struct host_call *c)
{
    struct thread *t = c->thread->thread;

    c->thread->own_regs = false;
    if (t->state == THREAD_READY)
        return;
    t->state = THREAD_READY;
    sched_ready(t);
}

void host_complete(struct host_call *c, long result)
{
    bool irq = kernel_enter();

    if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
    finish_call(c->thread->thread, c, result);
    continue_thread(c);
    kernel_leave(irq);
}

void host_resume(struct host_call *c)
{
    bool irq = kernel_enter();

    continue_thread(c);
    kernel_leave(irq);
}

/* ---- the server's own needs ---- */

void *host_memory(size_t bytes)
{
    return IN_KERNEL(kvm_permanent(bytes));
}

uint64_t host_clock(void)
{
    return IN_KERNEL(clock_ns());
}

uint64_t host_realtime(void)
{
    return IN_KERNEL(clock_realtime_ns());
}

static struct timeout server_timeout;
static bool timer_due, input_due;

static void timer_expired(struct timeout *t)
{
    (void)t;
    timer_due = true;
    cpu.reschedule = true; /* a call in the server ends by way of client_events() */
}

void host_timer_set(uint64_t deadline)
{
    bool irq = kernel_enter();

    timer_due = false;
    timeout_set(&server_timeout, deadline);
    kernel_leave(irq);
}

void host_entropy(void *dst, size_t n)
{
    while (n) {
        uint64_t r = IN_KERNEL(entropy_next());
        size_t piece = n < sizeof(r) ? n : sizeof(r);

        memcpy(dst, &r, piece);
        dst = (char *)dst + piece;
        n -= piece;
    }
}

void host_console_write(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        uart_putc(bytes[i]);
}

void host_log(const char *line)
{
    kprintf("%s\n", line);
}

void host_memory_info(struct host_memory_info *out)
{
    out->total = frame_total_count() * PAGE_SIZE;
    out->free = frame_free_count() * PAGE_SIZE;
}

void host_reset(void)
{
    machine_reset();
}

void host_panic(const char *why)
{
    panic("server: %s", why);
}

/* ---- events ---- */

static long run_timer(void *a, const void *b)
{
    (void)a, (void)b;
    server_timer();
    return 0;
}

static long run_input(void *a, const void *b)
{
    char bytes[64];
    size_t n = 0;
    int c;

    (void)a, (void)b;
    while (n < sizeof(bytes) && (c = uart_getc()) >= 0)
        bytes[n++] = (char)c;
    if (n)
        server_console_input(bytes, n);
    return 0;
}

static void run_events(void)
{
    in_event = true;
    while (timer_due || input_due) {
        if (timer_due) {
            timer_due = false;
            server_enter(run_timer, NULL, NULL);
        }
        if (input_due) {
            input_due = false;
            server_enter(run_input, NULL, NULL);
            pic_unmask(SERIAL_IRQ);
        }
    }
    in_event = false;
}

void client_events(const struct frame *f)
{
    bool in_server = !(f->cs & 3) && f->rsp > (uint64_t)server_stack &&
                     f->rsp <= (uint64_t)server_stack_top;

    if (!in_server)
        run_events();
}

bool client_interrupt(unsigned line)
{
    if (line != SERIAL_IRQ)
        return false;
    pic_mask(line); /* until the server has read */
    input_due = true;
    cpu.reschedule = true;
    return true;
}

/* ---- ways out of the server (kernel_entry.S) ---- */

void place_no_answer(long result) __attribute__((noreturn));
void place_no_answer(long result)
{
    struct thread *t = current();

    if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
    if (result == HOST_DEFER && t != &null_thread)
        t->state = THREAD_STOPPED;
    if (result == HOST_REGS)
        ((struct host_call *)t->host_call)->thread->own_regs = false;
    run_events();
    sched_resume();
}

void place_give_way(struct thread *t, long result) __attribute__((noreturn));
void place_give_way(struct thread *t, long result)
{
    finish_call(t, t->host_call, result);
    run_events();
    sched_resume();
}

static long run_fault(void *a, const void *b)
{
    return server_fault(a, b);
}

static void fault(struct thread *t, const struct host_fault *f)
{
    struct host_call *c = t->host_call;

    t->state = THREAD_STOPPED;
    c->thread->own_regs = true;
    if (server_enter(run_fault, c, f) == HOST_REGS)
        continue_thread(c);
}

void client_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped)
{
    struct host_fault f = {
        .vector = 14, .error = thread_frame(t)->error, .address = address, .mapped = mapped};

    (void)access;
    fault(t, &f);
}

void client_exception(struct thread *t, uint64_t vector, uint64_t error)
{
    struct host_fault f = {.vector = vector, .error = error};

    fault(t, &f);
}

/* ---- start ---- */

static long run_init(void *a, const void *b)
{
    (void)a;
    server_init(b);
    return 0;
}

void client_start(void)
{
    const struct boot_range *module = &boot_info_kept.modules[0];
    size_t free = frame_free_count() * PAGE_SIZE;
    struct host_boot boot = {.cmdline = boot_info_kept.cmdline};

    if (boot_info_kept.n_modules < 1 ||
        !archive_find(phys_to_virt(module->start), module->end - module->start, "initramfs",
                      &boot.initramfs, &boot.initramfs_size))
        panic("no boot archive with an initramfs: start the kernel with its boot.cpio as module");
    if (account_create(NULL, free - free / 16, &client_account) != OK)
        panic("no memory for the clients' account");
    timeout_init(&server_timeout, timer_expired);
    serial_enable_input();
    pic_unmask(SERIAL_IRQ);
    server_enter(run_init, NULL, &boot);
}
