/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of pointers: each load's address comes from the load before, so that none overlap. */
#ifndef BENCH_HOST_CHAIN_H
#define BENCH_HOST_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#define PAGE 4096
#define LINE 64 /* apart from one another lie the members of a chain; not assumed of the host */

/* `size` bytes of memory of their own in small pages, touched in random order, so that neighbours
 * in virtual memory are none in physical memory. NULL if there is not enough. */
void *chain_memory(size_t size);

/* Link the first pointer of every LINE of `size` bytes (at least LINE) to a cycle. Within groups of
 * GROUP_PAGES the order is random and one group follows the other, so that prefetchers see no
 * pattern while a page's translation serves for all its lines. Returns a member. */
#define GROUP_PAGES 32
void **chain_lines(void *memory, size_t size);

/* Link one pointer in each of `pages` pages, in random order, in lines spread over a page. */
void **chain_pages(void *memory, size_t pages);

/* Link members at the `n` given offsets in this order. */
void **chain_offsets(void *memory, const size_t *offsets, size_t n);

/* Follow at least `n` links; returns where they end. */
void **chain_follow(void **member, size_t n);
#define FOLLOW_UNROLL 16

/* A permutation of 0 .. n-1, the same in every run. */
void shuffle(size_t *order, size_t n);

#endif
