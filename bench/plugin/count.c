/* SPDX-License-Identifier: BSD-2-Clause */
/* The counting core: regions, classes, probes, functions, kernel bursts, restarted instructions. */
#include "bench/plugin/count.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/marker.h"
#include "bench/plugin/function.h"

#define HASH_SIZE 65536
#define PENDING_MAX 64
#define BURSTS_MAX 4096 /* distinct bursts of one region occurrence; a power of two */

#define BIT63 (UINT64_C(1) << 63)

/* A run of kernel instructions, with the instructions just outside it. */
struct burst {
    uint64_t from, to, insn, times;
};

/* What a function executed; those of no function count by class. */
struct by_function {
    uint64_t insn, entries;
    bool seen; /* its index is in `order` */
};

/* An instruction after which execution went elsewhere without its doing. It has faulted if a
 * return comes back to it, was only interrupted if a return comes to its successor. */
struct pending {
    const struct count_insn *insn;
    uint64_t occurrence; /* of a region; its count is mended only while that is open */
};

struct counter {
    struct count_config config;
    FILE *out;
    struct count_insn **hash;

    bool open;
    unsigned int region;
    uint64_t occurrence;
    uint64_t by[COUNT_MAX_CLASSES];
    uint64_t probes[COUNT_MAX_PROBES];
    uint64_t rep_bytes, repeats, restarted;

    const struct count_insn *last; /* executed before, inside the region */
    struct pending pending[PENDING_MAX];
    unsigned int n_pending;

    bool in_burst;
    struct burst burst; /* the one that runs */
    struct burst *bursts; /* hash by content */
    unsigned int n_bursts;

    const struct function_table *functions; /* or NULL */
    struct by_function *by_function; /* the functions, then the classes */
    uint32_t *order; /* indices in by_function, as they first executed */
    uint32_t n_order;
};

/* --- Arguments --- */

static bool parse_name(char *name, const char *text, size_t length)
{
    if (length == 0 || length >= COUNT_NAME)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", text[i]))
            return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return true;
}

/* A hexadecimal number that ends at `stop`. */
static bool parse_hex(uint64_t *value, const char *text, char stop, const char **end)
{
    char *after;

    if (!strchr("0123456789abcdefABCDEF", text[0]) || text[0] == '\0')
        return false;
    *value = strtoull(text, &after, 16);
    *end = after + 1;
    return *after == stop;
}

static bool parse_class(struct count_config *config, const char *text)
{
    const char *colon = strchr(text, ':'), *next;
    unsigned int i = config->n_classes;
    uint64_t lo, hi;

    if (!colon || i == COUNT_MAX_CLASSES)
        return false;
    if (!parse_name(config->classes[i].name, text, colon - text))
        return false;
    if (!parse_hex(&lo, colon + 1, '-', &next) || !parse_hex(&hi, next, '\0', &next) || lo >= hi)
        return false;
    config->classes[i].lo = lo;
    config->classes[i].hi = hi;
    config->n_classes++;
    return true;
}

static bool parse_probe(struct count_config *config, const char *text)
{
    const char *colon = strchr(text, ':'), *next;
    unsigned int i = config->n_probes;

    if (!colon || i == COUNT_MAX_PROBES || !parse_name(config->probes[i].name, text, colon - text))
        return false;
    if (!parse_hex(&config->probes[i].addr, colon + 1, '\0', &next))
        return false;
    config->n_probes++;
    return true;
}

static bool parse_path(char *path, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length >= size)
        return false;
    memcpy(path, text, length + 1);
    return true;
}

static bool parse_word(struct count_config *config, const char *word)
{
    if (!strncmp(word, "out=", 4))
        return parse_path(config->out, sizeof(config->out), word + 4);
    if (!strncmp(word, "functions=", 10))
        return parse_path(config->functions, sizeof(config->functions), word + 10);
    if (!strncmp(word, "class=", 6))
        return parse_class(config, word + 6);
    if (!strncmp(word, "probe=", 6))
        return parse_probe(config, word + 6);
    if (!strcmp(word, "bursts=1") || !strcmp(word, "bursts=on"))
        return config->bursts = true;
    return !strcmp(word, "bursts=0") || !strcmp(word, "bursts=off");
}

bool count_config_parse(struct count_config *config, int argc, char *const *argv, char *error,
                        size_t error_size)
{
    memset(config, 0, sizeof(*config));
    strcpy(config->classes[CLASS_USER].name, "user");
    strcpy(config->classes[CLASS_KERNEL].name, "kernel");
    config->n_classes = CLASS_FIRST_GIVEN;
    for (int i = 0; i < argc; i++) {
        if (parse_word(config, argv[i]))
            continue;
        snprintf(error, error_size,
                 "argument '%s' is not out=FILE, class=NAME:LO-HI, probe=NAME:ADDR, functions=FILE "
                 "or bursts=1 (hexadecimal, names of at most %d letters, at most %d classes and %d "
                 "probes)",
                 argv[i], COUNT_NAME - 1, COUNT_MAX_CLASSES - CLASS_FIRST_GIVEN, COUNT_MAX_PROBES);
        return false;
    }
    if (config->out[0] == '\0') {
        snprintf(error, error_size, "argument out=FILE is missing");
        return false;
    }
    return true;
}

/* --- Describing an instruction --- */

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 ||
           byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 ||
           byte == 0x65;
}

/* Two-byte opcodes, after 0f. */
static uint8_t flags_of_0f(uint8_t opcode)
{
    if (opcode >= 0x80 && opcode <= 0x8f)
        return INSN_BRANCH;
    if (opcode == 0x05 || opcode == 0x34)
        return INSN_BRANCH | INSN_TRAP;
    if (opcode == 0x07 || opcode == 0x35)
        return INSN_BRANCH | INSN_RETURN;
    return 0;
}

static uint8_t flags_of_opcode(uint8_t opcode, uint8_t modrm)
{
    if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3))
        return INSN_BRANCH;
    switch (opcode) {
    case 0xc2: case 0xc3: case 0xca: case 0xcb: case 0xe8: case 0xe9: case 0xeb:
        return INSN_BRANCH;
    case 0xcc: case 0xcd: case 0xf1:
        return INSN_BRANCH | INSN_TRAP;
    case 0xcf:
        return INSN_BRANCH | INSN_RETURN;
    case 0xff:
        return (modrm >> 3 & 7) >= 2 && (modrm >> 3 & 7) <= 5 ? INSN_BRANCH : 0;
    default:
        return 0;
    }
}

/* Intel SDM vol. 2, REP: ins, movs and stos store; outs, cmps, lods and scas load. */
static uint8_t flags_of_string(uint8_t opcode)
{
    switch (opcode) {
    case 0x6c: case 0x6d: case 0xa4: case 0xa5: case 0xaa: case 0xab:
        return INSN_REP | INSN_REP_STORES;
    case 0x6e: case 0x6f: case 0xa6: case 0xa7: case 0xac: case 0xad: case 0xae: case 0xaf:
        return INSN_REP;
    default:
        return 0;
    }
}

static uint8_t flags_of(const uint8_t *bytes, size_t size)
{
    bool rep = false;
    size_t i = 0;

    while (i < size && is_prefix(bytes[i])) {
        rep |= bytes[i] == 0xf2 || bytes[i] == 0xf3;
        i++;
    }
    if (i < size && (bytes[i] & 0xf0) == 0x40) /* REX */
        i++;
    if (i >= size)
        return 0;
    if (bytes[i] == 0x0f)
        return i + 1 < size ? flags_of_0f(bytes[i + 1]) : 0;
    return flags_of_opcode(bytes[i], i + 1 < size ? bytes[i + 1] : 0) |
           (rep ? flags_of_string(bytes[i]) : 0);
}

/* A marker's kind and region, from the seven bytes of bench/marker.h. */
static uint8_t marker_of(const uint8_t *bytes, size_t size, uint8_t *region)
{
    uint32_t word;

    if (size != 7 || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80)
        return 0;
    word = bytes[3] | bytes[4] << 8 | bytes[5] << 16 | (uint32_t)bytes[6] << 24;
    if ((word & 0xffff0000) != MARKER_MAGIC)
        return 0;
    *region = word & 0xff;
    switch (word >> 8 & 0xff) {
    case MARKER_OPEN:
        return INSN_OPEN;
    case MARKER_CLOSE:
        return INSN_CLOSE;
    default:
        return 0;
    }
}

static uint8_t class_of(const struct count_config *config, uint64_t addr)
{
    for (unsigned int i = CLASS_FIRST_GIVEN; i < config->n_classes; i++)
        if (addr >= config->classes[i].lo && addr < config->classes[i].hi)
            return i;
    return addr & BIT63 ? CLASS_KERNEL : CLASS_USER;
}

static struct count_insn *describe_new(struct counter *counter, const struct count_insn *key)
{
    struct count_insn *insn = malloc(sizeof(*insn));

    if (!insn)
        return NULL;
    *insn = *key;
    insn->class = class_of(&counter->config, key->addr);
    insn->probe = 0;
    for (unsigned int i = 0; i < counter->config.n_probes; i++)
        if (counter->config.probes[i].addr == key->addr)
            insn->probe = i + 1;
    if (counter->functions) {
        insn->function = function_find(counter->functions, key->addr, &insn->entry);
        if (insn->function == FUNCTION_NONE)
            insn->function = counter->functions->n_names + insn->class;
    }
    return insn;
}

const struct count_insn *counter_describe(struct counter *counter, uint64_t addr,
                                          const uint8_t *bytes, size_t size)
{
    struct count_insn key = { .addr = addr, .size = size, .flags = flags_of(bytes, size) };
    struct count_insn **bucket = &counter->hash[(addr ^ addr >> 16) % HASH_SIZE], *insn;

    key.flags |= marker_of(bytes, size, &key.region);
    for (insn = *bucket; insn; insn = insn->hash_next)
        if (insn->addr == addr && insn->size == key.size && insn->flags == key.flags &&
            insn->region == key.region)
            return insn;
    insn = describe_new(counter, &key);
    if (insn) {
        insn->hash_next = *bucket;
        *bucket = insn;
    }
    return insn;
}

/* --- Kernel bursts --- */

static void burst_add(struct counter *counter, const struct burst *burst)
{
    uint64_t hash = (burst->from * 31 + burst->to) * 31 + burst->insn;
    unsigned int i = (hash ^ hash >> 13) % BURSTS_MAX;

    while (counter->bursts[i].times) {
        struct burst *b = &counter->bursts[i];

        if (b->from == burst->from && b->to == burst->to && b->insn == burst->insn) {
            b->times++;
            return;
        }
        i = (i + 1) % BURSTS_MAX;
    }
    counter->n_bursts++;
    if (counter->n_bursts < BURSTS_MAX) /* one stays free, so that the search ends */
        counter->bursts[i] = (struct burst){ burst->from, burst->to, burst->insn, 1 };
}

static void burst_step(struct counter *counter, const struct count_insn *insn)
{
    if (insn->class == CLASS_KERNEL) {
        if (!counter->in_burst) {
            counter->in_burst = true;
            counter->burst = (struct burst){ .from = counter->last ? counter->last->addr : 0 };
        }
        counter->burst.insn++;
    } else if (counter->in_burst) {
        counter->in_burst = false;
        counter->burst.to = insn->addr;
        burst_add(counter, &counter->burst);
    }
}

static void burst_print(struct counter *counter)
{
    for (unsigned int i = 0; i < BURSTS_MAX; i++) {
        struct burst *b = &counter->bursts[i];

        if (b->times)
            fprintf(counter->out,
                    "{\"region\": %u, \"burst\": {\"from\": \"0x%" PRIx64 "\", \"to\": \"0x%" PRIx64
                    "\", \"insn\": %" PRIu64 ", \"n\": %" PRIu64 "}}\n",
                    counter->region, b->from, b->to, b->insn, b->times);
    }
    if (counter->n_bursts >= BURSTS_MAX)
        fprintf(counter->out, "{\"error\": \"region %u has more than %d different bursts\"}\n",
                counter->region, BURSTS_MAX - 1);
}

/* --- Functions --- */

static void function_step(struct counter *counter, const struct count_insn *insn)
{
    struct by_function *f = &counter->by_function[insn->function];

    if (!f->seen) {
        f->seen = true;
        counter->order[counter->n_order++] = insn->function;
    }
    f->insn++;
    f->entries += insn->entry;
}

static void functions_clear(struct counter *counter)
{
    for (uint32_t i = 0; i < counter->n_order; i++)
        counter->by_function[counter->order[i]] = (struct by_function){ 0 };
    counter->n_order = 0;
}

static void functions_print(struct counter *counter)
{
    const struct function_table *table = counter->functions;

    for (uint32_t i = 0; i < counter->n_order; i++) {
        uint32_t index = counter->order[i];
        const struct by_function *f = &counter->by_function[index];
        bool none = index >= table->n_names;

        fprintf(counter->out,
                "{\"region\": %u, \"function\": {\"name\": \"%s%s\", \"insn\": %" PRIu64
                ", \"entries\": %" PRIu64 "}}\n", counter->region, none ? "?" : "",
                none ? counter->config.classes[index - table->n_names].name : table->names[index],
                f->insn, f->entries);
    }
}

/* --- Regions --- */

static void region_open(struct counter *counter, const struct count_insn *insn)
{
    if (counter->open) {
        fprintf(counter->out, "{\"error\": \"region %u opened inside region %u\"}\n", insn->region,
                counter->region);
        return;
    }
    counter->open = true;
    counter->region = insn->region;
    counter->occurrence++;
    memset(counter->by, 0, sizeof(counter->by));
    memset(counter->probes, 0, sizeof(counter->probes));
    counter->rep_bytes = counter->repeats = counter->restarted = 0;
    counter->last = insn;
    counter->n_pending = 0;
    counter->in_burst = false;
    counter->n_bursts = 0;
    if (counter->bursts)
        memset(counter->bursts, 0, BURSTS_MAX * sizeof(*counter->bursts));
    functions_clear(counter);
}

static void region_print(struct counter *counter)
{
    const struct count_config *config = &counter->config;
    uint64_t total = 0;

    for (unsigned int i = 0; i < config->n_classes; i++)
        total += counter->by[i];
    fprintf(counter->out, "{\"region\": %u, \"insn\": %" PRIu64 ", \"by\": {", counter->region,
            total);
    for (unsigned int i = 0; i < config->n_classes; i++)
        fprintf(counter->out, "%s\"%s\": %" PRIu64, i ? ", " : "", config->classes[i].name,
                counter->by[i]);
    fprintf(counter->out,
            "}, \"rep_bytes\": %" PRIu64 ", \"repeats\": %" PRIu64 ", \"restarted\": %" PRIu64
            ", \"probes\": {",
            counter->rep_bytes, counter->repeats, counter->restarted);
    for (unsigned int i = 0; i < config->n_probes; i++)
        fprintf(counter->out, "%s\"%s\": %" PRIu64, i ? ", " : "", config->probes[i].name,
                counter->probes[i]);
    fprintf(counter->out, "}}\n");
}

static void region_close(struct counter *counter, const struct count_insn *insn)
{
    if (!counter->open || counter->region != insn->region) {
        fprintf(counter->out, "{\"error\": \"region %u closed but not open\"}\n", insn->region);
        return;
    }
    if (counter->config.bursts)
        burst_step(counter, insn);
    region_print(counter);
    if (counter->config.bursts)
        burst_print(counter);
    if (counter->functions)
        functions_print(counter);
    fflush(counter->out);
    counter->open = false;
}

void counter_finish(struct counter *counter)
{
    if (counter->open)
        fprintf(counter->out, "{\"error\": \"region %u never closed\"}\n", counter->region);
    fflush(counter->out);
}

/* --- Execution --- */

/* Did execution leave `last` for `insn` by a fault or an interrupt? */
static bool diverted(const struct count_insn *last, const struct count_insn *insn)
{
    if (insn->addr == last->addr + last->size)
        return false;
    if (!(last->flags & INSN_BRANCH))
        return true;
    return !(last->addr & BIT63) && insn->addr & BIT63 && !(last->flags & INSN_TRAP);
}

static void pending_push(struct counter *counter, const struct count_insn *insn)
{
    if (counter->n_pending == PENDING_MAX) {
        memmove(counter->pending, counter->pending + 1,
                (PENDING_MAX - 1) * sizeof(*counter->pending));
        counter->n_pending--;
    }
    counter->pending[counter->n_pending++] = (struct pending){ insn, counter->occurrence };
}

static void pending_remove(struct counter *counter, unsigned int index)
{
    counter->n_pending--;
    memmove(counter->pending + index, counter->pending + index + 1,
            (counter->n_pending - index) * sizeof(*counter->pending));
}

/* A return from an exception has come to `insn`. If that is an instruction which was counted when
 * it faulted, or a repeat instruction that goes on, the earlier count is taken back. */
static void returned(struct counter *counter, const struct count_insn *insn)
{
    for (unsigned int i = counter->n_pending; i-- > 0;) {
        const struct count_insn *left = counter->pending[i].insn;

        if (left->addr == insn->addr) {
            counter->by[insn->class]--;
            if (insn->probe)
                counter->probes[insn->probe - 1]--;
            if (counter->functions) {
                counter->by_function[insn->function].insn--;
                counter->by_function[insn->function].entries -= insn->entry;
            }
            counter->restarted++;
        } else if (left->addr + left->size != insn->addr) {
            continue;
        }
        pending_remove(counter, i);
        return;
    }
}

static void count(struct counter *counter, const struct count_insn *insn)
{
    const struct count_insn *last = counter->last;

    if (last->addr == insn->addr && !(last->flags & INSN_BRANCH)) {
        /* A further iteration, or the same instruction in a block translated anew. */
        counter->repeats += !!(insn->flags & INSN_REP);
        return;
    }
    if (diverted(last, insn))
        pending_push(counter, last);
    else if (last->flags & INSN_RETURN)
        returned(counter, insn);
    if (counter->config.bursts)
        burst_step(counter, insn);
    counter->by[insn->class]++;
    if (insn->probe)
        counter->probes[insn->probe - 1]++;
    if (counter->functions)
        function_step(counter, insn);
    counter->last = insn;
}

void counter_exec(struct counter *counter, const struct count_insn *insn)
{
    if (insn->flags & (INSN_OPEN | INSN_CLOSE)) {
        if (insn->flags & INSN_OPEN)
            region_open(counter, insn);
        else
            region_close(counter, insn);
        return;
    }
    if (counter->open)
        count(counter, insn);
}

void counter_rep_access(struct counter *counter, unsigned int bytes)
{
    if (counter->open)
        counter->rep_bytes += bytes;
}

/* --- Life --- */

struct counter *counter_new(const struct count_config *config, FILE *out)
{
    struct counter *counter = calloc(1, sizeof(*counter));

    if (!counter)
        return NULL;
    counter->config = *config;
    counter->out = out;
    counter->hash = calloc(HASH_SIZE, sizeof(*counter->hash));
    counter->bursts = config->bursts ? calloc(BURSTS_MAX, sizeof(*counter->bursts)) : NULL;
    if (!counter->hash || (config->bursts && !counter->bursts)) {
        counter_free(counter);
        return NULL;
    }
    return counter;
}

bool counter_use_functions(struct counter *counter, const struct function_table *functions)
{
    size_t n = (size_t)functions->n_names + COUNT_MAX_CLASSES;

    counter->by_function = calloc(n, sizeof(*counter->by_function));
    counter->order = calloc(n, sizeof(*counter->order));
    if (!counter->by_function || !counter->order)
        return false;
    counter->functions = functions;
    return true;
}

void counter_free(struct counter *counter)
{
    for (unsigned int i = 0; counter->hash && i < HASH_SIZE; i++) {
        while (counter->hash[i]) {
            struct count_insn *insn = counter->hash[i];

            counter->hash[i] = insn->hash_next;
            free(insn);
        }
    }
    free(counter->hash);
    free(counter->bursts);
    free(counter->by_function);
    free(counter->order);
    free(counter);
}
