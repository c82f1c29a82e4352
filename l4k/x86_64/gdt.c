/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments, the task state segment and its interrupt stacks. */
#include "l4k/x86_64/gdt.h"

#include "l4k/lib/hot.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/cpu.h"

#define IST_STACK_SIZE 8192

HOT_DATA struct tss cpu_tss;

static char ist_stacks[IST_COUNT][IST_STACK_SIZE] __attribute__((aligned(16)));

/* Flat segments: type and rights in the middle bytes (SDM 3A 3.4.5); then the TSS's two words. */
static uint64_t gdt[] = {
    [KERNEL_CS / 8] = 0x00af9b000000ffff, [KERNEL_DS / 8] = 0x00cf93000000ffff,
    [USER_DS / 8] = 0x00cff3000000ffff,   [USER_CS / 8] = 0x00affb000000ffff,
    [TSS_SELECTOR / 8] = 0,               [TSS_SELECTOR / 8 + 1] = 0,
};

static void load_gdt(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(gdt) - 1, (uint64_t)gdt};

    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %2, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "ltr %3"
                     :
                     : "m"(pointer), "i"(KERNEL_CS), "i"(KERNEL_DS), "r"((uint16_t)TSS_SELECTOR)
                     : "rax", "memory");
}

void gdt_init(void)
{
    uint64_t base = (uint64_t)&cpu_tss;

    cpu_tss.rsp0 = (uint64_t)kernel_stack_top;
    cpu_tss.io_map = sizeof(cpu_tss);
    for (int i = 0; i < IST_COUNT; i++)
        cpu_tss.ist[i] = (uint64_t)ist_stacks[i] + IST_STACK_SIZE;
    gdt[TSS_SELECTOR / 8] = (sizeof(cpu_tss) - 1) | (base & 0xffffff) << 16 |
                            UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
    gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
    load_gdt();
    wrmsr(MSR_STAR, (uint64_t)STAR_HIGH << 32);
}

bool kernel_stack_bounds(uint64_t sp, uint64_t *low, uint64_t *high)
{
    *low = (uint64_t)kernel_stack;
    *high = (uint64_t)kernel_stack_top;
    for (int i = 0; i <= IST_COUNT; i++) {
        if (sp >= *low && sp < *high)
            return true;
        *low = (uint64_t)ist_stacks[i < IST_COUNT ? i : 0];
        *high = *low + IST_STACK_SIZE;
    }
    return false;
}
