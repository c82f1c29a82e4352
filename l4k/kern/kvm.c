/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel arrays that grow in place. One top-level slot of the kernel half holds them all, so every
 * address space sees them. */
#include "l4k/kern/kvm.h"

#include "l4k/kern/frame.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/cpu.h"

#define KVM_LIMIT (KVM_BASE + (UINT64_C(1) << 38))

/* Permanent memory: the upper half of the slot. */
#define PERMANENT_BASE KVM_LIMIT
#define PERMANENT_LIMIT (KVM_BASE + (UINT64_C(1) << 39))

#define PTE_PRESENT 0x1
#define PTE_WRITE 0x2
#define PTE_GLOBAL 0x100
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)

static uint64_t next_stretch = KVM_BASE;

/* Released stretches: the first one; each holds the next in the page-table entry of its first page,
 * which reads as "not present". */
static uint64_t free_stretch;

/* The page-table entry for `va`, with tables made on the way; NULL: no memory. */
static uint64_t *walk(uint64_t va)
{
    uint64_t *table = kernel_pml4;

    for (int shift = 39; shift > PAGE_SHIFT; shift -= 9) {
        uint64_t *entry = &table[va >> shift & 511];

        if (!(*entry & PTE_PRESENT)) {
            paddr_t frame = frame_alloc();

            if (!frame)
                return NULL;
            memset(phys_to_virt(frame), 0, PAGE_SIZE);
            *entry = frame | PTE_PRESENT | PTE_WRITE;
        }
        table = phys_to_virt(*entry & PTE_FRAME);
    }
    return &table[va >> PAGE_SHIFT & 511];
}

void *kvm_reserve(void)
{
    uint64_t va = free_stretch;

    if (va) {
        uint64_t *link = walk(va);

        free_stretch = *link & ~(uint64_t)PTE_PRESENT;
        *link = 0;
        return (void *)va;
    }
    if (next_stretch >= KVM_LIMIT || !walk(next_stretch))
        return NULL;
    va = next_stretch;
    next_stretch += KVM_STRETCH;
    return (void *)va;
}

static enum status back(uint64_t va, struct quota *payer)
{
    uint64_t *entry = walk(va);
    void *page;

    if (!entry)
        return ERR_NO_MEMORY;
    page = kmem_alloc(PAGE_SIZE, payer);
    if (!page)
        return ERR_NO_MEMORY;
    assert(!(*entry & PTE_PRESENT));
    *entry = virt_to_phys(page) | PTE_PRESENT | PTE_WRITE | PTE_GLOBAL |
             (cpu_features.nx ? PTE_NX : 0);
    return OK;
}

enum status kvm_back(void *stretch, size_t offset, struct quota *payer)
{
    assert(offset < KVM_STRETCH && offset % PAGE_SIZE == 0);
    return back((uint64_t)stretch + offset, payer);
}

void *kvm_permanent(size_t bytes)
{
    static uint64_t next = PERMANENT_BASE;
    uint64_t start = next, end;

    if (bytes > PERMANENT_LIMIT - next)
        return NULL;
    end = next + ((bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1));
    for (; next < end; next += PAGE_SIZE)
        if (back(next, NULL) != OK)
            return NULL;
    return (void *)start;
}

void kvm_unback(void *stretch, size_t offset, struct quota *payer)
{
    uint64_t *entry = walk((uint64_t)stretch + offset);

    assert(entry && *entry & PTE_PRESENT);
    kmem_free(phys_to_virt(*entry & PTE_FRAME), PAGE_SIZE, payer);
    *entry = 0;
    invlpg((uint64_t)stretch + offset);
}

void kvm_release(void *stretch, size_t backed, struct quota *payer)
{
    for (size_t offset = 0; offset < backed; offset += PAGE_SIZE)
        kvm_unback(stretch, offset, payer);
    *walk((uint64_t)stretch) = free_stretch;
    free_stretch = (uint64_t)stretch;
}
