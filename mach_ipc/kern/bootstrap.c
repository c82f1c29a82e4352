/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the boot modules as GNU Mach does: each is a program in a task of its own, whose command
 * line (boot_line.h) says what it is told and whether it starts.
 *
 * The project's own kernels have one module, an archive; its program is started by DEFAULT_WORDS.
 * Traps of user threads go to the IPC path. */
#include "mach_ipc/kern/bootstrap.h"

#include "l4k/ipc_path.h"
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/log.h"
#include "l4k/kern/panic.h"
#include "l4k/lib/archive.h"
#include "l4k/lib/string.h"
#include "l4k/sys/client.h"
#include "l4k/sys/elf.h"
#include "l4k/vm/vm_copy.h"
#include "mach_ipc/kern/boot_line.h"
#include "mach_ipc/kern/console.h"
#include "mach_ipc/kern/rpc.h"
#include "mach_ipc/right.h"

#define STACK_SIZE 0x20000
#define STACK_TOP 0x00007fffc0000000
#define ARGS_ALIGN 128 /* whole cache lines: arguments of another length move no stack in them */

#define DEFAULT_WORDS "${host-port} ${device-port} $(task-create) $(task-resume)"

struct kern_task *first_task;

/* What user tasks together may have: what is free, less a reserve for the kernel itself. */
static size_t user_limit(void)
{
    size_t bytes = frame_free_count() * PAGE_SIZE;

    return bytes - bytes / 16;
}

static void must(enum status s, const char *what)
{
    if (s != OK)
        panic("boot module: %s failed (%d)", what, s);
}

static void must_kern(enum kern_return kr, const char *what)
{
    if (kr != KERN_SUCCESS)
        panic("boot module: %s failed (%u)", what, kr);
}

/* A program that an archive may hold, and its line. The server's memory stays wired. */
struct program {
    const char *name, *line;
    bool wired;
};

static const struct program *find_program(const struct boot_range *module, const void **image,
                                          size_t *size)
{
    static const struct program programs[] = {
        {"server", "server " DEFAULT_WORDS, true},
        {"root", "root " DEFAULT_WORDS, false},
    };

    for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (archive_find(phys_to_virt(module->start), module->end - module->start,
                         programs[i].name, image, size))
            return &programs[i];
    panic("the boot archive holds neither `server` nor `root`");
}

/* A stack, on it what _start finds at `sp`: argc, argv, NULL, an empty environment's NULL. */
static void make_stack(struct vm_map *map, const struct boot_args *args, uint64_t *sp)
{
    uint64_t bottom = STACK_TOP - STACK_SIZE, block[BOOT_ARGS_MAX + 3] = {args->argc};
    size_t bytes = (args->argc + 3) * sizeof(block[0]);

    *sp = (STACK_TOP - bytes - args->length) & -(uint64_t)ARGS_ALIGN;
    for (unsigned i = 0; i < args->argc; i++)
        block[1 + i] = *sp + bytes + args->argv[i];
    must(vm_map_enter(map, &bottom, STACK_SIZE, 0, false, NULL, 0, false,
                      VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY), "stack");
    must(vm_copy_out(map, *sp, block, bytes, false), "arguments");
    must(vm_copy_out(map, *sp + bytes, args->text, args->length, false), "arguments");
}

/* elf_load() wires what it loads, as the personality server wants it. A GNU Mach program is
 * pageable. */
static void unwire_program(struct vm_map *map)
{
    struct vm_region r;

    for (uint64_t at = 0; vm_map_region(map, at, &r) == OK; at = r.end)
        if (r.wired)
            must(vm_map_wire(map, r.start, r.end, false), "unwiring");
}

static void give(struct kern_task *task, struct port *port, mach_port_name_t name)
{
    if (name)
        must_kern(right_copyout_name(task->mach.space, port_make_send(port),
                                     MACH_MSG_TYPE_PORT_SEND, name), "port name");
}

/* A task for the image, ready to start. */
static struct kern_thread *make_task(const void *image, size_t size, const struct boot_args *args,
                                     struct account *account, bool wired)
{
    struct kern_task *task;
    struct kern_thread *t;
    uint64_t entry, sp;

    must_kern(kern_task_create(NULL, account, false, &task), "task");
    if (!first_task)
        first_task = task;
    must(elf_load(image, size, task->mach.task.map, &entry), "program");
    if (!wired)
        unwire_program(task->mach.task.map);
    make_stack(task->mach.task.map, args, &sp);
    give(task, host_priv_port, args->host_port);
    give(task, device_port, args->device_port);
    must_kern(kern_thread_create(task, &t), "thread");
    thread_frame(plain_thread(t))->rip = entry;
    thread_frame(plain_thread(t))->rsp = sp;
    return t;
}

static void start_archive(const struct boot_range *module, struct account *account)
{
    static struct boot_args args;
    const void *image;
    size_t size;
    const struct program *p = find_program(module, &image, &size);

    if (!boot_line_read(&args, p->line, ""))
        panic("boot archive: command line: %s: %s", args.error, args.word);
    must_kern(kern_thread_resume(make_task(image, size, &args, account, p->wired)), "start");
}

/* What is wrong with a module ends the boot. */
static void read_line(unsigned i, struct boot_args *args)
{
    const struct boot_line *line = &boot_info_kept.module_lines[i];

    if (line->cut)
        panic("boot module %u: its command line is longer than %u characters", i,
              BOOT_MODULE_LINE_SIZE - 1);
    if (!boot_line_read(args, line->text, boot_info_kept.cmdline))
        panic("boot module %u: command line: %s%s%s", i, args->error, *args->word ? ": " : "",
              args->word);
    if (!args->create)
        panic("boot module %u: no task to load it: %s lacks $(task-create)", i, args->text);
}

/* Loads module i; whether it runs. */
static bool start_module(unsigned i, struct account *account)
{
    static struct boot_args args;
    const struct boot_range *module = &boot_info_kept.modules[i];
    const void *image = phys_to_virt(module->start);
    size_t size = module->end - module->start;
    const char *unfit = elf_unfit(image, size);
    struct kern_thread *t;

    if (unfit)
        panic("boot module %u is %s", i, unfit);
    read_line(i, &args);
    t = make_task(image, size, &args, account, false);
    if (args.resume)
        must_kern(kern_thread_resume(t), "start");
    else
        kprintf("boot module %u: %s is not started: no $(task-resume)\n", i, args.text);
    return args.resume;
}

static void start_modules(struct account *account)
{
    unsigned started = 0;

    for (unsigned i = 0; i < boot_info_kept.n_modules; i++)
        started += start_module(i, account);
    if (!started)
        panic("no boot module is started: none has $(task-resume)");
}

void client_start(void)
{
    const struct boot_range *module = &boot_info_kept.modules[0];
    struct account *account;

    if (boot_info_kept.n_modules < 1)
        panic("no boot module: start the kernel with a program or a boot.cpio as module");
    must(account_create(NULL, user_limit(), &account), "account");
    rpc_init();
    host_init();
    if (module->end - module->start >= 6 && !memcmp(phys_to_virt(module->start), "070701", 6))
        start_archive(module, account);
    else
        start_modules(account);
    account_release(account);
}

void client_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped)
{
    ipc_page_fault(t, address, access, mapped);
}

void client_exception(struct thread *t, uint64_t vector, uint64_t error)
{
    ipc_exception(t, vector, error);
}

bool client_interrupt(unsigned line)
{
    return console_input(line);
}

void client_events(const struct frame *f)
{
    (void)f; /* they were made messages when they came */
}
