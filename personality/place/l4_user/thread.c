/* SPDX-License-Identifier: BSD-2-Clause */
/* Client threads, by calls on threads. */
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "personality/place/l4_user/l4_user.h"

#define CLIENT_PRIORITY 8

/* The server's own. */
#define UTCB ((struct utcb *)UTCB_BASE)

/* All client UTCBs lie in one memory object, which the server maps: the page of thread n is page n. A
 * client sees its own at UTCB_BASE, where GS leads the stub. */
#define CLIENT_UTCBS 16384

static uint32_t utcb_object;
static uint16_t free_utcbs[CLIENT_UTCBS];
static uint32_t free_utcb_count, next_utcb;

struct utcb *place_utcb(const struct host_thread *t)
{
    return (struct utcb *)(SERVER_UTCBS + (uint64_t)t->utcb * PAGE_SIZE);
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
    if (!place_populate(place_utcb(t), PAGE_SIZE)) {
        free_utcbs[free_utcb_count++] = (uint16_t)t->utcb;
        return false;
    }
    memset(place_utcb(t), 0, sizeof(struct utcb)); /* the last thread's */
    return true;
}

static void utcb_free(const struct host_thread *t)
{
    free_utcbs[free_utcb_count++] = (uint16_t)t->utcb;
}

void place_init_utcbs(void)
{
    uint64_t w[6] = {SERVER_UTCBS, CLIENT_UTCBS * PAGE_SIZE,
                     PROT_R | PROT_W | MAP_FIXED_AT | MAP_SHARED_WITH, 0, 0, 0};

    utcb_object = slot_alloc();
    must(l4_do(CAP_TASK, TASK_OBJECT, utcb_object, CLIENT_UTCBS * PAGE_SIZE, 0, 0), "UTCB object");
    w[3] = utcb_object;
    must(l4_invoke(CAP_TASK, TASK_MAP, w), "UTCBs");
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
