/* SPDX-License-Identifier: BSD-2-Clause */
/* Page faults: entry, object, page, pmap. */
#include "l4k/vm/vm_fault.h"

#include "l4k/vm/vm_internal.h"

/* Makes a page of an entry that is read-only and sees shared memory a private copy. The entry
 * becomes one of its own, found again by the caller. */
static enum status privatise(struct vm_map_entry *e, uint64_t page)
{
    struct vm_map *map = e->map;
    enum status s;

    if (e->wired || e->object->device)
        return ERR_PROTECTION;
    s = vm_map_clip(map, page);
    if (s == OK)
        s = vm_map_clip(map, page + PAGE_SIZE);
    if (s == OK)
        vm_entry_freeze(vm_map_lookup(map, page, NULL));
    return s;
}

/* The entry and page exist and allow the access. */
static enum status resolve(struct vm_map_entry *e, uint64_t page, unsigned access,
                           struct vm_found *found)
{
    unsigned prot = e->prot, flags = PMAP_USER;
    enum status s = OK;

    if (!e->object || (e->needs_copy && access & VM_PROT_WRITE))
        s = vm_entry_own(e);
    if (s == OK)
        s = vm_object_page(e->object, e->offset + (page - e->start), access, found);
    if (s != OK)
        return s;
    if (found->backing || e->needs_copy)
        prot &= ~VM_PROT_WRITE;
    if (found->device)
        flags |= PMAP_UNCACHED;
    if (prot == VM_PROT_NONE)
        return OK; /* forced into memory that the program itself can't reach */
    return pmap_enter(e->map->pmap, page, found->frame, found->page, prot, flags);
}

static enum status fault(struct vm_map *map, uint64_t addr, unsigned access, bool force,
                         struct vm_found *found)
{
    uint64_t page = vm_trunc_page(addr);
    struct vm_map_entry *e = vm_map_lookup(map, page, NULL);

    vm_counters.faults++;
    if (!e)
        return ERR_ADDRESS;
    if (access & ~e->prot) {
        if (!force || (access & ~e->prot) != VM_PROT_WRITE)
            return ERR_PROTECTION;
        if (e->object && !e->needs_copy && vm_object_is_shared(e->object)) {
            enum status s = privatise(e, page);

            if (s != OK)
                return s;
            e = vm_map_lookup(map, page, NULL);
        }
    }
    return resolve(e, page, access, found);
}

enum status vm_fault(struct vm_map *map, uint64_t addr, unsigned access)
{
    struct vm_found found;

    return fault(map, addr, access, false, &found);
}

enum status vm_fault_address(struct vm_map *map, uint64_t addr, unsigned access, bool force,
                             paddr_t *pa)
{
    struct vm_found found;
    enum status s = fault(map, addr, access, force, &found);

    if (s != OK)
        return s;
    if (found.device)
        return ERR_ADDRESS;
    if (access & VM_PROT_WRITE)
        found.page->modified = true;
    *pa = found.frame | (addr & VM_PAGE_MASK);
    return OK;
}
