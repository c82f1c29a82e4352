/* SPDX-License-Identifier: BSD-2-Clause */
/* Map items: entries that share the memory of their source and go when it goes.
 *
 * A family joins the entries that items were mapped from (the pieces of what was one entry) and
 * the items, its children. Each place in a family is a number, `place` in the entries: the offset
 * in the object when the family began. Items keep the places of their sources, down all
 * generations, so that revoking a range is the same range of places everywhere, and splitting an
 * entry changes nothing for its relatives.
 *
 * Invariants: the pieces of a family have disjoint places; each child's places lie within
 * those of the pieces (a piece revokes its places' children before it goes). */
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_internal.h"

struct vm_family {
    size_t refs; /* pieces: entries whose `items` this is */
    struct quota *payer;
    struct list children;
    struct list work; /* while revoking */
    bool queued;
    uint64_t from, to; /* places to revoke */
};

static uint64_t place_end(const struct vm_map_entry *e)
{
    return e->place + (e->end - e->start);
}

void vm_items_split(struct vm_map_entry *lower, struct vm_map_entry *upper)
{
    upper->place = place_end(lower);
    upper->origin = lower->origin;
    upper->items = lower->items;
    if (upper->origin)
        list_add(&lower->sibling, &upper->sibling);
    if (upper->items)
        upper->items->refs++;
}

static void drop_family(struct vm_family *f)
{
    if (f && --f->refs == 0) {
        assert(list_empty(&f->children));
        kmem_free(f, sizeof *f, f->payer);
    }
}

void vm_items_leave(struct vm_map_entry *e)
{
    list_remove(&e->sibling);
    drop_family(e->items);
    e->items = e->origin = NULL;
}

void vm_items_join(struct vm_map_entry *e, struct vm_map_entry *n)
{
    if (!e->origin)
        return;
    n->place = e->place;
    n->origin = e->origin;
    list_add(&e->sibling, &n->sibling);
}

static void queue_family(struct list *work, struct vm_family *f, uint64_t from, uint64_t to)
{
    if (!f->queued) {
        f->queued = true;
        f->from = from;
        f->to = to;
        list_add_tail(work, &f->work);
        return;
    }
    if (from < f->from)
        f->from = from;
    if (to > f->to)
        f->to = to;
}

/* The part of the child at places [from, to), split off; more of it where memory is short. */
static struct vm_map_entry *trim(struct vm_map_entry *e, uint64_t from, uint64_t to)
{
    if (e->place < from && vm_entry_clip(e, e->start + (from - e->place)) == OK)
        e = vm_map_next(e);
    if (place_end(e) > to) {
        enum status s = vm_entry_clip(e, e->start + (to - e->place));

        (void)s; /* a failure leaves it whole */
    }
    return e;
}

/* Moves the children at places [f->from, f->to) to `doomed` and queues their own families. */
static void doom_children(struct vm_family *f, struct list *work, struct list *doomed)
{
    struct list *i, *next;

    list_for_each_safe(i, next, &f->children) {
        struct vm_map_entry *e = container_of(i, struct vm_map_entry, sibling);

        if (e->place >= f->to || place_end(e) <= f->from)
            continue;
        e = trim(e, f->from, f->to);
        list_remove(&e->sibling);
        list_add_tail(doomed, &e->sibling);
        e->origin = NULL;
        if (e->items)
            queue_family(work, e->items, e->place, place_end(e));
    }
}

void vm_items_revoke(struct vm_map_entry *e, uint64_t start, uint64_t end)
{
    struct list work, doomed;

    if (!e->items)
        return;
    list_init(&work);
    list_init(&doomed);
    queue_family(&work, e->items, e->place + (start - e->start), e->place + (end - e->start));
    while (!list_empty(&work)) {
        struct vm_family *f = container_of(work.next, struct vm_family, work);

        list_remove(&f->work);
        f->queued = false;
        doom_children(f, &work, &doomed);
    }
    while (!list_empty(&doomed))
        vm_entry_delete(container_of(doomed.next, struct vm_map_entry, sibling));
}

/* The source can have children: its object is its own, and it has a family for them. */
static enum status make_source(struct vm_map_entry *e)
{
    enum status s = vm_entry_own(e);

    if (s != OK)
        return s;
    e->object->shared = true;
    if (e->items)
        return OK;
    e->items = kmem_alloc(sizeof *e->items, e->map->payer);
    if (!e->items)
        return ERR_NO_MEMORY;
    e->items->refs = 1;
    e->items->payer = e->map->payer;
    list_init(&e->items->children);
    list_init(&e->items->work);
    if (!e->origin)
        e->place = e->offset;
    return OK;
}

static enum status add_item(struct vm_map_entry *e, struct vm_map *map, uint64_t at,
                            unsigned prot)
{
    struct vm_map_entry *n;
    enum status s = make_source(e);

    if (s != OK)
        return s;
    n = vm_entry_alloc(map);
    if (!n)
        return ERR_NO_MEMORY;
    n->start = at;
    n->end = at + (e->end - e->start);
    n->prot = n->max_prot = (uint8_t)(prot & e->prot);
    n->inherit = VM_INHERIT_SHARE;
    vm_object_reference(e->object);
    vm_entry_attach(n, e->object, e->offset, false);
    n->place = e->place;
    n->origin = e->items;
    list_add_tail(&e->items->children, &n->sibling);
    vm_entry_link(n);
    return OK;
}

/* The child takes its source's place among the source's relatives; the source goes. */
static void grant_item(struct vm_map_entry *e, struct vm_map_entry *n)
{
    list_remove(&n->sibling);
    n->origin = e->origin;
    if (n->origin)
        list_add(&e->sibling, &n->sibling);
    n->items = e->items;
    e->items = NULL;
    vm_entry_delete(e);
}

static enum status check_share(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                               uint64_t dst, uint64_t size, unsigned prot)
{
    enum status s = prot & ~VM_PROT_ALL ? ERR_INVALID : OK;

    if (s == OK)
        s = vm_map_place(dst_map, &dst, size, 0, false);
    if (s == OK && !vm_map_room(dst_map, size))
        s = ERR_NO_SPACE;
    if (s == OK)
        s = size > src_map->max || src > src_map->max - size
                ? ERR_INVALID
                : vm_map_check(src_map, src, src + size);
    if (s == OK)
        s = vm_map_covered(src_map, src, src + size, VM_PROT_NONE);
    if (s != OK)
        return s;
    for (struct vm_map_entry *e = vm_map_from(src_map, src); e && e->start < src + size;
         e = vm_map_next(e))
        if (!(prot & e->prot))
            return ERR_PROTECTION;
    s = vm_map_clip(src_map, src);
    return s == OK ? vm_map_clip(src_map, src + size) : s;
}

enum status vm_map_share(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                         uint64_t dst, uint64_t size, unsigned prot, bool grant)
{
    struct vm_map_entry *e;
    uint64_t done = 0;
    enum status s = check_share(src_map, src, dst_map, dst, size, prot);

    while (s == OK && done < size) {
        e = vm_map_lookup(src_map, src + done, NULL);
        s = add_item(e, dst_map, dst + done, prot);
        if (s == OK)
            done += e->end - e->start;
    }
    if (s != OK) {
        while (done && (e = vm_map_from(dst_map, dst)) && e->start < dst + done)
            vm_entry_delete(e);
        return s;
    }
    for (uint64_t at = 0; grant && at < size;) {
        e = vm_map_lookup(src_map, src + at, NULL);
        at += e->end - e->start;
        grant_item(e, vm_map_lookup(dst_map, dst + (at - (e->end - e->start)), NULL));
    }
    return OK;
}
