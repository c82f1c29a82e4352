/* SPDX-License-Identifier: BSD-2-Clause */
/* Address maps: life, lookup, free space, and entering memory. */
#include "l4k/vm/vm_map.h"

#include "l4k/lib/assert.h"
#include "l4k/vm/vm_internal.h"

enum status vm_map_create(struct quota *payer, uint64_t min, uint64_t max, struct vm_map **out)
{
    struct vm_map *map;
    enum status s;

    if ((min | max) & VM_PAGE_MASK || min >= max || max > USER_MAX)
        return ERR_INVALID;
    map = kmem_alloc(sizeof *map, payer);
    if (!map)
        return ERR_NO_MEMORY;
    s = pmap_create(payer, &map->pmap);
    if (s != OK) {
        kmem_free(map, sizeof *map, payer);
        return s;
    }
    map->refs = 1;
    map->min = min;
    map->max = max;
    map->limit = map->max_limit = max - min;
    map->payer = payer;
    list_init(&map->entries);
    *out = map;
    return OK;
}

void vm_map_reference(struct vm_map *map)
{
    map->refs++;
}

void vm_map_release(struct vm_map *map)
{
    assert(map->refs > 0);
    if (--map->refs)
        return;
    while (!list_empty(&map->entries)) {
        struct vm_map_entry *e = container_of(map->entries.next, struct vm_map_entry, link);

        vm_items_revoke(e, e->start, e->end);
        vm_entry_delete(e);
    }
    pmap_destroy(map->pmap);
    kmem_free(map, sizeof *map, map->payer);
}

struct vm_map_entry *vm_map_next(struct vm_map_entry *e)
{
    struct list *next = e->link.next;

    return next == &e->map->entries ? NULL : container_of(next, struct vm_map_entry, link);
}

static struct vm_map_entry *first_entry(struct vm_map *map)
{
    return list_empty(&map->entries) ? NULL
                                     : container_of(map->entries.next, struct vm_map_entry, link);
}

/* The hint is the entry last found, or the one before the hole last found: what is looked for is
 * mostly there or right behind. */
struct vm_map_entry *vm_map_lookup(struct vm_map *map, uint64_t addr, struct vm_map_entry **next)
{
    struct vm_map_entry *e = map->hint, *after;

    if (e && addr >= e->start && addr < e->end)
        return e;
    if (!e || addr < e->start) {
        after = first_entry(map);
        if (!after || addr < after->start) {
            if (next)
                *next = after;
            return NULL;
        }
        e = addr < after->end ? after : vm_tree_floor(map, addr);
    }
    after = addr < e->end ? NULL : vm_map_next(e);
    if (after && addr >= after->start) {
        e = addr < after->end ? after : vm_tree_floor(map, addr);
        after = vm_map_next(e);
    }
    map->hint = e;
    if (addr < e->end)
        return e;
    if (next)
        *next = after;
    return NULL;
}

struct vm_map_entry *vm_map_from(struct vm_map *map, uint64_t addr)
{
    struct vm_map_entry *next = NULL, *e = vm_map_lookup(map, addr, &next);

    return e ? e : next;
}

enum status vm_map_check(const struct vm_map *map, uint64_t start, uint64_t end)
{
    if ((start | end) & VM_PAGE_MASK || start >= end || start < map->min || end > map->max)
        return ERR_INVALID;
    return OK;
}

enum status vm_map_covered(struct vm_map *map, uint64_t start, uint64_t end, unsigned prot)
{
    struct vm_map_entry *e = vm_map_lookup(map, start, NULL);
    enum status s = OK;

    for (; e && e->start <= start; e = vm_map_next(e)) {
        if (prot & ~e->prot)
            s = ERR_PROTECTION;
        start = e->end;
        if (start >= end)
            return s;
    }
    return ERR_ADDRESS;
}

enum status vm_map_set_limit(struct vm_map *map, uint64_t limit, uint64_t max_limit)
{
    if (limit > max_limit)
        return ERR_INVALID;
    map->limit = limit;
    map->max_limit = max_limit;
    return OK;
}

static bool align_up(uint64_t *addr, uint64_t mask)
{
    uint64_t up = (*addr + mask) & ~mask;

    if (up < *addr)
        return false;
    *addr = up;
    return true;
}

enum status vm_map_place(struct vm_map *map, uint64_t *addr, uint64_t size, uint64_t align_mask,
                         bool anywhere)
{
    uint64_t at = *addr, mask = align_mask | VM_PAGE_MASK;
    struct vm_map_entry *e, *last = NULL;

    if (size & VM_PAGE_MASK || size == 0 || size > map->max || align_mask & (align_mask + 1))
        return ERR_INVALID;
    if (!anywhere) {
        if (at & mask || at < map->min || at > map->max - size)
            return ERR_INVALID;
        e = vm_map_from(map, at);
        return e && e->start < at + size ? ERR_EXISTS : OK;
    }
    if (at < map->min)
        at = map->min;
    if (!align_up(&at, mask))
        return ERR_NO_SPACE;
    for (e = vm_map_from(map, at); at <= map->max - size; e = vm_map_next(e)) {
        if (!e || (e->start >= at && e->start - at >= size)) {
            *addr = at;
            if (last)
                map->hint = last; /* who maps there looks it up */
            return OK;
        }
        last = e;
        at = e->end;
        if (!align_up(&at, mask))
            break;
    }
    return ERR_NO_SPACE;
}

/* Anonymous memory that continues an entry of the same kind becomes part of it: heaps and stacks
 * that grow stay one entry and one object. */
static bool extend(struct vm_map *map, uint64_t addr, uint64_t size, unsigned prot,
                   unsigned max_prot, enum vm_inherit inherit)
{
    struct vm_map_entry *e = addr > map->min ? vm_map_lookup(map, addr - 1, NULL) : NULL;
    struct vm_object *object;

    if (!e || e->prot != prot || e->max_prot != max_prot || e->inherit != inherit || e->wired ||
        e->origin || e->items || e->needs_copy)
        return false;
    object = e->object;
    if (object) {
        if (object->refs != 1 || vm_object_is_shared(object) || object->shadow ||
            object->size != e->offset + (e->end - e->start))
            return false;
        object->size += size;
    }
    e->end += size;
    vm_entry_count(e, size);
    map->version++;
    return true;
}

static bool sensible(unsigned prot, unsigned max_prot, enum vm_inherit inherit)
{
    return !(max_prot & ~VM_PROT_ALL) && !(prot & ~max_prot) && inherit <= VM_INHERIT_NONE;
}

enum status vm_map_enter(struct vm_map *map, uint64_t *addr, uint64_t size, uint64_t align_mask,
                         bool anywhere, struct vm_object *object, uint64_t offset, bool copy,
                         unsigned prot, unsigned max_prot, enum vm_inherit inherit)
{
    struct vm_map_entry *e;
    uint64_t at = *addr;
    enum status s;

    if (!sensible(prot, max_prot, inherit) || size > map->max)
        return ERR_INVALID;
    size = vm_round_page(size);
    if (object && (offset & VM_PAGE_MASK || offset > object->size ||
                   size > object->size - offset || (copy && object->device)))
        return ERR_INVALID;
    s = vm_map_place(map, &at, size, align_mask, anywhere);
    if (s != OK)
        return s;
    if (max_prot != VM_PROT_NONE && !vm_map_room(map, size))
        return ERR_NO_SPACE;
    *addr = at;
    if (!object && extend(map, at, size, prot, max_prot, inherit))
        return OK;
    e = vm_entry_alloc(map);
    if (!e)
        return ERR_NO_MEMORY;
    e->start = at;
    e->end = at + size;
    e->prot = (uint8_t)prot;
    e->max_prot = (uint8_t)max_prot;
    e->inherit = (uint8_t)inherit;
    if (object) {
        vm_object_reference(object);
        vm_entry_attach(e, object, offset, copy);
    }
    vm_entry_link(e);
    return OK;
}
