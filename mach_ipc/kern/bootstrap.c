/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the first task as GNU Mach starts a boot module with the command line
 *     NAME ${host-port} ${device-port} $(task-create) $(task-resume)
 * its arguments are the names of the privileged host port and the master device port, and the two
 * last words were acted upon. Traps of user threads go to the IPC path. */
#include "mach_ipc/kern/bootstrap.h"

#include "l4k/ipc_path.h"
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/panic.h"
#include "l4k/lib/archive.h"
#include "l4k/lib/string.h"
#include "l4k/sys/client.h"
#include "l4k/sys/elf.h"
#include "l4k/vm/vm_copy.h"
#include "mach_ipc/kern/console.h"
#include "mach_ipc/kern/rpc.h"
#include "mach_ipc/right.h"

#define STACK_SIZE 0x20000
#define STACK_TOP 0x00007fffc0000000

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
        panic("first task: %s failed (%d)", what, s);
}

static void must_kern(enum kern_return kr, const char *what)
{
    if (kr != KERN_SUCCESS)
        panic("first task: %s failed (%u)", what, kr);
}

static const void *find_program(size_t *size, const char **name)
{
    const struct boot_range *module = &boot_info_kept.modules[0];
    static const char *const names[] = {"server", "root"};
    const void *image;

    if (boot_info_kept.n_modules < 1)
        panic("no boot archive: start the kernel with its boot.cpio as module");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *name = names[i];
        if (archive_find(phys_to_virt(module->start), module->end - module->start, names[i],
                         &image, size))
            return image;
    }
    panic("the boot archive holds neither `server` nor `root`");
}

/* The argument block that _start finds at its stack pointer; `sp` is where it begins. */
struct start_block {
    uint64_t argc, argv[3], end_argv, end_envp;
    char name[16], host[4], device[4];
};

static void make_stack(struct vm_map *map, const char *name, uint64_t *sp)
{
    uint64_t bottom = STACK_TOP - STACK_SIZE, at = STACK_TOP - 128;
    struct start_block b = {.argc = 3, .host = "1", .device = "2"};

    memcpy(b.name, name, strlen(name));
    b.argv[0] = at + offsetof(struct start_block, name);
    b.argv[1] = at + offsetof(struct start_block, host);
    b.argv[2] = at + offsetof(struct start_block, device);
    must(vm_map_enter(map, &bottom, STACK_SIZE, 0, false, NULL, 0, false,
                      VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY), "stack");
    must(vm_copy_out(map, at, &b, sizeof(b), false), "arguments");
    *sp = at;
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
    must_kern(right_copyout_name(task->mach.space, port_make_send(port), MACH_MSG_TYPE_PORT_SEND,
                                 name), "port name");
}

void client_start(void)
{
    struct account *account;
    struct kern_thread *t;
    uint64_t entry, sp;
    size_t size;
    const char *name;
    const void *image = find_program(&size, &name);

    must(account_create(NULL, user_limit(), &account), "account");
    rpc_init();
    host_init();
    must_kern(kern_task_create(NULL, account, false, &first_task), "task");
    account_release(account);
    must(elf_load(image, size, first_task->mach.task.map, &entry), "program");
    if (strcmp(name, "server"))
        unwire_program(first_task->mach.task.map);
    make_stack(first_task->mach.task.map, name, &sp);
    give(first_task, host_priv_port, 1);
    give(first_task, device_port, 2);
    must_kern(kern_thread_create(first_task, &t), "thread");
    thread_frame(plain_thread(t))->rip = entry;
    thread_frame(plain_thread(t))->rsp = sp;
    must_kern(kern_thread_resume(t), "start");
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
