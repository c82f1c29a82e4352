/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps: interrupts to their drivers, page faults to the VM, the rest to the IPC path; what the kernel
 * itself does wrong is its last word. */
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/panic.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/task.h"
#include "l4k/kern/timeout.h"
#include "l4k/sys/client.h"
#include "l4k/sys/trap.h"
#include "l4k/vm/vm_fault.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/gdt.h"
#include "l4k/x86_64/idt.h"
#include "l4k/x86_64/pic.h"
#include "l4k/x86_64/user_copy.h"

#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW 4
#define VECTOR_NO_FPU 7
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE_CHECK 18
#define VECTORS 256
#define VECTOR_SIZE 16

/* Page fault error code (SDM vol. 3, 4.7). */
#define PF_WRITE 0x2
#define PF_FETCH 0x10

extern char trap_vectors[];

void trap_init(void)
{
    for (unsigned v = 0; v < VECTORS; v++) {
        unsigned dpl = v == VECTOR_BREAKPOINT || v == VECTOR_OVERFLOW ? 3 : 0;
        unsigned ist = v == VECTOR_DOUBLE_FAULT    ? IST_DOUBLE_FAULT
                       : v == VECTOR_NMI           ? IST_NMI
                       : v == VECTOR_MACHINE_CHECK ? IST_MACHINE_CHECK
                                                   : 0;

        idt_set(v, (void (*)(void))(trap_vectors + v * VECTOR_SIZE), dpl, ist);
    }
}

bool trap_forget_mappings;

/* The pmap is a cache: with this on, every tick empties the running thread's. */
static void forget_mappings(void)
{
    struct task *task = current()->task;

    if (task && task->map)
        pmap_forget_all(vm_map_pmap(task->map));
}

static void hardware_interrupt(unsigned line)
{
    if (pic_spurious(line))
        return;
    pic_eoi(line);
    if (line == TICK_IRQ) {
        sched_tick();
        timeout_tick();
        if (trap_forget_mappings)
            forget_mappings();
        return;
    }
    if (!client_interrupt(line))
        pic_mask(line);
}

static void page_fault(struct thread *t, const struct frame *f)
{
    uint64_t address = read_cr2();
    unsigned access = f->error & PF_WRITE   ? VM_PROT_WRITE
                      : f->error & PF_FETCH ? VM_PROT_EXECUTE
                                            : VM_PROT_READ;
    enum status s = vm_fault(t->task->map, address, access);

    if (s != OK)
        client_page_fault(t, address, access, s != ERR_ADDRESS);
}

/* A fault of copy_from_user() or copy_to_user() is the running thread's; false: it is no such. */
static bool user_copy_fault(struct frame *f)
{
    enum status s;

    if (f->vector != VECTOR_PAGE_FAULT || f->rip < (uint64_t)user_copy_start ||
        f->rip >= (uint64_t)user_copy_end)
        return false;
    s = vm_fault(current()->task->map, read_cr2(),
                 f->error & PF_WRITE ? VM_PROT_WRITE : VM_PROT_READ);
    if (s != OK) {
        f->rax = (uint64_t)(int64_t)s;
        f->rip = (uint64_t)user_copy_failed;
    }
    return true;
}

static void user_trap(struct thread *t, struct frame *f)
{
    if (f->vector == VECTOR_PAGE_FAULT)
        page_fault(t, f);
    else if (f->vector == VECTOR_NO_FPU)
        fpu_claim();
    else if (f->vector == VECTOR_NMI || f->vector == VECTOR_MACHINE_CHECK)
        panic_frame(f, "vector %lu in user mode", f->vector);
    else
        client_exception(t, f->vector, f->error);
}

/* A kernel that was interrupted while it idled or ran the collocated server goes on there. */
void trap(struct frame *f)
{
    bool interrupt = f->vector >= PIC_VECTOR && f->vector < PIC_VECTOR + PIC_IRQS;
    bool user = f->cs & 3;

    if (interrupt)
        hardware_interrupt((unsigned)(f->vector - PIC_VECTOR));
    else if (user)
        user_trap(current(), f);
    else if (user_copy_fault(f))
        return;
    else
        panic_frame(f, "kernel fault: vector %lu error %#lx address %#lx", f->vector, f->error,
                    read_cr2());
    client_events(f);
    if (user)
        sched_resume();
}
