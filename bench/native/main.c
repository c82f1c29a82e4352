/* SPDX-License-Identifier: BSD-2-Clause */
/* The native L4 program: as root task, by the kernel's command line, the tests (`test`), the IPC
 * benchmark (`bench`, or nothing) or that after dirtied caches (`bench=dirtied`). `test=PREFIX`
 * runs the tests whose names begin so. */
#include "bench/native/native.h"

#include "l4k/abi/guest_log.h"
#include "l4k/lib/string.h"

static const struct test *const groups[] = {
    message_tests, order_tests, state_tests, timeout_tests, end_tests,
    item_tests, cap_tests, fault_tests, event_tests, bad_tests, limit_tests,
};

static bool wanted(const struct test *t, const char *prefix)
{
    return !strncmp(t->name, prefix, strlen(prefix));
}

static unsigned count(const char *prefix)
{
    unsigned n = 0;

    for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
        for (const struct test *t = groups[g]; t->name; t++)
            n += wanted(t, prefix);
    return n;
}

static bool run_one(const struct test *t, unsigned number)
{
    shared->failure[0] = '\0';
    t->run();
    if (shared->failure[0])
        say("not ok %u %s # %s\n", number, t->name, shared->failure);
    else
        say("ok %u %s\n", number, t->name);
    return !shared->failure[0];
}

static void run_tests(const char *prefix)
{
    unsigned number = 0, failed = 0;

    say(LOG_BEGIN "native\nKTAP version 1\n1..%u\n", count(prefix));
    for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
        for (const struct test *t = groups[g]; t->name; t++)
            if (wanted(t, prefix) && !run_one(t, ++number))
                failed++;
    say(LOG_END "native status=%u\n", failed ? 1 : 0);
}

/* The word of the command line that begins with `name`; its end is cut off. NULL: there is none. */
static char *find_word(char *line, const char *name)
{
    for (char *p = line; *p; p++) {
        if ((p != line && p[-1] != ' ') || strncmp(p, name, strlen(name)))
            continue;
        for (char *end = p; ; end++)
            if (*end == ' ' || !*end) {
                *end = '\0';
                return p;
            }
    }
    return NULL;
}

int main(void)
{
    static char line[512];
    char *word;

    lib_init();
    MUST(l4_do(CAP_SYSTEM, SYSTEM_CMDLINE, (uint64_t)line, sizeof(line), 0, 0));
    word = find_word(line, "test");
    if (word)
        run_tests(word[4] == '=' ? word + 5 : "");
    else if (find_word(line, "bench=dirtied"))
        bench_dirtied();
    else
        bench_ipc();
    reset();
}
