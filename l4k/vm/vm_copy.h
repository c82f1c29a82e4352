/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies between the kernel and user memory, page by page through the physical map.
 *
 * User addresses are anything a user passed: checked against the map, never dereferenced. A page
 * that is not there is faulted in. Results: OK, ERR_ADDRESS, ERR_PROTECTION, ERR_NO_MEMORY,
 * ERR_PENDING, ERR_PAGER. On failure an initial part may be done; whoever must not consume before
 * all is copied tries again from the start. */
#ifndef L4K_VM_VM_COPY_H
#define L4K_VM_VM_COPY_H

#include "l4k/vm/vm_map.h"

enum status vm_copy_in(struct vm_map *map, uint64_t from, void *to, size_t length);

/* `force`: also where the entry is read-only, into a private copy of the page (text patching);
 * what shares the memory does not see it. */
enum status vm_copy_out(struct vm_map *map, uint64_t to, const void *from, size_t length,
                        bool force);

/* `*done` (may be NULL) is how many bytes were copied, also on failure. Overlap within one map
 * copies upwards. */
enum status vm_copy_between(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                            uint64_t dst, size_t length, size_t *done);

/* A string of at most `max` bytes, its NUL included; `*length` is without the NUL.
 * ERR_TRUNCATED: no NUL within `max` bytes (`to` holds `max` bytes of it). */
enum status vm_copy_string_in(struct vm_map *map, uint64_t from, char *to, size_t max,
                              size_t *length);

enum status vm_zero(struct vm_map *map, uint64_t to, size_t length);

/* Atomically: `*seen` is the word found, replaced by `new` if it is `old`. Write access is needed
 * either way. ERR_INVALID: not 4-byte aligned. */
enum status vm_compare_and_swap32(struct vm_map *map, uint64_t addr, uint32_t old, uint32_t new,
                                  uint32_t *seen);

#endif
