/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory objects: life, contents, pager's answers. Shadow chains are in vm_shadow.c. */
#include "l4k/vm/vm_object.h"

#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_internal.h"

/* Larger objects make no sense, and sums of two sizes never wrap. */
#define SIZE_LIMIT ((uint64_t)1 << 56)

enum status vm_object_create(uint64_t size, struct quota *payer, struct vm_object **out)
{
    struct vm_object *object;

    if (size == 0 || size > SIZE_LIMIT)
        return ERR_INVALID;
    object = kmem_alloc(sizeof *object, payer);
    if (!object)
        return ERR_NO_MEMORY;
    object->refs = 1;
    object->size = vm_round_page(size);
    object->payer = payer;
    list_init(&object->pages);
    *out = object;
    return OK;
}

enum status vm_object_create_anonymous(uint64_t size, struct quota *payer, struct vm_object **out)
{
    enum status s = vm_object_create(size, payer, out);

    if (s == OK)
        (*out)->shared = true;
    return s;
}

enum status vm_object_create_paged(uint64_t size, struct quota *payer,
                                   const struct vm_pager_ops *ops, void *pager,
                                   struct vm_object **out)
{
    enum status s = vm_object_create(size, payer, out);

    if (s == OK) {
        (*out)->shared = true;
        (*out)->ops = ops;
        (*out)->pager = pager;
    }
    return s;
}

enum status vm_object_create_physical(paddr_t pa, uint64_t size, bool device,
                                      struct quota *payer, struct vm_object **out)
{
    enum status s;

    if ((pa | size) & VM_PAGE_MASK || pa > SIZE_LIMIT)
        return ERR_INVALID;
    s = vm_object_create(size, payer, out);
    if (s == OK) {
        (*out)->shared = true;
        (*out)->is_physical = true;
        (*out)->device = device;
        (*out)->physical = pa;
    }
    return s;
}

void vm_object_reference(struct vm_object *object)
{
    object->refs++;
}

bool vm_object_is_shared(struct vm_object *object)
{
    if (object->shared && object->refs == 1 && !object->ops && !object->is_physical)
        object->shared = false;
    return object->shared;
}

static void destroy(struct vm_object *object)
{
    struct list *i, *next;

    list_for_each_safe(i, next, &object->pages)
        vm_page_free(container_of(i, struct vm_page, in_object));
    if (object->ops)
        object->ops->terminate(object, object->pager);
    kmem_free(object, sizeof *object, object->payer);
}

void vm_object_release(struct vm_object *object)
{
    while (object && --object->refs == 0) {
        struct vm_object *shadow = object->shadow;

        destroy(object);
        object = shadow;
    }
}

static bool in_range(const struct vm_object *object, uint64_t offset, uint64_t length)
{
    return offset <= object->size && length <= object->size - offset && !object->device;
}

enum status vm_object_read(struct vm_object *object, uint64_t offset, void *to, size_t length)
{
    char *p = to;

    if (!in_range(object, offset, length))
        return ERR_INVALID;
    while (length) {
        uint64_t at = offset & VM_PAGE_MASK;
        size_t n = length < PAGE_SIZE - at ? length : PAGE_SIZE - at;
        struct vm_page *page;
        struct vm_object *owner;
        enum status s = vm_object_find(object, offset - at, VM_PROT_READ, &page, &owner);

        if (s != OK)
            return s;
        if (page)
            memcpy(p, (char *)phys_to_virt(page->frame) + at, n);
        else
            memset(p, 0, n);
        p += n;
        offset += n;
        length -= n;
    }
    return OK;
}

enum status vm_object_write(struct vm_object *object, uint64_t offset, const void *from,
                            size_t length)
{
    const char *p = from;

    if (!in_range(object, offset, length))
        return ERR_INVALID;
    while (length) {
        uint64_t at = offset & VM_PAGE_MASK;
        size_t n = length < PAGE_SIZE - at ? length : PAGE_SIZE - at;
        struct vm_found found;
        enum status s = vm_object_page(object, offset - at, VM_PROT_READ | VM_PROT_WRITE, &found);

        if (s != OK)
            return s;
        memcpy((char *)phys_to_virt(found.frame) + at, p, n);
        found.page->modified = true;
        p += n;
        offset += n;
        length -= n;
    }
    return OK;
}

enum status vm_object_frame(struct vm_object *object, uint64_t offset, unsigned access, bool wire,
                            paddr_t *out)
{
    struct vm_found found;
    enum status s;

    if (offset & VM_PAGE_MASK || !in_range(object, offset, PAGE_SIZE))
        return ERR_INVALID;
    s = vm_object_page(object, offset, access, &found);
    if (s != OK)
        return s;
    if (wire && found.page->wired == UINT16_MAX)
        return ERR_NO_MEMORY;
    if (access & VM_PROT_WRITE)
        found.page->modified = true;
    if (wire)
        vm_page_wire(found.page);
    *out = found.frame;
    return OK;
}

void vm_object_drop_pages(struct vm_object *object, uint64_t start, uint64_t end)
{
    if ((end - start) >> PAGE_SHIFT <= object->resident) {
        for (uint64_t at = start; at < end; at += PAGE_SIZE) {
            struct vm_page *page = vm_page_lookup(object, at);

            if (page && !page->wired)
                vm_page_free(page);
        }
    } else {
        struct list *i, *next;

        list_for_each_safe(i, next, &object->pages) {
            struct vm_page *page = container_of(i, struct vm_page, in_object);

            if (page->offset >= start && page->offset < end && !page->wired)
                vm_page_free(page);
        }
    }
}

enum status vm_object_discard(struct vm_object *object, uint64_t offset, uint64_t length)
{
    if ((offset | length) & VM_PAGE_MASK || !in_range(object, offset, length))
        return ERR_INVALID;
    vm_object_drop_pages(object, offset, offset + length);
    return OK;
}

static enum status supply_frame(struct vm_object *object, uint64_t offset, struct vm_page **page)
{
    if (offset & VM_PAGE_MASK || offset >= object->size || object->is_physical)
        return ERR_INVALID;
    if (vm_page_lookup(object, offset))
        return ERR_EXISTS;
    return vm_page_alloc(object, offset, page);
}

enum status vm_object_supply(struct vm_object *object, uint64_t offset, const void *data)
{
    struct vm_page *page;
    enum status s = supply_frame(object, offset, &page);

    if (s == OK)
        memcpy(phys_to_virt(page->frame), data, PAGE_SIZE);
    return s;
}

enum status vm_object_supply_zero(struct vm_object *object, uint64_t offset)
{
    struct vm_page *page;
    enum status s = supply_frame(object, offset, &page);

    if (s == OK)
        pmap_zero_frame(page->frame);
    return s;
}
