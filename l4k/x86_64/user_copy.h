/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies between the kernel and the address space that is loaded.
 *
 * User addresses are checked to be user's; a page fault on the way is resolved by the VM as the
 * running thread's own, and what can't be resolved ends the copy (l4k/sys/trap.c). Answers OK,
 * ERR_ADDRESS, or what vm_fault() said; an initial part may be done then. */
#ifndef L4K_X86_64_USER_COPY_H
#define L4K_X86_64_USER_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/status.h"

enum status copy_from_user(void *dst, uint64_t src, size_t n);
enum status copy_to_user(uint64_t dst, const void *src, size_t n);

/* A fault with rip in [user_copy_start, user_copy_end) goes on at user_copy_failed with the status
 * in rax. */
extern char user_copy_start[], user_copy_end[], user_copy_failed[];

#endif
