/* SPDX-License-Identifier: BSD-2-Clause */
/* The cpio reader on good and bad archives. */
#include <stdlib.h>
#include <string.h>

#include "personality/server/cpio.h"
#include "personality/server/test/place_test.h"

static struct inode *lookup(const char *dir, const char *name)
{
    struct inode *at = root_inode;
    struct dirent *d;

    if (dir) {
        d = dir_find(at, dir, strlen(dir));
        assert_non_null(d);
        at = d->inode;
    }
    d = dir_find(at, name, strlen(name));
    return d ? d->inode : NULL;
}

static void good(void **state)
{
    char buf[16] = "";

    (void)state;
    test_boot();
    assert_string_equal(test_log, "");
    assert_int_equal(file_read(lookup("etc", "text"), 0, buf, sizeof(buf)), 11);
    assert_string_equal(buf, "hello, file");
    assert_true(inode_is(lookup(NULL, "link"), S_IFLNK));
    assert_int_equal(lookup(NULL, "init")->mode, 0100755);
    assert_true(inode_is(lookup("dev", "null"), S_IFCHR));
}

/* Every cut of an archive gives an error or a prefix, never a crash; what came before stays. */
static void cut(void **state)
{
    uint8_t whole[2048] = {0};
    size_t first = cpio_entry(whole, 0, "one", 0100644, "1", 1);
    size_t end = cpio_entry(whole, first, "two", 0100644, "22", 2);

    (void)state;
    for (size_t n = 1; n < end; n++) {
        uint8_t *part = malloc(n); /* exactly so long, for the sanitizer */
        const char *error;

        test_boot();
        memcpy(part, whole, n);
        error = cpio_unpack(part, n);
        if (n < first - 3 || (n > first && n < end - 2))
            assert_non_null(error);
        if (n >= first)
            assert_int_equal(lookup(NULL, "one")->size, 1);
        assert_true(n >= end - 2 || !lookup(NULL, "two"));
        free(part);
    }
}

static void bad(void **state)
{
    static const char *const paths[] = {"../up", "a/../b"};
    uint8_t a[1024] = {0};
    size_t n;

    (void)state;
    test_boot();
    n = cpio_entry(a, 0, "x", 0100644, "", 0);
    a[0] = '1';
    assert_string_equal(cpio_unpack(a, n), "cpio: bad magic, newc expected");
    n = cpio_entry(a, 0, "x", 0100644, "", 0);
    a[20] = 'g';
    assert_string_equal(cpio_unpack(a, n), "cpio: bad digit in a header");
    for (unsigned i = 0; i < 2; i++) {
        n = cpio_entry(a, 0, paths[i], 0100644, "", 0);
        assert_string_equal(cpio_unpack(a, n), "cpio: bad path");
    }
    n = cpio_entry(a, 0, "dir", 0040755, "", 0);
    assert_null(cpio_unpack(a, n));
    n = cpio_entry(a, 0, "dir", 0100644, "", 0);
    assert_non_null(cpio_unpack(a, n));
    n = cpio_entry(a, 0, "x", 0120777, "", 0);
    assert_string_equal(cpio_unpack(a, n), "cpio: bad target of a symbolic link");
    memset(a + 110 - 16, 'f', 8); /* name size */
    assert_string_equal(cpio_unpack(a, n), "cpio: bad name size");
}

/* Any single byte may be anything. */
static void mutate(void **state)
{
    uint8_t whole[1024] = {0}, part[1024];
    size_t end = cpio_entry(whole, 0, "d/one", 0100644, "1", 1);

    (void)state;
    end = cpio_entry(whole, end, "two", 0120777, "one", 3);
    for (size_t i = 0; i < end; i++) {
        test_boot();
        for (unsigned v = 0; v < 256; v += 5) {
            memcpy(part, whole, end);
            part[i] = (uint8_t)v;
            (void)cpio_unpack(part, end);
        }
        assert_non_null(lookup(NULL, "init"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(cut),
        cmocka_unit_test(bad),
        cmocka_unit_test(mutate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
