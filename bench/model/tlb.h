/* SPDX-License-Identifier: BSD-2-Clause */
/* A translation lookaside buffer for pages of several sizes, with global pages and identifiers of
 * address spaces. Least recently used within a set. */
#ifndef BENCH_MODEL_TLB_H
#define BENCH_MODEL_TLB_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/model/machine.h"

#define SMALL_SHIFT 12

struct translation {
    uint64_t page;  /* virtual address >> shift */
    uint64_t frame; /* physical address of the page */
    uint16_t space; /* identifier of the address space */
    uint8_t shift;  /* log2 of the page's size; 0: no translation */
    bool global;
};

struct tlb_array {
    uint64_t ways, sets;
    struct translation *entries; /* of each set, the most recently used first */
};

struct tlb {
    struct tlb_array small, large; /* large.entries NULL: all sizes share `small` */
};

bool tlb_init(struct tlb *tlb, const struct tlb_config *config); /* false without memory */
void tlb_free(struct tlb *tlb);

/* The translation of an address, valid until the next call; NULL if it is not there. */
const struct translation *tlb_find(struct tlb *tlb, uint64_t vaddr, uint16_t space);

void tlb_fill(struct tlb *tlb, const struct translation *translation);

/* Drop every entry; `keep_global` spares global pages. */
void tlb_flush(struct tlb *tlb, bool keep_global);

/* Drop the entries of one address space that are not global. */
void tlb_flush_space(struct tlb *tlb, uint16_t space);

/* Drop the entry of one page, global or not. */
void tlb_flush_page(struct tlb *tlb, uint64_t vaddr, uint16_t space);

#endif
