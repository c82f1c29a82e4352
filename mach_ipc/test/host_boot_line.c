/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a boot module. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mach_ipc/kern/boot_line.h"

static struct boot_args args;

static const char *arg(unsigned i)
{
    assert_true(i < args.argc);
    return args.text + args.argv[i];
}

static void reads(const char *line, unsigned argc)
{
    if (!boot_line_read(&args, line, "kernel a=b"))
        fail_msg("%s: %s: %s", line, args.error, args.word);
    assert_int_equal(args.argc, argc);
}

static void refuses(const char *line, const char *error, const char *word)
{
    assert_false(boot_line_read(&args, line, "kernel a=b"));
    assert_string_equal(args.error, error);
    assert_string_equal(args.word, word);
}

static void check_default(void)
{
    assert_string_equal(arg(0), "hello");
    assert_string_equal(arg(1), "1");
    assert_string_equal(arg(2), "2");
    assert_int_equal(args.host_port, 1);
    assert_int_equal(args.device_port, 2);
    assert_true(args.create && args.resume);
    assert_int_equal(args.length, sizeof("hello\0" "1\0" "2"));
}

static void test_default(void **state)
{
    (void)state;
    reads("hello '${host-port}' '${device-port}' '$(task-create)' '$(task-resume)'", 3);
    check_default();
    reads("  hello ${host-port}  ${device-port} $(task-create) $(task-resume) ", 3);
    check_default();
    reads("dir/hello $(task-resume) ${host-port} $(task-create) ${device-port}", 3);
    check_default();
}

static void test_words(void **state)
{
    (void)state;
    reads("/boot/x -T 'two words' a'b c'd '' $ a$b {x}", 8);
    assert_string_equal(arg(0), "x");
    assert_string_equal(arg(1), "-T");
    assert_string_equal(arg(2), "two words");
    assert_string_equal(arg(3), "ab cd");
    assert_string_equal(arg(4), "");
    assert_string_equal(arg(5), "$");
    assert_string_equal(arg(6), "a$b");
    assert_string_equal(arg(7), "{x}");
    assert_false(args.create || args.resume || args.host_port || args.device_port);
}

/* Names go by the first mention; a value is put in anywhere, and is not split. */
static void test_values(void **state)
{
    (void)state;
    reads("x --device=${device-port}, ${host-port}${device-port} --line='${kernel-command-line}'",
          4);
    assert_string_equal(arg(1), "--device=1,");
    assert_string_equal(arg(2), "21");
    assert_string_equal(arg(3), "--line=kernel a=b");
    assert_int_equal(args.device_port, 1);
    assert_int_equal(args.host_port, 2);
    reads("x ${host-port} ${host-port}", 3);
    assert_string_equal(arg(2), "1");
    assert_int_equal(args.device_port, 0);
}

static void test_refused(void **state)
{
    (void)state;
    refuses("", "missing", "");
    refuses("  ", "missing", "");
    refuses("x ${y} $(task-create)", "unknown", "${y}");
    refuses("x a${y}b", "unknown", "${y}");
    refuses("x ${}", "unknown", "${}");
    refuses("x ${host-port", "not ended", "${host-port");
    refuses("x $(task-create", "not ended", "$(task-create");
    refuses("x '$(prompt-task-resume)'", "unknown", "$(prompt-task-resume)");
    refuses("x $(exec-task=task-create)", "unknown", "$(exec-task=task-create)");
    refuses("x a$(task-create)", "no word of its own", "$(task-create)");
    refuses("$(task-create) x", "no word of its own", "$(task-create)");
    refuses("x '${host-port} a", "a quote is not ended", "'${host-port} a");
    refuses("x '", "a quote is not ended", "'");
}

static void test_limits(void **state)
{
    char line[1024] = "x", kernel[BOOT_TEXT_MAX];
    size_t n;

    (void)state;
    for (unsigned i = 1; i < BOOT_ARGS_MAX; i++)
        strcat(line, " a");
    reads(line, BOOT_ARGS_MAX);
    strcat(line, " b c");
    refuses(line, "too many words from this on", "b");
    memset(line, 'y', sizeof(line));
    line[511] = '\0';
    reads(line, 1);
    line[511] = 'y';
    line[512] = '\0';
    assert_false(boot_line_read(&args, line, ""));
    assert_string_equal(args.error, "too long");
    assert_int_equal(strlen(args.word), sizeof(args.word) - 1);
    memset(kernel, 'k', sizeof(kernel));
    n = BOOT_TEXT_MAX - sizeof("x") - 1;
    kernel[n] = '\0';
    assert_true(boot_line_read(&args, "x ${kernel-command-line}", kernel));
    assert_int_equal(args.length, BOOT_TEXT_MAX);
    kernel[n] = 'k';
    kernel[n + 1] = '\0';
    assert_false(boot_line_read(&args, "x ${kernel-command-line}", kernel));
    assert_string_equal(args.error, "the arguments are too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default), cmocka_unit_test(test_words),
        cmocka_unit_test(test_values),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
