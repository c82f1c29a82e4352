/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the table of functions. */
#include "bench/plugin/function.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE (FUNCTION_NAME + 64)
#define NAME_BUCKETS 8192

/* While reading: names by hash, and what has room for how many. */
struct reader {
    struct function_table *table;
    uint32_t bucket[NAME_BUCKETS]; /* 1 + index of the latest name; 0: none */
    uint32_t *next;                /* of each name: the same, of the name before */
    size_t room_ranges, room_names;
};

static uint32_t hash(const char *text)
{
    uint32_t value = 2166136261;

    for (; *text; text++)
        value = (value ^ (uint8_t)*text) * 16777619;
    return value % NAME_BUCKETS;
}

/* Printable, and the same in JSON. */
static bool name_is_good(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= FUNCTION_NAME)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] < ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
            return false;
    return true;
}

static bool names_grow(struct reader *r)
{
    size_t room = r->room_names ? 2 * r->room_names : 1024;
    char **names = realloc(r->table->names, room * sizeof(*names));
    uint32_t *next;

    if (names)
        r->table->names = names;
    next = realloc(r->next, room * sizeof(*next));
    if (next)
        r->next = next;
    if (!names || !next)
        return false;
    r->room_names = room;
    return true;
}

/* The index of a name, new or not; FUNCTION_NONE without memory. */
static uint32_t name_index(struct reader *r, const char *name)
{
    struct function_table *table = r->table;
    uint32_t *bucket = &r->bucket[hash(name)], i;

    for (i = *bucket; i; i = r->next[i - 1])
        if (!strcmp(table->names[i - 1], name))
            return i - 1;
    if (table->n_names == r->room_names && !names_grow(r))
        return FUNCTION_NONE;
    i = table->n_names;
    table->names[i] = strdup(name);
    if (!table->names[i])
        return FUNCTION_NONE;
    table->n_names++;
    r->next[i] = *bucket;
    *bucket = i + 1;
    return i;
}

static bool range_add(struct reader *r, const struct function_range *range)
{
    struct function_table *table = r->table;

    if (table->n_ranges == r->room_ranges) {
        size_t room = r->room_ranges ? 2 * r->room_ranges : 4096;
        struct function_range *ranges = realloc(table->ranges, room * sizeof(*ranges));

        if (!ranges)
            return false;
        table->ranges = ranges;
        r->room_ranges = room;
    }
    table->ranges[table->n_ranges++] = *range;
    return true;
}

/* NULL, or what is wrong. */
static const char *read_line(struct reader *r, char *line)
{
    const struct function_table *table = r->table;
    struct function_range range;
    char *end = strchr(line, '\n'), mark;
    int at = 0;

    if (end)
        *end = '\0';
    if (sscanf(line, "%" SCNx64 " %" SCNx64 " %c %n", &range.lo, &range.hi, &mark, &at) != 3 ||
        at == 0 || (mark != 'e' && mark != '-') || !name_is_good(line + at))
        return "is not 'LO HI e|- NAME'";
    if (range.lo >= range.hi ||
        (table->n_ranges && range.lo < table->ranges[table->n_ranges - 1].hi))
        return "is not behind the range before it";
    range.entry = mark == 'e';
    range.function = name_index(r, line + at);
    if (range.function == FUNCTION_NONE || !range_add(r, &range))
        return "does not fit into memory";
    return NULL;
}

bool function_table_read(struct function_table *table, FILE *in, char *error, size_t error_size)
{
    struct reader reader = { .table = table };
    const char *wrong = NULL;
    char line[LINE];
    int number = 0;

    memset(table, 0, sizeof(*table));
    while (!wrong && fgets(line, sizeof(line), in)) {
        number++;
        wrong = read_line(&reader, line);
    }
    free(reader.next);
    if (!wrong)
        return true;
    snprintf(error, error_size, "line %d of the functions %s", number, wrong);
    function_table_free(table);
    return false;
}

void function_table_free(struct function_table *table)
{
    for (uint32_t i = 0; i < table->n_names; i++)
        free(table->names[i]);
    free(table->names);
    free(table->ranges);
    memset(table, 0, sizeof(*table));
}
