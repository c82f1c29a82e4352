/* SPDX-License-Identifier: BSD-2-Clause */
/* Shadow chains: finding and making pages, copy-on-write, collapse and bypass.
 *
 * What bounds the work of a fault: a walk down the chain, one page, and at most COLLAPSE_BUDGET
 * pages moved. A collapse takes pages off the front of the lower object's list until none are
 * left, over as many faults as that takes; in between the chain shows the same contents, as the
 * lower object is seen through the upper one only. */
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_internal.h"

#define COLLAPSE_BUDGET 8

enum status vm_object_shadow(struct vm_object **object, uint64_t *offset, uint64_t size,
                             struct quota *payer)
{
    struct vm_object *shadow;
    enum status s = vm_object_create(size, payer, &shadow);

    if (s != OK)
        return s;
    shadow->shadow = *object;
    shadow->shadow_offset = *offset;
    *object = shadow;
    *offset = 0;
    return OK;
}

/* The page that the object itself has, without a look at its shadow. */
static enum status find_here(struct vm_object *object, uint64_t offset, unsigned access,
                             struct vm_page **page)
{
    enum status s;

    if (object->is_physical) {
        *page = object->device ? NULL : vm_page_of_frame_make(object->physical + offset);
        return *page ? OK : ERR_NO_MEMORY;
    }
    *page = vm_page_lookup(object, offset);
    if (*page || !object->ops)
        return OK;
    vm_counters.pager_requests++;
    s = object->ops->data_request(object, object->pager, offset, access);
    if (s != OK)
        return s;
    *page = vm_page_lookup(object, offset);
    return *page ? OK : ERR_PAGER;
}

enum status vm_object_find(struct vm_object *object, uint64_t offset, unsigned access,
                           struct vm_page **page, struct vm_object **owner)
{
    for (;;) {
        enum status s = find_here(object, offset, access, page);

        *owner = object;
        if (s != OK || *page || !object->shadow)
            return s;
        offset += object->shadow_offset;
        object = object->shadow;
        assert(offset < object->size);
        access &= ~VM_PROT_WRITE;
    }
}

/* The object gets a page of its own that shows what it showed before. An only holder of the object
 * replaces or removes its mapping of the old page, if any. */
static enum status push_page(struct vm_object *object, uint64_t offset, struct vm_page *from,
                             struct vm_page **out)
{
    enum status s = vm_page_alloc(object, offset, out);

    if (s != OK)
        return s;
    if (!from) {
        vm_counters.zero_fills++;
        pmap_zero_frame((*out)->frame);
        return OK;
    }
    vm_counters.cow_copies++;
    pmap_copy_frame(from->frame, (*out)->frame);
    /* Whoever else looks through this object may have the old page mapped at this place. */
    if (object->refs > 1)
        pmap_page_protect(from, VM_PROT_NONE);
    return OK;
}

enum status vm_object_page(struct vm_object *object, uint64_t offset, unsigned access,
                           struct vm_found *out)
{
    struct vm_object *owner;
    struct vm_page *page;
    enum status s;

    assert(offset < object->size);
    if (object->device) {
        *out = (struct vm_found){.frame = object->physical + offset, .device = true};
        return OK;
    }
    if (object->shadow && access & VM_PROT_WRITE)
        vm_object_collapse(object, COLLAPSE_BUDGET);
    s = vm_object_find(object, offset, access, &page, &owner);
    if (s == OK && (!page || (owner != object && access & VM_PROT_WRITE))) {
        s = push_page(object, offset, page, &page);
        owner = object;
    }
    if (s != OK)
        return s;
    *out = (struct vm_found){.page = page, .frame = page->frame, .backing = owner != object};
    return OK;
}

/* Moves pages of the lower object, which only `upper` refers to, up to it or frees those that
 * `upper` hides. What is left of the budget; the lower object is empty if that is not 0. */
static unsigned absorb(struct vm_object *upper, struct vm_object *lower, unsigned budget)
{
    while (budget && !list_empty(&lower->pages)) {
        struct vm_page *page = container_of(lower->pages.next, struct vm_page, in_object);
        uint64_t offset = page->offset - upper->shadow_offset; /* wraps if below: then too large */

        if (offset >= upper->size || vm_page_lookup(upper, offset))
            vm_page_free(page);
        else if (!vm_page_rename(page, upper, offset))
            return 0;
        vm_counters.collapsed_pages++;
        budget--;
    }
    return budget;
}

/* Takes the lower object out of the chain: `upper` shadows what it shadowed. */
static void splice(struct vm_object *upper, struct vm_object *lower)
{
    upper->shadow = lower->shadow;
    upper->shadow_offset += lower->shadow_offset;
    if (upper->shadow)
        vm_object_reference(upper->shadow);
    vm_object_release(lower);
}

unsigned vm_object_collapse(struct vm_object *object, unsigned budget)
{
    while (budget && object->shadow) {
        struct vm_object *lower = object->shadow;
        bool plain = !lower->ops && !lower->is_physical;

        if (plain && lower->refs == 1) {
            budget = absorb(object, lower, budget);
            if (!list_empty(&lower->pages))
                return 0;
            vm_counters.collapses++;
            splice(object, lower);
        } else if (plain && !lower->shared && lower->resident == 0) {
            vm_counters.bypasses++;
            splice(object, lower);
        } else if (object->resident << PAGE_SHIFT == object->size) {
            vm_counters.bypasses++;
            object->shadow = NULL;
            vm_object_release(lower);
        } else {
            object = lower;
        }
    }
    return budget;
}

enum status vm_object_copy_slowly(struct vm_object *object, uint64_t offset, uint64_t size,
                                  struct quota *payer, struct vm_object **out)
{
    struct vm_object *copy, *owner;
    struct vm_page *from, *to;
    enum status s;

    if (object->device)
        return ERR_INVALID;
    s = vm_object_create(size, payer, &copy);
    if (s != OK)
        return s;
    for (uint64_t at = 0; s == OK && at < size; at += PAGE_SIZE) {
        s = vm_object_find(object, offset + at, VM_PROT_READ, &from, &owner);
        if (s == OK && from)
            s = push_page(copy, at, from, &to);
    }
    if (s == OK)
        *out = copy;
    else
        vm_object_release(copy);
    return s;
}
