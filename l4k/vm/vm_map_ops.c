/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on ranges of an address map: remove, protect, inherit, wire, and what they look like.
 *
 * Each splits the entries at the ends of the range first, which may fail and changes nothing that
 * a user sees; what follows does not fail. */
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_internal.h"

/* `*first` is the first entry of the range then, or NULL. */
static enum status clip_range(struct vm_map *map, uint64_t start, uint64_t end,
                              struct vm_map_entry **first)
{
    struct vm_map_entry *e = vm_map_from(map, start);
    enum status s;

    *first = e && e->start < end ? e : NULL;
    if (!*first)
        return OK;
    if (e->start < start) {
        s = vm_entry_clip(e, start);
        if (s != OK)
            return s;
        *first = vm_map_next(e);
    } else if (e->end == end) {
        return OK;
    }
    return vm_map_clip(map, end);
}

enum status vm_map_remove(struct vm_map *map, uint64_t start, uint64_t end)
{
    struct vm_map_entry *e;
    enum status s = vm_map_check(map, start, end);

    if (s == OK)
        s = clip_range(map, start, end, &e);
    if (s != OK)
        return s;
    while (e && e->start < end) {
        bool more = e->end < end;

        vm_items_revoke(e, e->start, e->end);
        vm_entry_delete(e);
        /* Items mapped from here may lie in this very map: look anew each time. */
        e = more ? vm_map_from(map, start) : NULL;
    }
    return OK;
}

enum status vm_map_unmap_children(struct vm_map *map, uint64_t start, uint64_t end, bool self)
{
    struct vm_map_entry *e;
    enum status s = vm_map_check(map, start, end);

    if (s != OK)
        return s;
    if (self)
        return vm_map_remove(map, start, end);
    for (uint64_t at = start; (e = vm_map_from(map, at)) && e->start < end; at = e->end)
        vm_items_revoke(e, e->start > start ? e->start : start, e->end < end ? e->end : end);
    return OK;
}

static void set_protection(struct vm_map_entry *e, unsigned prot, bool set_max)
{
    if (set_max) {
        if (e->max_prot != VM_PROT_NONE && prot == VM_PROT_NONE)
            e->map->uncounted += e->end - e->start;
        e->max_prot = (uint8_t)prot;
        prot &= e->prot;
    }
    if (e->prot & ~prot)
        pmap_protect(e->map->pmap, e->start, e->end, prot);
    e->prot = (uint8_t)prot;
}

enum status vm_map_protect(struct vm_map *map, uint64_t start, uint64_t end, unsigned prot,
                           bool set_max)
{
    struct vm_map_entry *e;
    enum status s = vm_map_check(map, start, end);

    if (s == OK && prot & ~VM_PROT_ALL)
        s = ERR_INVALID;
    if (s == OK)
        s = vm_map_covered(map, start, end, VM_PROT_NONE);
    if (s != OK)
        return s;
    for (e = vm_map_from(map, start); e && e->start < end; e = vm_map_next(e))
        if (prot & ~e->max_prot)
            return ERR_PROTECTION;
    s = clip_range(map, start, end, &e);
    if (s != OK)
        return s;
    for (; e && e->start < end; e = vm_map_next(e))
        set_protection(e, prot, set_max);
    map->version++;
    return OK;
}

enum status vm_map_inherit(struct vm_map *map, uint64_t start, uint64_t end,
                           enum vm_inherit inherit)
{
    struct vm_map_entry *e;
    enum status s = vm_map_check(map, start, end);

    if (s == OK && inherit > VM_INHERIT_NONE)
        s = ERR_INVALID;
    if (s == OK)
        s = vm_map_covered(map, start, end, VM_PROT_NONE);
    if (s == OK)
        s = clip_range(map, start, end, &e);
    if (s != OK)
        return s;
    for (; e && e->start < end; e = vm_map_next(e))
        e->inherit = (uint8_t)inherit;
    map->version++;
    return OK;
}

/* Makes all pages of the entry resident in its own object and wires them; all or none. */
static enum status wire_entry(struct vm_map_entry *e)
{
    struct vm_found found;
    enum status s;

    if (e->wired == UINT16_MAX)
        return ERR_INVALID;
    if (e->wired++)
        return OK;
    s = vm_entry_own(e);
    /* Pages that were copied now may be mapped as they were before. */
    pmap_remove(e->map->pmap, e->start, e->end);
    for (uint64_t at = 0; s == OK && at < e->end - e->start; at += PAGE_SIZE) {
        s = vm_object_page(e->object, e->offset + at, VM_PROT_READ | VM_PROT_WRITE, &found);
        if (s == OK && found.page && found.page->wired == UINT16_MAX)
            s = ERR_NO_MEMORY;
        if (s == OK && found.page)
            vm_page_wire(found.page);
        else if (s != OK)
            while (at) {
                at -= PAGE_SIZE;
                vm_page_unwire(vm_page_lookup(e->object, e->offset + at));
            }
    }
    if (s != OK)
        e->wired = 0;
    return s;
}

enum status vm_map_wire(struct vm_map *map, uint64_t start, uint64_t end, bool wire)
{
    struct vm_map_entry *first, *e;
    enum status s = vm_map_check(map, start, end);
    uint64_t done = start;

    if (s == OK)
        s = vm_map_covered(map, start, end, VM_PROT_NONE);
    if (s == OK)
        s = clip_range(map, start, end, &first);
    if (s != OK)
        return s;
    map->version++;
    if (wire) {
        for (e = first; s == OK && e && e->start < end; e = vm_map_next(e)) {
            s = wire_entry(e);
            done = s == OK ? e->end : done;
        }
        if (s == OK)
            return OK;
        end = done; /* undo what was done */
    }
    for (e = first; e && e->start < end; e = vm_map_next(e))
        vm_entry_unwire(e);
    return s;
}

enum status vm_map_region(struct vm_map *map, uint64_t addr, struct vm_region *out)
{
    struct vm_map_entry *e = vm_map_from(map, addr);

    if (!e)
        return ERR_ADDRESS;
    *out = (struct vm_region){
        .start = e->start,
        .end = e->end,
        .prot = e->prot,
        .max_prot = e->max_prot,
        .inherit = e->inherit,
        .object = e->object,
        .offset = e->offset,
        .shared = e->object && e->object->shared && !e->needs_copy,
        .needs_copy = e->needs_copy,
        .wired = e->wired,
    };
    return OK;
}

void vm_map_statistics(const struct vm_map *map, struct vm_map_statistics *out)
{
    *out = (struct vm_map_statistics){
        .size = map->size,
        .entries = map->count,
        .resident = map->pmap->resident,
        .tables = map->pmap->tables,
    };
}
