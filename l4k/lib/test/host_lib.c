/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of l4k/lib on the host: strings and formats against the C library's. */
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "l4k/lib/format.h"
#include "l4k/lib/list.h"
#include "l4k/lib/string.h"

#define AREA 160

static void fill(unsigned char *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(seed + i * 7 + (i >> 3));
}

/* What a move within one area must give, byte by byte through a copy. */
static void check_move(void *(*move)(void *, const void *, size_t), size_t to, size_t from,
                       size_t n)
{
    unsigned char area[AREA], expected[AREA], copy[AREA];

    fill(area, AREA, (unsigned)(to * 31 + from));
    for (size_t i = 0; i < AREA; i++)
        expected[i] = copy[i] = area[i];
    for (size_t i = 0; i < n; i++)
        expected[to + i] = copy[from + i];
    assert_ptr_equal(move(area + to, area + from, n), area + to);
    assert_int_equal(ref_memcmp(area, expected, AREA), 0);
}

static void *copy_apart(void *dst, const void *src, size_t n)
{
    return memcpy(dst, src, n);
}

static void test_move(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 40; n++) {
        for (size_t to = 40; to < 60; to++) {
            for (size_t from = 20; from < 80; from++)
                check_move(memmove, to, from, n);
            check_move(copy_apart, to, 0, n);
            check_move(copy_apart, to, 110, n);
        }
    }
}

static void test_set(void **state)
{
    (void)state;
    for (size_t at = 0; at < 9; at++) {
        for (size_t n = 0; n <= 70; n++) {
            unsigned char area[AREA], before[AREA];

            fill(area, AREA, 1);
            fill(before, AREA, 1);
            assert_ptr_equal(memset(area + at, 0x1ab, n), area + at);
            for (size_t i = 0; i < AREA; i++)
                assert_int_equal(area[i], i >= at && i < at + n ? 0xab : before[i]);
        }
    }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void test_compare(void **state)
{
    static const char *words[] = {"", "a", "ab", "abc", "abd", "b", "\xff", "ab\xff", "abcdefgh"};
    size_t count = sizeof(words) / sizeof(words[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strlen(words[i]), ref_strnlen(words[i], 100));
        for (size_t n = 0; n < 10; n++)
            assert_int_equal(strnlen(words[i], n), ref_strnlen(words[i], n));
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(sign(strcmp(words[i], words[j])),
                             sign(ref_strncmp(words[i], words[j], 100)));
            for (size_t n = 0; n < 10; n++)
                assert_int_equal(sign(strncmp(words[i], words[j], n)),
                                 sign(ref_strncmp(words[i], words[j], n)));
        }
    }
    assert_true(memcmp("a\0b", "a\0c", 3) < 0 && memcmp("a\0c", "a\0b", 3) > 0);
    assert_int_equal(memcmp("a\0b", "a\0c", 2), 0);
    assert_true(memcmp("\xff", "\x01", 1) > 0);
}

/* One format through both printfs, into buffers of every size up to the text's. */
static void check_format(const char *fmt, ...)
{
    char ours[128], theirs[128];
    int wanted, n;
    va_list ap;

    va_start(ap, fmt);
    wanted = ref_vsnprintf(theirs, sizeof(theirs), fmt, ap);
    va_end(ap);
    for (int size = 0; size <= wanted + 2; size++) {
        memset(ours, '~', sizeof(ours));
        va_start(ap, fmt);
        n = vsnprintf(ours, (size_t)size, fmt, ap);
        va_end(ap);
        assert_int_equal(n, wanted);
        assert_int_equal(ours[size], '~');
        if (size > 0) {
            if (ref_strncmp(ours, theirs, (size_t)size - 1) != 0)
                print_message("%s: \"%s\", not \"%s\"\n", fmt, ours, theirs);
            assert_int_equal(ref_strncmp(ours, theirs, (size_t)size - 1), 0);
            assert_int_equal(ours[size - 1 < wanted ? size - 1 : wanted], '\0');
        }
    }
}

static void test_numbers(void **state)
{
    static const char *flags[] = {"", "-", "0", "+", " ", "#", "-0", "+ ", "#0", "-#", "+0", "-+"};
    static const char *sizes[] = {"", "1", "7", "20", ".0", ".1", ".9", "12.5", "5.12"};
    static const char *kinds[] = {"d", "i", "u", "x", "X", "o"};
    static const long values[] = {0, 1, -1, 9, 10, 255, 256, -129, 65536, INT_MAX, INT_MIN,
                                  LONG_MAX, LONG_MIN};
    static const char *lengths[] = {"hh", "h", "", "l", "ll", "z", "j", "t"};
    char fmt[32];

    (void)state;
    for (size_t f = 0; f < 12; f++)
        for (size_t s = 0; s < 9; s++)
            for (size_t k = 0; k < 6; k++)
                for (size_t v = 0; v < 13; v++)
                    for (size_t l = 0; l < 8; l++) {
                        snprintf(fmt, sizeof(fmt), "<%%%s%s%s%s>", flags[f], sizes[s], lengths[l],
                                 kinds[k]);
                        if (l < 3)
                            check_format(fmt, (int)values[v]);
                        else
                            check_format(fmt, values[v]);
                    }
}

static void test_texts(void **state)
{
    (void)state;
    check_format("");
    check_format("plain, 100%%");
    check_format("[%s] [%5s] [%-5s] [%.2s] [%5.1s] [%s]", "ab", "ab", "ab", "abc", "xyz", "");
    check_format("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
    check_format("[%*d] [%-*d] [%.*s] [%*d]", 5, 42, 5, 42, 2, "abc", -5, 42);
    check_format("%s %d %s %lu %p", "a", -1, "b", 18446744073709551615ul, (void *)0x1234);
    check_format("%016lx %08x %#018lx", 0xffffffff80100000ul, 0xbeefu, 0x1000ul);
}

static void test_odd_formats(void **state)
{
    char buf[32];
    const char *volatile unknown = "%q %", *volatile null = NULL;

    (void)state;
    assert_int_equal(snprintf(buf, sizeof(buf), "%s", null), 6);
    assert_string_equal(buf, "(null)");
    snprintf(buf, sizeof(buf), unknown, 0);
    assert_string_equal(buf, "%q %");
}

struct item {
    int n;
    struct list link;
};

static void test_list(void **state)
{
    struct item items[4];
    struct list head, *pos, *tmp;
    int sum = 0;

    (void)state;
    list_init(&head);
    for (int i = 0; i < 4; i++) {
        items[i].n = i;
        list_add_tail(&head, &items[i].link);
    }
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    list_add(&head, &items[1].link);
    list_for_each(pos, &head)
        sum = sum * 10 + container_of(pos, struct item, link)->n;
    assert_int_equal(sum, 1023);
    list_for_each_safe(pos, tmp, &head)
        list_remove(pos);
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_move),    cmocka_unit_test(test_set),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),   cmocka_unit_test(test_odd_formats),
        cmocka_unit_test(test_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
