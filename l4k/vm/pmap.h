/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine-dependent map: the contract between the VM core and the MMU.
 *
 * A pmap is purely a cache of what the address map knows. It may forget any mapping at any time
 * (and does, when page-table memory is short): the next access faults and vm_fault() enters it
 * again. It never holds a right that was not entered, and after a call that takes rights away
 * (remove, protect, page_protect, forget_all) has returned, no access with the old rights
 * succeeds: the implementation does the TLB work.
 *
 * Addresses are page aligned and lie in the user half; ranges are [start, end). Uniprocessor,
 * interrupts off, nothing blocks. pmap.c is x86-64's; the tests bring one of their own. */
#ifndef L4K_VM_PMAP_H
#define L4K_VM_PMAP_H

#include "l4k/kern/frame.h"
#include "l4k/vm/vm_types.h"

struct vm_page;

/* The part that everybody may read; an implementation may append to it. */
struct pmap {
    uint64_t root;       /* what the address-space register takes (CR3 on x86-64) */
    struct quota *payer; /* pays page tables and reverse mappings; outlives the pmap */
    size_t resident;     /* mappings now held */
    size_t tables;       /* page-table frames now held, the root included */
};

/* One mapping of a page, chained from the page it maps: the reverse map. Owned by the pmap
 * implementation. `pmap` is NULL where there is no mapping. */
struct pv {
    struct pmap *pmap;
    uint64_t va;
    struct pv *next;
};

#define PMAP_USER 1u     /* user mode may use the mapping */
#define PMAP_UNCACHED 2u /* device memory */

/* Called once, before any other call, when the kernel's own page tables are complete: their
 * top-level entries for the kernel half must all be present by then, as every pmap copies them. */
void pmap_init(void);

/* An empty map, paid by `payer`. ERR_NO_MEMORY. */
enum status pmap_create(struct quota *payer, struct pmap **out);

/* Frees the map and all its mappings. Not while it is current. */
void pmap_destroy(struct pmap *pmap);

/* Maps `va` to `pa` with `prot` (never VM_PROT_NONE), replacing what is there. `page` is the
 * resident page of `pa`, or NULL for a frame that is not managed (device memory), which
 * pmap_page_protect() then can't reach. ERR_NO_MEMORY: no frame or quota for a page table even
 * after forgetting all mappings of this pmap; the old mapping of `va` is then gone. */
enum status pmap_enter(struct pmap *pmap, uint64_t va, paddr_t pa, struct vm_page *page,
                       unsigned prot, unsigned flags);

/* Takes away all mappings in the range; emptied page tables may stay until pmap_destroy(). */
void pmap_remove(struct pmap *pmap, uint64_t start, uint64_t end);

/* Takes away the rights not in `prot` from all mappings in the range; never adds one. */
void pmap_protect(struct pmap *pmap, uint64_t start, uint64_t end, unsigned prot);

/* What is mapped at `va` (any byte of the page): false when nothing is, or device memory. `*pa` is
 * the address of that very byte. */
bool pmap_extract(struct pmap *pmap, uint64_t va, paddr_t *pa, unsigned *prot);

/* Takes away the rights not in `prot` from every mapping of the page, in all pmaps;
 * VM_PROT_NONE removes them. */
void pmap_page_protect(struct vm_page *page, unsigned prot);

/* Whether the page was used or written through any mapping since the bit was last cleared,
 * including mappings since removed. */
bool pmap_is_referenced(struct vm_page *page);
bool pmap_is_modified(struct vm_page *page);
void pmap_clear_referenced(struct vm_page *page);
void pmap_clear_modified(struct vm_page *page);

/* Forgets every mapping: what the test mode calls at random times. Page tables stay. */
void pmap_forget_all(struct pmap *pmap);

/* A whole frame's contents. */
void pmap_zero_frame(paddr_t frame);
void pmap_copy_frame(paddr_t from, paddr_t to);

/* Makes the map current: no effect when it is. */
void pmap_activate(struct pmap *pmap);

/* What pmap_activate() loads, for switch paths that load it themselves. */
static inline uint64_t pmap_root(const struct pmap *pmap)
{
    return pmap->root;
}

#endif
