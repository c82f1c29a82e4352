/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine's description and the file that it is read from.
 *
 * Files have sections and `key = value` lines; `#` starts a comment. Every key of a section must be
 * there once. The sections [l2], [l3] and [stlb] may be missing: then there is no such part.
 * Cycles are decimal numbers with at most two places and are kept in ticks, hundredths of a cycle.
 * Keys are listed in machine.c and explained in bench/model/README.md. */
#ifndef BENCH_MODEL_MACHINE_H
#define BENCH_MODEL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/model/classes.h"

#define TICKS 100 /* in a cycle */
#define MACHINE_NAME 96

struct cache_config {
    uint64_t size, ways, line;     /* bytes, ways, bytes; size 0: there is none */
    uint64_t fifo;                 /* replacement: 0 the least recently used, 1 the oldest */
    uint64_t write_back;           /* or through */
    uint64_t write_allocate;       /* a store that misses fetches the line */
    uint64_t latency;              /* ticks of a read that is found here (none for first levels) */
    uint64_t drain;                /* ticks that a buffered write to here takes */
};

struct tlb_config {
    uint64_t entries, ways;             /* 0 entries: there is none */
    uint64_t large_entries, large_ways; /* of their own for large pages; 0: they share */
    uint64_t latency;                   /* ticks of a hit (second level only) */
};

struct machine {
    char name[MACHINE_NAME];
    uint64_t mhz;
    uint64_t pairing; /* the Pentium's rules */
    uint64_t cost[OP_COUNT];

    uint64_t btb_entries, btb_ways, history_bits, return_stack, mispredict;

    struct cache_config l1i, l1d, l2, l3;
    uint64_t memory_latency, memory_drain;
    uint64_t visible_data, visible_instruction; /* per cent of a read miss that is waited for */
    uint64_t buffer_entries, buffer_before_read;

    struct tlb_config itlb, dtlb, stlb;
    uint64_t walk_base, walk_reference, walk_cache;
    uint64_t global_pages, pcid;
};

/* Read `path`. On an error false, and in `error` one line "file:line: [section] key ...". */
bool machine_read(struct machine *machine, const char *path, char *error, size_t error_size);

/* The same from text; `path` is only for messages. */
bool machine_parse(struct machine *machine, const char *path, const char *text, char *error,
                   size_t error_size);

#endif
