/* SPDX-License-Identifier: BSD-2-Clause */
/* The root task: the program `server` or `root` of the boot archive, given the machine. It begins at
 * its ELF entry with a stack, a UTCB at UTCB_BASE and the capabilities of l4.h. */
#include "l4k/ipc/invoke.h"
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/panic.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/archive.h"
#include "l4k/sys/client.h"
#include "l4k/sys/elf.h"
#include "l4k/vm/vm_map.h"

#define ROOT_PRIORITY 32
#define ROOT_STACK_SIZE 0x40000

/* Kernel memory and pages that user tasks together may have: what is free, less a reserve for the
 * kernel itself. */
static size_t root_limit(void)
{
    size_t bytes = frame_free_count() * PAGE_SIZE;

    return bytes - bytes / 16;
}

static void must(enum status s, const char *what)
{
    if (s != OK)
        panic("root task: %s failed (%d)", what, s);
}

static const void *find_program(size_t *size)
{
    const struct boot_range *module = &boot_info_kept.modules[0];
    const void *image;

    if (boot_info_kept.n_modules < 1)
        panic("no boot archive: start the kernel with its boot.cpio as module");
    if (archive_find(phys_to_virt(module->start), module->end - module->start, "server", &image,
                     size) ||
        archive_find(phys_to_virt(module->start), module->end - module->start, "root", &image,
                     size))
        return image;
    panic("the boot archive holds neither `server` nor `root`");
}

static struct thread *root_thread;

static struct task *make_task(void)
{
    struct account *account;
    struct vm_map *map;
    struct task *task;

    must(account_create(NULL, root_limit(), &account), "account");
    must(vm_map_create(&account->quota, STUB_BASE, USER_MAX, &map), "address map");
    must(task_create(map, pmap_root(vm_map_pmap(map)), account, &task), "task");
    account_release(account);
    return task;
}

static struct thread *make_thread(struct task *task, uint64_t entry)
{
    struct thread *t;
    uint64_t stack = ROOT_STACK_TOP - ROOT_STACK_SIZE;

    must(thread_create(task, ROOT_PRIORITY, &t), "thread");
    must(utcb_give(t, UTCB_BASE, NULL, 0), "UTCB");
    must(vm_map_enter(task->map, &stack, ROOT_STACK_SIZE, 0, false, NULL, 0, false,
                      VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY), "stack");
    must(vm_map_wire(task->map, stack, stack + ROOT_STACK_SIZE, true), "stack");
    thread_frame(t)->rip = entry;
    thread_frame(t)->rsp = ROOT_STACK_TOP - 8; /* as after a call */
    return t;
}

void client_start(void)
{
    struct task *task = make_task();
    uint64_t entry;
    size_t size;
    const void *image = find_program(&size);
    struct thread *t;

    must(elf_load(image, size, task->map, &entry), "program");
    t = make_thread(task, entry);
    must(cap_insert(&l4_task(task)->caps, CAP_TASK, &task->object), "capability");
    must(cap_insert(&l4_task(task)->caps, CAP_THREAD, &t->object), "capability");
    must(cap_insert(&l4_task(task)->caps, CAP_SYSTEM, &system_object), "capability");
    root_thread = t;
    t->state = THREAD_READY;
    sched_ready(t);
}

/* The first thread has nobody above it to tell. */
static void check_root(struct thread *t, uint64_t address)
{
    const struct frame *f = thread_frame(t);

    if (t == root_thread && !l4(t)->handler)
        panic_frame(f, "root task fault: vector %lu address %#lx", f->vector, address);
}

void client_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped)
{
    check_root(t, address);
    ipc_page_fault(t, address, access, mapped);
}

void client_exception(struct thread *t, uint64_t vector, uint64_t error)
{
    check_root(t, 0);
    ipc_exception(t, vector, error);
}

bool client_interrupt(unsigned line)
{
    return interrupt_raise(line);
}

void client_events(const struct frame *f)
{
    (void)f; /* they were made messages when they came */
}
