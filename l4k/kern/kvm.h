/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel arrays that grow in place: stretches of kernel addresses backed page by page. */
#ifndef L4K_KERN_KVM_H
#define L4K_KERN_KVM_H

#include <stddef.h>

#include "l4k/abi/status.h"
#include "l4k/kern/kmem.h"

/* Where they lie: one top-level slot of the kernel half. */
#define KVM_BASE 0xffffc00000000000

/* Every stretch reserves this much of the address space. */
#define KVM_STRETCH 0x80000

/* A stretch with nothing behind it; NULL when addresses have run out. */
void *kvm_reserve(void);

/* Puts a zeroed page behind offset `offset` (a page multiple) of a stretch; `payer` is charged.
 * ERR_NO_MEMORY. */
enum status kvm_back(void *stretch, size_t offset, struct quota *payer);

/* Takes the page behind `offset` away again. */
void kvm_unback(void *stretch, size_t offset, struct quota *payer);

/* Frees a stretch whose first `backed` bytes are backed. */
void kvm_release(void *stretch, size_t backed, struct quota *payer);

/* Zeroed kernel memory of any size that is never given back, page aligned; NULL: there is none. */
void *kvm_permanent(size_t bytes);

#endif
