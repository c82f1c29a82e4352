/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF checks, exec and the start-up stack. */
#include <stdlib.h>
#include <string.h>

#include "personality/server/elf.h"
#include "personality/server/test/place_test.h"

#include <elf.h> /* its AT_ macros would break the server's enumeration */

#define EXECVE 59ul

static uint8_t file[4096];
static struct inode *inode;

static int parse(void)
{
    static struct elf elf;

    inode->archive = file;
    inode->archive_size = inode->size = 768;
    return elf_parse(inode, &elf);
}

static void setup_file(void)
{
    test_boot();
    make_elf(file);
    inode = inode_create(S_IFREG | 0755);
}

static void rejects(void **state)
{
    Elf64_Ehdr *h = (Elf64_Ehdr *)file;
    Elf64_Phdr *p = (Elf64_Phdr *)(file + 64);

    (void)state;
    setup_file();
    assert_int_equal(parse(), 0);
#define BAD(field, value)                                                                      \
    do {                                                                                       \
        make_elf(file);                                                                        \
        (field) = (value);                                                                     \
        assert_int_equal(parse(), -ENOEXEC);                                                   \
    } while (0)
    BAD(h->e_ident[0], 0);
    BAD(h->e_ident[4], 1);
    BAD(h->e_ident[5], 2);
    BAD(h->e_type, ET_REL);
    BAD(h->e_machine, EM_386);
    BAD(h->e_version, 2);
    BAD(h->e_phentsize, 32);
    BAD(h->e_phnum, 0);
    BAD(h->e_phnum, 65);
    BAD(h->e_phoff, 768);
    BAD(h->e_phoff, ~0ul - 8);
    BAD(h->e_entry, 0x500000);
    BAD(p[0].p_filesz, 513);
    BAD(p[1].p_filesz, 257); /* the file has 256 bytes there */
    BAD(p[0].p_offset, ~0ul);
    BAD(p[0].p_vaddr, 0x400001);
    BAD(p[0].p_vaddr, 0);
    BAD(p[0].p_vaddr, 0x402000);
    BAD(p[0].p_memsz, 0x1001);
    BAD(p[0].p_memsz, ~0ul);
    BAD(p[1].p_vaddr, STUB_BASE + 0x200);
    BAD(p[1].p_vaddr, LINUX_USER_MAX + 0x200);
    BAD(p[1].p_memsz, LINUX_USER_MAX);
    inode_put(inode);
}

/* Whatever a byte becomes, parse answers 0 or ENOEXEC and reads nothing outside the file. */
static void mutations(void **state)
{
    (void)state;
    setup_file();
    for (size_t i = 0; i < 64 + 2 * 56; i++) {
        for (unsigned v = 0; v < 256; v++) {
            int r;

            make_elf(file);
            file[i] = (uint8_t)v;
            r = parse();
            assert_true(r == 0 || r == -ENOEXEC);
        }
    }
    inode_put(inode);
}

/* The value of an auxv entry on the stack at sp; fails when it is not there. */
static uint64_t aux(struct thread *t, uint64_t sp, uint64_t type)
{
    uint64_t v[2], argc;

    peek(t, sp, &argc, 8);
    sp += 8 * (argc + 2);
    do {
        peek(t, sp, v, 8);
        sp += 8;
    } while (v[0]);
    for (;; sp += 16) {
        peek(t, sp, v, 16);
        if (v[0] == type)
            return v[1];
        if (v[0] == AT_NULL)
            fail_msg("auxv entry %lu is missing", type);
    }
}

static void assert_string_at(struct thread *t, uint64_t where, const char *expected)
{
    char buf[64] = "";
    uint64_t p;

    peek(t, where, &p, 8);
    peek(t, p, buf, strlen(expected) + 1);
    assert_string_equal(buf, expected);
}

static void startup(void **state)
{
    struct thread *t;
    uint64_t sp, argc;
    uint8_t random[16];
    uint32_t zero = 1;

    (void)state;
    test_boot();
    t = test_init();
    sp = t->call.thread->regs.rsp;
    assert_int_equal(t->call.thread->regs.rip, 0x400100);
    assert_int_equal(sp % 16, 0);
    peek(t, sp, &argc, 8);
    assert_int_equal(argc, 2);
    assert_string_at(t, sp + 8, "/init");
    assert_string_at(t, sp + 16, "word");
    assert_string_at(t, sp + 32, "HOME=/");
    assert_string_at(t, sp + 40, "TERM=linux");
    assert_string_at(t, sp + 48, "A=1");
    assert_int_equal(aux(t, sp, AT_PHDR), 0x400040);
    assert_int_equal(aux(t, sp, AT_PHNUM), 2);
    assert_int_equal(aux(t, sp, AT_ENTRY), 0x400100);
    assert_int_equal(aux(t, sp, AT_PAGESZ), 4096);
    assert_int_equal(aux(t, sp, AT_SECURE), 0);
    peek(t, aux(t, sp, AT_RANDOM), random, 16);
    assert_int_equal(random[15], 0x5a);
    peek(t, 0x401300, &zero, 4); /* the file ends here: zeros, not file content */
    assert_int_equal(zero, 0);
    peek(t, 0x4031fc, &zero, 4);
    assert_int_equal(zero, 0);
    assert_int_equal(CALL(t, 12, 0ul), 0x404000); /* brk */
}

static void exec_replaces(void **state)
{
    struct thread *t;
    uint64_t argv[3] = {SCRATCH + 64, SCRATCH + 80, 0};

    (void)state;
    test_boot();
    t = test_fork(test_init());
    poke_string(t, SCRATCH, "/bin/tool");
    poke_string(t, SCRATCH + 64, "tool");
    poke_string(t, SCRATCH + 80, "arg");
    poke(t, SCRATCH + 128, argv, sizeof(argv));
    assert_int_equal(CALL(t, EXECVE, SCRATCH, SCRATCH + 128, 0ul), HOST_DEFER);
    assert_int_equal(test_answer(t), HOST_REGS);
    assert_int_equal(t->call.thread->regs.rip, 0x400100);
    assert_string_at(t, t->call.thread->regs.rsp + 8, "tool");
    assert_string_at(t, t->call.thread->regs.rsp + 16, "arg");
    assert_string_equal(process_of(t)->comm, "tool");
    assert_int_equal(test_spaces, 2);
    assert_int_equal(test_threads, 2);
}

static void exec_script(void **state)
{
    struct thread *t;
    uint64_t argv[3] = {SCRATCH + 64, SCRATCH + 80, 0}, sp, argc;

    (void)state;
    test_boot();
    t = test_fork(test_init());
    poke_string(t, SCRATCH, "/script");
    poke_string(t, SCRATCH + 64, "given");
    poke_string(t, SCRATCH + 80, "arg");
    poke(t, SCRATCH + 128, argv, sizeof(argv));
    assert_int_equal(CALL(t, EXECVE, SCRATCH, SCRATCH + 128, 0ul), HOST_DEFER);
    sp = t->call.thread->regs.rsp;
    peek(t, sp, &argc, 8);
    assert_int_equal(argc, 4);
    assert_string_at(t, sp + 8, "/bin/tool");
    assert_string_at(t, sp + 16, "-x y");
    assert_string_at(t, sp + 24, "/script");
    assert_string_at(t, sp + 32, "arg");
}

static void exec_fails(void **state)
{
    struct thread *t;
    uint64_t argv[2] = {SCRATCH, 1};

    (void)state;
    test_boot();
    t = test_init();
    poke_string(t, SCRATCH, "/nothing");
    assert_int_equal(CALL(t, EXECVE, SCRATCH, 0ul, 0ul), -ENOENT);
    poke_string(t, SCRATCH, "/etc/text");
    assert_int_equal(CALL(t, EXECVE, SCRATCH, 0ul, 0ul), -EACCES);
    poke_string(t, SCRATCH, "/bin");
    assert_int_equal(CALL(t, EXECVE, SCRATCH, 0ul, 0ul), -EACCES);
    poke_string(t, SCRATCH, "/bin/tool");
    poke(t, SCRATCH + 128, argv, sizeof(argv));
    assert_int_equal(CALL(t, EXECVE, SCRATCH, SCRATCH + 128, 0ul), -EFAULT);
    assert_int_equal(CALL(t, EXECVE, SCRATCH, 8ul, 0ul), -EFAULT);
    assert_int_equal(CALL(t, EXECVE, 8ul, 0ul, 0ul), -EFAULT);
    assert_int_equal(test_spaces, 1);
    assert_int_equal(CALL(t, 39), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejects),     cmocka_unit_test(mutations),
        cmocka_unit_test(startup),     cmocka_unit_test(exec_replaces),
        cmocka_unit_test(exec_script), cmocka_unit_test(exec_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
