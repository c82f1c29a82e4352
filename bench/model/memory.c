/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: caches, write buffer, translation, page walks; what each reference costs. */
#include "bench/model/core.h"

#define LEVELS 4 /* of invented page walks */
#define INVENTED_TABLES (UINT64_C(1) << 50) /* where they are: above any physical address */

static uint64_t per_cent(uint64_t ticks, uint64_t share)
{
    return (ticks * share + 50) / 100;
}

/* --- Write buffer --- */

static void buffer_expire(struct model *m)
{
    while (m->buffer_used && m->buffer[m->buffer_first] <= m->now) {
        m->buffer_first = (m->buffer_first + 1) % BUFFER_MAX;
        m->buffer_used--;
    }
}

/* A write that takes `drain` ticks, after those before it. Waits while the buffer is full. */
static void buffer_write(struct model *m, uint64_t drain)
{
    buffer_expire(m);
    if (m->buffer_used == m->machine.buffer_entries) {
        charge(m, m->place, PART_WRITE_BUFFER, m->buffer[m->buffer_first] - m->now);
        buffer_expire(m);
    }
    m->buffer_done = (m->buffer_done > m->now ? m->buffer_done : m->now) + drain;
    m->buffer[(m->buffer_first + m->buffer_used) % BUFFER_MAX] = m->buffer_done;
    m->buffer_used++;
}

/* Machines that keep their accesses in order read only when everything is written. */
static void buffer_before_read(struct model *m)
{
    if (m->machine.buffer_before_read && m->buffer_done > m->now)
        charge(m, m->place, PART_WRITE_BUFFER, m->buffer_done - m->now);
}

/* --- Below the first level --- */

static struct cache *below(struct model *m, const struct cache *cache)
{
    if (cache == &m->l2)
        return m->l3.config.size ? &m->l3 : NULL;
    return cache != &m->l3 && m->l2.config.size ? &m->l2 : NULL;
}

/* Write a line to `cache` or, if that is NULL, to memory: the ticks that it takes. A line that is
 * not there goes on below, or is allocated. */
static uint64_t write_below(struct model *m, struct cache *cache, uint64_t addr)
{
    uint64_t victim;

    if (!cache)
        return m->machine.memory_drain;
    if (cache->config.write_back && cache_find(cache, addr, true))
        return cache->config.drain;
    if (cache->config.write_back && cache->config.write_allocate) {
        if (cache_fill(cache, addr, true, &victim))
            write_below(m, below(m, cache), victim); /* behind the processor's back */
        return cache->config.drain;
    }
    return write_below(m, below(m, cache), addr);
}

/* Read a line from `cache` or below: the latency of where it was found. Fills on the way. */
static uint64_t read_below(struct model *m, struct cache *cache, uint64_t addr)
{
    uint64_t latency, victim;

    if (!cache)
        return m->machine.memory_latency;
    if (cache_find(cache, addr, false))
        return cache->config.latency;
    if (cache == &m->l2)
        event(m, EVENT_L2_MISSES);
    latency = read_below(m, below(m, cache), addr);
    if (cache_fill(cache, addr, false, &victim))
        write_below(m, below(m, cache), victim);
    return latency;
}

/* The ticks that buffering a fetched line for a store takes: the drain of where it was found. */
static uint64_t drain_of(const struct model *m, uint64_t latency)
{
    if (m->l2.config.size && latency == m->l2.config.latency)
        return m->l2.config.drain;
    if (m->l3.config.size && latency == m->l3.config.latency)
        return m->l3.config.drain;
    return m->machine.memory_drain;
}

/* --- Why first levels miss --- */

/* A reference to a line of a first level; `missed`: it counts among the misses of `first`, the
 * first of the cache's three reasons. */
static void reason(struct model *m, struct shadow *shadow, const struct cache *cache, uint64_t addr,
                   bool allocate, bool missed, enum event first)
{
    enum shadow_state state;

    if (!shadow)
        return;
    state = shadow_use(shadow, addr >> cache->line_shift, allocate);
    if (missed)
        event(m, first + (enum event)state);
}

/* --- Data cache --- */

static void fill_data(struct model *m, uint64_t addr, bool dirty)
{
    uint64_t victim;

    if (cache_fill(&m->l1d, addr, dirty, &victim))
        buffer_write(m, write_below(m, below(m, &m->l1d), victim));
}

/* Read one line through the data cache; the wait is charged to `part`. True if it was there. */
static bool read_line(struct model *m, uint64_t addr, enum part part)
{
    bool hit = cache_find(&m->l1d, addr, false);
    uint64_t latency;

    reason(m, m->shadow_d, &m->l1d, addr, true, !hit && part == PART_DCACHE, EVENT_L1D_CONFLICT);
    if (hit)
        return true;
    buffer_before_read(m);
    latency = read_below(m, below(m, &m->l1d), addr);
    charge(m, m->place, part, per_cent(latency, m->machine.visible_data));
    fill_data(m, addr, false);
    return false;
}

static void write_line(struct model *m, uint64_t addr)
{
    const struct cache_config *config = &m->l1d.config;
    bool hit = cache_find(&m->l1d, addr, config->write_back);

    reason(m, m->shadow_d, &m->l1d, addr, config->write_allocate, false, EVENT_L1D_CONFLICT);
    if (!hit)
        event(m, EVENT_L1D_WRITE_MISSES);
    if (hit && config->write_back)
        return;
    if (!hit && config->write_allocate) {
        buffer_write(m, drain_of(m, read_below(m, below(m, &m->l1d), addr)));
        fill_data(m, addr, config->write_back);
        if (config->write_back)
            return;
    }
    buffer_write(m, write_below(m, below(m, &m->l1d), addr));
}

/* --- Translation --- */

static void invent_walk(uint64_t vaddr, struct model_walk *walk)
{
    walk->shift = vaddr >> 63 ? 21 : SMALL_SHIFT;
    walk->global = vaddr >> 63;
    walk->frame = (vaddr & ((UINT64_C(1) << 48) - 1)) >> walk->shift << walk->shift;
    walk->references = 0;
    for (unsigned int level = LEVELS; level-- > 0;) {
        unsigned int shift = SMALL_SHIFT + 9 * level;

        if (shift < walk->shift)
            break;
        walk->reference[walk->references++] =
            (INVENTED_TABLES | (uint64_t)level << 44) +
            ((vaddr & ((UINT64_C(1) << 48) - 1)) >> shift) * 8;
    }
}

/* Is the table that holds the leaf known, so that one reference is enough? */
static bool leaf_table_known(struct model *m, uint64_t vaddr, const struct model_walk *walk)
{
    /* A table's address is kept as if it were a page of the size that the table maps. */
    struct translation table = {
        .page = vaddr >> (walk->shift + WALK_CACHE_SHIFT), .space = m->space,
        .shift = walk->shift == SMALL_SHIFT ? 21 : 30, .global = false,
    };
    const struct translation *found;

    if (!m->machine.walk_cache)
        return false;
    found = tlb_find(&m->walks, vaddr, m->space);
    if (found && found->shift == table.shift)
        return true;
    tlb_fill(&m->walks, &table);
    return false;
}

static struct translation walk(struct model *m, uint64_t vaddr)
{
    struct model_walk walk;
    unsigned int first;

    if (!m->env.walk || !m->env.walk(m->env.data, vaddr, &walk))
        invent_walk(vaddr, &walk);
    event(m, EVENT_WALKS);
    charge(m, m->place, PART_TLB, m->machine.walk_base);
    first = leaf_table_known(m, vaddr, &walk) ? walk.references - 1 : 0;
    for (unsigned int i = first; i < walk.references; i++) {
        event(m, EVENT_WALK_REFERENCES_MADE);
        charge(m, m->place, PART_TLB, m->machine.walk_reference);
        read_line(m, walk.reference[i], PART_TLB);
    }
    return (struct translation){ .page = vaddr >> walk.shift, .frame = walk.frame,
                                 .space = m->space, .shift = walk.shift,
                                 .global = walk.global && m->machine.global_pages };
}

/* The translation for an access, through `tlb`; charges what finding it takes. */
static struct translation translate(struct model *m, struct tlb *tlb, uint64_t vaddr,
                                    enum event miss)
{
    const struct translation *found = tlb_find(tlb, vaddr, m->space);
    struct translation new;

    if (found)
        return *found;
    event(m, miss);
    found = m->machine.stlb.entries ? tlb_find(&m->stlb, vaddr, m->space) : NULL;
    if (found) {
        new = *found;
        charge(m, m->place, PART_TLB, m->machine.stlb.latency);
    } else {
        new = walk(m, vaddr);
        if (m->machine.stlb.entries)
            tlb_fill(&m->stlb, &new);
    }
    tlb_fill(tlb, &new);
    return new;
}

/* --- Instructions --- */

static void fetch_line(struct model *m, uint64_t vaddr)
{
    uint64_t page = vaddr >> SMALL_SHIFT, paddr, victim;
    bool hit;

    if (page != m->fetch_page) {
        struct translation t = translate(m, &m->itlb, vaddr, EVENT_ITLB_MISSES);

        m->fetch_page = page;
        m->fetch_frame = t.frame + ((vaddr & ((UINT64_C(1) << t.shift) - 1)) >> SMALL_SHIFT
                                                                                 << SMALL_SHIFT);
    }
    event(m, EVENT_FETCHES);
    paddr = m->fetch_frame + (vaddr & ((1 << SMALL_SHIFT) - 1));
    hit = cache_find(&m->l1i, paddr, false);
    reason(m, m->shadow_i, &m->l1i, paddr, true, !hit, EVENT_L1I_CONFLICT);
    if (hit)
        return;
    event(m, EVENT_L1I_MISSES);
    buffer_before_read(m);
    charge(m, m->place, PART_ICACHE,
           per_cent(read_below(m, below(m, &m->l1i), paddr), m->machine.visible_instruction));
    cache_fill(&m->l1i, paddr, false, &victim);
}

void memory_fetch(struct model *m, const struct model_insn *insn)
{
    uint64_t first = insn->addr >> m->l1i.line_shift;
    uint64_t last = (insn->addr + insn->d.length - 1) >> m->l1i.line_shift;

    for (uint64_t line = first; line <= last; line++) {
        if (line == m->fetch_line)
            continue;
        m->fetch_line = line;
        fetch_line(m, line == first ? insn->addr : line << m->l1i.line_shift);
    }
}

/* --- Accesses --- */

/* Modern string instructions are paid for each line that they touch. movs and cmps go back and forth
 * between two lines. */
static void rep_line(struct model *m, uint64_t vaddr)
{
    uint64_t line = vaddr >> m->l1d.line_shift;

    if (!(m->last->d.flags & D_REP) || line == m->rep_lines[0] || line == m->rep_lines[1])
        return;
    m->rep_lines[1] = m->rep_lines[0];
    m->rep_lines[0] = line;
    charge(m, m->place, PART_BASE, m->machine.cost[OP_REP_LINE]);
}

static void access_line(struct model *m, uint64_t vaddr, uint64_t paddr, bool store)
{
    event(m, store ? EVENT_STORES : EVENT_LOADS);
    if (store)
        write_line(m, paddr);
    else if (!read_line(m, paddr, PART_DCACHE))
        event(m, EVENT_L1D_READ_MISSES);
    rep_line(m, vaddr);
}

void model_access(struct model *m, uint64_t vaddr, uint64_t paddr, unsigned int size, bool store,
                  bool device)
{
    uint64_t last = vaddr + size - 1, next;
    struct translation t;

    if (!m->last)
        return;
    translate(m, &m->dtlb, vaddr, EVENT_DTLB_MISSES);
    if (device) {
        charge(m, m->place, PART_PRIVILEGED, m->machine.cost[OP_DEVICE]);
        return;
    }
    if (vaddr & (size - 1))
        charge(m, m->place, PART_BASE, m->machine.cost[OP_MISALIGNED]);
    access_line(m, vaddr, paddr, store);
    if (vaddr >> m->l1d.line_shift == last >> m->l1d.line_shift)
        return;
    next = last >> m->l1d.line_shift << m->l1d.line_shift;
    paddr += next - vaddr;
    if (vaddr >> SMALL_SHIFT != next >> SMALL_SHIFT) {
        t = translate(m, &m->dtlb, next, EVENT_DTLB_MISSES);
        paddr = t.frame + (next & ((UINT64_C(1) << t.shift) - 1));
    }
    access_line(m, next, paddr, store);
}

/* --- Changes of the address space --- */

static void forget_fetch(struct model *m)
{
    m->fetch_line = m->fetch_page = NOWHERE;
}

static void flush(struct model *m, bool keep_global)
{
    event(m, EVENT_TLB_FLUSHES);
    tlb_flush(&m->itlb, keep_global);
    tlb_flush(&m->dtlb, keep_global);
    if (m->machine.stlb.entries)
        tlb_flush(&m->stlb, keep_global);
    if (m->machine.walk_cache)
        tlb_flush(&m->walks, false);
    forget_fetch(m);
}

void memory_flush_all(struct model *m)
{
    flush(m, false);
}

void model_cr3(struct model *m, uint64_t value, bool keep)
{
    if (!m->machine.pcid) {
        flush(m, true);
        return;
    }
    m->space = value & 0xfff;
    forget_fetch(m);
    if (keep)
        return;
    event(m, EVENT_TLB_FLUSHES);
    tlb_flush_space(&m->itlb, m->space);
    tlb_flush_space(&m->dtlb, m->space);
    if (m->machine.stlb.entries)
        tlb_flush_space(&m->stlb, m->space);
    if (m->machine.walk_cache)
        tlb_flush_space(&m->walks, m->space);
}

void model_invlpg(struct model *m, uint64_t vaddr)
{
    tlb_flush_page(&m->itlb, vaddr, m->space);
    tlb_flush_page(&m->dtlb, vaddr, m->space);
    if (m->machine.stlb.entries)
        tlb_flush_page(&m->stlb, vaddr, m->space);
    if (m->machine.walk_cache)
        tlb_flush_space(&m->walks, m->space);
    forget_fetch(m);
}

/* --- Life --- */

bool memory_init(struct model *m)
{
    struct tlb_config walks = { .entries = m->machine.walk_cache, .ways = m->machine.walk_cache };

    forget_fetch(m);
    return cache_init(&m->l1i, &m->machine.l1i) && cache_init(&m->l1d, &m->machine.l1d) &&
           cache_init(&m->l2, &m->machine.l2) && cache_init(&m->l3, &m->machine.l3) &&
           tlb_init(&m->itlb, &m->machine.itlb) && tlb_init(&m->dtlb, &m->machine.dtlb) &&
           tlb_init(&m->stlb, &m->machine.stlb) && tlb_init(&m->walks, &walks);
}

bool model_give_reasons(struct model *m)
{
    m->shadow_i = shadow_new(m->l1i.config.size / m->l1i.config.line);
    m->shadow_d = shadow_new(m->l1d.config.size / m->l1d.config.line);
    return m->shadow_i && m->shadow_d;
}

void memory_free(struct model *m)
{
    shadow_free(m->shadow_i);
    shadow_free(m->shadow_d);
    cache_free(&m->l1i);
    cache_free(&m->l1d);
    cache_free(&m->l2);
    cache_free(&m->l3);
    tlb_free(&m->itlb);
    tlb_free(&m->dtlb);
    tlb_free(&m->stlb);
    tlb_free(&m->walks);
}
