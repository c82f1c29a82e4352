/* SPDX-License-Identifier: BSD-2-Clause */
/* The cycle model: what an in-order machine with caches, TLBs, a write buffer and a branch
 * predictor needs for a stream of instructions and memory accesses.
 *
 * The caller describes an instruction (model_describe), reports each execution (model_exec), and
 * after it that instruction's accesses (model_access) and what it did to the address space
 * (model_cr3, model_invlpg). The model keeps its state from then on; regions between markers only
 * say what is counted. For each closed region it writes one line of JSON, described in
 * bench/model/README.md. One virtual CPU, no locks. */
#ifndef BENCH_MODEL_MODEL_H
#define BENCH_MODEL_MODEL_H

#include <stdio.h>

#include "bench/model/decode.h"
#include "bench/model/machine.h"

/* Who: by address. The upper half is the kernel, the lower the user, and given ranges win. */
enum place { PLACE_USER, PLACE_STUB, PLACE_KERNEL, PLACE_SERVER, PLACES };

struct model_places {
    uint64_t stub_lo, stub_hi, server_lo, server_hi; /* [lo, hi), empty if lo == hi */
};

struct model_insn {
    uint64_t addr;
    struct decoded d;
    uint8_t place;
};

#define WALK_REFERENCES 5

/* A page walk, as the hardware does it. */
struct model_walk {
    unsigned int references;
    uint64_t reference[WALK_REFERENCES]; /* physical addresses of the entries read, in order */
    uint8_t shift;                       /* log2 of the page's size */
    bool global;
    uint64_t frame; /* physical address of the page */
};

/* What a caller may know beside the stream. Each function may be NULL; `data` is handed to it. */
struct model_env {
    void *data;
    /* The walk for an address in the present address space; false if it cannot be told. Without it
     * walks are invented: four levels, 2 MB pages in the upper half and 4 KB below, every page at
     * the physical address that equals its virtual one. */
    bool (*walk)(void *data, uint64_t vaddr, struct model_walk *walk);
    /* The exception or interrupt vector whose handler starts at `addr`, -1 if none does. Without it
     * every unexplained transfer is an exception. */
    int (*vector)(void *data, uint64_t addr);
    /* The current privilege level, or -1. Without it the upper half has level 0. */
    int (*ring)(void *data);
};

/* How execution came to an instruction from the one before. */
enum arrival {
    ARRIVED_NEXT, ARRIVED_JUMP, ARRIVED_CALL,
    ARRIVED_RETURN, /* near */
    ARRIVED_TRAP,   /* syscall, int n */
    ARRIVED_EVENT,  /* exception, interrupt */
    ARRIVED_LEAVE,  /* sysret, iret */
};

/* Where the cycles go. */
enum part { PART_BASE, PART_BRANCH, PART_ICACHE, PART_DCACHE, PART_TLB, PART_WRITE_BUFFER,
            PART_PRIVILEGED, PARTS };

struct model;

/* `machine` is copied, `env` may be NULL. `mode` is printed with the figures. NULL without memory.
 * `out` stays the caller's. */
struct model *model_new(const struct machine *machine, const struct model_env *env,
                        const char *mode, FILE *out);
void model_free(struct model *model);

/* From now on, tell why the first-level caches miss (shadow.h). False without memory. */
bool model_give_reasons(struct model *model);

/* Fill in what is known of an instruction before it runs. */
void model_describe(const struct model_places *places, struct model_insn *insn, uint64_t addr,
                    const uint8_t *bytes, size_t size, enum decode_mode mode);

/* The instruction is about to run; it must live until the next one is reported. */
void model_exec(struct model *model, const struct model_insn *insn);

/* The instruction that runs has accessed memory; `device`: not RAM, no cache. */
void model_access(struct model *model, uint64_t vaddr, uint64_t paddr, unsigned int size,
                  bool store, bool device);

/* CR3 has been written; `keep`: without a flush (PCID). */
void model_cr3(struct model *model, uint64_t value, bool keep);

/* The translation of one page has been dropped. */
void model_invlpg(struct model *model, uint64_t vaddr);

/* Where the model stands: time, and what the open region has counted. */
struct model_state {
    uint64_t ticks; /* since the start */
    bool open;
    unsigned int region;
    enum arrival arrival; /* at the instruction that runs */
    uint64_t insn, l1i_misses, l1d_misses, tlb_misses;
    uint64_t parts[PARTS]; /* ticks */
};
void model_state(const struct model *model, struct model_state *state);

/* No more executions: complain of an open region. */
void model_finish(struct model *model);

#endif
