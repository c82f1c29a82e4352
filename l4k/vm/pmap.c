/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 pmap: four-level page tables (Intel SDM vol. 3A, 4.5).
 *
 * Present user entries are the mappings; SOFT_MANAGED marks those that are on their page's list of
 * mappings. The kernel half's top-level entries are the kernel's own, shared by all. Mappings
 * are not global and no PCIDs are used, so only the current pmap has entries in the TLB. */
#include "l4k/vm/pmap.h"

#include "l4k/lib/assert.h"
#include "l4k/vm/vm_page.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/cpu.h"

#define PTE_P ((uint64_t)1 << 0)
#define PTE_W ((uint64_t)1 << 1)
#define PTE_U ((uint64_t)1 << 2)
#define PTE_PWT ((uint64_t)1 << 3)
#define PTE_PCD ((uint64_t)1 << 4)
#define PTE_A ((uint64_t)1 << 5)
#define PTE_D ((uint64_t)1 << 6)
#define SOFT_MANAGED ((uint64_t)1 << 9)
#define PTE_NX ((uint64_t)1 << 63)
#define PTE_FRAME 0x000ffffffffff000ull

#define TABLE_ENTRIES 512
#define TOP_LEVEL 3
#define RELOAD_LIMIT 32 /* more pages than this: CR3 is reloaded instead */

/* PTE_NX where the processor has it: elsewhere the bit is reserved. */
static uint64_t no_execute;

static inline bool is_current(const struct pmap *pmap)
{
    return (read_cr3() & PTE_FRAME) == (pmap->root & PTE_FRAME);
}

static inline uint64_t span(int level)
{
    return (uint64_t)PAGE_SIZE << (9 * level);
}

static inline unsigned index_of(uint64_t va, int level)
{
    return (va >> (PAGE_SHIFT + 9 * level)) & (TABLE_ENTRIES - 1);
}

static inline uint64_t *table_at(uint64_t entry)
{
    return phys_to_virt(entry & PTE_FRAME);
}

void pmap_init(void)
{
    no_execute = cpu_features.nx ? PTE_NX : 0;
    for (int i = TABLE_ENTRIES / 2; i < TABLE_ENTRIES; i++)
        assert(!(kernel_pml4[i] & PTE_U));
}

void pmap_zero_frame(paddr_t frame)
{
    void *to = phys_to_virt(frame);
    size_t n = PAGE_SIZE / 8;

    __asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(0) : "memory");
}

void pmap_copy_frame(paddr_t from_frame, paddr_t to_frame)
{
    const void *from = phys_to_virt(from_frame);
    void *to = phys_to_virt(to_frame);
    size_t n = PAGE_SIZE / 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* --- page tables --- */

static paddr_t table_alloc(struct pmap *pmap)
{
    paddr_t frame;

    if (!vm_charge(pmap->payer, PAGE_SIZE))
        return 0;
    frame = frame_alloc();
    if (!frame) {
        vm_uncharge(pmap->payer, PAGE_SIZE);
        return 0;
    }
    pmap_zero_frame(frame);
    pmap->tables++;
    return frame;
}

static void table_free(struct pmap *pmap, paddr_t frame)
{
    frame_free(frame);
    vm_uncharge(pmap->payer, PAGE_SIZE);
    pmap->tables--;
}

/* The page-table entry of `va`; NULL if its table is missing. */
static uint64_t *walk(const struct pmap *pmap, uint64_t va)
{
    uint64_t *table = table_at(pmap->root);

    for (int level = TOP_LEVEL; level > 0; level--) {
        uint64_t entry = table[index_of(va, level)];

        if (!(entry & PTE_P))
            return NULL;
        table = table_at(entry);
    }
    return &table[index_of(va, 0)];
}

/* The same, making missing tables; NULL: no memory. */
static uint64_t *walk_make(struct pmap *pmap, uint64_t va)
{
    uint64_t *table = table_at(pmap->root);

    for (int level = TOP_LEVEL; level > 0; level--) {
        uint64_t *entry = &table[index_of(va, level)];

        if (!(*entry & PTE_P)) {
            paddr_t frame = table_alloc(pmap);

            if (!frame)
                return NULL;
            *entry = frame | PTE_P | PTE_W | PTE_U;
        }
        table = table_at(*entry);
    }
    return &table[index_of(va, 0)];
}

/* --- the list of a page's mappings --- */

static bool pv_add(struct vm_page *page, struct pmap *pmap, uint64_t va)
{
    struct pv *pv = &page->pv;

    if (pv->pmap) {
        pv = kmem_alloc(sizeof *pv, pmap->payer);
        if (!pv)
            return false;
        pv->next = page->pv.next;
        page->pv.next = pv;
    }
    pv->pmap = pmap;
    pv->va = va;
    return true;
}

/* The first mapping is part of the page: another one moves up when it goes. */
static void pv_remove(struct vm_page *page, struct pmap *pmap, uint64_t va)
{
    struct pv *pv = &page->pv, *gone, **link;

    if (pv->pmap == pmap && pv->va == va) {
        gone = pv->next;
        if (!gone) {
            pv->pmap = NULL;
            return;
        }
        pmap = gone->pmap;
        *pv = *gone;
    } else {
        for (link = &pv->next; (*link)->pmap != pmap || (*link)->va != va;)
            link = &(*link)->next;
        gone = *link;
        *link = gone->next;
    }
    kmem_free(gone, sizeof *gone, pmap->payer);
}

static void save_bits(struct vm_page *page, uint64_t pte)
{
    if (pte & PTE_A)
        page->referenced = true;
    if (pte & PTE_D)
        page->modified = true;
}

/* Clears the present entry; the TLB is the caller's. */
static void drop(struct pmap *pmap, uint64_t *entry, uint64_t va)
{
    uint64_t pte = *entry;

    *entry = 0;
    pmap->resident--;
    if (pte & SOFT_MANAGED) {
        struct vm_page *page = vm_page_of_frame(pte & PTE_FRAME);

        save_bits(page, pte);
        pv_remove(page, pmap, va);
    }
}

/* Takes from the present entry what `prot` lacks; the TLB is the caller's. */
static void restrict_entry(struct pmap *pmap, uint64_t *entry, uint64_t va, unsigned prot)
{
    uint64_t pte = *entry;

    if (prot == VM_PROT_NONE) {
        drop(pmap, entry, va);
        return;
    }
    if (!(prot & VM_PROT_WRITE)) {
        if (pte & SOFT_MANAGED)
            save_bits(vm_page_of_frame(pte & PTE_FRAME), pte);
        pte &= ~(PTE_W | PTE_D);
    }
    if (!(prot & VM_PROT_EXECUTE))
        pte |= no_execute;
    *entry = pte;
}

/* --- ranges --- */

static inline uint64_t *next_table(uint64_t *table, uint64_t va, int level)
{
    uint64_t entry = table[index_of(va, level)];

    return entry & PTE_P ? table_at(entry) : NULL;
}

/* The first present entry in [*va, end), and its address; NULL: none. Skips missing tables. */
static uint64_t *next_present(const struct pmap *pmap, uint64_t *va, uint64_t end)
{
    uint64_t at = *va;

    while (at < end) {
        uint64_t *table = table_at(pmap->root), *entry, *last;
        int level = TOP_LEVEL;

        while (level > 0) {
            uint64_t *next = next_table(table, at, level);

            if (!next)
                break;
            table = next;
            level--;
        }
        if (level > 0) {
            at = (at + span(level)) & ~(span(level) - 1);
            continue;
        }
        entry = &table[index_of(at, 0)];
        last = end - at < span(1) ? entry + (end - at) / PAGE_SIZE : table + TABLE_ENTRIES;
        if (last > table + TABLE_ENTRIES)
            last = table + TABLE_ENTRIES;
        for (; entry < last; entry++, at += PAGE_SIZE)
            if (*entry & PTE_P) {
                *va = at;
                return entry;
            }
    }
    return NULL;
}

static void restrict_range(struct pmap *pmap, uint64_t start, uint64_t end, unsigned prot)
{
    bool current = is_current(pmap);
    unsigned pages = 0;
    uint64_t *entry, va = start;

    while (pmap->resident && (entry = next_present(pmap, &va, end))) {
        restrict_entry(pmap, entry, va, prot);
        if (current && ++pages <= RELOAD_LIMIT)
            invlpg(va);
        va += PAGE_SIZE;
    }
    if (pages > RELOAD_LIMIT)
        write_cr3(read_cr3());
}

void pmap_remove(struct pmap *pmap, uint64_t start, uint64_t end)
{
    restrict_range(pmap, start, end, VM_PROT_NONE);
}

void pmap_protect(struct pmap *pmap, uint64_t start, uint64_t end, unsigned prot)
{
    restrict_range(pmap, start, end, prot);
}

void pmap_forget_all(struct pmap *pmap)
{
    restrict_range(pmap, 0, USER_MAX, VM_PROT_NONE);
}

/* --- life --- */

enum status pmap_create(struct quota *payer, struct pmap **out)
{
    struct pmap *pmap = kmem_alloc(sizeof *pmap, payer);
    uint64_t *table;

    if (!pmap)
        return ERR_NO_MEMORY;
    pmap->payer = payer;
    pmap->root = table_alloc(pmap);
    if (!pmap->root) {
        kmem_free(pmap, sizeof *pmap, payer);
        return ERR_NO_MEMORY;
    }
    table = table_at(pmap->root);
    for (int i = TABLE_ENTRIES / 2; i < TABLE_ENTRIES; i++)
        table[i] = kernel_pml4[i];
    *out = pmap;
    return OK;
}

/* Frees the tables below the user half's entries of a table. */
static void free_tables(struct pmap *pmap, uint64_t *table, int level, int entries)
{
    for (int i = 0; i < entries; i++) {
        if (!(table[i] & PTE_P))
            continue;
        if (level > 1)
            free_tables(pmap, table_at(table[i]), level - 1, TABLE_ENTRIES);
        table_free(pmap, table[i] & PTE_FRAME);
        table[i] = 0;
    }
}

void pmap_destroy(struct pmap *pmap)
{
    assert(!is_current(pmap));
    pmap_forget_all(pmap);
    free_tables(pmap, table_at(pmap->root), TOP_LEVEL, TABLE_ENTRIES / 2);
    table_free(pmap, pmap->root);
    kmem_free(pmap, sizeof *pmap, pmap->payer);
}

void pmap_activate(struct pmap *pmap)
{
    if (!is_current(pmap))
        write_cr3(pmap->root);
}

/* --- single mappings --- */

static uint64_t make_pte(paddr_t pa, const struct vm_page *page, unsigned prot, unsigned flags)
{
    uint64_t pte = pa | PTE_P;

    if (prot & VM_PROT_WRITE)
        pte |= PTE_W;
    if (!(prot & VM_PROT_EXECUTE))
        pte |= no_execute;
    if (flags & PMAP_USER)
        pte |= PTE_U;
    if (flags & PMAP_UNCACHED)
        pte |= PTE_PCD | PTE_PWT;
    if (page)
        pte |= SOFT_MANAGED;
    return pte;
}

static bool enter(struct pmap *pmap, uint64_t va, uint64_t pte, struct vm_page *page)
{
    uint64_t *entry = walk_make(pmap, va), old;

    if (!entry)
        return false;
    old = *entry;
    if (old & PTE_P && (old & (PTE_FRAME | SOFT_MANAGED)) == (pte & (PTE_FRAME | SOFT_MANAGED))) {
        if (page)
            save_bits(page, old);
    } else {
        if (old & PTE_P) {
            drop(pmap, entry, va);
            if (is_current(pmap))
                invlpg(va);
            old = 0;
        }
        if (page && !pv_add(page, pmap, va))
            return false;
        pmap->resident++;
    }
    *entry = pte;
    if (old & PTE_P && is_current(pmap))
        invlpg(va);
    return true;
}

enum status pmap_enter(struct pmap *pmap, uint64_t va, paddr_t pa, struct vm_page *page,
                       unsigned prot, unsigned flags)
{
    uint64_t pte = make_pte(pa, page, prot, flags);

    assert(va < USER_MAX && !((va | pa) & VM_PAGE_MASK));
    if (enter(pmap, va, pte, page))
        return OK;
    pmap_remove(pmap, 0, USER_MAX);
    free_tables(pmap, table_at(pmap->root), TOP_LEVEL, TABLE_ENTRIES / 2);
    if (is_current(pmap))
        write_cr3(read_cr3()); /* the processor caches upper levels too (SDM 3A 4.10.3) */
    return enter(pmap, va, pte, page) ? OK : ERR_NO_MEMORY;
}

bool pmap_extract(struct pmap *pmap, uint64_t va, paddr_t *pa, unsigned *prot)
{
    uint64_t *entry = va < USER_MAX ? walk(pmap, va) : NULL;

    if (!entry || (*entry & (PTE_P | PTE_PCD)) != PTE_P)
        return false;
    *pa = (*entry & PTE_FRAME) | (va & VM_PAGE_MASK);
    *prot = VM_PROT_READ | (*entry & PTE_W ? VM_PROT_WRITE : 0) |
            (*entry & PTE_NX ? 0 : VM_PROT_EXECUTE);
    return true;
}

/* --- all mappings of a page --- */

void pmap_page_protect(struct vm_page *page, unsigned prot)
{
    struct pv *pv, *next;

    if (prot == VM_PROT_NONE) {
        while (page->pv.pmap) {
            struct pmap *pmap = page->pv.pmap;
            uint64_t va = page->pv.va;

            drop(pmap, walk(pmap, va), va);
            if (is_current(pmap))
                invlpg(va);
        }
        return;
    }
    for (pv = page->pv.pmap ? &page->pv : NULL; pv; pv = next) {
        next = pv->next;
        restrict_entry(pv->pmap, walk(pv->pmap, pv->va), pv->va, prot);
        if (is_current(pv->pmap))
            invlpg(pv->va);
    }
}

/* Saves, and clears in the mappings, the bits (PTE_A, PTE_D) given. */
static void collect_bits(struct vm_page *page, uint64_t bits)
{
    for (struct pv *pv = page->pv.pmap ? &page->pv : NULL; pv; pv = pv->next) {
        uint64_t *entry = walk(pv->pmap, pv->va);

        save_bits(page, *entry);
        if (*entry & bits) {
            *entry &= ~bits;
            if (is_current(pv->pmap))
                invlpg(pv->va);
        }
    }
}

bool pmap_is_referenced(struct vm_page *page)
{
    collect_bits(page, 0);
    return page->referenced;
}

bool pmap_is_modified(struct vm_page *page)
{
    collect_bits(page, 0);
    return page->modified;
}

void pmap_clear_referenced(struct vm_page *page)
{
    collect_bits(page, PTE_A);
    page->referenced = false;
}

void pmap_clear_modified(struct vm_page *page)
{
    collect_bits(page, PTE_D);
    page->modified = false;
}
