/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a trace and plays the part of the emulator. */
#include "bench/model/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LENGTH 512
#define MAX_FIELDS (5 + WALK_REFERENCES)
#define VECTORS 256
#define MAX_LENGTH 15
#define HASH_SIZE 65536

struct known_walk {
    uint64_t page;
    struct model_walk walk;
    struct known_walk *next;
};

/* Instructions live until the end: the model keeps pointers to those that faulted. */
struct known_insn {
    struct known_insn *next;
    struct model_insn insn;
    uint8_t size, mode, bytes[MAX_LENGTH];
};

struct replay {
    struct model *model;
    const struct model_places *places;
    struct known_walk *walks;
    struct known_insn *insns[HASH_SIZE];
    uint64_t vectors[VECTORS]; /* handlers; 0: none */
    int ring;
    enum decode_mode mode;

    FILE *steps; /* NULL: none are wanted */
    unsigned int region, nth, seen;
    const struct model_insn *step; /* the instruction that runs, if it is to be written */
    struct model_state before;     /* when it began */
    uint64_t space, next_space;    /* its CR3, and that of the next; 0 before the first write */
    uint64_t opened;               /* ticks when the region opened */
};

/* --- What the trace knows of the machine --- */

static bool on_walk(void *data, uint64_t vaddr, struct model_walk *walk)
{
    const struct replay *r = data;

    for (const struct known_walk *known = r->walks; known; known = known->next) {
        if (known->page != vaddr >> known->walk.shift)
            continue;
        *walk = known->walk;
        return true;
    }
    return false;
}

static int on_vector(void *data, uint64_t addr)
{
    const struct replay *r = data;

    for (int i = 0; i < VECTORS; i++)
        if (r->vectors[i] == addr)
            return i;
    return -1;
}

static int on_ring(void *data)
{
    return ((const struct replay *)data)->ring;
}

/* --- Lines --- */

static bool number(uint64_t *value, const char *text)
{
    char *end;

    *value = strtoull(text, &end, 16);
    return end != text && *end == '\0';
}

static bool numbers(uint64_t *values, char **fields, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        if (!number(&values[i], fields[i]))
            return false;
    return true;
}

static void write_step(struct replay *r, const struct model_state *now)
{
    static const char *const arrivals[] = {
        [ARRIVED_NEXT] = "next", [ARRIVED_JUMP] = "jump", [ARRIVED_CALL] = "call",
        [ARRIVED_RETURN] = "return", [ARRIVED_TRAP] = "trap", [ARRIVED_EVENT] = "event",
        [ARRIVED_LEAVE] = "leave",
    };
    const struct model_state *before = &r->before;

    fprintf(r->steps, "%" PRIu64 " %" PRIx64 " %u %s %" PRIx64, before->ticks - r->opened,
            r->step->addr, r->step->d.length, arrivals[now->arrival], r->space);
    fprintf(r->steps, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, now->insn - before->insn,
            now->l1i_misses - before->l1i_misses, now->l1d_misses - before->l1d_misses,
            now->tlb_misses - before->tlb_misses);
    for (unsigned int i = 0; i < PARTS; i++)
        fprintf(r->steps, " %" PRIu64, now->parts[i] - before->parts[i]);
    fputs("\n", r->steps);
}

/* A further turn of a repeat instruction, or the same in a block translated anew. */
static bool goes_on(const struct model_insn *last, const struct model_insn *insn)
{
    return last && last->addr == insn->addr &&
           !(last->d.flags & (D_BRANCH | D_TRAP | D_FAR_RETURN));
}

/* `insn` is about to run. */
static void step(struct replay *r, const struct model_insn *insn)
{
    struct model_state now;
    bool inside;

    if (goes_on(r->step, insn))
        return;
    model_state(r->model, &now);
    if (r->step)
        write_step(r, &now);
    inside = now.open && now.region == r->region && r->seen == r->nth;
    if (inside && !r->step)
        r->opened = now.ticks;
    r->step = inside ? insn : NULL;
    r->before = now;
    r->space = r->next_space;
    r->seen += insn->d.flags & D_OPEN && insn->d.region == r->region;
}

/* NULL without memory. */
static struct known_insn *describe(struct replay *r, uint64_t addr, const uint8_t *bytes,
                                   size_t size)
{
    struct known_insn **bucket = &r->insns[(addr ^ addr >> 16) % HASH_SIZE], *known;

    for (known = *bucket; known; known = known->next)
        if (known->insn.addr == addr && known->size == size && known->mode == r->mode &&
            !memcmp(known->bytes, bytes, size))
            return known;
    known = calloc(1, sizeof(*known));
    if (!known)
        return NULL;
    model_describe(r->places, &known->insn, addr, bytes, size, r->mode);
    known->size = size;
    known->mode = r->mode;
    memcpy(known->bytes, bytes, size);
    known->next = *bucket;
    return *bucket = known;
}

static bool execute(struct replay *r, char **fields, unsigned int n)
{
    uint8_t bytes[MAX_LENGTH];
    size_t size = 0;
    uint64_t addr;
    struct known_insn *known;

    if (n != 2 || !number(&addr, fields[0]))
        return false;
    for (const char *c = fields[1]; c[0]; c += 2) {
        unsigned int byte;

        if (size == sizeof(bytes) || sscanf(c, "%2x", &byte) != 1 || !c[1])
            return false;
        bytes[size++] = byte;
    }
    known = describe(r, addr, bytes, size);
    if (!known)
        return false;
    if (r->steps)
        step(r, &known->insn);
    model_exec(r->model, &known->insn);
    return true;
}

static bool learn_walk(struct replay *r, char **fields, unsigned int n)
{
    uint64_t v[MAX_FIELDS];
    struct known_walk *known;

    if (n < 4 || n - 4 > WALK_REFERENCES || !numbers(v, fields, n) || v[1] > 47)
        return false;
    known = calloc(1, sizeof(*known));
    if (!known)
        return false;
    known->page = v[0] >> v[1];
    known->walk.shift = v[1];
    known->walk.global = v[2];
    known->walk.frame = v[3];
    known->walk.references = n - 4;
    memcpy(known->walk.reference, v + 4, (n - 4) * sizeof(v[0]));
    known->next = r->walks;
    r->walks = known;
    return true;
}

static bool access_memory(struct replay *r, char kind, char **fields, unsigned int n)
{
    uint64_t v[3];

    if (n != 3 || !numbers(v, fields, 3) || v[2] == 0 || v[2] > 64)
        return false;
    model_access(r->model, v[0], v[1], v[2], kind == 'w' || kind == 'W', kind < 'a');
    return true;
}

static bool set_mode(struct replay *r, const char *text)
{
    r->mode = !strcmp(text, "16") ? MODE_16 : !strcmp(text, "32") ? MODE_32 : MODE_64;
    return r->mode != MODE_64 || !strcmp(text, "64");
}

static void change_space(struct replay *r, uint64_t value, bool keep)
{
    r->next_space = value;
    model_cr3(r->model, value, keep);
}

static bool event_line(struct replay *r, char **fields, unsigned int n)
{
    const char *word = fields[0];
    uint64_t v[2];

    fields++;
    n--;
    if (!strcmp(word, "x"))
        return execute(r, fields, n);
    if (strlen(word) == 1 && strchr("rwRW", word[0]))
        return access_memory(r, word[0], fields, n);
    if (!strcmp(word, "walk"))
        return learn_walk(r, fields, n);
    if (!strcmp(word, "mode"))
        return n == 1 && set_mode(r, fields[0]);
    if (n > 2 || !numbers(v, fields, n))
        return false;
    if (!strcmp(word, "vector") && n == 2 && v[1] < VECTORS)
        r->vectors[v[1]] = v[0];
    else if (!strcmp(word, "ring") && n == 1)
        r->ring = v[0];
    else if (!strcmp(word, "cr3") && n == 2)
        change_space(r, v[0], v[1]);
    else if (!strcmp(word, "invlpg") && n == 1)
        model_invlpg(r->model, v[0]);
    else
        return false;
    return true;
}

static bool replay_line(struct replay *r, char *line)
{
    char *fields[MAX_FIELDS], *rest;
    unsigned int n = 0;

    line[strcspn(line, "#\n")] = '\0';
    for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (n == MAX_FIELDS)
            return false;
        fields[n++] = word;
    }
    return n == 0 || event_line(r, fields, n);
}

static void forget(struct replay *r)
{
    model_free(r->model);
    while (r->walks) {
        struct known_walk *next = r->walks->next;

        free(r->walks);
        r->walks = next;
    }
    for (unsigned int i = 0; i < HASH_SIZE; i++) {
        while (r->insns[i]) {
            struct known_insn *next = r->insns[i]->next;

            free(r->insns[i]);
            r->insns[i] = next;
        }
    }
}

/* Feed `in` to a new model for `r`, whose lines go to `out`. */
static bool replay(struct replay *r, FILE *in, const struct machine *machine, FILE *out,
                   char *error, size_t error_size)
{
    struct model_env env = { .data = r, .walk = on_walk, .vector = on_vector, .ring = on_ring };
    char line[LINE_MAX_LENGTH];
    unsigned int number = 0;
    bool good = true;

    r->mode = MODE_64;
    r->ring = -1;
    r->model = model_new(machine, &env, "trace", out);
    if (!r->model) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    while (good && fgets(line, sizeof(line), in)) {
        number++;
        good = replay_line(r, line);
    }
    if (good && r->step) {
        struct model_state now;

        model_state(r->model, &now);
        write_step(r, &now);
    }
    if (good)
        model_finish(r->model);
    else
        snprintf(error, error_size, "line %u is not an event", number);
    forget(r);
    return good;
}

bool trace_replay(FILE *in, const struct machine *machine, const struct model_places *places,
                  FILE *out, char *error, size_t error_size)
{
    static struct replay r;

    r = (struct replay){ .places = places };
    return replay(&r, in, machine, out, error, error_size);
}

bool trace_steps(FILE *in, const struct machine *machine, const struct model_places *places,
                 unsigned int region, unsigned int nth, FILE *out, char *error,
                 size_t error_size)
{
    static struct replay r;
    FILE *nowhere = fopen("/dev/null", "w");
    bool good;

    r = (struct replay){ .places = places, .steps = out, .region = region, .nth = nth };
    if (!nowhere) {
        snprintf(error, error_size, "cannot write to /dev/null");
        return false;
    }
    good = replay(&r, in, machine, nowhere, error, error_size);
    fclose(nowhere);
    return good;
}
