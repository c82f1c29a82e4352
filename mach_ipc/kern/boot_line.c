/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, then values and actions (The GNU Mach Reference Manual, "Bootstrap"). */
#include "mach_ipc/kern/boot_line.h"

#include "l4k/lib/format.h"
#include "l4k/lib/string.h"

#define WORD_MAX 512 /* a line's length at most */

static bool refuse(struct boot_args *a, const char *error, const char *word, size_t length)
{
    if (length > sizeof(a->word) - 1)
        length = sizeof(a->word) - 1;
    memcpy(a->word, word, length);
    a->word[length] = '\0';
    a->error = error;
    return false;
}

/* Appends to the argument that is being made. */
static bool add(struct boot_args *a, const char *text, size_t length)
{
    if (length > BOOT_TEXT_MAX - a->length)
        return refuse(a, "the arguments are too long", "", 0);
    memcpy(a->text + a->length, text, length);
    a->length += length;
    return true;
}

static bool add_port(struct boot_args *a, mach_port_name_t *name)
{
    char digits[12];

    if (!*name)
        *name = (a->host_port != 0) + (a->device_port != 0) + 1;
    return add(a, digits, (size_t)snprintf(digits, sizeof(digits), "%u", *name));
}

static bool is(const char *p, size_t length, const char *what)
{
    return length == strlen(what) && !memcmp(p, what, length);
}

/* Appends the value of the `${...}` at p. */
static bool add_value(struct boot_args *a, const char *p, size_t length, const char *kernel_line)
{
    if (is(p, length, "${host-port}"))
        return add_port(a, &a->host_port);
    if (is(p, length, "${device-port}"))
        return add_port(a, &a->device_port);
    if (is(p, length, "${kernel-command-line}"))
        return add(a, kernel_line, strlen(kernel_line));
    return refuse(a, "unknown", p, length);
}

static bool act(struct boot_args *a, const char *word)
{
    if (!strcmp(word, "$(task-create)"))
        a->create = true;
    else if (!strcmp(word, "$(task-resume)"))
        a->resume = true;
    else
        return refuse(a, "unknown", word, strlen(word));
    return true;
}

/* How long the `${...}` or `$(...)` at p is; 0: it does not end. */
static size_t length_of(const char *p)
{
    for (size_t n = 2; p[n]; n++)
        if (p[n] == (p[1] == '{' ? '}' : ')'))
            return n + 1;
    return 0;
}

static bool expand(struct boot_args *a, const char *p, const char *kernel_line)
{
    while (*p) {
        size_t length = 1;
        bool value = p[0] == '$' && p[1] == '{', action = p[0] == '$' && p[1] == '(';

        if ((value || action) && !(length = length_of(p)))
            return refuse(a, "not ended", p, strlen(p));
        if (action)
            return refuse(a, "no word of its own", p, length);
        if (!(value ? add_value(a, p, length, kernel_line) : add(a, p, 1)))
            return false;
        p += length;
    }
    return add(a, "", 1);
}

/* An argument: the first is the program's name, without what leads to its file. */
static bool argument(struct boot_args *a, const char *word, const char *kernel_line)
{
    if (a->argc == BOOT_ARGS_MAX)
        return refuse(a, "too many words from this on", word, strlen(word));
    if (a->argc == 0)
        for (const char *p = word; *p; p++)
            if (*p == '/')
                word = p + 1;
    a->argv[a->argc++] = (uint16_t)a->length;
    return expand(a, word, kernel_line);
}

/* The word at *p without its quotes; *p goes behind it. */
static bool next_word(struct boot_args *a, const char **p, char *word)
{
    const char *start = *p;
    size_t n = 0;
    bool quoted = false;

    for (; **p && (quoted || **p != ' '); ++*p) {
        if (**p == '\'')
            quoted = !quoted;
        else if (n == WORD_MAX - 1)
            return refuse(a, "too long", start, n);
        else
            word[n++] = **p;
    }
    word[n] = '\0';
    return !quoted || refuse(a, "a quote is not ended", start, strlen(start));
}

bool boot_line_read(struct boot_args *out, const char *line, const char *kernel_line)
{
    char word[WORD_MAX];

    memset(out, 0, sizeof(*out));
    for (;;) {
        while (*line == ' ')
            line++;
        if (!*line)
            break;
        if (!next_word(out, &line, word))
            return false;
        if (out->argc && word[0] == '$' && word[1] == '(' && length_of(word) == strlen(word)) {
            if (!act(out, word))
                return false;
        } else if (!argument(out, word, kernel_line)) {
            return false;
        }
    }
    return out->argc || refuse(out, "missing", "", 0);
}
