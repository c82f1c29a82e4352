/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads machine files: the table of keys, the parser, and what must hold between values. */
#include "bench/model/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAYS 64
#define MAX_CYCLES 100000

enum kind { NAME, NUMBER, CYCLES, CHOICE };

struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset;
    uint64_t min, max;       /* of a NUMBER */
    const char *choices[3];  /* of a CHOICE: its value is the index */
};

#define AT(member) offsetof(struct machine, member)
#define PRICE(symbol, key) { SECTION, #key, CYCLES, AT(cost[OP_##symbol]), 0, 0, { 0 } },
#define CACHE(section, member)                                                                  \
    { section, "size", NUMBER, AT(member.size), 64, 1 << 30, { 0 } },                           \
    { section, "ways", NUMBER, AT(member.ways), 1, MAX_WAYS, { 0 } },                           \
    { section, "line", NUMBER, AT(member.line), 4, 4096, { 0 } },                               \
    { section, "replacement", CHOICE, AT(member.fifo), 0, 0, { "lru", "fifo" } }
#define WRITES(section, member)                                                                 \
    { section, "write", CHOICE, AT(member.write_back), 0, 0, { "through", "back" } },           \
    { section, "write_allocate", CHOICE, AT(member.write_allocate), 0, 0, { "no", "yes" } }
#define LEVEL(section, member)                                                                  \
    CACHE(section, member), WRITES(section, member),                                            \
    { section, "latency", CYCLES, AT(member.latency), 0, 0, { 0 } },                            \
    { section, "drain", CYCLES, AT(member.drain), 0, 0, { 0 } }
#define TLB(section, member)                                                                    \
    { section, "entries", NUMBER, AT(member.entries), 1, 1 << 16, { 0 } },                      \
    { section, "ways", NUMBER, AT(member.ways), 1, MAX_WAYS, { 0 } },                           \
    { section, "large_entries", NUMBER, AT(member.large_entries), 0, 1 << 16, { 0 } },          \
    { section, "large_ways", NUMBER, AT(member.large_ways), 0, MAX_WAYS, { 0 } }

static const struct key keys[] = {
    { "machine", "name", NAME, AT(name), 0, 0, { 0 } },
    { "machine", "mhz", NUMBER, AT(mhz), 1, 10000, { 0 } },
    { "machine", "pairing", CHOICE, AT(pairing), 0, 0, { "none", "pentium" } },
#define SECTION "base"
    BASE_CLASSES(PRICE) BASE_EVENTS(PRICE)
#undef SECTION
#define SECTION "privileged"
    PRIVILEGED_CLASSES(PRICE) PRIVILEGED_EVENTS(PRICE)
#undef SECTION
    { "branch", "btb_entries", NUMBER, AT(btb_entries), 1, 1 << 16, { 0 } },
    { "branch", "btb_ways", NUMBER, AT(btb_ways), 1, MAX_WAYS, { 0 } },
    { "branch", "history_bits", NUMBER, AT(history_bits), 0, 20, { 0 } },
    { "branch", "return_stack", NUMBER, AT(return_stack), 0, 64, { 0 } },
    { "branch", "mispredict", CYCLES, AT(mispredict), 0, 0, { 0 } },
    CACHE("l1i", l1i),
    CACHE("l1d", l1d),
    WRITES("l1d", l1d),
    LEVEL("l2", l2),
    LEVEL("l3", l3),
    { "memory", "latency", CYCLES, AT(memory_latency), 0, 0, { 0 } },
    { "memory", "drain", CYCLES, AT(memory_drain), 0, 0, { 0 } },
    { "visible", "data", NUMBER, AT(visible_data), 0, 100, { 0 } },
    { "visible", "instruction", NUMBER, AT(visible_instruction), 0, 100, { 0 } },
    { "write_buffer", "entries", NUMBER, AT(buffer_entries), 1, 256, { 0 } },
    { "write_buffer", "before_read", CHOICE, AT(buffer_before_read), 0, 0, { "no", "yes" } },
    TLB("itlb", itlb),
    TLB("dtlb", dtlb),
    TLB("stlb", stlb),
    { "stlb", "latency", CYCLES, AT(stlb.latency), 0, 0, { 0 } },
    { "walk", "base", CYCLES, AT(walk_base), 0, 0, { 0 } },
    { "walk", "reference", CYCLES, AT(walk_reference), 0, 0, { 0 } },
    { "walk", "cache_entries", NUMBER, AT(walk_cache), 0, 4096, { 0 } },
    { "flush", "global_pages", CHOICE, AT(global_pages), 0, 0, { "no", "yes" } },
    { "flush", "pcid", CHOICE, AT(pcid), 0, 0, { "no", "yes" } },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *const optional_sections[] = { "l2", "l3", "stlb" };

struct parser {
    struct machine *machine;
    const char *path;
    unsigned int line;
    char section[32];
    unsigned int seen[N_KEYS]; /* line of each key; 0: not yet */
    char *error;
    size_t error_size;
};

/* Always false, so that a caller can return it. */
static bool complain(struct parser *p, const char *key, const char *what)
{
    snprintf(p->error, p->error_size, "%s:%u: [%s] %s: %s", p->path, p->line, p->section, key,
             what);
    return false;
}

/* --- Values --- */

static bool parse_number(uint64_t *value, const char *text)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

/* "12", "0.35": in ticks. */
static bool parse_cycles(uint64_t *value, const char *text)
{
    uint64_t whole = 0, part = 0, unit = TICKS;
    const char *c = text;

    for (; *c >= '0' && *c <= '9' && whole <= MAX_CYCLES; c++)
        whole = whole * 10 + (*c - '0');
    if (c == text)
        return false;
    if (*c == '.') {
        for (c++; *c >= '0' && *c <= '9' && unit > 1; c++) {
            unit /= 10;
            part += (*c - '0') * unit;
        }
        if (unit == TICKS)
            return false;
    }
    *value = whole * TICKS + part;
    return *c == '\0' && whole <= MAX_CYCLES;
}

static bool store_name(struct parser *p, const struct key *key, const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length >= MACHINE_NAME ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.:=") != length)
        return complain(p, key->name, "not a name of at most 95 of a-z 0-9 _ - . : =");
    memcpy(p->machine->name, text, length + 1);
    return true;
}

static bool store_choice(struct parser *p, const struct key *key, uint64_t *value,
                         const char *text)
{
    char what[96];

    for (*value = 0; *value < 2; ++*value)
        if (!strcmp(text, key->choices[*value]))
            return true;
    snprintf(what, sizeof(what), "neither %s nor %s", key->choices[0], key->choices[1]);
    return complain(p, key->name, what);
}

static bool store(struct parser *p, const struct key *key, const char *text)
{
    uint64_t *value = (uint64_t *)((char *)p->machine + key->offset);
    char what[96];

    switch (key->kind) {
    case NAME:
        return store_name(p, key, text);
    case CHOICE:
        return store_choice(p, key, value, text);
    case CYCLES:
        return parse_cycles(value, text) ||
               complain(p, key->name, "not cycles (at most two decimal places)");
    default:
        if (parse_number(value, text) && *value >= key->min && *value <= key->max)
            return true;
        snprintf(what, sizeof(what), "not a number from %llu to %llu",
                 (unsigned long long)key->min, (unsigned long long)key->max);
        return complain(p, key->name, what);
    }
}

/* --- Lines --- */

/* Cut comment and blanks off both ends, in place. */
static char *trim(char *text)
{
    char *end = text + strcspn(text, "#");

    while (end > text && strchr(" \t\r", end[-1]))
        end--;
    *end = '\0';
    return text + strspn(text, " \t");
}

static bool known_section(const char *name)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (!strcmp(keys[i].section, name))
            return true;
    return false;
}

static bool parse_section(struct parser *p, char *text)
{
    char *end = strchr(text, ']');

    if (!end || end[1] != '\0')
        return complain(p, text, "not a section");
    *end = '\0';
    if (!known_section(text + 1))
        return complain(p, text + 1, "no such section");
    snprintf(p->section, sizeof(p->section), "%s", text + 1);
    return true;
}

static bool parse_key(struct parser *p, char *text)
{
    char *equals = strchr(text, '=');
    const char *name;
    char what[64];

    if (!equals)
        return complain(p, text, "not 'key = value'");
    *equals = '\0';
    name = trim(text);
    for (size_t i = 0; i < N_KEYS; i++) {
        if (strcmp(keys[i].section, p->section) || strcmp(keys[i].name, name))
            continue;
        if (p->seen[i]) {
            snprintf(what, sizeof(what), "already given in line %u", p->seen[i]);
            return complain(p, name, what);
        }
        p->seen[i] = p->line;
        return store(p, &keys[i], trim(equals + 1));
    }
    return complain(p, name, "no such key");
}

/* --- What must hold in the end --- */

static bool may_be_absent(const struct parser *p, const char *section)
{
    bool optional = false;

    for (size_t i = 0; i < sizeof(optional_sections) / sizeof(optional_sections[0]); i++)
        optional |= !strcmp(optional_sections[i], section);
    for (size_t i = 0; i < N_KEYS; i++)
        if (p->seen[i] && !strcmp(keys[i].section, section))
            return false;
    return optional;
}

static bool check_missing(struct parser *p)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        if (p->seen[i] || may_be_absent(p, keys[i].section))
            continue;
        snprintf(p->section, sizeof(p->section), "%s", keys[i].section);
        return complain(p, keys[i].name, "missing at the end of the file");
    }
    return true;
}

/* The line and section of a key, for a complaint about its value. */
static bool complain_value(struct parser *p, const char *section, const char *name,
                           const char *what)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name))
            p->line = p->seen[i];
    snprintf(p->section, sizeof(p->section), "%s", section);
    return complain(p, name, what);
}

static bool power_of_two(uint64_t n)
{
    return n && !(n & (n - 1));
}

static bool check_cache(struct parser *p, const char *section, const struct cache_config *cache)
{
    if (!cache->size)
        return true;
    if (!power_of_two(cache->line))
        return complain_value(p, section, "line", "not a power of two");
    if (cache->size % (cache->line * cache->ways) ||
        !power_of_two(cache->size / (cache->line * cache->ways)))
        return complain_value(p, section, "size", "size / (line * ways) is not a power of two");
    return true;
}

static bool check_tlb(struct parser *p, const char *section, const struct tlb_config *tlb)
{
    if (!tlb->entries)
        return true;
    if (tlb->entries % tlb->ways || !power_of_two(tlb->entries / tlb->ways))
        return complain_value(p, section, "entries", "entries / ways is not a power of two");
    if (tlb->large_entries && (!tlb->large_ways || tlb->large_entries % tlb->large_ways ||
                               !power_of_two(tlb->large_entries / tlb->large_ways)))
        return complain_value(p, section, "large_entries",
                              "large_entries / large_ways is not a power of two");
    return true;
}

static bool check_values(struct parser *p)
{
    const struct machine *m = p->machine;

    if (m->btb_entries % m->btb_ways || !power_of_two(m->btb_entries / m->btb_ways))
        return complain_value(p, "branch", "btb_entries",
                              "btb_entries / btb_ways is not a power of two");
    if (m->l3.size && !m->l2.size)
        return complain_value(p, "l3", "size", "an l3 without an l2");
    return check_cache(p, "l1i", &m->l1i) && check_cache(p, "l1d", &m->l1d) &&
           check_cache(p, "l2", &m->l2) && check_cache(p, "l3", &m->l3) &&
           check_tlb(p, "itlb", &m->itlb) && check_tlb(p, "dtlb", &m->dtlb) &&
           check_tlb(p, "stlb", &m->stlb);
}

static bool parse_lines(struct parser *p, char *text)
{
    char *next;

    for (char *line = text; line; line = next) {
        char *word;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!next && *line == '\0')
            break;
        p->line++;
        word = trim(line);
        if (*word && !(*word == '[' ? parse_section(p, word) : parse_key(p, word)))
            return false;
    }
    return check_missing(p) && check_values(p);
}

bool machine_parse(struct machine *machine, const char *path, const char *text, char *error,
                   size_t error_size)
{
    struct parser p = { .machine = machine, .path = path, .error = error,
                        .error_size = error_size };
    char *copy = strdup(text);
    bool good;

    memset(machine, 0, sizeof(*machine));
    if (!copy) {
        snprintf(error, error_size, "%s: out of memory", path);
        return false;
    }
    good = parse_lines(&p, copy);
    free(copy);
    return good;
}

bool machine_read(struct machine *machine, const char *path, char *error, size_t error_size)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t length;

    if (!file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return false;
    }
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    return machine_parse(machine, path, text, error, error_size);
}
