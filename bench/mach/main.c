/* SPDX-License-Identifier: BSD-2-Clause */
/* The native Mach program: as first task, by the kernel's command line, the tests (`test`,
 * `test=PREFIX`; `selftest` likewise; `storm`, `storm=MESSAGES`), the benchmark (`bench`, or
 * nothing) or that after dirtied caches (`bench=dirtied`). */
#include "bench/mach/mach.h"

#include "l4k/abi/guest_log.h"
#include "l4k/lib/string.h"

#define SHARED_BASE 0x10000000

void mach_main(uint64_t argc, char **argv) __attribute__((noreturn));

void reset(void)
{
    struct call c;

    for (;;) {
        call_begin(&c);
        put32(&c, 0);
        call(&c, host_priv, RPC_HOST_REBOOT);
    }
}

static const struct test *const groups[] = {
    port_tests, message_tests, exception_tests, vm_tests, task_tests, state_tests,
    circle_tests, mig_tests, notice_tests, NULL,
};
static const struct test *const selftest_groups[] = {
    selftest_send, selftest_body, selftest_receive, selftest_wait, selftest_rpc, selftest_kern,
    selftest_exception, selftest_names, selftest_memory, selftest_machine, NULL,
};
static const struct test *const storm_groups[] = {storm_tests, NULL};

static bool wanted(const struct test *t, const char *prefix)
{
    return !strncmp(t->name, prefix, strlen(prefix));
}

static unsigned count(const struct test *const *groups, const char *prefix)
{
    unsigned n = 0;

    for (; *groups; groups++)
        for (const struct test *t = *groups; t->name; t++)
            n += wanted(t, prefix);
    return n;
}

/* Each test leaves the names it found: one that does not has leaked. */
static bool run_one(const struct test *t, unsigned number)
{
    uint32_t names = count_names();

    shared->failure[0] = '\0';
    t->run();
    CHECK_EQ(count_names(), names);
    if (shared->failure[0])
        say("not ok %u %s # %s\n", number, t->name, shared->failure);
    else
        say("ok %u %s\n", number, t->name);
    return !shared->failure[0];
}

static void run_tests(const struct test *const *groups, const char *prefix)
{
    unsigned number = 0, failed = 0;

    say(LOG_BEGIN "mach\nKTAP version 1\n1..%u\n", count(groups, prefix));
    for (; *groups; groups++)
        for (const struct test *t = *groups; t->name; t++)
            if (wanted(t, prefix) && !run_one(t, ++number))
                failed++;
    say(LOG_END "mach status=%u\n", failed ? 1 : 0);
}

/* The word of the command line that begins with `name`, cut off at its end. NULL: there is none. */
static char *find_word(char *line, const char *name)
{
    for (char *p = line; *p; p++) {
        if ((p != line && p[-1] != ' ') || strncmp(p, name, strlen(name)))
            continue;
        for (char *end = p;; end++)
            if (*end == ' ' || !*end) {
                *end = '\0';
                return p;
            }
    }
    return NULL;
}

static name_t number(const char *text)
{
    name_t n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + (name_t)(*text++ - '0');
    return n;
}

static void init(char **argv)
{
    uint64_t address = SHARED_BASE;

    host_priv = number(argv[1]);
    device = number(argv[2]);
    task_self = mach_task_self();
    reply_port = mach_reply_port();
    park = mach_reply_port();
    MUST(trap_vm_allocate(task_self, &address, sizeof(struct shared), false));
    MUST(vm_inherit(address, sizeof(struct shared), 0));
    shared = (struct shared *)address;
}

void mach_main(uint64_t argc, char **argv)
{
    static struct call c;
    char *line, *word;
    uint32_t n;

    if (argc != 3)
        reset();
    init(argv);
    call_begin(&c);
    MUST(call(&c, host_priv, RPC_HOST_BOOT_INFO));
    line = get_array(&c, &n);
    if ((word = find_word(line, "test"))) {
        run_tests(groups, word[4] == '=' ? word + 5 : "");
    } else if ((word = find_word(line, "selftest"))) {
        run_tests(selftest_groups, word[8] == '=' ? word + 9 : "");
    } else if ((word = find_word(line, "storm"))) {
        if (word[5] == '=')
            storm_messages = number(word + 6);
        run_tests(storm_groups, "");
    } else if (find_word(line, "bench=dirtied")) {
        bench_dirtied();
    } else {
        bench_mach();
    }
    reset();
}
