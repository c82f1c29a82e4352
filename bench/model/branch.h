/* SPDX-License-Identifier: BSD-2-Clause */
/* A branch predictor: a target buffer with two-bit counters, optionally a table of counters that is
 * looked up by address and history (history_bits), and a return stack (return_stack).
 *
 * A branch that the buffer does not know is predicted to fall through; it enters the buffer when it
 * is taken. Returns use the return stack if there is one, otherwise the buffer. */
#ifndef BENCH_MODEL_BRANCH_H
#define BENCH_MODEL_BRANCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/model/machine.h"

#define RETURN_STACK_MAX 64

struct branch_entry {
    uint64_t addr; /* + 1; 0: free */
    uint64_t target;
    uint8_t counter; /* 0 and 1 predict not taken, 2 and 3 taken */
};

struct branch {
    uint64_t sets, ways, history_mask, history, stack_size, depth;
    struct branch_entry *entries; /* of each set, the most recently used first */
    uint8_t *patterns;            /* counters by address and history, or NULL */
    uint64_t stack[RETURN_STACK_MAX]; /* a ring: the oldest are overwritten */
};

bool branch_init(struct branch *branch, const struct machine *machine); /* false without memory */
void branch_free(struct branch *branch);

/* A branch of `flags` (decode.h's) at `addr`, `length` bytes long, went to `target` (its successor
 * if it was not taken). Was that predicted? */
bool branch_predicted(struct branch *branch, uint64_t addr, unsigned int length, uint16_t flags,
                      uint64_t target);

#endif
