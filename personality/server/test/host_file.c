/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors, files, devices, directories; mmap of files; the terminal. */
#include <string.h>

#include "personality/server/test/place_test.h"

enum {
    READ = 0,
    WRITE = 1,
    OPEN = 2,
    CLOSE = 3,
    STAT = 4,
    FSTAT = 5,
    POLL = 7,
    LSEEK = 8,
    MMAP = 9,
    MPROTECT = 10,
    MUNMAP = 11,
    BRK = 12,
    IOCTL = 16,
    PREAD = 17,
    WRITEV = 20,
    DUP = 32,
    DUP2 = 33,
    FCNTL = 72,
    FTRUNCATE = 77,
    MKDIR = 83,
    RMDIR = 84,
    UNLINK = 87,
    RENAME = 82,
    GETDENTS = 217
};
#define BUF (SCRATCH + 0x1000)

static struct thread *t;

static long open_path(const char *path, unsigned long flags)
{
    return CALL(t, OPEN, poke_string(t, SCRATCH, path), flags, 0644ul);
}

static void boot(void)
{
    test_boot();
    t = test_init();
}

static void descriptors(void **state)
{
    long fd;

    (void)state;
    boot();
    assert_int_equal(open_path("/etc/text", O_RDONLY | O_CLOEXEC), 3);
    assert_int_equal(CALL(t, FCNTL, 3ul, 1ul), 1);
    assert_int_equal(CALL(t, DUP, 3ul), 4);
    assert_int_equal(CALL(t, FCNTL, 4ul, 1ul), 0);
    assert_int_equal(CALL(t, DUP2, 3ul, 100ul), 100);
    assert_int_equal(CALL(t, READ, 3ul, BUF, 2ul), 2);
    assert_int_equal(CALL(t, LSEEK, 100ul, 0ul, 1ul), 2); /* one open file */
    assert_int_equal(CALL(t, CLOSE, 3ul), 0);
    assert_int_equal(CALL(t, CLOSE, 3ul), -EBADF);
    assert_int_equal(open_path("/etc/text", O_RDONLY), 3);
    assert_int_equal(CALL(t, DUP2, 3ul, 1024ul), -EBADF);
    assert_int_equal(CALL(t, DUP2, 77ul, 77ul), -EBADF);
    assert_int_equal(CALL(t, READ, ~0ul, BUF, 1ul), -EBADF);
    assert_int_equal(CALL(t, READ, 3ul, 0ul, 1ul), -EFAULT);
    assert_int_equal(CALL(t, READ, 3ul, BUF, ~0ul), -EINVAL);
    assert_int_equal(CALL(t, WRITE, 3ul, BUF, 1ul), -EBADF);
    while ((fd = CALL(t, DUP, 3ul)) >= 0)
        ;
    assert_int_equal(fd, -EMFILE);
    assert_int_equal(CALL(t, CLOSE, 1023ul), 0);
    assert_int_equal(CALL(t, DUP, 3ul), 1023);
}

static void files(void **state)
{
    struct linux_stat st;
    char buf[32] = "";
    long fd;

    (void)state;
    boot();
    fd = open_path("/new", O_RDWR | O_CREAT | O_EXCL);
    assert_int_equal(fd, 3);
    assert_int_equal(open_path("/new", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    poke_string(t, BUF, "0123456789");
    assert_int_equal(CALL(t, WRITE, fd, BUF, 10ul), 10);
    assert_int_equal(CALL(t, LSEEK, fd, 4094ul, 0ul), 4094);
    assert_int_equal(CALL(t, WRITE, fd, BUF, 10ul), 10); /* over a page's end, after a hole */
    assert_int_equal(CALL(t, PREAD, fd, BUF + 64, 32ul, 4090ul), 14);
    peek(t, BUF + 64, buf, 14);
    assert_memory_equal(buf, "\0\0\0\0" "0123456789", 14);
    assert_int_equal(CALL(t, FSTAT, fd, BUF), 0);
    peek(t, BUF, &st, sizeof(st));
    assert_int_equal(st.size, 4104);
    assert_int_equal(st.mode, 0100644);
    assert_int_equal(CALL(t, FTRUNCATE, fd, 4095ul), 0);
    assert_int_equal(CALL(t, FTRUNCATE, fd, 5000ul), 0);
    assert_int_equal(CALL(t, PREAD, fd, BUF, 32ul, 4094ul), 32);
    peek(t, BUF, buf, 3);
    assert_memory_equal(buf, "0\0\0", 3);
    assert_int_equal(CALL(t, FTRUNCATE, fd, 1ul << 40), -EFBIG);
    assert_int_equal(CALL(t, LSEEK, fd, -1ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, LSEEK, fd, 1ul, 7ul), -EINVAL);
}

/* Writing to a file of the archive leaves the rest of its page as it was. */
static void overlay(void **state)
{
    char buf[12] = "";
    long fd;

    (void)state;
    boot();
    fd = open_path("/etc/text", O_RDWR);
    poke_string(t, BUF, "J");
    assert_int_equal(CALL(t, WRITE, fd, BUF, 1ul), 1);
    assert_int_equal(CALL(t, PREAD, fd, BUF, 64ul, 0ul), 11);
    peek(t, BUF, buf, 11);
    assert_string_equal(buf, "Jello, file");
}

static void devices(void **state)
{
    uint8_t byte = 1;
    struct linux_iovec v[2] = {{BUF, 3}, {BUF + 16, 4}};

    (void)state;
    boot();
    assert_int_equal(open_path("/dev/null", O_RDWR), 3);
    assert_int_equal(open_path("/dev/zero", O_RDWR), 4);
    assert_int_equal(CALL(t, WRITE, 3ul, 8ul, 1ul), 1); /* as Linux: never looks */
    assert_int_equal(CALL(t, READ, 3ul, BUF, 10ul), 0);
    poke(t, BUF, &byte, 1);
    assert_int_equal(CALL(t, READ, 4ul, BUF, 1ul), 1);
    peek(t, BUF, &byte, 1);
    assert_int_equal(byte, 0);
    assert_int_equal(CALL(t, READ, 4ul, 8ul, 1ul), -EFAULT);
    poke_string(t, BUF, "abc");
    poke_string(t, BUF + 16, "d\nef");
    poke(t, SCRATCH, v, sizeof(v));
    assert_int_equal(CALL(t, WRITEV, 1ul, SCRATCH, 2ul), 7);
    assert_string_equal(test_console, "abcd\r\nef");
    assert_int_equal(CALL(t, WRITEV, 1ul, SCRATCH, 1025ul), -EINVAL);
}

static void terminal(void **state)
{
    struct linux_termios tio;
    char buf[16] = "";

    (void)state;
    boot();
    assert_int_equal(CALL(t, READ, 0ul, BUF, 16ul), HOST_DEFER);
    server_console_input("ax\x7f" "b", 4);
    assert_false(test_answered(t));
    server_console_input("\rnext", 5);
    assert_int_equal(test_answer(t), 3);
    peek(t, BUF, buf, 3);
    assert_string_equal(buf, "ab\n");
    assert_string_equal(test_console, "ax\b \bb\r\nnext");
    assert_int_equal(CALL(t, IOCTL, 0ul, (unsigned long)TCGETS, BUF), 0);
    peek(t, BUF, &tio, sizeof(tio));
    assert_true(tio.lflag & ICANON);
    tio.lflag &= ~(uint32_t)(ICANON | ECHO);
    poke(t, BUF, &tio, sizeof(tio));
    assert_int_equal(CALL(t, IOCTL, 0ul, (unsigned long)TCSETS, BUF), 0);
    assert_int_equal(CALL(t, READ, 0ul, BUF, 16ul), 4);
    assert_int_equal(CALL(t, IOCTL, 0ul, 0x1234ul, BUF), -ENOTTY);
}

static void poll_waits(void **state)
{
    struct linux_pollfd p = {.fd = 0, .events = POLLIN};

    (void)state;
    boot();
    poke(t, BUF, &p, sizeof(p));
    assert_int_equal(CALL(t, POLL, BUF, 1ul, 0ul), 0);
    assert_int_equal(CALL(t, POLL, BUF, 1ul, 10ul), HOST_DEFER);
    test_advance(9000000);
    assert_false(test_answered(t));
    test_advance(1000000);
    assert_int_equal(test_answer(t), 0);
    assert_int_equal(CALL(t, POLL, BUF, 1ul, -1ul), HOST_DEFER);
    server_console_input("\n", 1);
    assert_int_equal(test_answer(t), 1);
    peek(t, BUF, &p, sizeof(p));
    assert_int_equal(p.revents, POLLIN);
}

static void directories(void **state)
{
    uint8_t buf[1024];
    struct linux_dirent64 *d = (struct linux_dirent64 *)buf;
    long n, fd;

    (void)state;
    boot();
    assert_int_equal(CALL(t, MKDIR, poke_string(t, SCRATCH, "/d"), 0777ul), 0);
    assert_int_equal(CALL(t, MKDIR, SCRATCH, 0777ul), -EEXIST);
    assert_int_equal(open_path("/d/f", O_CREAT | O_WRONLY), 3);
    assert_int_equal(CALL(t, RMDIR, poke_string(t, SCRATCH, "/d")), -ENOTEMPTY);
    fd = open_path("/d", O_RDONLY | O_DIRECTORY);
    assert_int_equal(CALL(t, GETDENTS, fd, BUF, 10ul), -EINVAL);
    n = CALL(t, GETDENTS, fd, BUF, 1024ul);
    assert_int_equal(n, 24 * 3);
    peek(t, BUF, buf, (size_t)n);
    assert_string_equal(d->name, ".");
    assert_string_equal(((struct linux_dirent64 *)(buf + 48))->name, "f");
    assert_int_equal(CALL(t, GETDENTS, fd, BUF, 1024ul), 0);
    poke_string(t, SCRATCH, "/d");
    assert_int_equal(CALL(t, RENAME, SCRATCH, poke_string(t, SCRATCH + 64, "/d/in")), -EINVAL);
    assert_int_equal(CALL(t, RENAME, SCRATCH, poke_string(t, SCRATCH + 64, "/bin/d2")), 0);
    assert_int_equal(CALL(t, UNLINK, poke_string(t, SCRATCH, "/bin/d2/f")), 0);
    assert_int_equal(CALL(t, UNLINK, poke_string(t, SCRATCH, "/bin/d2")), -EISDIR);
    assert_int_equal(CALL(t, RMDIR, SCRATCH), 0);
    assert_int_equal(CALL(t, RMDIR, SCRATCH), -ENOENT);
}

static void memory(void **state)
{
    unsigned long rw = 3, anon = MAP_PRIVATE | MAP_ANONYMOUS, fixed = anon | MAP_FIXED;
    char buf[12] = "";
    long a, fd;

    (void)state;
    boot();
    a = CALL(t, MMAP, 0ul, 8192ul, rw, anon, -1ul, 0ul);
    assert_true(a > 0 && a % 4096 == 0);
    assert_int_equal(CALL(t, MUNMAP, a, 4096ul), 0);
    assert_int_equal(CALL(t, MPROTECT, a, 8192ul, 1ul), -ENOMEM);
    assert_int_equal(CALL(t, MPROTECT, a + 4096, 4096ul, 1ul), 0);
    assert_int_equal(CALL(t, READ, 0ul, a + 1, 0ul), 0);
    assert_int_equal(CALL(t, MMAP, 0ul, 0ul, rw, anon, -1ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, MMAP, 0ul, ~0ul, rw, anon, -1ul, 0ul), -ENOMEM);
    assert_int_equal(CALL(t, MMAP, 0ul, 1ul, rw, 0x20ul, -1ul, 0ul), -EINVAL);
    assert_int_equal(CALL(t, MMAP, 1ul << 47, 4096ul, rw, fixed, -1ul, 0ul), -ENOMEM);
    assert_int_equal(CALL(t, MMAP, STUB_BASE, 4096ul, rw, fixed, -1ul, 0ul), -ENOMEM);
    assert_int_equal(CALL(t, MUNMAP, STUB_BASE, STUB_SIZE),
                     0); /* and it is still there: place_test.c */
    assert_int_equal(CALL(t, MUNMAP, 1ul, 4096ul), -EINVAL);
    assert_int_equal(CALL(t, MPROTECT, ~0xffful, 4096ul, 1ul), -ENOMEM);
    fd = open_path("/etc/text", O_RDWR);
    a = CALL(t, MMAP, 0ul, 8192ul, rw, (unsigned long)MAP_PRIVATE, fd, 0ul);
    peek(t, (uint64_t)a, buf, 11);
    assert_string_equal(buf, "hello, file");
    poke(t, (uint64_t)a, "X", 1);
    assert_int_equal(CALL(t, PREAD, fd, BUF, 1ul, 0ul), 1);
    peek(t, BUF, buf, 1);
    assert_int_equal(buf[0], 'h');
    a = CALL(t, MMAP, 0ul, 4096ul, rw, (unsigned long)MAP_SHARED, fd, 0ul);
    poke(t, (uint64_t)a, "Y", 1);
    assert_int_equal(CALL(t, PREAD, fd, BUF, 1ul, 0ul), 1);
    peek(t, BUF, buf, 1);
    assert_int_equal(buf[0], 'Y');
    a = CALL(t, MMAP, 0ul, 4096ul, 5ul, (unsigned long)MAP_PRIVATE, fd, 0ul);
    assert_true(a > 0 && a < LINUX_EXEC_MAX);
    a = CALL(t, BRK, 0ul);
    assert_int_equal(CALL(t, BRK, a + 10000), a + 10000);
    assert_int_equal(CALL(t, BRK, 5ul), a + 10000);
    assert_int_equal(CALL(t, BRK, ~0ul), a + 10000);
}

static void unknown(void **state)
{
    (void)state;
    boot();
    assert_int_equal(CALL(t, 334ul), -ENOSYS);
    assert_int_equal(CALL(t, 100000ul), -ENOSYS);
    assert_int_equal(CALL(t, ~0ul), -ENOSYS);
    test_expect_reset = true;
    if (setjmp(test_reset) == 0)
        CALL(t, 231, 7ul);
    test_expect_reset = false;
    assert_non_null(strstr(test_log, "init ended, status 7"));
    assert_non_null(strstr(test_log, " 334:1 other:2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors), cmocka_unit_test(files),       cmocka_unit_test(overlay),
        cmocka_unit_test(devices),     cmocka_unit_test(terminal),    cmocka_unit_test(poll_waits),
        cmocka_unit_test(directories), cmocka_unit_test(memory),      cmocka_unit_test(unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
