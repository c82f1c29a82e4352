/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that the whole VM core shares: protections, inheritance, page arithmetic. */
#ifndef L4K_VM_VM_TYPES_H
#define L4K_VM_VM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/layout.h"
#include "l4k/abi/status.h"
#include "l4k/kern/kmem.h"

/* Protections and the kind of an access, a set of bits (the same numbers as Linux and Mach). */
#define VM_PROT_NONE 0u
#define VM_PROT_READ 1u
#define VM_PROT_WRITE 2u
#define VM_PROT_EXECUTE 4u
#define VM_PROT_ALL 7u

/* What a forked map gets of an entry. */
enum vm_inherit {
    VM_INHERIT_SHARE = 0, /* the same memory */
    VM_INHERIT_COPY = 1,  /* a virtual copy */
    VM_INHERIT_NONE = 2,  /* nothing */
};

#define VM_PAGE_MASK ((uint64_t)PAGE_SIZE - 1)

static inline uint64_t vm_trunc_page(uint64_t a)
{
    return a & ~VM_PAGE_MASK;
}

/* Wraps to 0 in the last page of the address space: check sizes first. */
static inline uint64_t vm_round_page(uint64_t a)
{
    return (a + VM_PAGE_MASK) & ~VM_PAGE_MASK;
}

/* Charges `bytes` to `q` (NULL: the kernel itself, no limit); false when the limit forbids it. */
static inline bool vm_charge(struct quota *q, size_t bytes)
{
    if (!q)
        return true;
    if (q->limit - q->used < bytes || q->used > q->limit)
        return false;
    q->used += bytes;
    return true;
}

static inline void vm_uncharge(struct quota *q, size_t bytes)
{
    if (q)
        q->used -= bytes;
}

#endif
