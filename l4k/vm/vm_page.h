/* SPDX-License-Identifier: BSD-2-Clause */
/* Resident pages: one entry per frame, hashed by (object, offset). The inverted page table.
 *
 * Entries live in a sparse table indexed by frame number, whose parts appear when a frame of
 * theirs is first used, so nothing is reserved at boot. A page of an object is in the hash and on
 * the object's list; the page of a physical object (a boot module) is in neither: it is found
 * through the table alone and is never freed. */
#ifndef L4K_VM_VM_PAGE_H
#define L4K_VM_VM_PAGE_H

#include "l4k/lib/list.h"
#include "l4k/vm/pmap.h"

struct vm_object;

enum vm_page_queue { VM_QUEUE_NONE, VM_QUEUE_ACTIVE, VM_QUEUE_INACTIVE };

struct vm_page {
    struct vm_object *object; /* NULL: free, or a page of physical memory */
    uint64_t offset;          /* bytes into the object */
    struct vm_page *hash_next;
    struct list in_object;
    struct list in_queue;
    paddr_t frame;
    struct pv pv; /* first of the mappings; pmap's own */
    uint16_t wired;
    uint8_t queue;      /* enum vm_page_queue; wired pages are on none */
    uint8_t referenced; /* kept by pmap: bits of mappings that are gone */
    uint8_t modified;
    uint8_t owned; /* the frame came from frame_alloc() */
};

/* Counters since boot, for vm_statistics and the tests. */
struct vm_counters {
    uint64_t faults, zero_fills, cow_copies, pager_requests;
    uint64_t collapsed_pages, collapses, bypasses, lookups;
};
extern struct vm_counters vm_counters;

extern size_t vm_pages_resident, vm_pages_wired;
/* Kernel memory of frames' records, which appear when a frame is first used and stay. */
extern size_t vm_page_record_bytes;
extern struct list vm_queue_active, vm_queue_inactive;

/* Builds the hash for `frames` frames in all. Once, at boot. ERR_NO_MEMORY. */
enum status vm_page_init(size_t frames);

/* The entry of the frame at `pa`, NULL if it was never used. */
struct vm_page *vm_page_of_frame(paddr_t pa);

/* The same, making it appear. NULL: no memory, or beyond what the table reaches (360 GiB). */
struct vm_page *vm_page_of_frame_make(paddr_t pa);

/* The resident page at (object, offset), or NULL. */
struct vm_page *vm_page_lookup(struct vm_object *object, uint64_t offset);

/* A new page at (object, offset), where none is, contents undefined; charged to the object's
 * payer and put on the active queue. ERR_NO_MEMORY. */
enum status vm_page_alloc(struct vm_object *object, uint64_t offset, struct vm_page **out);

/* Removes all mappings, takes the page out of its object and frees the frame. */
void vm_page_free(struct vm_page *page);

/* Moves a page to (object, offset), where none is; mappings stay. False (and nothing happens)
 * when the new object's payer can't pay. */
bool vm_page_rename(struct vm_page *page, struct vm_object *object, uint64_t offset);

/* A wired page is on no queue: page-out leaves it alone. Calls nest. */
void vm_page_wire(struct vm_page *page);
void vm_page_unwire(struct vm_page *page);

#endif
