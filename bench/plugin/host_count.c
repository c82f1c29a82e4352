/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests of the counting core: invented instruction streams, exact results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin/count.h"
#include "bench/plugin/function.h"

#define KERNEL UINT64_C(0xffffffff81000000)
#define USER UINT64_C(0x401000)

static const uint8_t nop[] = { 0x90 }, jmp[] = { 0xeb, 0xfe }, syscall_[] = { 0x0f, 0x05 },
                     sysret[] = { 0x48, 0x0f, 0x07 }, iret[] = { 0x48, 0xcf },
                     load[] = { 0x8b, 0x07 }, rep_stosb[] = { 0xf3, 0xaa },
                     open5[] = { 0x0f, 0x1f, 0x80, 5, 1, 0x34, 0x4c },
                     close5[] = { 0x0f, 0x1f, 0x80, 5, 2, 0x34, 0x4c },
                     open6[] = { 0x0f, 0x1f, 0x80, 6, 1, 0x34, 0x4c };

static struct counter *counter;
static struct function_table functions;
static FILE *out;
static char *text;
static size_t text_size;

/* A counter with the given words beside out=. */
static void start(int argc, char **argv)
{
    struct count_config config;
    char *words[8] = { "out=unused" }, error[512];

    for (int i = 0; i < argc; i++)
        words[1 + i] = argv[i];
    assert_true(count_config_parse(&config, 1 + argc, words, error, sizeof(error)));
    out = open_memstream(&text, &text_size);
    assert_non_null(out);
    counter = counter_new(&config, out);
    assert_non_null(counter);
}

/* Read a table of functions: what is wrong with it, or "". */
static const char *read_functions(const char *lines)
{
    static char error[128];
    FILE *in = fmemopen((void *)lines, strlen(lines), "r");
    bool good;

    assert_non_null(in);
    error[0] = '\0';
    good = function_table_read(&functions, in, error, sizeof(error));
    assert_int_equal(good, error[0] == '\0');
    fclose(in);
    return error;
}

/* What it has written, up to now. */
static void expect(const char *wanted)
{
    fflush(out);
    assert_string_equal(text, wanted);
}

static int stop(void **state)
{
    (void)state;
    if (counter)
        counter_free(counter);
    if (out)
        fclose(out);
    free(text);
    function_table_free(&functions);
    counter = NULL;
    out = NULL;
    text = NULL;
    return 0;
}

static void exec(uint64_t addr, const uint8_t *bytes, size_t size)
{
    const struct count_insn *insn = counter_describe(counter, addr, bytes, size);

    assert_non_null(insn);
    counter_exec(counter, insn);
}

#define EXEC(addr, bytes) exec(addr, bytes, sizeof(bytes))

static void empty_region(void **state)
{
    (void)state;
    start(0, NULL);
    EXEC(USER, nop);
    EXEC(USER + 1, open5);
    EXEC(USER + 8, close5);
    expect("{\"region\": 5, \"insn\": 0, \"by\": {\"user\": 0, \"kernel\": 0}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, \"probes\": {}}\n");
}

static void classes_and_probes(void **state)
{
    char *words[] = { "class=stub:70000000-70100000",
                      "class=server:ffffffff82000000-ffffffff83000000",
                      "probe=dispatch:ffffffff82000000" };

    (void)state;
    start(3, words);
    EXEC(USER, open5);
    EXEC(USER + 7, syscall_);
    EXEC(KERNEL, nop);
    EXEC(KERNEL + 1, jmp);
    EXEC(KERNEL + 0x1000000, nop);
    EXEC(KERNEL + 0x1000001, jmp);
    EXEC(KERNEL + 8, sysret);
    EXEC(0x70000000, jmp);
    EXEC(USER + 9, close5);
    expect("{\"region\": 5, \"insn\": 7, \"by\": {\"user\": 1, \"kernel\": 3, \"stub\": 1, "
           "\"server\": 2}, \"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, "
           "\"probes\": {\"dispatch\": 1}}\n");
}

static void repeat_counts_once(void **state)
{
    (void)state;
    start(0, NULL);
    EXEC(USER, open5);
    for (int i = 0; i < 100; i++) {
        EXEC(USER + 7, rep_stosb);
        counter_rep_access(counter, 1);
    }
    EXEC(USER + 9, close5);
    counter_rep_access(counter, 1); /* after the region */
    expect("{\"region\": 5, \"insn\": 1, \"by\": {\"user\": 1, \"kernel\": 0}, "
           "\"rep_bytes\": 100, \"repeats\": 99, \"restarted\": 0, \"probes\": {}}\n");
}

/* An interrupt in the middle of a repeat instruction does not make two of it. */
static void interrupted_repeat(void **state)
{
    (void)state;
    start(0, NULL);
    EXEC(USER, open5);
    EXEC(USER + 7, rep_stosb);
    EXEC(KERNEL, nop);
    EXEC(KERNEL + 1, iret);
    EXEC(USER + 7, rep_stosb);
    EXEC(USER + 9, close5);
    expect("{\"region\": 5, \"insn\": 3, \"by\": {\"user\": 1, \"kernel\": 2}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 1, \"probes\": {}}\n");
}

/* A branch may come back to itself: no restart. */
static void tight_loop(void **state)
{
    (void)state;
    start(0, NULL);
    EXEC(USER, open5);
    for (int i = 0; i < 10; i++)
        EXEC(USER + 7, jmp);
    EXEC(USER + 9, close5);
    expect("{\"region\": 5, \"insn\": 10, \"by\": {\"user\": 10, \"kernel\": 0}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, \"probes\": {}}\n");
}

static void faulting_instruction_counts_once(void **state)
{
    char *words[] = { "probe=x:401007" };

    (void)state;
    start(1, words);
    EXEC(USER, open5);
    EXEC(USER + 7, load);
    EXEC(KERNEL, load); /* faults in the kernel, too */
    EXEC(KERNEL + 0x100, iret);
    EXEC(KERNEL, load);
    EXEC(KERNEL + 2, iret);
    EXEC(USER + 7, load);
    EXEC(USER + 9, close5);
    expect("{\"region\": 5, \"insn\": 4, \"by\": {\"user\": 1, \"kernel\": 3}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 2, \"probes\": {\"x\": 1}}\n");
}

/* An instruction before an interrupt has run; coming by again later is another execution. */
static void interrupted_instruction_is_not_restarted(void **state)
{
    (void)state;
    start(0, NULL);
    EXEC(USER, open5);
    EXEC(USER + 7, load);
    EXEC(KERNEL, iret);
    EXEC(USER + 9, jmp);
    EXEC(USER + 7, load);
    EXEC(USER + 9, jmp);
    EXEC(USER + 11, close5);
    expect("{\"region\": 5, \"insn\": 5, \"by\": {\"user\": 4, \"kernel\": 1}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, \"probes\": {}}\n");
}

static void kernel_bursts(void **state)
{
    char *words[] = { "bursts=1" };

    (void)state;
    start(1, words);
    EXEC(USER, open5);
    for (int i = 0; i < 3; i++) {
        EXEC(USER + 7, syscall_);
        EXEC(KERNEL, nop);
        EXEC(KERNEL + 1, sysret);
        EXEC(USER + 0x100, jmp);
    }
    EXEC(USER + 9, close5);
    expect("{\"region\": 5, \"insn\": 12, \"by\": {\"user\": 6, \"kernel\": 6}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, \"probes\": {}}\n"
           "{\"region\": 5, \"burst\": {\"from\": \"0x401007\", \"to\": \"0x401100\", "
           "\"insn\": 2, \"n\": 3}}\n");
}

/* By function, in order of first execution; what is in no function, by class. */
static void by_function(void **state)
{
    (void)state;
    assert_string_equal(read_functions("401000 401010 e a program\n"
                                       "ffffffff81000000 ffffffff81000002 e entry\n"
                                       "ffffffff81000002 ffffffff81000004 - middle\n"
                                       "ffffffff81000004 ffffffff81000008 - entry\n"), "");
    start(0, NULL);
    assert_true(counter_use_functions(counter, &functions));
    EXEC(USER, open5);
    for (int i = 0; i < 2; i++) {
        EXEC(USER + 7, syscall_);
        EXEC(KERNEL, nop);
        EXEC(KERNEL + 1, nop);
        EXEC(KERNEL + 2, jmp);
        EXEC(KERNEL + 4, sysret);
        EXEC(USER + 9, jmp);
    }
    EXEC(0x500000, jmp);
    EXEC(USER + 11, close5);
    expect("{\"region\": 5, \"insn\": 13, \"by\": {\"user\": 5, \"kernel\": 8}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, \"probes\": {}}\n"
           "{\"region\": 5, \"function\": "
           "{\"name\": \"a program\", \"insn\": 4, \"entries\": 0}}\n"
           "{\"region\": 5, \"function\": {\"name\": \"entry\", \"insn\": 6, \"entries\": 2}}\n"
           "{\"region\": 5, \"function\": {\"name\": \"middle\", \"insn\": 2, \"entries\": 0}}\n"
           "{\"region\": 5, \"function\": {\"name\": \"?user\", \"insn\": 1, \"entries\": 0}}\n");
}

/* Each occurrence of a region begins anew. */
static void by_function_anew(void **state)
{
    (void)state;
    assert_string_equal(read_functions("401000 401010 - f\n"), "");
    start(0, NULL);
    assert_true(counter_use_functions(counter, &functions));
    for (int i = 0; i < 2; i++) {
        EXEC(USER, open5);
        EXEC(USER + 7, jmp);
        EXEC(USER + 9, close5);
    }
#define OCCURRENCE                                                                    \
    "{\"region\": 5, \"insn\": 1, \"by\": {\"user\": 1, \"kernel\": 0}, "              \
    "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 0, \"probes\": {}}\n"            \
    "{\"region\": 5, \"function\": {\"name\": \"f\", \"insn\": 1, \"entries\": 0}}\n"
    expect(OCCURRENCE OCCURRENCE);
}

/* A restarted instruction counts once for its function, too. */
static void restarted_in_function(void **state)
{
    (void)state;
    assert_string_equal(read_functions("401007 401009 e f\n"), "");
    start(0, NULL);
    assert_true(counter_use_functions(counter, &functions));
    EXEC(USER, open5);
    EXEC(USER + 7, load);
    EXEC(KERNEL, iret);
    EXEC(USER + 7, load);
    EXEC(USER + 9, close5);
    expect("{\"region\": 5, \"insn\": 2, \"by\": {\"user\": 1, \"kernel\": 1}, "
           "\"rep_bytes\": 0, \"repeats\": 0, \"restarted\": 1, \"probes\": {}}\n"
           "{\"region\": 5, \"function\": {\"name\": \"f\", \"insn\": 1, \"entries\": 1}}\n"
           "{\"region\": 5, \"function\": {\"name\": \"?kernel\", \"insn\": 1, \"entries\": 0}}\n");
}

static void finding_functions(void **state)
{
    bool entry;

    (void)state;
    assert_string_equal(read_functions("10 20 e a\n20 30 - b\n40 50 e a\n"), "");
    assert_int_equal(functions.n_names, 2);
    assert_int_equal(function_find(&functions, 0xf, &entry), FUNCTION_NONE);
    assert_int_equal(function_find(&functions, 0x10, &entry), 0);
    assert_true(entry);
    assert_int_equal(function_find(&functions, 0x1f, &entry), 0);
    assert_false(entry);
    assert_int_equal(function_find(&functions, 0x20, &entry), 1);
    assert_false(entry);
    assert_int_equal(function_find(&functions, 0x30, &entry), FUNCTION_NONE);
    assert_int_equal(function_find(&functions, 0x40, &entry), 0);
    assert_true(entry);
    assert_int_equal(function_find(&functions, 0x50, &entry), FUNCTION_NONE);
}

static void malformed_functions(void **state)
{
    static char *const bad[] = {
        "10 20 e\n", "10 20 x a\n", "10 e a\n", "20 10 e a\n", "10 10 e a\n",
        "10 20 e a\"b\n", "10 20 e a\\\n", "10 20 e a\n1f 30 e b\n", "z\n", "\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *error = read_functions(bad[i]);

        assert_true(strlen(error) > 0 && !strchr(error, '\n'));
        assert_null(functions.ranges);
    }
}

static void misplaced_markers(void **state)
{
    (void)state;
    start(0, NULL);
    EXEC(USER, close5);
    EXEC(USER + 7, open5);
    EXEC(USER + 14, open6);
    counter_finish(counter);
    expect("{\"error\": \"region 5 closed but not open\"}\n"
           "{\"error\": \"region 6 opened inside region 5\"}\n"
           "{\"error\": \"region 5 never closed\"}\n");
}

static void malformed_arguments(void **state)
{
    static char *const bad[] = {
        "class=x", "class=x:1", "class=x:2-1", "class=x:1-2x", "class=:1-2", "class=X y:1-2",
        "class=x:-1", "probe=x:", "probe=x:0xg", "probe=:1", "bursts=2", "out=", "functions=",
        "nonsense", "",
        "class=a_name_that_is_far_too_long_for_it:1-2",
    };
    struct count_config config;
    char error[512];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *words[] = { "out=x", bad[i] };

        error[0] = '\0';
        assert_false(count_config_parse(&config, 2, words, error, sizeof(error)));
        assert_true(strlen(error) > 0 && !strchr(error, '\n'));
    }
    assert_false(count_config_parse(&config, 0, NULL, error, sizeof(error)));
    assert_non_null(strstr(error, "out=FILE"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(empty_region, stop),
        cmocka_unit_test_teardown(classes_and_probes, stop),
        cmocka_unit_test_teardown(repeat_counts_once, stop),
        cmocka_unit_test_teardown(interrupted_repeat, stop),
        cmocka_unit_test_teardown(tight_loop, stop),
        cmocka_unit_test_teardown(faulting_instruction_counts_once, stop),
        cmocka_unit_test_teardown(interrupted_instruction_is_not_restarted, stop),
        cmocka_unit_test_teardown(kernel_bursts, stop),
        cmocka_unit_test_teardown(by_function, stop),
        cmocka_unit_test_teardown(by_function_anew, stop),
        cmocka_unit_test_teardown(restarted_in_function, stop),
        cmocka_unit_test_teardown(finding_functions, stop),
        cmocka_unit_test(malformed_functions),
        cmocka_unit_test_teardown(misplaced_markers, stop),
        cmocka_unit_test(malformed_arguments),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
