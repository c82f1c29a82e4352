/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the model share: its state, and charging. */
#ifndef BENCH_MODEL_CORE_H
#define BENCH_MODEL_CORE_H

#include "bench/model/branch.h"
#include "bench/model/cache.h"
#include "bench/model/model.h"
#include "bench/model/shadow.h"
#include "bench/model/tlb.h"

#define PENDING_MAX 64
#define BUFFER_MAX 256
#define WALK_CACHE_SHIFT 9 /* log2 of the entries of one page table */
#define NOWHERE UINT64_MAX

/* Events that are counted for each place. */
#define EVENTS(X)                                                                               \
    X(FETCHES, fetches) X(LOADS, loads) X(STORES, stores) X(L1I_MISSES, l1i_misses)             \
    X(L1D_READ_MISSES, l1d_read_misses) X(L1D_WRITE_MISSES, l1d_write_misses)                   \
    X(L2_MISSES, l2_misses) X(ITLB_MISSES, itlb_misses) X(DTLB_MISSES, dtlb_misses)             \
    X(WALKS, walks) X(WALK_REFERENCES_MADE, walk_references)                                    \
    X(BRANCHES, branches) X(MISPREDICTS, mispredicts) X(PAIRED, paired)                         \
    X(EXCEPTIONS_TAKEN, exceptions) X(INTERRUPTS_TAKEN, interrupts) X(TLB_FLUSHES, tlb_flushes)

/* ... and why first levels miss, if that is wanted: in the order of enum reason. */
#define REASONS(X)                                                                              \
    X(L1I_CONFLICT, l1i_conflict) X(L1I_CAPACITY, l1i_capacity)                                 \
    X(L1I_COMPULSORY, l1i_compulsory) X(L1D_CONFLICT, l1d_conflict)                             \
    X(L1D_CAPACITY, l1d_capacity) X(L1D_COMPULSORY, l1d_compulsory)

#define EVENT_MEMBER(symbol, key) EVENT_##symbol,
enum event {
    EVENTS(EVENT_MEMBER) EVENT_FIRST_REASON,
    EVENT_BEFORE_REASONS = EVENT_FIRST_REASON - 1,
    REASONS(EVENT_MEMBER) EVENT_COUNT
};
#undef EVENT_MEMBER

struct counts {
    uint64_t insn;
    uint64_t ticks[PARTS];
    uint64_t events[EVENT_COUNT];
};

/* An instruction after which execution went elsewhere without its doing: it has faulted if a return
 * comes back to it, was only interrupted if a return comes to its successor. */
struct pending {
    const struct model_insn *insn;
    uint64_t addr;
};

struct model {
    struct machine machine;
    struct model_env env;
    const char *mode;
    FILE *out;

    uint64_t now; /* ticks since the start: the sum of everything charged */
    enum place place; /* of the instruction that runs */
    uint16_t space;
    int ring;

    /* Instructions */
    const struct model_insn *last; /* NULL: none */
    enum arrival arrival;          /* at `last` */
    struct pending pending[PENDING_MAX];
    unsigned int n_pending;
    const struct model_insn *u_pipe; /* waits for a partner; NULL: none */
    uint16_t writes, writes_before;  /* registers written by the last group, and the one before */
    uint64_t behind; /* ticks of the last group after its first cycle */
    uint64_t fetch_line, fetch_page, fetch_frame; /* virtual; the last line and small page */
    uint64_t rep_lines[2]; /* that a repeat instruction touched last: its source, its target */
    struct branch branch;

    /* Memory */
    struct cache l1i, l1d, l2, l3;
    struct shadow *shadow_i, *shadow_d; /* NULL: reasons are not wanted */
    struct tlb itlb, dtlb, stlb, walks; /* walks: where the tables that hold leaves are */
    uint64_t buffer[BUFFER_MAX];        /* when each buffered write will be done; a ring */
    unsigned int buffer_first, buffer_used;
    uint64_t buffer_done; /* when the last of them will be */

    /* The open region */
    bool open;
    unsigned int region;
    uint64_t opened; /* now, then */
    struct counts counts[PLACES];
};

static inline void charge(struct model *model, enum place place, enum part part, uint64_t ticks)
{
    model->counts[place].ticks[part] += ticks;
    model->now += ticks;
}

static inline void event(struct model *model, enum event event)
{
    model->counts[model->place].events[event]++;
}

/* memory.c: */
bool memory_init(struct model *model);
void memory_free(struct model *model);
void memory_fetch(struct model *model, const struct model_insn *insn); /* its lines and pages */
void memory_flush_all(struct model *model);                            /* global pages, too */

/* report.c: */
void region_open(struct model *model, unsigned int region);
void region_close(struct model *model, unsigned int region);

#endif
