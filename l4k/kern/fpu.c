/* SPDX-License-Identifier: BSD-2-Clause */
/* Lazy FPU switching with FXSAVE (SDM vol. 1, 10.5; vol. 3, 14.4). CR4.OSXSAVE stays off, so what
 * FXSAVE holds is all the state there is. */
#include "l4k/kern/fpu.h"

#include "l4k/kern/cpu_state.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/cpu.h"


/* Byte offsets in an FXSAVE image of MXCSR and of the bits that this processor has in it; 0 stands
 * for the default (SDM vol. 1, 11.6.6). */
#define MXCSR_OFFSET 24
#define MXCSR_MASK_OFFSET 28
#define MXCSR_MASK_DEFAULT 0xffbfu

static uint32_t mxcsr_mask;

static void read_mxcsr_mask(void)
{
    static char image[FPU_SIZE] __attribute__((aligned(16)));

    __asm__ volatile("fxsave64 (%0)" : : "r"(image) : "memory");
    memcpy(&mxcsr_mask, image + MXCSR_MASK_OFFSET, sizeof(mxcsr_mask));
    if (!mxcsr_mask)
        mxcsr_mask = MXCSR_MASK_DEFAULT;
}

static void set_ts(void)
{
    write_cr0(read_cr0() | CR0_TS);
    cpu.fpu_live = false;
    cpu.switch_rank = cpu.ready_rank;
}

static void clear_ts(void)
{
    __asm__ volatile("clts");
    cpu.fpu_live = true;
    cpu.switch_rank = ~0u;
}

void fpu_init(void)
{
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    write_cr0((read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
    read_mxcsr_mask();
    set_ts();
}

void fpu_suspend(void)
{
    if (cpu.fpu_live)
        set_ts();
}

void fpu_claim(void)
{
    struct thread *t = current();

    clear_ts();
    if (cpu.fpu_owner == t)
        return;
    if (cpu.fpu_owner)
        __asm__ volatile("fxsave64 (%0)" : : "r"(cpu.fpu_owner->fpu) : "memory");
    __asm__ volatile("fxrstor64 (%0)" : : "r"(t->fpu) : "memory");
    cpu.fpu_owner = t;
}

void fpu_flush(struct thread *t)
{
    if (cpu.fpu_owner != t)
        return;
    clear_ts();
    __asm__ volatile("fxsave64 (%0)" : : "r"(t->fpu) : "memory");
    cpu.fpu_owner = NULL;
    set_ts();
}

void fpu_set(struct thread *t, const void *image)
{
    uint32_t mxcsr;

    fpu_flush(t);
    memcpy(t->fpu, image, FPU_SIZE);
    memcpy(&mxcsr, (char *)t->fpu + MXCSR_OFFSET, sizeof(mxcsr));
    mxcsr &= mxcsr_mask;
    memcpy((char *)t->fpu + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}
