/* SPDX-License-Identifier: BSD-2-Clause */
/* Address maps: sorted entries, each a range that shows part of a memory object.
 *
 * All addresses of ranges are page aligned (ERR_INVALID), `start` < `end` within the map's bounds
 * (ERR_INVALID). No call keeps the caller's pointers. "Protection" is a set of VM_PROT_*. */
#ifndef L4K_VM_VM_MAP_H
#define L4K_VM_VM_MAP_H

#include "l4k/vm/vm_object.h"

struct vm_map;
struct vm_family;

struct vm_map_entry {
    struct list link; /* in the map, by address */
    struct vm_map_entry *left, *right;
    struct vm_map *map;
    uint64_t start, end;
    struct vm_object *object; /* referenced; NULL: anonymous memory nobody touched yet */
    uint64_t offset;          /* of `start` in the object */
    uint8_t height;           /* of the subtree */
    uint8_t prot, max_prot;
    uint8_t inherit;  /* enum vm_inherit */
    bool needs_copy;  /* the object is frozen for this entry: shadow it before the first write */
    uint16_t wired;   /* calls of vm_map_wire() in force */
    /* Map items (vm_share.c). `place` is where `start` lies in the family's coordinates: the
     * offset in the object that parent and children share. */
    struct vm_family *origin; /* what this entry was mapped from, or NULL */
    struct vm_family *items;  /* what was mapped from it, or NULL */
    struct list sibling;      /* among origin's children */
    uint64_t place;
};

struct vm_map {
    size_t refs;
    uint64_t min, max; /* entries lie in [min, max) */
    struct pmap *pmap;
    struct quota *payer;
    struct list entries;
    struct vm_map_entry *root, *hint;
    size_t count;
    uint64_t size;      /* bytes in entries */
    uint64_t uncounted; /* of these, bytes whose maximum protection is none */
    uint64_t limit;     /* of size less uncounted: vm_map_set_limit() */
    uint64_t max_limit; /* that limit may be set to */
    uint64_t version; /* changes whenever an entry does */
};

/* An empty map with its pmap, one reference. `payer` is charged the map, its entries, page tables
 * and the anonymous memory it makes; it must outlive all of that (vm_object.h). */
enum status vm_map_create(struct quota *payer, uint64_t min, uint64_t max, struct vm_map **out);
void vm_map_reference(struct vm_map *map);

/* The last release removes everything mapped (map items made from it too) and frees the map; its
 * pmap must not be current then. */
void vm_map_release(struct vm_map *map);

static inline struct pmap *vm_map_pmap(const struct vm_map *map)
{
    return map->pmap;
}

/* Maps `size` bytes (rounded up to pages) of `object` from `offset`, or of new anonymous memory
 * where `object` is NULL. At `*addr`; or, with `anywhere`, at the first free place at or above
 * `*addr` that is a multiple of align_mask + 1 (0, or a power of two less one; also checked where
 * the address is given). The entry takes a reference of its own. With `copy` the map sees a
 * private copy: what it writes stays its own; a page it has not written shows what others write
 * to the object, or not (Linux's MAP_PRIVATE). ERR_EXISTS: the place is taken; ERR_NO_SPACE: none
 * is free, or the map's limit forbids it; ERR_INVALID: arguments, range beyond the object's size,
 * copy of a device. */
enum status vm_map_enter(struct vm_map *map, uint64_t *addr, uint64_t size, uint64_t align_mask,
                         bool anywhere, struct vm_object *object, uint64_t offset, bool copy,
                         unsigned prot, unsigned max_prot, enum vm_inherit inherit);

/* How many bytes may be mapped, and how far whoever sets it without privilege may raise that; what
 * can never be accessed (maximum protection none) is not counted. Beyond it whatever makes entries
 * answers ERR_NO_SPACE, but for a fork. What is mapped already stays. A new map's limits are its
 * bounds. ERR_INVALID: `limit` is above `max_limit`. */
enum status vm_map_set_limit(struct vm_map *map, uint64_t limit, uint64_t max_limit);

/* Unmaps all that lies in the range; holes are fine. Map items made from it go too.
 * ERR_NO_MEMORY: an entry had to be split; nothing happened. */
enum status vm_map_remove(struct vm_map *map, uint64_t start, uint64_t end);

/* Sets the protection, or with `set_max` the maximum (current protection shrinks to fit). A hole:
 * ERR_ADDRESS; more than the maximum: ERR_PROTECTION; nothing happened then. Map items made
 * from the range keep their protection. */
enum status vm_map_protect(struct vm_map *map, uint64_t start, uint64_t end, unsigned prot,
                           bool set_max);

/* As above; ERR_ADDRESS for a hole. */
enum status vm_map_inherit(struct vm_map *map, uint64_t start, uint64_t end,
                           enum vm_inherit inherit);

/* Wires: all pages become resident (and private where writable) and stay so. Unwires. */
enum status vm_map_wire(struct vm_map *map, uint64_t start, uint64_t end, bool wire);

struct vm_region {
    uint64_t start, end;
    unsigned prot, max_prot;
    enum vm_inherit inherit;
    struct vm_object *object; /* not referenced; NULL while anonymous memory is untouched */
    uint64_t offset;
    bool shared, needs_copy, wired;
};

/* The entry at `addr`, or else the first above. ERR_ADDRESS: none. */
enum status vm_map_region(struct vm_map *map, uint64_t addr, struct vm_region *out);

struct vm_map_statistics {
    uint64_t size;     /* bytes mapped */
    size_t entries;
    size_t resident;   /* mappings the pmap holds now */
    size_t tables;     /* page-table frames */
};
void vm_map_statistics(const struct vm_map *map, struct vm_map_statistics *out);

/* A new map of the same bounds and limits with what the entries bequeath. Map items are no children of what
 * they were copied from. ERR_NO_MEMORY (all undone), or what a pager says. */
enum status vm_map_fork(struct vm_map *src, struct quota *payer, struct vm_map **out);

/* Makes [dst, dst + size) a copy of [src, src + size), as if by reading and writing, but virtually
 * where the destination is not shared. The source must be readable, the destination mapped and
 * writable; it keeps its protections and inheritance. ERR_ADDRESS, ERR_PROTECTION, ERR_INVALID
 * (overlap in one map; a device): nothing happened. ERR_NO_MEMORY, ERR_PENDING, ERR_PAGER: an
 * initial part may be done. */
enum status vm_map_copy_range(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                              uint64_t dst, uint64_t size);

/* The same into a free range: new entries with `prot` (maximum VM_PROT_ALL, inheritance copy);
 * `*dst` and `anywhere` as in vm_map_enter(). Out-of-line memory is moved with it. */
enum status vm_map_copy_new(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                            uint64_t *dst, uint64_t size, bool anywhere, unsigned prot);

/* The map item. Entries in `dst_map` at the free range [dst, dst + size) that share the memory of
 * [src, src + size), with at most `prot` and what the source now allows, as children of their
 * sources: they go when the source goes. `grant` moves instead: the source entries are taken away
 * and their parents and children become those of the new ones. ERR_ADDRESS: the source has a
 * hole; ERR_EXISTS; ERR_NO_SPACE: the limit; ERR_PROTECTION: no right is left; ERR_NO_MEMORY. */
enum status vm_map_share(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                         uint64_t dst, uint64_t size, unsigned prot, bool grant);

/* Recursive unmap: removes from all maps what was mapped from the range by map items, and with
 * `self` the range itself. A child that can't be split for want of memory goes whole. */
enum status vm_map_unmap_children(struct vm_map *map, uint64_t start, uint64_t end, bool self);

/* --- within the VM core --- */

/* The entry that holds `addr`, else NULL and in `*next` (if wanted) the first above or NULL. */
struct vm_map_entry *vm_map_lookup(struct vm_map *map, uint64_t addr, struct vm_map_entry **next);

/* The entry after `e`, or NULL. */
struct vm_map_entry *vm_map_next(struct vm_map_entry *e);

#endif
