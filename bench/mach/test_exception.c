/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions as messages: what is told, what replies do, who is asked next. */
#include "bench/mach/mach.h"

#include "l4k/lib/string.h"

static union {
    struct mach_msg_header header;
    struct mach_exception in;
    struct mach_result out;
    struct mach_exception_state state;
    struct mach_exception_state_reply state_reply;
} m;

static uint32_t await(name_t port)
{
    return receive_message(&m, sizeof(m), port, 1000);
}

static uint32_t reply(uint32_t result)
{
    m.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
    m.header.local = 0;
    m.header.id += RPC_REPLY;
    *(uint64_t *)&m.out.result.type = MACH_TYPE_INT32;
    m.out.result.value = result;
    return send_message(&m, sizeof(m.out), 0);
}

/* What came with the message: rights to the thread and its task. */
static void drop_identity(void)
{
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.in.thread.value), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.in.task.value), 0);
}

static bool told(name_t port, const struct worker *w, uint32_t exception, uint32_t code,
                 uint64_t subcode)
{
    bool ok;

    if (!CHECK_EQ(await(port), 0))
        return false;
    ok = CHECK_EQ(m.header.id, RPC_EXCEPTION_RAISE) && CHECK_EQ(m.header.size, sizeof(m.in)) &&
         CHECK_EQ(m.in.thread.value, w->thread) && CHECK_EQ(m.in.task.value, w->task) &&
         CHECK_EQ(m.in.exception.value, exception) && CHECK_EQ(m.in.code.value, code) &&
         CHECK_EQ(m.in.subcode.value, subcode);
    drop_identity();
    return ok;
}

#define HOLE UINT64_C(0x123456789000)

extern char raise_after[], trap_no_stack_end[];

/* Each raises and goes on where the handler says, which is behind it. */
__asm__(".text\n.globl raise_invalid, raise_access, raise_divide, raise_break, raise_after\n"
        "raise_invalid: ud2\n ret\n"
        "raise_access: movb $1, (%rdi)\n ret\n"
        "raise_divide: xor %ecx, %ecx\n mov $1, %eax\n cltd\n idiv %ecx\n ret\n"
        "raise_break: int3\n ret\n"
        "raise_after: ret\n");
void raise_invalid(void);
void raise_access(uint64_t address);
void raise_divide(void);
void raise_break(void);

static void raiser(struct worker *w)
{
    raise_invalid();
    raise_access(HOLE + 5);
    raise_access((uint64_t)raise_after);
    raise_divide();
    raise_break();
    trap_beyond();
    trap_no_stack(HOLE);
    w->result[0] = 1;
}

static void skip_to(name_t thread, uint64_t rip, uint64_t rsp)
{
    struct mach_thread_state s;

    MUST(get_state(thread, STATE_REGS, &s, STATE_COUNT(s)));
    s.rip = rip;
    if (rsp)
        s.ursp = rsp;
    MUST(set_state(thread, STATE_REGS, &s, STATE_COUNT(s)));
}

static void kinds(void)
{
    name_t port = new_port();
    struct worker *w = worker_create(0, task_self);
    struct mach_thread_state s;

    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, raiser);
    if (told(port, w, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0)) {
        skip_to(w->thread, (uint64_t)raise_after, 0);
        CHECK_EQ(reply(0), 0);
    }
    if (told(port, w, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, HOLE + 5)) {
        skip_to(w->thread, (uint64_t)raise_after, 0);
        CHECK_EQ(reply(0), 0);
    }
    if (told(port, w, EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE, (uint64_t)raise_after)) {
        skip_to(w->thread, (uint64_t)raise_after, 0);
        CHECK_EQ(reply(0), 0);
    }
    if (told(port, w, EXC_ARITHMETIC, EXC_I386_DIV, 0)) {
        skip_to(w->thread, (uint64_t)raise_after, 0);
        CHECK_EQ(reply(0), 0);
    }
    if (told(port, w, EXC_BREAKPOINT, EXC_I386_BPT, 0))
        CHECK_EQ(reply(0), 0);
    if (told(port, w, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0))
        CHECK_EQ(reply(0), 0);
    if (told(port, w, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, HOLE + 8)) {
        MUST(get_state(w->thread, STATE_REGS, &s, STATE_COUNT(s)));
        CHECK_EQ(s.rip, (uint64_t)trap_no_stack_end);
        CHECK_EQ(s.ursp, HOLE);
        CHECK_EQ(reply(0), 0);
    }
    worker_wait(w);
    CHECK_EQ(w->result[0], 1);
    worker_end(w);
    free_port(port);
}

static void accessor(struct worker *w)
{
    *(volatile uint64_t *)w->arg[0] = 77;
}

/* The handler maps what was missing: the access is done again. */
static void resolved(void)
{
    name_t port = new_port();
    struct worker *w = worker_create(0, task_self);
    uint64_t address = 0;

    MUST(trap_vm_allocate(task_self, &address, PAGE_SIZE, true));
    MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    w->arg[0] = address;
    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, accessor);
    if (told(port, w, EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, address)) {
        MUST(trap_vm_allocate(task_self, &address, PAGE_SIZE, false));
        CHECK_EQ(reply(0), 0);
        worker_wait(w);
        CHECK_EQ(*(uint64_t *)address, 77);
        MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    }
    worker_end(w);
    free_port(port);
}

static int32_t run_state(name_t thread)
{
    struct mach_thread_basic_info *info;
    struct call c;
    uint32_t n;

    call_begin(&c);
    put32(&c, THREAD_BASIC_INFO);
    put32(&c, STATE_COUNT(*info));
    if (call(&c, thread, RPC_THREAD_INFO))
        return -1;
    info = get_array(&c, &n);
    return info->run_state;
}

static void one_trap(struct worker *w)
{
    trap_beyond();
    w->result[0]++;
}

/* A handler that refuses: the task's is asked; who refuses too leaves the thread suspended. */
static void refused(void)
{
    name_t mine = new_port(), tasks = new_port(), child = child_create();
    struct worker *w = worker_create(0, child);

    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, mine));
    MUST(set_special(child, RPC_TASK_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, tasks));
    worker_run(w, one_trap);
    told(mine, w, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0);
    CHECK_EQ(reply(KERN_FAILURE), 0);
    told(tasks, w, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0);
    CHECK_EQ(reply(KERN_FAILURE), 0);
    sleep_ms(2);
    CHECK_EQ(run_state(w->thread), TH_STATE_STOPPED);
    CHECK_EQ(w->result[0], 0);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_RESUME), 0); /* as if nothing had been */
    worker_wait(w);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, child));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
    free_port(mine);
    free_port(tasks);
}

/* A handler that drops the reply right, and one that dies with the message in its queue. */
static void dropped(void)
{
    name_t port = new_port();
    name_t child = child_create();
    struct worker *w = worker_create(0, child);

    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, one_trap);
    told(port, w, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.header.remote), 0);
    sleep_ms(2);
    CHECK_EQ(run_state(w->thread), TH_STATE_STOPPED);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_RESUME), 0);
    worker_wait(w);
    worker_end(w);
    w = worker_create(0, child);
    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, one_trap);
    sleep_ms(2);
    free_port(port);
    sleep_ms(2);
    CHECK_EQ(run_state(w->thread), TH_STATE_STOPPED);
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, child));
    MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, w->thread));
}

/* A thread that is aborted or ended meanwhile: the late reply finds nobody. */
static void aborted(void)
{
    name_t port = new_port();
    struct worker *w = worker_create(0, task_self);

    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, one_trap);
    told(port, w, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0);
    CHECK_EQ(simple_call(w->thread, RPC_THREAD_ABORT), 0);
    worker_wait(w);
    CHECK_EQ(reply(0), MACH_SEND_INVALID_DEST);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.header.remote), 0);
    worker_end(w);
    w = worker_create(0, task_self);
    MUST(set_special(w->thread, RPC_THREAD_SET_SPECIAL_PORT, SPECIAL_EXCEPTION_PORT, port));
    worker_run(w, one_trap);
    CHECK_EQ(await(port), 0);
    worker_end(w);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.in.task.value), 0);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.in.thread.value), 0);
    CHECK_EQ(reply(0), MACH_SEND_INVALID_DEST);
    CHECK_EQ(port_simple(RPC_PORT_DEALLOCATE, task_self, (name_t)m.header.remote), 0);
    free_port(port);
}

static uint32_t set_exception_ports(name_t thread, uint32_t mask, name_t port, uint32_t behavior,
                                    uint32_t flavor)
{
    struct call c;

    call_begin(&c);
    put32(&c, mask);
    put_port(&c, port, MACH_MSG_TYPE_COPY_SEND);
    put32(&c, behavior);
    put32(&c, flavor);
    return call(&c, thread, RPC_THREAD_SET_EXCEPTION_PORTS);
}

/* A system call that is no Mach trap: answered by way of the state. */
__asm__(".text\n.globl foreign_call\nforeign_call:\n"
        "mov $39, %eax\n mov $0x77, %r12d\n syscall\n ret\n");
uint64_t foreign_call(void);

static void foreigner(struct worker *w)
{
    register uint64_t r12 __asm__("r12");
    uint64_t value;

    __asm__ volatile("call foreign_call" : "=a"(value), "=r"(r12) : : "rcx", "r11", "memory");
    w->result[0] = value;
    w->result[1] = r12;
}

static void with_state(void)
{
    name_t port = new_port();
    struct worker *w = worker_create(0, task_self);
    struct mach_saved_state s;
    struct mach_msg_type type;

    CHECK_EQ(set_exception_ports(w->thread, 0x1000, port, EXCEPTION_STATE, STATE_SAVED),
             KERN_INVALID_ARGUMENT);
    CHECK_EQ(set_exception_ports(w->thread, EXC_MASK_ALL, port, 9, STATE_SAVED),
             KERN_INVALID_ARGUMENT);
    CHECK_EQ(set_exception_ports(w->thread, EXC_MASK_ALL, port, EXCEPTION_STATE, 99),
             KERN_INVALID_ARGUMENT);
    CHECK_EQ(set_exception_ports(w->thread, EXC_MASK(EXC_SYSCALL), port, EXCEPTION_STATE,
                                 STATE_SAVED), 0);
    worker_run(w, foreigner);
    CHECK_EQ(await(port), 0);
    CHECK_EQ(m.header.id, RPC_EXCEPTION_RAISE_STATE);
    CHECK_EQ(m.header.size, sizeof(m.state));
    CHECK_EQ(m.state.exception.value, EXC_SYSCALL);
    CHECK_EQ(m.state.state.rax, 39);
    CHECK_EQ(m.state.state.r12, 0x77);
    s = m.state.state;
    type = m.state.state_type;
    CHECK_EQ(s.stack[0], *(uint64_t *)s.rsp);
    s.rax = 4711;
    s.r12 = 0x88;
    s.cs = 8; /* not for the user to choose, nor the next */
    s.rflags = 0x3000;
    m.state_reply.flavor = m.state.flavor;
    m.state_reply.state_type = type;
    m.state_reply.state = s;
    m.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
    m.header.local = 0;
    m.header.id += RPC_REPLY;
    *(uint64_t *)&m.out.result.type = MACH_TYPE_INT32;
    m.out.result.value = 0;
    CHECK_EQ(send_message(&m, sizeof(m.state_reply), 0), 0);
    worker_wait(w);
    CHECK_EQ(w->result[0], 4711);
    CHECK_EQ(w->result[1], 0x88);
    worker_end(w);
    free_port(port);
}

static void states(void)
{
    struct worker *w = worker_create(0, task_self);
    struct mach_thread_state s = {.rip = UINT64_C(0xffff800000000000), .rflags = ~UINT64_C(0),
                                  .cs = 8, .ss = 16, .r15 = 5};
    struct mach_fsgs_state bases = {0x1000, 0x2000}, bad = {UINT64_C(0xffff800000000000), 0};

    CHECK_EQ(set_state(w->thread, STATE_REGS, &s, STATE_COUNT(s)), 0);
    memset(&s, 0, sizeof(s));
    CHECK_EQ(get_state(w->thread, STATE_REGS, &s, STATE_COUNT(s)), 0);
    CHECK_EQ(s.rip, 0);
    CHECK_EQ(s.rflags & 0x3000, 0); /* I/O privilege */
    CHECK(s.rflags & 0x200);        /* interrupts */
    CHECK_EQ(s.cs & 3, 3);
    CHECK_EQ(s.ss & 3, 3);
    CHECK_EQ(s.r15, 5);
    CHECK_EQ(set_state(w->thread, STATE_FSGS_BASE, &bases, STATE_COUNT(bases)), 0);
    CHECK_EQ(set_state(w->thread, STATE_FSGS_BASE, &bad, STATE_COUNT(bad)), KERN_INVALID_ARGUMENT);
    memset(&bases, 0, sizeof(bases));
    CHECK_EQ(get_state(w->thread, STATE_FSGS_BASE, &bases, STATE_COUNT(bases)), 0);
    CHECK(bases.fs_base == 0x1000 && bases.gs_base == 0x2000);
    CHECK_EQ(set_state(w->thread, STATE_REGS, &s, 3), KERN_INVALID_ARGUMENT);
    CHECK_EQ(get_state(w->thread, STATE_REGS, &s, 3), KERN_INVALID_ARGUMENT);
    CHECK_EQ(get_state(w->thread, 1234, &s, STATE_COUNT(s)), KERN_INVALID_ARGUMENT);
    worker_end(w);
}

const struct test exception_tests[] = {
    {"exception: each kind", kinds},
    {"exception: a fault that its handler resolves", resolved},
    {"exception: a handler that refuses", refused},
    {"exception: a handler that drops the reply", dropped},
    {"exception: a thread that no longer waits", aborted},
    {"exception: with the state both ways", with_state},
    {"exception: states are sanitised", states},
    {0},
};
