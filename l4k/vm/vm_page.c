/* SPDX-License-Identifier: BSD-2-Clause */
/* The resident page table: see vm_page.h. */
#include "l4k/vm/vm_page.h"

#include "l4k/lib/assert.h"
#include "l4k/vm/vm_object.h"

/* Frame number -> entry: top[] of middles of leaves, each one page of kernel memory. */
#define PER_LEAF (PAGE_SIZE / sizeof(struct vm_page))
#define PER_NODE (PAGE_SIZE / sizeof(void *))
#define TOP_ENTRIES 4096

struct leaf {
    struct vm_page pages[PER_LEAF];
};
struct middle {
    struct leaf *leaves[PER_NODE];
};
_Static_assert(sizeof(struct leaf) <= PAGE_SIZE, "a leaf is one page");

static struct middle *top[TOP_ENTRIES];

/* (object, offset) -> entry: a power of two of buckets, in pages of kernel memory. */
#define HASH_PAGES_MAX 512
static struct vm_page **hash_pages[HASH_PAGES_MAX];
static unsigned hash_shift; /* 64 less the number of bits of a bucket number */

struct vm_counters vm_counters;
size_t vm_pages_resident, vm_pages_wired, vm_page_record_bytes;
struct list vm_queue_active = {&vm_queue_active, &vm_queue_active};
struct list vm_queue_inactive = {&vm_queue_inactive, &vm_queue_inactive};

enum status vm_page_init(size_t frames)
{
    size_t buckets = PER_NODE;
    unsigned bits = 9;

    while (buckets < frames / 2 && buckets < HASH_PAGES_MAX * PER_NODE) {
        buckets *= 2;
        bits++;
    }
    hash_shift = 64 - bits;
    for (size_t i = 0; i < buckets / PER_NODE; i++) {
        hash_pages[i] = kmem_alloc(PAGE_SIZE, NULL);
        if (!hash_pages[i])
            return ERR_NO_MEMORY;
    }
    return OK;
}

static inline struct vm_page **bucket(const struct vm_object *object, uint64_t offset)
{
    uint64_t key = (uint64_t)(uintptr_t)object + (offset >> PAGE_SHIFT) * 0x9e3779b97f4a7c15;
    uint64_t n = (key * 0xd6e8feb86659fd93) >> hash_shift;

    return &hash_pages[n / PER_NODE][n % PER_NODE];
}

struct vm_page *vm_page_of_frame(paddr_t pa)
{
    uint64_t number = pa >> PAGE_SHIFT, leaf = number / PER_LEAF;
    struct middle *m = leaf / PER_NODE < TOP_ENTRIES ? top[leaf / PER_NODE] : NULL;
    struct leaf *l = m ? m->leaves[leaf % PER_NODE] : NULL;
    struct vm_page *page = l ? &l->pages[number % PER_LEAF] : NULL;

    return page && page->frame ? page : NULL;
}

struct vm_page *vm_page_of_frame_make(paddr_t pa)
{
    uint64_t number = pa >> PAGE_SHIFT, leaf = number / PER_LEAF;
    struct middle **m;
    struct leaf **l;
    struct vm_page *page;

    if (leaf / PER_NODE >= TOP_ENTRIES)
        return NULL;
    m = &top[leaf / PER_NODE];
    if (!*m) {
        if (!(*m = kmem_alloc(sizeof(struct middle), NULL)))
            return NULL;
        vm_page_record_bytes += PAGE_SIZE;
    }
    l = &(*m)->leaves[leaf % PER_NODE];
    if (!*l) {
        if (!(*l = kmem_alloc(sizeof(struct leaf), NULL)))
            return NULL;
        vm_page_record_bytes += PAGE_SIZE;
    }
    page = &(*l)->pages[number % PER_LEAF];
    if (!page->frame) {
        page->frame = number << PAGE_SHIFT;
        list_init(&page->in_object);
        list_init(&page->in_queue);
    }
    return page;
}

struct vm_page *vm_page_lookup(struct vm_object *object, uint64_t offset)
{
    struct vm_page *page = *bucket(object, offset);

    vm_counters.lookups++;
    while (page && (page->object != object || page->offset != offset))
        page = page->hash_next;
    return page;
}

static void identify(struct vm_page *page, struct vm_object *object, uint64_t offset)
{
    struct vm_page **b = bucket(object, offset);

    page->object = object;
    page->offset = offset;
    page->hash_next = *b;
    *b = page;
    list_add_tail(&object->pages, &page->in_object);
    object->resident++;
}

static void forget_identity(struct vm_page *page)
{
    struct vm_page **p = bucket(page->object, page->offset);

    while (*p != page)
        p = &(*p)->hash_next;
    *p = page->hash_next;
    list_remove(&page->in_object);
    page->object->resident--;
    page->object = NULL;
}

static void enqueue(struct vm_page *page)
{
    list_add_tail(&vm_queue_active, &page->in_queue);
    page->queue = VM_QUEUE_ACTIVE;
}

static void dequeue(struct vm_page *page)
{
    list_remove(&page->in_queue);
    page->queue = VM_QUEUE_NONE;
}

enum status vm_page_alloc(struct vm_object *object, uint64_t offset, struct vm_page **out)
{
    struct vm_page *page;
    paddr_t frame;

    if (!vm_charge(object->payer, PAGE_SIZE))
        return ERR_NO_MEMORY;
    frame = frame_alloc();
    page = frame ? vm_page_of_frame_make(frame) : NULL;
    if (!page) {
        if (frame)
            frame_free(frame);
        vm_uncharge(object->payer, PAGE_SIZE);
        return ERR_NO_MEMORY;
    }
    assert(!page->object && !page->pv.pmap);
    page->owned = true;
    page->referenced = page->modified = false;
    page->wired = 0;
    identify(page, object, offset);
    enqueue(page);
    vm_pages_resident++;
    *out = page;
    return OK;
}

void vm_page_free(struct vm_page *page)
{
    struct quota *payer = page->object->payer;

    assert(page->owned);
    pmap_page_protect(page, VM_PROT_NONE);
    if (page->wired)
        vm_pages_wired--;
    page->wired = 0;
    dequeue(page);
    forget_identity(page);
    page->owned = false;
    vm_pages_resident--;
    frame_free(page->frame);
    vm_uncharge(payer, PAGE_SIZE);
}

bool vm_page_rename(struct vm_page *page, struct vm_object *object, uint64_t offset)
{
    struct quota *from = page->object->payer, *to = object->payer;

    if (from != to) {
        if (!vm_charge(to, PAGE_SIZE))
            return false;
        vm_uncharge(from, PAGE_SIZE);
    }
    forget_identity(page);
    identify(page, object, offset);
    return true;
}

void vm_page_wire(struct vm_page *page)
{
    if (!page->owned)
        return;
    assert(page->wired < UINT16_MAX);
    if (page->wired++ == 0) {
        dequeue(page);
        vm_pages_wired++;
    }
}

void vm_page_unwire(struct vm_page *page)
{
    if (!page->owned || !page->wired)
        return;
    if (--page->wired == 0) {
        enqueue(page);
        vm_pages_wired--;
    }
}
