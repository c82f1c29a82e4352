/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory objects: what can be mapped, and the shadow chains of copy-on-write.
 *
 * An object is a range [0, size) of pages, some of them resident. A page that an object lacks is,
 * in this order: asked of its pager, physical memory itself, looked up in the object it shadows,
 * or zero. A shadow holds the pages written since a copy was made.
 *
 * Invariants
 *  - An object with a shadow has no pager and is not physical.
 *  - While `shared` is false, only map entries and shadows refer to the object, and a range that
 *    an entry shows without needs_copy is shown by nobody else: it alone sees what it writes.
 *    Only such an object is copied symmetrically (vm_map_fork.c).
 *  - resident pages are on `pages`, `resident` of them, all at offsets below `size`.
 *  - `payer` is charged the object itself and PAGE_SIZE per resident page. A quota must outlive
 *    what is charged to it, that is until its `used` is 0: a parent's memory may outlive it in a
 *    child. */
#ifndef L4K_VM_VM_OBJECT_H
#define L4K_VM_VM_OBJECT_H

#include "l4k/vm/vm_page.h"

/* What a pager implements. Called with the object alive; must not release it. */
struct vm_pager_ops {
    /* A page is wanted. OK: vm_object_supply() or vm_object_supply_zero() was called for it
     * already. ERR_PENDING: that will happen later (the VM asks again at each try meanwhile: the
     * pager recognises repetitions). Anything else: the access fails with that status. */
    enum status (*data_request)(struct vm_object *object, void *pager, uint64_t offset,
                                unsigned access);
    /* The page's contents, at `data`, differ from the pager's: page-out or a flush. OK: the pager
     * has taken them. */
    enum status (*data_return)(struct vm_object *object, void *pager, uint64_t offset,
                               const void *data);
    /* The last reference is gone; the object no longer exists after the call. */
    void (*terminate)(struct vm_object *object, void *pager);
};

struct vm_object {
    size_t refs;
    uint64_t size; /* bytes, whole pages */
    struct list pages;
    size_t resident;
    struct vm_object *shadow; /* referenced */
    uint64_t shadow_offset;   /* where in `shadow` this object's offset 0 lies */
    struct quota *payer;
    const struct vm_pager_ops *ops; /* NULL: no pager */
    void *pager;
    paddr_t physical; /* valid if is_physical: frame of offset 0 */
    bool is_physical;
    bool device; /* physical and uncached; has no resident pages, can't be copied */
    bool shared;
};

/* Memory that is zero until written. `size` is rounded up to pages; not 0. The caller holds the
 * one reference. ERR_INVALID, ERR_NO_MEMORY. Such an object, having a name outside the maps, is
 * `shared` from the start. */
enum status vm_object_create_anonymous(uint64_t size, struct quota *payer,
                                       struct vm_object **out);

/* Memory whose pages `ops` brings. */
enum status vm_object_create_paged(uint64_t size, struct quota *payer,
                                   const struct vm_pager_ops *ops, void *pager,
                                   struct vm_object **out);

/* The physical memory [pa, pa + size), page aligned: a boot module, or with `device` a device's
 * registers, mapped uncached. The frames are not the allocator's, and stay when the object goes.
 * Several objects may cover one frame. */
enum status vm_object_create_physical(paddr_t pa, uint64_t size, bool device,
                                      struct quota *payer, struct vm_object **out);

void vm_object_reference(struct vm_object *object);

/* Drops a reference; the last one frees the pages and drops the shadow. */
void vm_object_release(struct vm_object *object);

/* Kernel-side access to the contents [offset, offset + length), which must lie within the size.
 * A write makes pages as needed and is seen by all who share the object. ERR_INVALID (range,
 * device), ERR_NO_MEMORY, or what the pager says; parts may be done then. */
enum status vm_object_read(struct vm_object *object, uint64_t offset, void *to, size_t length);
enum status vm_object_write(struct vm_object *object, uint64_t offset, const void *from,
                            size_t length);

/* The frame behind a page of the object, made resident (and private to the object with
 * VM_PROT_WRITE in `access`): for a kernel that wants to reach it through the physical map, such as
 * a UTCB. It stays valid while the object lives and is not paged; wire it (`wire`) for good. */
enum status vm_object_frame(struct vm_object *object, uint64_t offset, unsigned access, bool wire,
                            paddr_t *out);

/* Pages [offset, offset + length) are forgotten and read as zero (or come from the pager or
 * shadow) again: truncation of a file. Wired pages stay. */
enum status vm_object_discard(struct vm_object *object, uint64_t offset, uint64_t length);

/* Pager's answers: a page with these PAGE_SIZE bytes, or zeroes. ERR_EXISTS: it is resident. */
enum status vm_object_supply(struct vm_object *object, uint64_t offset, const void *data);
enum status vm_object_supply_zero(struct vm_object *object, uint64_t offset);

/* --- within the VM core --- */

/* A shadow of [offset, offset + size) of `*object`, whose reference it takes over; both are
 * replaced by the shadow and 0. Paid by `payer`. ERR_NO_MEMORY: nothing happened. */
enum status vm_object_shadow(struct vm_object **object, uint64_t *offset, uint64_t size,
                             struct quota *payer);

/* A page found, or made. */
struct vm_found {
    struct vm_page *page; /* NULL for device memory */
    paddr_t frame;
    bool backing; /* it belongs to an object further down: map it without VM_PROT_WRITE */
    bool device;
};

/* Finds the page that (object, offset) shows, making it if it is nowhere; with VM_PROT_WRITE in
 * `access` the object itself has it afterwards. Does a bounded piece of collapse on the way. */
enum status vm_object_page(struct vm_object *object, uint64_t offset, unsigned access,
                           struct vm_found *out);

/* Moves at most `budget` pages up the chain under `object`; returns what is left of it. Each page
 * of a collapsed object is looked at once. */
unsigned vm_object_collapse(struct vm_object *object, unsigned budget);

/* A new object that holds the present contents of [offset, offset + size), page by page. */
enum status vm_object_copy_slowly(struct vm_object *object, uint64_t offset, uint64_t size,
                                  struct quota *payer, struct vm_object **out);

#endif
