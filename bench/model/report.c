/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions: what is counted between markers, and the line of JSON that says it. */
#include <inttypes.h>
#include <string.h>

#include "bench/model/core.h"

static const char *const place_names[PLACES] = { "user", "stub", "kernel", "server" };
static const char *const part_names[PARTS] = { "base", "branch", "icache", "dcache", "tlb",
                                               "write_buffer", "privileged" };

#define EVENT_NAME(symbol, key) #key,
static const char *const event_names[EVENT_COUNT] = { EVENTS(EVENT_NAME) REASONS(EVENT_NAME) };
#undef EVENT_NAME

void region_open(struct model *m, unsigned int region)
{
    if (m->open) {
        fprintf(m->out, "{\"error\": \"region %u opened inside region %u\"}\n", region, m->region);
        return;
    }
    m->open = true;
    m->region = region;
    m->opened = m->now;
    memset(m->counts, 0, sizeof(m->counts));
}

static void print_cycles(FILE *out, const char *name, uint64_t ticks)
{
    fprintf(out, "\"%s\": %" PRIu64 ".%02" PRIu64, name, ticks / TICKS, ticks % TICKS);
}

static uint64_t sum_of(const struct counts *counts)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < PARTS; i++)
        sum += counts->ticks[i];
    return sum;
}

/* The members of one place, or of all together. */
static void print_counts(const struct model *m, const struct counts *counts)
{
    unsigned int events = m->shadow_i ? EVENT_COUNT : EVENT_FIRST_REASON;
    FILE *out = m->out;

    fprintf(out, "\"insn\": %" PRIu64 ", ", counts->insn);
    print_cycles(out, "cycles", sum_of(counts));
    fprintf(out, ", \"breakdown\": {");
    for (unsigned int i = 0; i < PARTS; i++) {
        fputs(i ? ", " : "", out);
        print_cycles(out, part_names[i], counts->ticks[i]);
    }
    fprintf(out, "}, \"events\": {");
    for (unsigned int i = 0; i < events; i++)
        fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "", event_names[i], counts->events[i]);
    fputs("}", out);
}

static struct counts total_of(const struct model *m)
{
    struct counts total = { 0 };

    for (unsigned int place = 0; place < PLACES; place++) {
        const struct counts *counts = &m->counts[place];

        total.insn += counts->insn;
        for (unsigned int i = 0; i < PARTS; i++)
            total.ticks[i] += counts->ticks[i];
        for (unsigned int i = 0; i < EVENT_COUNT; i++)
            total.events[i] += counts->events[i];
    }
    return total;
}

void model_state(const struct model *m, struct model_state *state)
{
    struct counts total = total_of(m);

    state->ticks = m->now;
    state->open = m->open;
    state->region = m->region;
    state->arrival = m->arrival;
    state->insn = total.insn;
    state->l1i_misses = total.events[EVENT_L1I_MISSES];
    state->l1d_misses = total.events[EVENT_L1D_READ_MISSES] +
                        total.events[EVENT_L1D_WRITE_MISSES];
    state->tlb_misses = total.events[EVENT_ITLB_MISSES] + total.events[EVENT_DTLB_MISSES];
    memcpy(state->parts, total.ticks, sizeof(state->parts));
}

static void print_region(struct model *m, const struct counts *total)
{
    fprintf(m->out, "{\"region\": %u, \"machine\": \"%s\", \"mode\": \"%s\", ", m->region,
            m->machine.name, m->mode);
    print_counts(m, total);
    fprintf(m->out, ", \"by\": {");
    for (unsigned int place = 0; place < PLACES; place++) {
        fprintf(m->out, "%s\"%s\": {", place ? ", " : "", place_names[place]);
        print_counts(m, &m->counts[place]);
        fputs("}", m->out);
    }
    fprintf(m->out, "}}\n");
}

void region_close(struct model *m, unsigned int region)
{
    struct counts total = total_of(m);

    if (!m->open || m->region != region) {
        fprintf(m->out, "{\"error\": \"region %u closed but not open\"}\n", region);
        return;
    }
    if (sum_of(&total) != m->now - m->opened)
        fprintf(m->out, "{\"error\": \"region %u: the parts do not add up to the cycles\"}\n",
                region);
    print_region(m, &total);
    fflush(m->out);
    m->open = false;
}

void model_finish(struct model *m)
{
    if (m->open)
        fprintf(m->out, "{\"error\": \"region %u never closed\"}\n", m->region);
    fflush(m->out);
}
