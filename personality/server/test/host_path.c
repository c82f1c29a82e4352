/* SPDX-License-Identifier: BSD-2-Clause */
/* Path resolution: dots, links, loops, limits, the current directory. */
#include <string.h>

#include "personality/server/test/place_test.h"

enum {
    OPEN = 2,
    STAT = 4,
    LSTAT = 6,
    GETCWD = 79,
    CHDIR = 80,
    MKDIR = 83,
    RMDIR = 84,
    SYMLINK = 88,
    READLINK = 89,
    CHROOT = 161,
    OPENAT = 257,
    LINK = 86
};
#define BUF (SCRATCH + 0x2000)

static struct thread *t;

static long stat_of(const char *path)
{
    return CALL(t, STAT, poke_string(t, SCRATCH, path), BUF);
}

static uint64_t ino_of(const char *path)
{
    struct linux_stat st;

    assert_int_equal(stat_of(path), 0);
    peek(t, BUF, &st, sizeof(st));
    return st.ino;
}

static long make_link(const char *target, const char *path)
{
    return CALL(t, SYMLINK, poke_string(t, SCRATCH, target),
                poke_string(t, SCRATCH + 0x1800, path));
}

static void boot(void)
{
    test_boot();
    t = test_init();
}

static void dots_and_slashes(void **state)
{
    (void)state;
    boot();
    assert_int_equal(ino_of("//etc///./text"), ino_of("/etc/text"));
    assert_int_equal(ino_of("/etc/../etc/text"), ino_of("/etc/text"));
    assert_int_equal(ino_of("/../../.."), ino_of("/"));
    assert_int_equal(ino_of("etc/"), ino_of("/etc"));
    assert_int_equal(stat_of("/etc/text/"), -ENOTDIR);
    assert_int_equal(stat_of("/etc/text/.."), -ENOTDIR);
    assert_int_equal(stat_of("/etc/none"), -ENOENT);
    assert_int_equal(stat_of("/none/text"), -ENOENT);
    assert_int_equal(stat_of(""), -ENOENT);
    assert_int_equal(CALL(t, STAT, 8ul, BUF), -EFAULT);
    assert_int_equal(CALL(t, STAT, SCRATCH, 8ul), -ENOENT);
}

static void links(void **state)
{
    char buf[16] = "";

    (void)state;
    boot();
    assert_int_equal(ino_of("/link"), ino_of("/etc/text"));
    assert_int_equal(make_link("/etc", "/e"), 0);
    assert_int_equal(make_link("../e/text", "/bin/l"), 0);
    assert_int_equal(ino_of("/bin/l"), ino_of("/etc/text"));
    assert_int_equal(ino_of("/e/text"), ino_of("/etc/text"));
    assert_int_equal(make_link("loop", "/loop"), 0);
    assert_int_equal(stat_of("/loop"), -ELOOP);
    assert_int_equal(CALL(t, LSTAT, SCRATCH, BUF), 0);
    assert_int_equal(make_link("/none", "/dangling"), 0);
    assert_int_equal(stat_of("/dangling"), -ENOENT);
    assert_int_equal(CALL(t, OPEN, SCRATCH, (unsigned long)(O_CREAT | O_EXCL | O_WRONLY)), -EEXIST);
    assert_int_equal(CALL(t, OPEN, SCRATCH, (unsigned long)(O_CREAT | O_WRONLY), 0644ul), 3);
    assert_int_equal(stat_of("/none"), 0);
    assert_int_equal(CALL(t, OPEN, poke_string(t, SCRATCH, "/link"), (unsigned long)O_NOFOLLOW),
                     -ELOOP);
    assert_int_equal(CALL(t, READLINK, SCRATCH, BUF, 4ul), 4);
    peek(t, BUF, buf, 4);
    assert_string_equal(buf, "etc/");
    assert_int_equal(CALL(t, READLINK, SCRATCH, BUF, 0ul), -EINVAL);
    assert_int_equal(CALL(t, READLINK, poke_string(t, SCRATCH, "/proc/self/exe"), BUF, 15ul), 5);
    peek(t, BUF, buf, 5);
    assert_memory_equal(buf, "/init", 5);
}

static void lengths(void **state)
{
    char path[PATH_MAX + 8];

    (void)state;
    boot();
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[1 + NAME_MAX] = 0;
    assert_int_equal(stat_of(path), -ENOENT);
    path[1 + NAME_MAX] = 'a';
    path[2 + NAME_MAX] = 0;
    assert_int_equal(stat_of(path), -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    path[PATH_MAX - 1] = 0;
    assert_int_equal(stat_of(path), 0);
    path[PATH_MAX - 1] = '/';
    path[PATH_MAX] = 0;
    assert_int_equal(stat_of(path), -ENAMETOOLONG);
}

static void where_am_i(void **state)
{
    char buf[16] = "";

    (void)state;
    boot();
    assert_int_equal(CALL(t, MKDIR, poke_string(t, SCRATCH, "/a"), 0755ul), 0);
    assert_int_equal(CALL(t, MKDIR, poke_string(t, SCRATCH, "/a/b"), 0755ul), 0);
    assert_int_equal(CALL(t, CHDIR, SCRATCH), 0);
    assert_int_equal(CALL(t, GETCWD, BUF, 16ul), 5);
    peek(t, BUF, buf, 5);
    assert_string_equal(buf, "/a/b");
    assert_int_equal(CALL(t, GETCWD, BUF, 4ul), -ERANGE);
    assert_int_equal(ino_of(".."), ino_of("/a"));
    assert_int_equal(CALL(t, RMDIR, poke_string(t, SCRATCH, "/a/b")), 0);
    assert_int_equal(CALL(t, GETCWD, BUF, 16ul), -ENOENT);
    assert_int_equal(stat_of(".."), -ENOENT);
    assert_int_equal(CALL(t, MKDIR, poke_string(t, SCRATCH, "x"), 0755ul), -ENOENT);
    assert_int_equal(CALL(t, CHDIR, poke_string(t, SCRATCH, "/etc/text")), -ENOTDIR);
    assert_int_equal(CALL(t, CHROOT, poke_string(t, SCRATCH, "/etc")), 0);
    assert_int_equal(stat_of("/../text"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_and_slashes), cmocka_unit_test(links), cmocka_unit_test(lengths),
        cmocka_unit_test(where_am_i),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
