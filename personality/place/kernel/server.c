/* SPDX-License-Identifier: BSD-2-Clause */
/* The server inside the kernel: when it runs besides calls, and how it is left. */
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/kvm.h"
#include "l4k/kern/panic.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/archive.h"
#include "l4k/sys/client.h"
#include "l4k/x86_64/pic.h"
#include "l4k/x86_64/serial.h"
#include "personality/place/kernel/kernel.h"

#define SERVER_STACK_SIZE 0x10000

struct account *client_account;
bool in_event;
uint64_t server_stack, server_stack_top;

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

static long run_timer(void *a, const void *b)
{
    (void)a, (void)b;
    server_timer();
    return 0;
}

static long run_input(void *a, const void *b)
{
    int c;

    (void)a, (void)b;
    while ((c = uart_getc()) >= 0) {
        char byte = (char)c;

        server_console_input(&byte, 1);
    }
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
    bool in_server = !(f->cs & 3) && f->rsp > server_stack && f->rsp <= server_stack_top;

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

void server_take_fault(struct thread *t, const struct host_fault *f)
{
    struct host_call *c = t->host_call;

    t->state = THREAD_STOPPED;
    c->thread->own_regs = true;
    if (server_enter(run_fault, c, f) == HOST_REGS)
        host_resume(c);
}

void client_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped)
{
    struct host_fault f = {
        .vector = 14, .error = thread_frame(t)->error, .address = address, .mapped = mapped};

    (void)access;
    place_fault(t, &f);
}

void client_exception(struct thread *t, uint64_t vector, uint64_t error)
{
    struct host_fault f = {.vector = vector, .error = error};

    place_fault(t, &f);
}

static long run_init(void *a, const void *b)
{
    (void)a;
    server_init(b);
    return 0;
}

/* A stretch of kernel addresses whose first page stays unmapped: an overflow ends in a fault. */
static void make_stack(void)
{
    char *stretch = kvm_reserve();
    enum status s = stretch ? OK : ERR_NO_MEMORY;

    for (size_t offset = PAGE_SIZE; offset <= SERVER_STACK_SIZE && s == OK; offset += PAGE_SIZE)
        s = kvm_back(stretch, offset, NULL);
    if (s != OK)
        panic("no memory for the server's stack");
    server_stack = (uint64_t)stretch + PAGE_SIZE;
    server_stack_top = server_stack + SERVER_STACK_SIZE;
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
    make_stack();
    serial_enable_input();
    pic_unmask(SERIAL_IRQ);
    server_enter(run_init, NULL, &boot);
}
