/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel around the Mach-style path on the host. */
#include "mach_ipc/test/fake_kern.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "l4k/kern/cpu_state.h"
#include "l4k/kern/kvm.h"
#include "l4k/kern/sched.h"
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/user_copy.h"
#include "mach_ipc/kobject.h"

#define PRIORITY 20

struct tss cpu_tss;
struct cpu_state cpu;
unsigned fake_no_senders, fake_switches;
void (*fake_server)(struct mach_thread *, struct kmsg *, struct kmsg **, struct mach_thread **);

static struct list ready = {&ready, &ready};
static jmp_buf trap_end;
static uint64_t now_ns = 1;
static size_t stretches;

/* --- the scheduler --- */

static void update_rank(void)
{
    cpu.ready_rank = list_empty(&ready) ? 0 : READY_RANK_OF(PRIORITY);
}

void sched_block(struct thread *t)
{
    assert(t == current());
    cpu.blocked = true;
}

void sched_ready(struct thread *t)
{
    assert(!t->queued && t->state == THREAD_READY);
    assert(mach_thread(t)->wait == MACH_RUNS && list_empty(&mach_thread(t)->wait_link));
    t->queued = true;
    list_add_tail(&ready, &t->ready_link);
    update_rank();
}

void sched_resume(void)
{
    longjmp(trap_end, 1);
}

static void run(struct thread *t)
{
    void (*f)(struct thread *) = t->continuation;

    cpu.blocked = false;
    cpu_tss.rsp0 = (uint64_t)t;
    t->continuation = NULL;
    if (f)
        f(t);
    longjmp(trap_end, 1);
}

void sched_switch_to(struct thread *t)
{
    assert(cpu.blocked && !t->queued && mach_thread(t)->wait == MACH_RUNS);
    fake_switches++;
    run(t);
    abort();
}

void run_ready(void)
{
    while (!list_empty(&ready)) {
        struct thread *t = container_of(ready.next, struct thread, ready_link);

        list_remove(&t->ready_link);
        t->queued = false;
        update_rank();
        if (setjmp(trap_end) == 0)
            run(t);
    }
}

uint64_t clock_ns(void)
{
    return now_ns;
}

void advance(uint64_t milliseconds)
{
    now_ns += milliseconds * 1000000;
    timeout_tick();
    run_ready();
}

/* --- memory --- */

enum status copy_from_user(void *dst, uint64_t src, size_t n)
{
    return vm_copy_in(current()->task->map, src, dst, n);
}

enum status copy_to_user(uint64_t dst, const void *src, size_t n)
{
    return vm_copy_out(current()->task->map, dst, src, n, false);
}

void *kvm_reserve(void)
{
    stretches++;
    return aligned_alloc(PAGE_SIZE, KVM_STRETCH);
}

enum status kvm_back(void *stretch, size_t offset, struct quota *payer)
{
    assert(offset % PAGE_SIZE == 0 && offset < KVM_STRETCH);
    if (fake_fails() || !vm_charge(payer, PAGE_SIZE))
        return ERR_NO_MEMORY;
    memset((char *)stretch + offset, 0, PAGE_SIZE);
    return OK;
}

void kvm_release(void *stretch, size_t backed, struct quota *payer)
{
    assert(backed % PAGE_SIZE == 0);
    stretches--;
    vm_uncharge(payer, backed);
    free(stretch);
}

/* --- tasks and threads --- */

struct client *client_create(void)
{
    struct client *c = calloc(1, sizeof(*c));
    uint64_t at = USER_BASE;
    enum status s;
    enum kern_return kr;

    assert(c);
    c->account.quota.limit = 64 << 20;
    c->task.task.account = &c->account;
    list_init(&c->task.task.threads);
    s = vm_map_create(&c->account.quota, USER_BASE, USER_BASE + 16 * USER_SIZE,
                      &c->task.task.map);
    assert(s == OK);
    s = vm_map_enter(c->task.task.map, &at, USER_SIZE, 0, false, NULL, 0, false,
                     VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY);
    assert(s == OK);
    kr = space_create(&c->account.quota, &c->task.space);
    assert(kr == KERN_SUCCESS);
    return c;
}

/* Clients whose quota still pays for something another has. */
static struct client *unsettled;

void client_destroy(struct client *c)
{
    space_destroy(c->task.space);
    space_release(c->task.space);
    c->task.space = NULL;
    vm_map_release(c->task.task.map);
    c->task.task.map = NULL;
    c->next = unsettled;
    unsettled = c;
    run_ready();
}

struct mach_thread *client_thread(struct client *c)
{
    struct fake_thread *f = aligned_alloc(16, (sizeof(*f) + 15) & ~(size_t)15);

    assert(f);
    memset(f, 0, sizeof(*f));
    f->t.thread.task = &c->task.task;
    f->t.thread.state = THREAD_READY;
    f->t.thread.priority = PRIORITY;
    f->t.thread.rank = RANK_OF(PRIORITY);
    list_init(&f->t.thread.ready_link);
    timeout_init(&f->t.thread.timeout, NULL);
    mach_thread_init(&f->t);
    return &f->t;
}

void thread_destroy(struct mach_thread *t)
{
    mach_thread_leave(t);
    if (t->thread.queued)
        list_remove(&t->thread.ready_link);
    update_rank();
    run_ready();
    free(container_of(t, struct fake_thread, t));
}

void poke(struct client *c, uint64_t addr, const void *from, size_t n)
{
    enum status s = vm_copy_out(c->task.task.map, addr, from, n, false);

    assert(s == OK);
}

void peek(struct client *c, uint64_t addr, void *to, size_t n)
{
    enum status s = vm_copy_in(c->task.task.map, addr, to, n);

    assert(s == OK);
}

#define NO_RESULT UINT64_C(0x5555555555555555)

bool trap_over(struct mach_thread *t, enum kern_return *kr)
{
    uint64_t rax = thread_frame(&t->thread)->rax;

    if (t->wait != MACH_RUNS)
        return false;
    assert(rax != NO_RESULT);
    *kr = (enum kern_return)rax;
    return true;
}

bool trap_msg(struct mach_thread *t, uint64_t msg, uint32_t option, uint32_t send_size,
              uint32_t rcv_size, mach_port_name_t rcv_name, uint32_t timeout,
              mach_port_name_t notify, enum kern_return *kr)
{
    assert(t->wait == MACH_RUNS && !t->thread.queued);
    thread_frame(&t->thread)->rax = NO_RESULT;
    cpu_tss.rsp0 = (uint64_t)&t->thread;
    cpu.blocked = false;
    if (setjmp(trap_end) == 0)
        mach_msg_trap(t, msg, option, send_size, rcv_size, rcv_name, timeout, notify);
    run_ready();
    return trap_over(t, kr);
}

/* --- the kernel as receiver --- */

void kobject_server(struct mach_thread *self, struct kmsg *request, struct kmsg **reply,
                    struct mach_thread **next)
{
    if (fake_server)
        fake_server(self, request, reply, next);
}

void kobject_no_senders(struct port *p)
{
    (void)p;
    fake_no_senders++;
}

/* --- what could leak --- */

static struct {
    size_t ports, sets, messages, memory, stretches, frames;
} mark;

void world_init(void)
{
    fake_init();
}

void world_mark(void)
{
    kmsg_trim();
    mark.ports = ports_in_use;
    mark.sets = port_sets_in_use;
    mark.messages = kmsgs_in_use;
    mark.memory = kmem_in_use();
    mark.stretches = stretches;
    mark.frames = frame_free_count();
}

void world_check(void)
{
    while (unsettled) {
        struct client *c = unsettled;

        unsettled = c->next;
        assert(c->account.quota.used == 0);
        free(c);
    }
    kmsg_trim();
    assert(list_empty(&ready));
    assert(mark.ports == ports_in_use);
    assert(mark.sets == port_sets_in_use);
    assert(mark.messages == kmsgs_in_use);
    assert(mark.memory == kmem_in_use());
    assert(mark.stretches == stretches);
    assert(mark.frames == frame_free_count());
}
