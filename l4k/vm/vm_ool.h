/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory between two address maps: what an out-of-line region is while its message is under way.
 *
 * A list of pieces, each a hold on a memory object: frozen for both where it was copied, the
 * sender's own hold where it was moved. No address map, no page tables; a page is touched only
 * where memory that others write has to be copied at once. */
#ifndef L4K_VM_VM_OOL_H
#define L4K_VM_VM_OOL_H

#include "l4k/vm/vm_map.h"

struct vm_ool;

/* Takes [addr, addr + size) out of the map, any byte boundaries, size not 0. `move`: the pages it
 * lies in leave the map. What it takes is paid by `payer`. ERR_ADDRESS, ERR_PROTECTION (not
 * readable), ERR_INVALID (a device), ERR_NO_MEMORY, ERR_PENDING, ERR_PAGER: nothing left the map.
 * */
enum status vm_ool_take(struct vm_map *map, uint64_t addr, uint64_t size, bool move,
                        struct quota *payer, struct vm_ool **out);

/* The same of bytes in the kernel. ERR_NO_MEMORY. */
enum status vm_ool_from_bytes(const void *bytes, uint64_t size, struct quota *payer,
                              struct vm_ool **out);

/* Puts it into the map at a free place, readable and writable; `*addr` is the address of its first
 * byte. Consumed on success. ERR_NO_SPACE, ERR_NO_MEMORY. */
enum status vm_ool_put(struct vm_map *map, struct vm_ool *ool, uint64_t *addr);

/* The bytes [offset, offset + length) of it, which must lie within. ERR_INVALID, or what a pager
 * says. */
enum status vm_ool_read(struct vm_ool *ool, uint64_t offset, void *to, size_t length);

/* Copies it over [addr, addr + its size) of a map; not consumed. As vm_copy_out(). */
enum status vm_ool_write(struct vm_map *map, uint64_t addr, struct vm_ool *ool);

uint64_t vm_ool_size(const struct vm_ool *ool);

/* Drops it. NULL is ignored. */
void vm_ool_free(struct vm_ool *ool);

#endif
