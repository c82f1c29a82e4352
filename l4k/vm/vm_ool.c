/* SPDX-License-Identifier: BSD-2-Clause */
/* Out-of-line memory under way: see vm_ool.h. */
#include "l4k/vm/vm_ool.h"

#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_internal.h"

/* What one entry gave, held as an entry holds it. */
struct piece {
    struct piece *next;
    struct vm_object *object; /* a reference; NULL: zeroes */
    uint64_t offset, length;
    bool needs_copy;
    bool taken; /* while taking: the entry's own hold will move here */
};

struct vm_ool {
    uint64_t size;
    uint64_t skew; /* of its first byte in its first page */
    struct quota *payer;
    struct piece first;
};

/* Drops a piece's hold as an entry's is dropped. */
static void drop(struct piece *p)
{
    struct vm_map_entry hold = {
        .end = p->length,
        .object = p->object,
        .offset = p->offset,
        .needs_copy = p->needs_copy,
    };

    vm_entry_detach(&hold);
}

void vm_ool_free(struct vm_ool *ool)
{
    struct piece *p, *next;

    if (!ool)
        return;
    drop(&ool->first);
    for (p = ool->first.next; p; p = next) {
        next = p->next;
        drop(p);
        kmem_free(p, sizeof *p, ool->payer);
    }
    kmem_free(ool, sizeof *ool, ool->payer);
}

uint64_t vm_ool_size(const struct vm_ool *ool)
{
    return ool->size;
}

/* Nobody but this entry has to do with what it shows. */
static bool movable(const struct vm_map_entry *e)
{
    return !e->wired && !e->origin && !e->items &&
           (!e->object || (!e->object->device &&
                           (e->needs_copy || !vm_object_is_shared(e->object))));
}

/* One more piece for the entry, which lies within the range. */
static enum status add_piece(struct vm_ool *ool, struct piece ***link, struct vm_map_entry *e,
                             bool move)
{
    struct piece *p = &ool->first;

    if (p->length) {
        p = kmem_alloc(sizeof *p, ool->payer);
        if (!p)
            return ERR_NO_MEMORY;
        **link = p;
    }
    *link = &p->next;
    p->length = e->end - e->start;
    if (move && movable(e)) {
        p->taken = true;
        return OK;
    }
    return vm_entry_copy(e, ool->payer, &p->object, &p->offset, &p->needs_copy);
}

/* The holds that move do so; nothing fails here. */
static void commit_move(struct vm_map *map, uint64_t start, uint64_t end, struct vm_ool *ool)
{
    struct vm_map_entry *e = vm_map_from(map, start);
    enum status s;

    for (struct piece *p = &ool->first; p; p = p->next, e = vm_map_next(e)) {
        if (!p->taken)
            continue;
        p->object = e->object;
        p->offset = e->offset;
        p->needs_copy = e->needs_copy;
        p->taken = false;
        e->object = NULL;
        e->needs_copy = false;
    }
    s = vm_map_remove(map, start, end);
    assert(s == OK); /* its ends were clipped already */
}

/* The range is there, readable, and entries begin and end where it does. */
static enum status prepare(struct vm_map *map, uint64_t start, uint64_t end)
{
    enum status s = vm_map_check(map, start, end);

    if (s == OK)
        s = vm_map_covered(map, start, end, VM_PROT_READ);
    else
        s = ERR_ADDRESS;
    if (s == OK)
        s = vm_map_clip(map, start);
    if (s == OK)
        s = vm_map_clip(map, end);
    return s;
}

enum status vm_ool_take(struct vm_map *map, uint64_t addr, uint64_t size, bool move,
                        struct quota *payer, struct vm_ool **out)
{
    uint64_t start = vm_trunc_page(addr), end;
    struct vm_map_entry *e;
    struct vm_ool *ool;
    struct piece **link = NULL;
    enum status s;

    if (size == 0 || size > map->max || addr > map->max - size)
        return ERR_ADDRESS;
    end = vm_round_page(addr + size);
    s = prepare(map, start, end);
    if (s != OK)
        return s;
    ool = kmem_alloc(sizeof *ool, payer);
    if (!ool)
        return ERR_NO_MEMORY;
    ool->size = size;
    ool->skew = addr - start;
    ool->payer = payer;
    for (e = vm_map_lookup(map, start, NULL); s == OK && e && e->start < end; e = vm_map_next(e))
        s = add_piece(ool, &link, e, move);
    if (s != OK) {
        vm_ool_free(ool);
        return s;
    }
    if (move)
        commit_move(map, start, end, ool);
    *out = ool;
    return OK;
}

enum status vm_ool_from_bytes(const void *bytes, uint64_t size, struct quota *payer,
                              struct vm_ool **out)
{
    struct vm_ool *ool = kmem_alloc(sizeof *ool, payer);
    enum status s;

    if (!ool)
        return ERR_NO_MEMORY;
    ool->size = size;
    ool->payer = payer;
    ool->first.length = vm_round_page(size);
    s = vm_object_create(size, payer, &ool->first.object);
    if (s == OK)
        s = vm_object_write(ool->first.object, 0, bytes, size);
    if (s != OK) {
        vm_ool_free(ool);
        return s;
    }
    *out = ool;
    return OK;
}

/* Entries for all pieces, in their order, by `link`; none if memory is short. */
static enum status make_entries(struct vm_map *map, const struct vm_ool *ool, struct list *entries)
{
    list_init(entries);
    for (const struct piece *p = &ool->first; p; p = p->next) {
        struct vm_map_entry *e = vm_entry_alloc(map);

        if (e) {
            list_add_tail(entries, &e->link);
            continue;
        }
        while (!list_empty(entries)) {
            e = container_of(entries->next, struct vm_map_entry, link);
            list_remove(&e->link);
            vm_entry_free(e);
        }
        return ERR_NO_MEMORY;
    }
    return OK;
}

static void give(struct piece *p, struct vm_map_entry *e, uint64_t at)
{
    e->start = at;
    e->end = at + p->length;
    e->prot = VM_PROT_READ | VM_PROT_WRITE;
    e->max_prot = VM_PROT_ALL;
    e->inherit = VM_INHERIT_COPY;
    vm_entry_attach(e, p->object, p->offset, p->needs_copy);
    p->object = NULL;
    p->needs_copy = false;
    vm_entry_link(e);
}

enum status vm_ool_put(struct vm_map *map, struct vm_ool *ool, uint64_t *addr)
{
    uint64_t at = map->min, span = vm_round_page(ool->skew + ool->size);
    struct list entries;
    enum status s = vm_map_place(map, &at, span, 0, true);

    if (s == OK && !vm_map_room(map, span))
        s = ERR_NO_SPACE;
    if (s == OK)
        s = make_entries(map, ool, &entries);
    if (s != OK)
        return s;
    *addr = at + ool->skew;
    for (struct piece *p = &ool->first; p; p = p->next) {
        struct vm_map_entry *e = container_of(entries.next, struct vm_map_entry, link);

        list_remove(&e->link);
        give(p, e, at);
        at += p->length;
    }
    vm_ool_free(ool);
    return OK;
}

/* The piece that holds byte `*at` of the pages, which becomes an offset into the piece. */
static const struct piece *piece_at(const struct vm_ool *ool, uint64_t *at)
{
    const struct piece *p = &ool->first;

    for (; *at >= p->length; p = p->next)
        *at -= p->length;
    return p;
}

static enum status check_bytes(const struct vm_ool *ool, uint64_t offset, size_t length)
{
    return offset > ool->size || length > ool->size - offset ? ERR_INVALID : OK;
}

enum status vm_ool_read(struct vm_ool *ool, uint64_t offset, void *to, size_t length)
{
    enum status s = check_bytes(ool, offset, length);
    char *bytes = to;

    while (s == OK && length) {
        uint64_t at = ool->skew + offset;
        const struct piece *p = piece_at(ool, &at);
        size_t n = p->length - at < length ? p->length - at : length;

        if (p->object)
            s = vm_object_read(p->object, p->offset + at, bytes, n);
        else
            memset(bytes, 0, n);
        bytes += n;
        offset += n;
        length -= n;
    }
    return s;
}

/* At most to the end of a page of the source. */
static enum status write_some(struct vm_map *map, uint64_t addr, const struct piece *p,
                              uint64_t at, size_t n)
{
    uint64_t skew = at & VM_PAGE_MASK;
    paddr_t frame;
    enum status s;

    if (!p->object)
        return vm_zero(map, addr, n);
    s = vm_object_frame(p->object, p->offset + at - skew, VM_PROT_READ, false, &frame);
    return s == OK ? vm_copy_out(map, addr, (char *)phys_to_virt(frame) + skew, n, false) : s;
}

enum status vm_ool_write(struct vm_map *map, uint64_t addr, struct vm_ool *ool)
{
    enum status s = OK;

    for (uint64_t done = 0; s == OK && done < ool->size;) {
        uint64_t at = ool->skew + done;
        const struct piece *p = piece_at(ool, &at);
        uint64_t left = ool->size - done, n = PAGE_SIZE - (at & VM_PAGE_MASK);

        if (n > left)
            n = left;
        s = write_some(map, addr + done, p, at, n);
        done += n;
    }
    return s;
}
