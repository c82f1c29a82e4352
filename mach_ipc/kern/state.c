/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread states: registers as thread_get_state and thread_set_state show them. What is set can't
 * do more than user code could do itself: user segments, harmless flags, user addresses. */
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/regs.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/gdt.h"
#include "mach_ipc/kern/kern.h"

#define SAVED_FRAME offsetof(struct mach_saved_state, stack)
_Static_assert(SAVED_FRAME == sizeof(struct frame) &&
                   offsetof(struct mach_saved_state, rip) == offsetof(struct frame, rip),
               "a saved state begins with a frame");
_Static_assert(STATE_COUNT(struct mach_saved_state) <= STATE_MAX && FPU_SIZE / 4 <= STATE_MAX,
               "STATE_MAX");
_Static_assert(sizeof(((struct mach_xfloat_state *)0)->image) == FPU_SIZE &&
                   STATE_COUNT(struct mach_xfloat_state) <= STATE_MAX, "i386_xfloat_state");

uint32_t kern_state_count(uint32_t flavor)
{
    switch (flavor) {
    case STATE_REGS:
    case STATE_REGS_SEGS:
        return STATE_COUNT(struct mach_thread_state);
    case STATE_FSGS_BASE:
        return STATE_COUNT(struct mach_fsgs_state);
    case STATE_FXSAVE:
        return FPU_SIZE / 4;
    case STATE_XFLOAT:
        return STATE_COUNT(struct mach_xfloat_state);
    case STATE_SAVED:
        return STATE_COUNT(struct mach_saved_state);
    default:
        return 0;
    }
}

static void get_regs(const struct frame *f, struct mach_thread_state *s)
{
    *s = (struct mach_thread_state){
        .r8 = f->r8, .r9 = f->r9, .r10 = f->r10, .r11 = f->r11,
        .r12 = f->r12, .r13 = f->r13, .r14 = f->r14, .r15 = f->r15,
        .rdi = f->rdi, .rsi = f->rsi, .rbp = f->rbp, .rbx = f->rbx,
        .rdx = f->rdx, .rcx = f->rcx, .rax = f->rax, .rip = f->rip,
        .cs = USER_CS, .rflags = f->rflags, .ursp = f->rsp, .ss = USER_DS,
    };
}

/* What the CPU loads at the return: nothing else in a frame can do harm. */
static void sanitise(struct frame *f, uint64_t rip, uint64_t rflags, uint64_t rsp)
{
    f->rip = rip < USER_MAX ? rip : 0;
    f->rflags = (rflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF;
    f->rsp = rsp;
    f->cs = USER_CS;
    f->ss = USER_DS;
}

static void set_regs(struct frame *f, const struct mach_thread_state *s)
{
    f->r8 = s->r8;
    f->r9 = s->r9;
    f->r10 = s->r10;
    f->r11 = s->r11;
    f->r12 = s->r12;
    f->r13 = s->r13;
    f->r14 = s->r14;
    f->r15 = s->r15;
    f->rdi = s->rdi;
    f->rsi = s->rsi;
    f->rbp = s->rbp;
    f->rbx = s->rbx;
    f->rdx = s->rdx;
    f->rcx = s->rcx;
    f->rax = s->rax;
    sanitise(f, s->rip, s->rflags, s->ursp);
}

static void get_bases(struct thread *t, struct mach_fsgs_state *s)
{
    if (t == current())
        thread_store_bases(t);
    s->fs_base = t->fs_base;
    s->gs_base = t->gs_base;
}

static enum kern_return set_bases(struct thread *t, const struct mach_fsgs_state *s)
{
    if (s->fs_base >= USER_MAX || s->gs_base >= USER_MAX)
        return KERN_INVALID_ARGUMENT;
    t->fs_base = s->fs_base;
    t->gs_base = s->gs_base;
    if (t == current())
        thread_load_bases(t);
    return KERN_SUCCESS;
}

static void get_xfloat(struct thread *t, struct mach_xfloat_state *s)
{
    fpu_flush(t);
    s->kind = FP_387FX;
    s->initialized = 1;
    s->exc_status = 0;
    s->save_kind = FP_FXSAVE;
    memcpy(s->image, t->fpu, FPU_SIZE);
}

static enum kern_return set_xfloat(struct thread *t, const struct mach_xfloat_state *s)
{
    /* After FNINIT: FCW, and MXCSR's default (SDM vol. 1, 10.5.1). */
    static const uint32_t fresh[FPU_SIZE / 4] = {[0] = 0x37f, [6] = 0x1f80};

    if (s->initialized && s->save_kind != FP_FXSAVE)
        return KERN_INVALID_ARGUMENT;
    fpu_set(t, s->initialized ? (const void *)s->image : fresh);
    return KERN_SUCCESS;
}

void kern_get_state(struct kern_thread *k, uint32_t flavor, void *state)
{
    struct thread *t = plain_thread(k);

    switch (flavor) {
    case STATE_FSGS_BASE:
        get_bases(t, state);
        break;
    case STATE_FXSAVE:
        fpu_flush(t);
        memcpy(state, t->fpu, FPU_SIZE);
        break;
    case STATE_XFLOAT:
        get_xfloat(t, state);
        break;
    case STATE_SAVED:
        memcpy(state, thread_frame(t), SAVED_FRAME);
        memset((char *)state + SAVED_FRAME, 0, sizeof(struct mach_saved_state) - SAVED_FRAME);
        break;
    default:
        assert(flavor == STATE_REGS || flavor == STATE_REGS_SEGS);
        get_regs(thread_frame(t), state);
    }
}

static void set_saved(struct frame *f, const struct mach_saved_state *s)
{
    memcpy(f, s, offsetof(struct frame, rip));
    sanitise(f, s->rip, s->rflags, s->rsp);
}

enum kern_return kern_set_state(struct kern_thread *k, uint32_t flavor, const void *state,
                                uint32_t count)
{
    struct thread *t = plain_thread(k);
    uint32_t needed = kern_state_count(flavor);

    if (!needed || count < needed)
        return KERN_INVALID_ARGUMENT;
    switch (flavor) {
    case STATE_FSGS_BASE:
        return set_bases(t, state);
    case STATE_FXSAVE:
        fpu_set(t, state);
        return KERN_SUCCESS;
    case STATE_XFLOAT:
        return set_xfloat(t, state);
    case STATE_SAVED:
        set_saved(thread_frame(t), state);
        return KERN_SUCCESS;
    default:
        set_regs(thread_frame(t), state);
        return KERN_SUCCESS;
    }
}
