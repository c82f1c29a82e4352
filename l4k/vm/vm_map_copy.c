/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual copies of ranges, within and between address maps. */
#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_internal.h"

static bool has_device(struct vm_map *map, uint64_t start, uint64_t end)
{
    for (struct vm_map_entry *e = vm_map_from(map, start); e && e->start < end;
         e = vm_map_next(e))
        if (e->object && e->object->device)
            return true;
    return false;
}

static enum status check_side(struct vm_map *map, uint64_t start, uint64_t size, unsigned prot)
{
    enum status s = size > map->max || start > map->max - size
                        ? ERR_INVALID
                        : vm_map_check(map, start, start + size);

    if (s == OK)
        s = vm_map_covered(map, start, start + size, prot);
    if (s == OK && has_device(map, start, start + size))
        s = ERR_INVALID;
    return s;
}

/* Others see what is written here, or pages may not be exchanged: bytes must be copied. */
static bool written_in_place(const struct vm_map_entry *e)
{
    return e->wired || (e->object && !e->needs_copy && vm_object_is_shared(e->object));
}

/* The entries that begin at `src` and `dst`, cut to the same length, at most `size`. */
static enum status cut(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map, uint64_t dst,
                       uint64_t size, struct vm_map_entry **from, struct vm_map_entry **to)
{
    struct vm_map_entry *f, *t;
    enum status s = vm_map_clip(src_map, src);

    if (s == OK)
        s = vm_map_clip(dst_map, dst);
    if (s != OK)
        return s;
    f = vm_map_lookup(src_map, src, NULL);
    t = vm_map_lookup(dst_map, dst, NULL);
    if (f->end - src < size)
        size = f->end - src;
    if (t->end - dst < size)
        size = t->end - dst;
    s = vm_map_clip(src_map, src + size);
    if (s == OK)
        s = vm_map_clip(dst_map, dst + size);
    *from = vm_map_lookup(src_map, src, NULL);
    *to = vm_map_lookup(dst_map, dst, NULL);
    return s;
}

/* The destination entry shows a copy of the source entry, of the same length. */
static enum status replace(struct vm_map_entry *to, struct vm_map_entry *from)
{
    struct vm_object *object;
    uint64_t offset;
    bool needs_copy;
    enum status s = vm_entry_copy(from, to->map->payer, &object, &offset, &needs_copy);

    if (s != OK)
        return s;
    pmap_remove(to->map->pmap, to->start, to->end);
    vm_entry_detach(to);
    vm_entry_attach(to, object, offset, needs_copy);
    to->map->version++;
    return OK;
}

enum status vm_map_copy_range(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                              uint64_t dst, uint64_t size)
{
    uint64_t done = 0;
    enum status s = check_side(src_map, src, size, VM_PROT_READ);

    if (s == OK)
        s = check_side(dst_map, dst, size, VM_PROT_WRITE);
    if (s == OK && src_map == dst_map && src < dst + size && dst < src + size)
        s = ERR_INVALID;
    while (s == OK && done < size) {
        struct vm_map_entry *from, *to;

        s = cut(src_map, src + done, dst_map, dst + done, size - done, &from, &to);
        if (s == OK) {
            uint64_t length = to->end - to->start;

            if (written_in_place(to))
                s = vm_copy_between(src_map, src + done, dst_map, dst + done, length, NULL);
            else
                s = replace(to, from);
            done += length;
        }
    }
    return s;
}

static enum status add_copy(struct vm_map_entry *from, struct vm_map *map, uint64_t at,
                            unsigned prot)
{
    struct vm_map_entry *n = vm_entry_alloc(map);
    enum status s;

    if (!n)
        return ERR_NO_MEMORY;
    n->start = at;
    n->end = at + (from->end - from->start);
    n->prot = (uint8_t)prot;
    n->max_prot = VM_PROT_ALL;
    n->inherit = VM_INHERIT_COPY;
    vm_entry_link(n);
    s = replace(n, from);
    if (s != OK)
        vm_entry_delete(n);
    return s;
}

enum status vm_map_copy_new(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                            uint64_t *dst, uint64_t size, bool anywhere, unsigned prot)
{
    uint64_t at = *dst, done = 0;
    enum status s = check_side(src_map, src, size, VM_PROT_READ);

    if (s == OK && prot & ~VM_PROT_ALL)
        s = ERR_INVALID;
    if (s == OK)
        s = vm_map_place(dst_map, &at, size, 0, anywhere);
    if (s == OK && !vm_map_room(dst_map, size))
        s = ERR_NO_SPACE;
    if (s == OK)
        s = vm_map_clip(src_map, src);
    if (s == OK)
        s = vm_map_clip(src_map, src + size);
    while (s == OK && done < size) {
        struct vm_map_entry *from = vm_map_lookup(src_map, src + done, NULL);

        s = add_copy(from, dst_map, at + done, prot);
        if (s == OK)
            done += from->end - from->start;
    }
    if (s == OK) {
        *dst = at;
        return OK;
    }
    for (struct vm_map_entry *e; done && (e = vm_map_from(dst_map, at)) && e->start < at + done;)
        vm_entry_delete(e);
    return s;
}
