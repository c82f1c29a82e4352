/* SPDX-License-Identifier: BSD-2-Clause */
/* The counting core of the instruction plugin: knows x86-64 instructions and markers, not QEMU.
 *
 * The caller describes every instruction once (counter_describe) and then reports each execution
 * (counter_exec) in order; the core writes one line of JSON per closed region. The definition of
 * what counts is in bench/README.md. One virtual CPU, no locks. */
#ifndef BENCH_PLUGIN_COUNT_H
#define BENCH_PLUGIN_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct function_table;

#define COUNT_MAX_CLASSES 8
#define COUNT_MAX_PROBES 8
#define COUNT_NAME 24

/* Classes 0 and 1 are the address halves; the given ones follow and win over them. */
enum { CLASS_USER, CLASS_KERNEL, CLASS_FIRST_GIVEN };

struct count_config {
    struct {
        char name[COUNT_NAME];
        uint64_t lo, hi; /* [lo, hi) */
    } classes[COUNT_MAX_CLASSES];
    unsigned int n_classes;
    struct {
        char name[COUNT_NAME];
        uint64_t addr;
    } probes[COUNT_MAX_PROBES];
    unsigned int n_probes;
    bool bursts;
    char out[4096]; /* path of the output file */
    char functions[4096]; /* path of the table of functions (function.h); empty: none */
};

/* What is known of an instruction before it runs. */
struct count_insn {
    uint64_t addr;
    uint8_t size;
    uint8_t class;
    uint8_t probe; /* 1 + index in config.probes, or 0 */
    uint8_t region; /* of a marker */
    uint8_t flags;
    bool entry; /* enters its function */
    uint32_t function; /* index of its count by function */
    struct count_insn *hash_next;
};

#define INSN_BRANCH 1     /* may continue elsewhere by itself */
#define INSN_TRAP 2       /* syscall, int n: enters the kernel by itself */
#define INSN_RETURN 4     /* iret, sysret: continues at a saved place */
#define INSN_REP 8        /* string instruction with a repeat prefix */
#define INSN_OPEN 16      /* marker */
#define INSN_CLOSE 32     /* marker */
#define INSN_REP_STORES 64 /* its bytes are those it stores; otherwise those it loads */

struct counter;

/* Fill `config` from "key=value" words. On a malformed word false, and one line in `error`. */
bool count_config_parse(struct count_config *config, int argc, char *const *argv, char *error,
                        size_t error_size);

/* NULL without memory. `out` stays the caller's. */
struct counter *counter_new(const struct count_config *config, FILE *out);
void counter_free(struct counter *counter);

/* From now on each region's line is followed by its counts by function. Before any instruction is
 * described. The table stays the caller's. False without memory. */
bool counter_use_functions(struct counter *counter, const struct function_table *functions);

/* The description of the instruction at `addr`; it lives as long as the counter. NULL without
 * memory. */
const struct count_insn *counter_describe(struct counter *counter, uint64_t addr,
                                          const uint8_t *bytes, size_t size);

/* The instruction is about to run. */
void counter_exec(struct counter *counter, const struct count_insn *insn);

/* The repeat instruction that runs has accessed `bytes` bytes. */
void counter_rep_access(struct counter *counter, unsigned int bytes);

/* No more executions: complain of an open region. */
void counter_finish(struct counter *counter);

#endif
