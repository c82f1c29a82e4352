/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of the guest, as ranges of addresses with names, read from a file.
 *
 * The file has one line for each range, LO HI MARK NAME: hexadecimal addresses, LO belongs to the
 * range and HI does not; MARK is `e` if the instruction at LO enters the function, else `-`; NAME
 * is the rest of the line. Ranges ascend and do not overlap. Several may bear one name: a function
 * in pieces. */
#ifndef BENCH_PLUGIN_FUNCTION_H
#define BENCH_PLUGIN_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FUNCTION_NAME 160
#define FUNCTION_NONE UINT32_MAX

struct function_range {
    uint64_t lo, hi;
    uint32_t function; /* index in names */
    bool entry;
};

struct function_table {
    struct function_range *ranges;
    size_t n_ranges;
    char **names;
    uint32_t n_names;
};

/* On a malformed line, or without memory, false, one line in `error`, and an empty table. */
bool function_table_read(struct function_table *table, FILE *in, char *error, size_t error_size);
void function_table_free(struct function_table *table);

/* The function that holds `addr`, or FUNCTION_NONE. `*entry`: the instruction enters it. */
static inline uint32_t function_find(const struct function_table *table, uint64_t addr,
                                     bool *entry)
{
    size_t low = 0, high = table->n_ranges;

    *entry = false;
    while (low < high) { /* the ranges below `low` end at or before addr */
        size_t middle = low + (high - low) / 2;

        if (table->ranges[middle].hi <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table->n_ranges || table->ranges[low].lo > addr)
        return FUNCTION_NONE;
    *entry = table->ranges[low].entry && table->ranges[low].lo == addr;
    return table->ranges[low].function;
}

#endif
