/* SPDX-License-Identifier: BSD-2-Clause */
/* The pmap of the host tests: a list of mappings that checks how it is used. */
#include <stdlib.h>
#include <string.h>

#include "l4k/lib/assert.h"
#include "l4k/vm/test/fake.h"
#include "l4k/vm/vm_page.h"

struct fake_mapping {
    uint64_t va;
    paddr_t pa;
    struct vm_page *page;
    unsigned prot, flags;
};

struct fake_pmap {
    struct pmap pmap;
    struct fake_mapping *mappings;
    struct fake_pmap *next;
};

unsigned fake_forget_every;
static unsigned long enters;
static struct fake_pmap *fake_pmaps;

void pmap_init(void)
{
}

void fake_check_unmapped(paddr_t pa)
{
    for (struct fake_pmap *p = fake_pmaps; p; p = p->next)
        for (size_t i = 0; i < p->pmap.resident; i++)
            assert(p->mappings[i].pa != pa);
}

static struct fake_mapping *find(struct fake_pmap *p, uint64_t va)
{
    for (size_t i = 0; i < p->pmap.resident; i++)
        if (p->mappings[i].va == va)
            return &p->mappings[i];
    return NULL;
}

static void restrict_mapping(struct fake_pmap *p, size_t i, unsigned prot)
{
    p->mappings[i].prot &= prot;
    if (p->mappings[i].prot == VM_PROT_NONE)
        p->mappings[i] = p->mappings[--p->pmap.resident];
}

enum status pmap_create(struct quota *payer, struct pmap **out)
{
    struct fake_pmap *p = kmem_alloc(sizeof *p, payer);

    if (!p)
        return ERR_NO_MEMORY;
    p->pmap.payer = payer;
    p->next = fake_pmaps;
    fake_pmaps = p;
    *out = &p->pmap;
    return OK;
}

void pmap_destroy(struct pmap *pmap)
{
    struct fake_pmap **link = &fake_pmaps, *p = (struct fake_pmap *)pmap;

    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    free(p->mappings);
    kmem_free(p, sizeof *p, pmap->payer);
}

enum status pmap_enter(struct pmap *pmap, uint64_t va, paddr_t pa, struct vm_page *page,
                       unsigned prot, unsigned flags)
{
    struct fake_pmap *p = (struct fake_pmap *)pmap;
    struct fake_mapping *m = find(p, va);

    assert(!((va | pa) & VM_PAGE_MASK) && va < USER_MAX);
    assert(prot && !(prot & ~VM_PROT_ALL) && flags & PMAP_USER);
    assert(page ? page->frame == pa : flags & PMAP_UNCACHED);
    assert(pa >= FAKE_MODULE || !fake_is_free[pa / PAGE_SIZE]);
    if (m)
        restrict_mapping(p, (size_t)(m - p->mappings), VM_PROT_NONE);
    if (fake_fails())
        return ERR_NO_MEMORY;
    if (fake_forget_every && ++enters % fake_forget_every == 0)
        return OK;
    p->mappings = realloc(p->mappings, (pmap->resident + 1) * sizeof *p->mappings);
    p->mappings[pmap->resident++] = (struct fake_mapping){va, pa, page, prot, flags};
    return OK;
}

void pmap_protect(struct pmap *pmap, uint64_t start, uint64_t end, unsigned prot)
{
    struct fake_pmap *p = (struct fake_pmap *)pmap;

    assert(start < end && !((start | end) & VM_PAGE_MASK) && end <= USER_MAX);
    for (size_t i = pmap->resident; i-- > 0;)
        if (p->mappings[i].va >= start && p->mappings[i].va < end)
            restrict_mapping(p, i, prot);
}

void pmap_remove(struct pmap *pmap, uint64_t start, uint64_t end)
{
    pmap_protect(pmap, start, end, VM_PROT_NONE);
}

void pmap_forget_all(struct pmap *pmap)
{
    pmap->resident = 0;
}

bool pmap_extract(struct pmap *pmap, uint64_t va, paddr_t *pa, unsigned *prot)
{
    struct fake_mapping *m = find((struct fake_pmap *)pmap, vm_trunc_page(va));

    if (!m || m->flags & PMAP_UNCACHED)
        return false;
    *pa = m->pa | (va & VM_PAGE_MASK);
    *prot = m->prot;
    return true;
}

void pmap_page_protect(struct vm_page *page, unsigned prot)
{
    for (struct fake_pmap *p = fake_pmaps; p; p = p->next)
        for (size_t i = p->pmap.resident; i-- > 0;)
            if (p->mappings[i].page == page)
                restrict_mapping(p, i, prot);
}

void pmap_zero_frame(paddr_t frame)
{
    memset(phys_to_virt(frame), 0, PAGE_SIZE);
}

void pmap_copy_frame(paddr_t from, paddr_t to)
{
    memcpy(phys_to_virt(to), phys_to_virt(from), PAGE_SIZE);
}

void pmap_activate(struct pmap *pmap)
{
    (void)pmap;
}

bool fake_access(struct pmap *pmap, uint64_t va, unsigned access)
{
    paddr_t pa;
    unsigned prot;

    return pmap_extract(pmap, va, &pa, &prot) && !(access & ~prot);
}

bool fake_tlb_entry(unsigned i, uint64_t *va, paddr_t *pa, unsigned *prot)
{
    (void)i, (void)va, (void)pa, (void)prot;
    return false;
}
