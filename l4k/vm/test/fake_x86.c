/* SPDX-License-Identifier: BSD-2-Clause */
/* A processor under pmap.c on the host: it walks the page tables, sets accessed and dirty bits, and
 * keeps what it found in a TLB until it is told otherwise. */
#include <string.h>

#include "l4k/lib/assert.h"
#include "l4k/vm/test/fake.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/cpu.h"

#define TLB_ENTRIES 256
#define FRAME_BITS 0x000ffffffffff000ull

struct cpu_features cpu_features = {.nx = true};
uint64_t kernel_pml4[512];
unsigned fake_forget_every;

static uint64_t cr3;
static struct {
    uint64_t va, pa;
    unsigned prot;
} tlb[TLB_ENTRIES];
static unsigned tlb_count;

uint64_t read_cr3(void)
{
    return cr3;
}

void write_cr3(uint64_t v)
{
    cr3 = v;
    tlb_count = 0;
}

void invlpg(uint64_t va)
{
    for (unsigned i = tlb_count; i-- > 0;)
        if (tlb[i].va == va)
            tlb[i] = tlb[--tlb_count];
}

/* Sets accessed and dirty bits on the way; 0: a fault. */
static uint64_t walk(uint64_t va, unsigned access)
{
    uint64_t *table = phys_to_virt(cr3 & FRAME_BITS), *entry = NULL, flags = ~0ull;
    bool nx = false;

    for (int shift = 39; shift >= 12; shift -= 9) {
        entry = &table[va >> shift & 511];
        if (!(*entry & 1))
            return 0;
        flags &= *entry;
        nx = nx || *entry >> 63;
        table = phys_to_virt(*entry & FRAME_BITS);
    }
    if (!(flags & 4) || (access & VM_PROT_WRITE && !(flags & 2)) ||
        (access & VM_PROT_EXECUTE && nx))
        return 0;
    *entry |= access & VM_PROT_WRITE ? 0x60 : 0x20;
    return *entry;
}

bool fake_access(struct pmap *pmap, uint64_t va, unsigned access)
{
    uint64_t pte;

    va = vm_trunc_page(va);
    pmap_activate(pmap);
    for (unsigned i = 0; i < tlb_count; i++)
        if (tlb[i].va == va && !(access & ~tlb[i].prot))
            return true;
    pte = walk(va, access);
    invlpg(va); /* a fault, or a better translation, replaces the cached one */
    if (!pte)
        return false;
    assert(tlb_count < TLB_ENTRIES);
    tlb[tlb_count].va = va;
    tlb[tlb_count].pa = pte & FRAME_BITS;
    tlb[tlb_count++].prot = VM_PROT_READ | ((pte & 0x42) == 0x42 ? VM_PROT_WRITE : 0) |
                            (pte >> 63 ? 0 : VM_PROT_EXECUTE);
    return true;
}

bool fake_tlb_entry(unsigned i, uint64_t *va, paddr_t *pa, unsigned *prot)
{
    if (i >= tlb_count)
        return false;
    *va = tlb[i].va;
    *pa = tlb[i].pa;
    *prot = tlb[i].prot;
    return true;
}

/* The tables of all pmaps can't be found from here; the model's check and the poison of free
 * frames find a mapping that stayed. */
void fake_check_unmapped(paddr_t pa)
{
    for (unsigned i = 0; i < tlb_count; i++)
        assert(tlb[i].pa != pa);
}
