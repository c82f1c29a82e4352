/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on the machine: console, clock, memory, interrupts, boot modules. */
#include "l4k/ipc/invoke.h"

#include "l4k/kern/boot_kept.h"
#include "l4k/kern/entropy.h"
#include "l4k/kern/frame.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_map.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/reset.h"
#include "l4k/x86_64/serial.h"
#include "l4k/x86_64/user_copy.h"

struct object system_object = {
    .receiver = &null_thread,
    .kind = OBJECT_SYSTEM,
    .references = 1, /* never destroyed */
};

/* The line is slow, and waiting for it keeps interrupts off: a call writes a little. rdi answers how
 * much. */
#define CONSOLE_MAX 128
static enum status console_write(struct thread *t)
{
    struct frame *f = thread_frame(t);
    size_t n = f->rsi < CONSOLE_MAX ? f->rsi : CONSOLE_MAX;
    char buffer[CONSOLE_MAX];
    enum status s = copy_from_user(buffer, f->rdi, n);

    f->rdi = 0;
    if (s != OK)
        return s;
    for (size_t i = 0; i < n; i++)
        uart_putc(buffer[i]);
    f->rdi = n;
    return OK;
}

static enum status console_read(struct thread *t)
{
    struct frame *f = thread_frame(t);
    char buffer[64];
    size_t n = 0;
    int c;

    while (n < sizeof(buffer) && n < f->rsi && (c = uart_getc()) >= 0)
        buffer[n++] = (char)c;
    enum status s = vm_copy_out(t->task->map, f->rdi, buffer, n, false);

    f->rdi = n;
    return s;
}

static enum status map_module(struct thread *t)
{
    struct frame *f = thread_frame(t);
    struct vm_object *object;
    uint64_t address = f->rsi, start, size;
    enum status s;

    if (f->rdi >= boot_info_kept.n_modules)
        return ERR_INVALID;
    start = boot_info_kept.modules[f->rdi].start;
    size = boot_info_kept.modules[f->rdi].end - start;
    s = vm_object_create_physical(start, vm_round_page(size), false, task_quota(t->task), &object);
    if (s != OK)
        return s;
    s = vm_map_enter(t->task->map, &address, size, 0, false, object, 0, false, VM_PROT_READ,
                     VM_PROT_READ, VM_INHERIT_SHARE);
    vm_object_release(object);
    f->rdi = size;
    return s;
}

static enum status command_line(struct thread *t)
{
    struct frame *f = thread_frame(t);
    size_t length = strlen(boot_info_kept.cmdline);

    if (f->rsi <= length)
        return ERR_TRUNCATED;
    enum status s = vm_copy_out(t->task->map, f->rdi, boot_info_kept.cmdline, length + 1, false);

    f->rdi = length;
    return s;
}

static enum status bind_interrupt(struct thread *t)
{
    struct frame *f = thread_frame(t);
    struct object *target, *o = NULL;
    enum status s = cap_lookup(&l4_task(t->task)->caps, slot_arg(f->rdx), OBJECT_THREAD, &target);

    if (s == OK && f->rsi > UINT32_MAX)
        s = ERR_INVALID;
    if (s == OK)
        s = interrupt_create(t->task->account, (unsigned)f->rsi, thread_of(target), f->r10, &o);
    if (s == OK && f->rsi == SERIAL_IRQ)
        serial_enable_input();
    return invoke_insert(t->task, f->rdi, s, o);
}

enum status invoke_system(struct thread *t, struct object *o, uint32_t label)
{
    struct frame *f = thread_frame(t);

    (void)o;
    switch (label) {
    case SYSTEM_CONSOLE_WRITE:
        return console_write(t);
    case SYSTEM_CONSOLE_READ:
        return console_read(t);
    case SYSTEM_CLOCK:
        f->rdi = clock_ns();
        f->rsi = clock_realtime_ns();
        return OK;
    case SYSTEM_RESET:
        machine_reset();
    case SYSTEM_MEMORY:
        f->rdi = frame_total_count() * PAGE_SIZE;
        f->rsi = frame_free_count() * PAGE_SIZE;
        return OK;
    case SYSTEM_INTERRUPT:
        return bind_interrupt(t);
    case SYSTEM_MODULE:
        return map_module(t);
    case SYSTEM_CMDLINE:
        return command_line(t);
    case SYSTEM_ENTROPY:
        f->rdi = entropy_next();
        f->rsi = entropy_next();
        f->rdx = entropy_next();
        f->r10 = entropy_next();
        f->r8 = entropy_next();
        f->r9 = entropy_next();
        return OK;
    default:
        return ERR_INVALID;
    }
}
