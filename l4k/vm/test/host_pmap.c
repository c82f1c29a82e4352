/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 pmap over a simulated processor: what host_vm_x86 does not reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "l4k/vm/test/fake.h"
#include "l4k/vm/vm_object.h"
#include "l4k/x86_64/boot.h"

#define P ((uint64_t)PAGE_SIZE)
#define RW (VM_PROT_READ | VM_PROT_WRITE)
#define PAGES 100

static struct quota quota;
static struct pmap *idle, *a, *b;
static struct vm_object *object;
static struct vm_page *pages[PAGES];
static size_t frames_before;

static int set_up(void **state)
{
    (void)state;
    quota = (struct quota){0, (size_t)1 << 30};
    frames_before = frame_free_count();
    assert_int_equal(pmap_create(&quota, &a), OK);
    assert_int_equal(pmap_create(&quota, &b), OK);
    assert_int_equal(vm_object_create_anonymous(PAGES * P, &quota, &object), OK);
    for (int i = 0; i < PAGES; i++)
        assert_int_equal(vm_page_alloc(object, i * P, &pages[i]), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pmap_activate(idle);
    pmap_destroy(a);
    pmap_destroy(b);
    vm_object_release(object);
    assert_int_equal(quota.used, 0);
    assert_int_equal(frame_free_count(), frames_before);
    return 0;
}

static void enter(struct pmap *pmap, uint64_t va, int page, unsigned prot)
{
    assert_int_equal(pmap_enter(pmap, va, pages[page]->frame, pages[page], prot, PMAP_USER), OK);
}

/* Far apart, so that each has tables of its own, up to the last page that a user may have. */
static void test_tables(void **state)
{
    static const uint64_t at[] = {0, 1ull << 21, 1ull << 30, 1ull << 39, USER_MAX - PAGE_SIZE};
    uint64_t *root = phys_to_virt(pmap_root(a));
    unsigned prot;
    paddr_t pa;

    (void)state;
    assert_int_equal(a->tables, 1);
    for (int i = 0; i < 5; i++)
        enter(a, at[i], i, RW);
    assert_int_equal(a->tables, 1 + 3 + 1 + 2 + 3 + 3);
    assert_int_equal(a->resident, 5);
    for (int i = 0; i < 5; i++) {
        assert_true(pmap_extract(a, at[i] + 5, &pa, &prot));
        assert_int_equal(pa, pages[i]->frame + 5);
        assert_int_equal(prot, RW);
        assert_false(pmap_extract(a, at[i] ^ P, &pa, &prot));
    }
    assert_false(pmap_extract(a, USER_MAX, &pa, &prot));
    assert_false(pmap_extract(a, PHYS_MAP_BASE, &pa, &prot));
    assert_int_equal(root[511], kernel_pml4[511]);
    assert_int_equal(root[256], kernel_pml4[256]);
    assert_int_equal(root[255] & ~0xfffull, root[255] & 0x000ffffffffff000ull);
    pmap_remove(a, P, USER_MAX - P);
    assert_int_equal(a->resident, 2);
    pmap_remove(a, 0, USER_MAX);
    assert_int_equal(a->resident, 0);
}

/* More pages than are dropped from the TLB one by one. */
static void test_large_ranges(void **state)
{
    uint64_t va;
    unsigned prot;
    paddr_t pa;

    (void)state;
    for (int i = 0; i < PAGES; i++) {
        enter(a, i * P, i, RW);
        assert_true(fake_access(a, i * P, VM_PROT_WRITE));
    }
    pmap_protect(a, 0, PAGES * P, VM_PROT_READ);
    for (int i = 0; i < PAGES; i++) {
        assert_false(fake_access(a, i * P, VM_PROT_WRITE));
        assert_true(fake_access(a, i * P, VM_PROT_READ));
    }
    pmap_forget_all(a);
    assert_false(fake_tlb_entry(0, &va, &pa, &prot));
    assert_false(fake_access(a, 0, VM_PROT_READ));
    for (int i = 0; i < PAGES; i++)
        assert_true(pmap_is_modified(pages[i]));
}

static void test_all_mappings_of_a_page(void **state)
{
    unsigned prot;
    paddr_t pa;

    (void)state;
    enter(a, 0, 0, RW);
    enter(a, P, 0, RW);
    enter(b, 0, 0, RW | VM_PROT_EXECUTE);
    enter(b, P, 1, RW);
    assert_true(fake_access(b, 0, VM_PROT_EXECUTE));
    assert_true(fake_access(a, 0, VM_PROT_WRITE));
    assert_true(fake_access(a, P, VM_PROT_WRITE));
    pmap_page_protect(pages[0], VM_PROT_READ);
    assert_false(fake_access(a, 0, VM_PROT_WRITE));
    assert_false(fake_access(a, P, VM_PROT_WRITE));
    assert_false(fake_access(b, 0, VM_PROT_EXECUTE));
    assert_true(fake_access(b, 0, VM_PROT_READ));
    assert_true(fake_access(b, P, VM_PROT_WRITE));
    pmap_page_protect(pages[0], VM_PROT_NONE);
    assert_int_equal(a->resident, 0);
    assert_int_equal(b->resident, 1);
    assert_false(fake_access(b, 0, VM_PROT_READ));
    assert_true(pmap_extract(b, P, &pa, &prot));
    /* Another page in its place. */
    enter(b, P, 2, VM_PROT_READ);
    assert_false(fake_access(b, P, VM_PROT_WRITE));
    assert_null(pages[1]->pv.pmap);
    assert_int_equal(b->resident, 1);
}

static void test_referenced_and_modified(void **state)
{
    (void)state;
    enter(a, 0, 0, RW);
    enter(b, 0, 0, RW);
    assert_false(pmap_is_referenced(pages[0]));
    assert_true(fake_access(b, 0, VM_PROT_READ));
    assert_true(pmap_is_referenced(pages[0]));
    assert_false(pmap_is_modified(pages[0]));
    assert_true(fake_access(a, 0, VM_PROT_WRITE));
    assert_true(pmap_is_modified(pages[0]));
    pmap_clear_modified(pages[0]);
    assert_false(pmap_is_modified(pages[0]));
    assert_true(fake_access(a, 0, VM_PROT_WRITE)); /* not from a stale translation */
    assert_true(pmap_is_modified(pages[0]));
    pmap_clear_referenced(pages[0]);
    assert_false(pmap_is_referenced(pages[0]));
    assert_true(fake_access(a, 0, VM_PROT_READ));
    pmap_remove(a, 0, P);
    assert_true(pmap_is_referenced(pages[0]));
    assert_true(pmap_is_modified(pages[0]));
}

static void test_devices(void **state)
{
    unsigned prot;
    paddr_t pa;

    (void)state;
    assert_int_equal(pmap_enter(a, 0, 0xfee00000, NULL, RW, PMAP_USER | PMAP_UNCACHED), OK);
    assert_false(pmap_extract(a, 0, &pa, &prot));
    assert_true(fake_access(a, 0, VM_PROT_WRITE));
    pmap_remove(a, 0, P);
    assert_false(fake_access(a, 0, VM_PROT_READ));
    /* The kernel's own: not for user mode. */
    assert_int_equal(pmap_enter(a, 0, pages[0]->frame, pages[0], RW, 0), OK);
    assert_false(fake_access(a, 0, VM_PROT_READ));
}

/* Short of tables, the pmap gives up what it has and goes on. */
static void test_no_memory_for_tables(void **state)
{
    struct pmap *poor;
    struct quota small = {0, 6 * P};
    enum status s = OK;

    (void)state;
    assert_int_equal(pmap_create(&small, &poor), OK);
    pmap_activate(poor);
    for (int i = 0; i < PAGES; i++) {
        s = pmap_enter(poor, (uint64_t)i << 30, pages[i]->frame, pages[i], RW, PMAP_USER);
        assert_int_equal(s, OK);
        assert_true(fake_access(poor, (uint64_t)i << 30, VM_PROT_WRITE));
        assert_true(small.used <= small.limit);
    }
    small.limit = small.used - 2 * P;
    s = pmap_enter(poor, 1ull << 40, pages[0]->frame, pages[0], RW, PMAP_USER);
    assert_int_equal(s, ERR_NO_MEMORY);
    assert_int_equal(poor->resident, 0);
    pmap_activate(idle);
    pmap_destroy(poor);
    assert_int_equal(small.used, 0);
    small.limit = P;
    assert_int_equal(pmap_create(&small, &poor), ERR_NO_MEMORY);
    assert_int_equal(small.used, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tables),
        TEST(test_large_ranges),
        TEST(test_all_mappings_of_a_page),
        TEST(test_referenced_and_modified),
        TEST(test_devices),
        TEST(test_no_memory_for_tables),
    };

    for (int i = 256; i < 512; i++)
        kernel_pml4[i] = 0x1000ull * (uint64_t)i | 3;
    fake_init();
    if (pmap_create(NULL, &idle) != OK)
        return 2;
    pmap_activate(idle);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
