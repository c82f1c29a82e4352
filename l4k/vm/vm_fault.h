/* SPDX-License-Identifier: BSD-2-Clause */
/* Page faults: from an address and an access to a mapping in the pmap. */
#ifndef L4K_VM_VM_FAULT_H
#define L4K_VM_VM_FAULT_H

#include "l4k/vm/vm_map.h"

/* Resolves an access (VM_PROT_* bits) at `addr` (any byte). OK: try the access again.
 * ERR_ADDRESS: nothing mapped there; ERR_PROTECTION: not with this access; ERR_NO_MEMORY;
 * ERR_PENDING: the page's pager was asked, try again when it has answered; ERR_PAGER. */
enum status vm_fault(struct vm_map *map, uint64_t addr, unsigned access);

/* As vm_fault(), and tells the physical address of that byte, valid until anything else is done
 * with the map. With `force` a write is let through where the entry forbids it, into a private
 * copy of the page, never to memory shared with others. ERR_ADDRESS for device memory. */
enum status vm_fault_address(struct vm_map *map, uint64_t addr, unsigned access, bool force,
                             paddr_t *pa);

#endif
