/* SPDX-License-Identifier: BSD-2-Clause */
/* Map entries: making, splitting, deleting them, and their hold on memory objects. */
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_internal.h"

struct vm_map_entry *vm_entry_alloc(struct vm_map *map)
{
    struct vm_map_entry *e = kmem_alloc(sizeof *e, map->payer);

    if (e) {
        e->map = map;
        list_init(&e->link);
        list_init(&e->sibling);
    }
    return e;
}

void vm_entry_free(struct vm_map_entry *e)
{
    assert(!e->object && !e->origin && !e->items);
    kmem_free(e, sizeof *e, e->map->payer);
}

void vm_entry_link(struct vm_map_entry *e)
{
    struct vm_map *map = e->map;
    struct vm_map_entry *next = NULL, *there = vm_map_lookup(map, e->start, &next);

    assert(!there);
    list_add_tail(next ? &next->link : &map->entries, &e->link);
    vm_tree_insert(map, e);
    map->count++;
    vm_entry_count(e, e->end - e->start);
    map->version++;
}

void vm_entry_unlink(struct vm_map_entry *e)
{
    struct vm_map *map = e->map;

    if (map->hint == e)
        map->hint = e->link.prev == &map->entries
                        ? NULL
                        : container_of(e->link.prev, struct vm_map_entry, link);
    list_remove(&e->link);
    vm_tree_remove(map, e);
    map->count--;
    vm_entry_count(e, e->start - e->end);
    map->version++;
}

void vm_entry_attach(struct vm_map_entry *e, struct vm_object *object, uint64_t offset,
                     bool needs_copy)
{
    e->object = object;
    e->offset = offset;
    e->needs_copy = needs_copy;
}

void vm_entry_detach(struct vm_map_entry *e)
{
    struct vm_object *object = e->object;

    if (!object)
        return;
    /* An entry with an object that is neither shared nor frozen has its range to itself. */
    if (!e->needs_copy && object->refs > 1 && !vm_object_is_shared(object)) {
        uint64_t end = e->offset + (e->end - e->start);

        vm_object_drop_pages(object, e->offset, end);
        if (end == object->size)
            object->size = e->offset;
    }
    e->object = NULL;
    e->needs_copy = false;
    vm_object_release(object);
}

void vm_entry_freeze(struct vm_map_entry *e)
{
    if (e->needs_copy)
        return;
    e->needs_copy = true;
    pmap_protect(e->map->pmap, e->start, e->end, VM_PROT_ALL & ~VM_PROT_WRITE);
}

enum status vm_entry_own(struct vm_map_entry *e)
{
    struct vm_object *object = e->object;
    enum status s;

    if (!object) {
        s = vm_object_create(e->end - e->start, e->map->payer, &object);
        if (s == OK)
            vm_entry_attach(e, object, 0, false);
        return s;
    }
    if (!e->needs_copy)
        return OK;
    if (object->refs == 1 && !object->ops && !object->is_physical) {
        /* The others who had a copy are gone. */
        object->shared = false;
    } else {
        s = vm_object_shadow(&e->object, &e->offset, e->end - e->start, e->map->payer);
        if (s != OK)
            return s;
    }
    e->needs_copy = false;
    return OK;
}

enum status vm_entry_clip(struct vm_map_entry *e, uint64_t addr)
{
    struct vm_map_entry *upper = vm_entry_alloc(e->map);

    if (!upper)
        return ERR_NO_MEMORY;
    upper->start = addr;
    upper->end = e->end;
    upper->prot = e->prot;
    upper->max_prot = e->max_prot;
    upper->inherit = e->inherit;
    upper->wired = e->wired;
    if (e->object) {
        vm_object_reference(e->object);
        vm_entry_attach(upper, e->object, e->offset + (addr - e->start), e->needs_copy);
    }
    vm_entry_count(e, addr - e->end);
    e->end = addr;
    vm_entry_link(upper);
    vm_items_split(e, upper);
    return OK;
}

enum status vm_map_clip(struct vm_map *map, uint64_t addr)
{
    struct vm_map_entry *e = vm_map_lookup(map, addr, NULL);

    return e && e->start != addr ? vm_entry_clip(e, addr) : OK;
}

static void unwire_pages(struct vm_map_entry *e)
{
    for (uint64_t at = 0; at < e->end - e->start; at += PAGE_SIZE) {
        struct vm_page *page = vm_page_lookup(e->object, e->offset + at);

        if (page)
            vm_page_unwire(page);
    }
}

void vm_entry_unwire(struct vm_map_entry *e)
{
    if (e->wired && --e->wired == 0)
        unwire_pages(e);
}

void vm_entry_delete(struct vm_map_entry *e)
{
    if (e->wired)
        unwire_pages(e);
    pmap_remove(e->map->pmap, e->start, e->end);
    vm_items_leave(e);
    vm_entry_unlink(e);
    vm_entry_detach(e);
    vm_entry_free(e);
}

enum status vm_entry_copy(struct vm_map_entry *e, struct quota *payer, struct vm_object **object,
                          uint64_t *offset, bool *needs_copy)
{
    *object = NULL;
    *offset = e->offset;
    *needs_copy = false;
    if (!e->object)
        return OK;
    if (e->object->device)
        return ERR_INVALID;
    if (e->wired || (!e->needs_copy && vm_object_is_shared(e->object))) {
        *offset = 0;
        return vm_object_copy_slowly(e->object, e->offset, e->end - e->start, payer, object);
    }
    vm_entry_freeze(e);
    vm_object_reference(e->object);
    *object = e->object;
    *needs_copy = true;
    return OK;
}
