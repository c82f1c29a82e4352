/* SPDX-License-Identifier: BSD-2-Clause */
/* Traces: a model's input as text, to test it without QEMU and to look at what it was fed.
 *
 * One event a line, numbers hexadecimal, `#` starts a comment:
 *     x ADDR BYTES             an instruction runs, BYTES is its encoding
 *     r VADDR PADDR SIZE       it loads           R  ... from a device
 *     w VADDR PADDR SIZE       it stores          W  ... to a device
 *     walk VADDR SHIFT GLOBAL FRAME REF...  the walk, when one is needed, of VADDR
 *     vector ADDR N            a handler that starts at ADDR serves vector N
 *     ring N                   the privilege level, from the next instruction on
 *     cr3 VALUE KEEP           CR3 was written    invlpg VADDR
 *     mode 16|32|64            of the instructions that follow (decimal; 64 at the start)
 */
#ifndef BENCH_MODEL_TRACE_H
#define BENCH_MODEL_TRACE_H

#include "bench/model/model.h"

/* Feed the trace `in` to a new model of `machine`, whose lines go to `out`. On an error false, and
 * one line in `error`. */
bool trace_replay(FILE *in, const struct machine *machine, const struct model_places *places,
                  FILE *out, char *error, size_t error_size);

/* The same, but write to `out` only a line for each instruction of the `nth` (from 1) opening of
 * `region`, its close marker included:
 *     CLOCK ADDR LENGTH ARRIVAL SPACE INSN L1I L1D TLB TICKS...
 * CLOCK: ticks since the region opened. ADDR and SPACE (CR3; 0: not yet written) are hexadecimal,
 * the rest decimal. ARRIVAL: next, jump, call, return, trap, event, leave (enum arrival). INSN: 1;
 * 0 for the marker, and for an instruction that is taken up again after a fault. Then what was
 * counted from when it began to when the next one did: misses, and the ticks of each part. What a
 * transfer costs (a mispredicted branch, an entry to the kernel) falls on where it leads. */
bool trace_steps(FILE *in, const struct machine *machine, const struct model_places *places,
                 unsigned int region, unsigned int nth, FILE *out, char *error,
                 size_t error_size);

#endif
