/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the VM core share with one another only. */
#ifndef L4K_VM_VM_INTERNAL_H
#define L4K_VM_VM_INTERNAL_H

#include "l4k/vm/vm_map.h"

/* --- vm_object.c, vm_shadow.c --- */

/* As vm_object_create_anonymous(), not `shared`. */
enum status vm_object_create(uint64_t size, struct quota *payer, struct vm_object **out);

/* Whether somebody besides one map entry may write the object; `shared` is corrected when all
 * others are gone. */
bool vm_object_is_shared(struct vm_object *object);

/* Frees the unwired pages at offsets [start, end). */
void vm_object_drop_pages(struct vm_object *object, uint64_t start, uint64_t end);

/* The page that (object, offset) shows and whose it is; NULL where it is zero. Makes nothing, but
 * a pager may be asked. */
enum status vm_object_find(struct vm_object *object, uint64_t offset, unsigned access,
                           struct vm_page **page, struct vm_object **owner);

/* --- vm_map_tree.c: the balanced tree of a map's entries, by start --- */
void vm_tree_insert(struct vm_map *map, struct vm_map_entry *e);
void vm_tree_remove(struct vm_map *map, struct vm_map_entry *e);

/* The entry with the greatest start <= addr, or NULL. */
struct vm_map_entry *vm_tree_floor(const struct vm_map *map, uint64_t addr);

/* --- vm_entry.c: entries and their hold on objects --- */

/* A blank entry of the map, not yet in it, or NULL. vm_entry_free() takes one back whose object,
 * origin and items are gone or were never set. */
struct vm_map_entry *vm_entry_alloc(struct vm_map *map);
void vm_entry_free(struct vm_map_entry *e);

/* Puts an entry with start and end set, which overlaps no other, into its map; takes it out. */
void vm_entry_link(struct vm_map_entry *e);
void vm_entry_unlink(struct vm_map_entry *e);

/* Counts bytes that the entry, in its map, has more; modulo 2^64: less. */
static inline void vm_entry_count(const struct vm_map_entry *e, uint64_t bytes)
{
    e->map->size += bytes;
    if (e->max_prot == VM_PROT_NONE)
        e->map->uncounted += bytes;
}

/* Gives the entry, which has no object, this one, taking over the caller's reference (object may be
 * NULL); drops it, freeing pages that nobody else can see. */
void vm_entry_attach(struct vm_map_entry *e, struct vm_object *object, uint64_t offset,
                     bool needs_copy);
void vm_entry_detach(struct vm_map_entry *e);

/* Freezes the object for this entry, which has one, and write-protects its mappings. */
void vm_entry_freeze(struct vm_map_entry *e);

/* Makes the entry's object its own to write: creates what is not there, shadows what needs a
 * copy. Afterwards it has an object, and needs_copy is false. ERR_NO_MEMORY. */
enum status vm_entry_own(struct vm_map_entry *e);

/* Splits the entry that holds `addr` inside, so that one begins there; no entry: nothing to do. */
enum status vm_map_clip(struct vm_map *map, uint64_t addr);

/* Splits the entry at `addr`, inside it: it keeps the lower part. */
enum status vm_entry_clip(struct vm_map_entry *e, uint64_t addr);

/* Unmaps and frees an entry from which no items are mapped. */
void vm_entry_delete(struct vm_map_entry *e);

/* A second hold on [start, end) of the entry as a copy: object (reference for the caller; maybe
 * NULL, and that after a failure) and offset for a new entry, which needs a copy if `*needs_copy`. The entry has been
 * clipped to the range. New objects are paid by `payer`. */
enum status vm_entry_copy(struct vm_map_entry *e, struct quota *payer, struct vm_object **object,
                          uint64_t *offset, bool *needs_copy);

/* One call of vm_map_wire() less. */
void vm_entry_unwire(struct vm_map_entry *e);

/* OK if [start, end) is page aligned, not empty and within the map. */
enum status vm_map_check(const struct vm_map *map, uint64_t start, uint64_t end);

/* The first entry that ends above `addr`, or NULL. */
struct vm_map_entry *vm_map_from(struct vm_map *map, uint64_t addr);

/* OK if there is no hole in [start, end) and each entry's protection has `prot`: else ERR_ADDRESS
 * or ERR_PROTECTION. */
enum status vm_map_covered(struct vm_map *map, uint64_t start, uint64_t end, unsigned prot);

/* Whether the map's limit lets `size` bytes more in; size is at most the map's. */
static inline bool vm_map_room(const struct vm_map *map, uint64_t size)
{
    return map->size - map->uncounted + size <= map->limit;
}

/* The first free place, see vm_map_enter(); or checks the place given. */
enum status vm_map_place(struct vm_map *map, uint64_t *addr, uint64_t size, uint64_t align_mask,
                         bool anywhere);

/* --- vm_share.c: map items --- */

/* Deletes from all maps what was mapped from [start, end) of the entry. */
void vm_items_revoke(struct vm_map_entry *e, uint64_t start, uint64_t end);

/* The new upper part of a split takes part in the families of the lower. */
void vm_items_split(struct vm_map_entry *lower, struct vm_map_entry *upper);

/* A forked map's entry that shares what a map item shows is another such item. */
void vm_items_join(struct vm_map_entry *e, struct vm_map_entry *n);

/* The entry goes: it leaves its families, its items are revoked already. */
void vm_items_leave(struct vm_map_entry *e);

#endif
