/* SPDX-License-Identifier: BSD-2-Clause */
/* Processor features: detection and switching on. */
#include "l4k/x86_64/cpu.h"

struct cpu_features cpu_features;

static bool bit(uint32_t word, unsigned n)
{
    return word >> n & 1;
}

static void detect(struct cpu_features *f)
{
    uint32_t r[4], max, max_ext;

    cpuid(0, 0, r);
    max = r[0];
    cpuid(0x80000000, 0, r);
    max_ext = r[0];
    cpuid(1, 0, r);
    f->pge = bit(r[3], 13);
    f->pcid = bit(r[2], 17);
    f->hypervisor = bit(r[2], 31);
    if (max >= 7) {
        cpuid(7, 0, r);
        f->fsgsbase = bit(r[1], 0);
        f->smep = bit(r[1], 7);
        f->invpcid = bit(r[1], 10);
        f->smap = bit(r[1], 20);
        f->umip = bit(r[2], 2);
    }
    cpuid(0x80000001, 0, r);
    f->nx = bit(r[3], 20);
    if (max_ext >= 0x80000007) {
        cpuid(0x80000007, 0, r);
        f->tsc_invariant = bit(r[3], 8);
    }
}

void cpu_init(void)
{
    struct cpu_features *f = &cpu_features;
    uint64_t cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

    detect(f);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | (f->nx ? EFER_NXE : 0));
    write_cr0((read_cr0() | CR0_WP | CR0_NE | CR0_MP) & ~(uint64_t)(CR0_EM | CR0_TS));
    if (f->pge)
        cr4 |= CR4_PGE;
    if (f->fsgsbase)
        cr4 |= CR4_FSGSBASE;
    if (f->smep)
        cr4 |= CR4_SMEP;
    if (f->smap)
        cr4 |= CR4_SMAP;
    if (f->umip)
        cr4 |= CR4_UMIP;
    write_cr4(cr4);
}
