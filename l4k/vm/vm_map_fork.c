/* SPDX-License-Identifier: BSD-2-Clause */
/* Forking an address map: each entry gives what its inheritance says.
 *
 * A copy is symmetric where it can be: both entries keep the object, frozen, and whoever writes
 * first puts a shadow before it. Memory that others write too (`shared`, or wired here) can't be
 * frozen and is copied page by page. */
#include "l4k/vm/vm_internal.h"

static enum status inherit_shared(struct vm_map_entry *e, struct vm_map_entry *n)
{
    enum status s = vm_entry_own(e);

    if (s != OK)
        return s;
    e->object->shared = true;
    vm_object_reference(e->object);
    vm_entry_attach(n, e->object, e->offset, false);
    vm_items_join(e, n);
    return OK;
}

static enum status inherit_copy(struct vm_map_entry *e, struct vm_map_entry *n)
{
    struct vm_object *object;
    uint64_t offset;
    bool needs_copy;
    enum status s = vm_entry_copy(e, n->map->payer, &object, &offset, &needs_copy);

    if (s == OK)
        vm_entry_attach(n, object, offset, needs_copy);
    return s;
}

static enum status inherit(struct vm_map_entry *e, struct vm_map *to)
{
    struct vm_map_entry *n;
    enum status s;

    if (e->inherit == VM_INHERIT_NONE)
        return OK;
    n = vm_entry_alloc(to);
    if (!n)
        return ERR_NO_MEMORY;
    n->start = e->start;
    n->end = e->end;
    n->prot = e->prot;
    n->max_prot = e->max_prot;
    n->inherit = e->inherit;
    if (e->inherit == VM_INHERIT_SHARE || (e->object && e->object->device))
        s = inherit_shared(e, n);
    else
        s = inherit_copy(e, n);
    if (s == OK)
        vm_entry_link(n);
    else
        vm_entry_free(n);
    return s;
}

enum status vm_map_fork(struct vm_map *src, struct quota *payer, struct vm_map **out)
{
    struct vm_map *map;
    struct list *i;
    enum status s = vm_map_create(payer, src->min, src->max, &map);

    if (s != OK)
        return s;
    map->limit = src->limit;
    map->max_limit = src->max_limit;
    list_for_each(i, &src->entries) {
        s = inherit(container_of(i, struct vm_map_entry, link), map);
        if (s != OK) {
            vm_map_release(map);
            return s;
        }
    }
    *out = map;
    return OK;
}
