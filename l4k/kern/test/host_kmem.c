/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the frame allocator and of kernel memory on the host, over a mapped stretch of
 * "physical" memory. The tests run in order: the allocators have one state. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "l4k/kern/frame.h"
#include "l4k/kern/kmem.h"
#include "l4k/lib/assert.h"

#define MEMORY (UINT64_C(4) << 20)
#define FRAMES_1 10 /* 0x1000..0xb000: frame 0 is left out of what is offered */
#define FRAMES_2 500
#define START_2 UINT64_C(0x100000)
#define FRAMES (FRAMES_1 + FRAMES_2)

#define OBJECTS 400

/* A failed assertion of what is tested is a failed test, or the one it expects. */
void assert_fail(const char *file, int line, const char *text)
{
    mock_assert(0, text, file, line);
    abort();
}

static void test_frame_ranges(void **state)
{
    (void)state;
    frame_add_range(0, FRAMES_1 * PAGE_SIZE + PAGE_SIZE + 123);
    frame_add_range(START_2 - 5, START_2 + FRAMES_2 * PAGE_SIZE);
    frame_add_range(0x3f0001, 0x3f1fff); /* no whole page */
    assert_int_equal(frame_total_count(), FRAMES);
    assert_int_equal(frame_free_count(), FRAMES);
    assert_int_equal(frame_end(), START_2 + FRAMES_2 * PAGE_SIZE);
}

static void test_frame_exhaustion(void **state)
{
    static paddr_t given[FRAMES];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < FRAMES; i++) {
            given[i] = frame_alloc();
            assert_true(given[i] != 0 && given[i] % PAGE_SIZE == 0);
            assert_true(given[i] <= FRAMES_1 * PAGE_SIZE ||
                        (given[i] >= START_2 && given[i] < frame_end()));
            *(uint64_t *)phys_to_virt(given[i]) = i;
        }
        assert_int_equal(frame_alloc(), 0);
        assert_int_equal(frame_free_count(), 0);
        for (size_t i = 0; i < FRAMES; i++) /* no frame was given twice */
            assert_int_equal(*(uint64_t *)phys_to_virt(given[i]), i);
        for (size_t i = 0; i < FRAMES; i++)
            frame_free(given[(i * 7 + (size_t)round) % FRAMES]);
        assert_int_equal(frame_free_count(), FRAMES);
    }
}

static void test_frame_misuse(void **state)
{
    paddr_t frame = frame_alloc();

    (void)state;
    assert_int_equal(virt_to_phys(phys_to_virt(frame)), frame);
    expect_assert_failure(frame_free(frame + 8));
    expect_assert_failure(frame_free(0));
    expect_assert_failure(frame_free(frame_end()));
    frame_free(frame);
    expect_assert_failure(frame_free(frame));
}

static void test_kmem_sizes(void **state)
{
    (void)state;
    for (size_t size = 1; size <= PAGE_SIZE; size += size < 70 ? 1 : 61) {
        struct quota quota = {0, PAGE_SIZE};
        unsigned char *p = kmem_alloc(size, &quota);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % (size > 2048 ? PAGE_SIZE : 16), 0);
        assert_true(quota.used >= size && quota.used == kmem_in_use());
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
            p[i] = 0xa5;
        }
        kmem_free(p, size, &quota);
        assert_int_equal(quota.used, 0);
        assert_int_equal(kmem_in_use(), 0);
    }
    kmem_free(NULL, 10, NULL);
}

struct object {
    unsigned char *p;
    size_t size;
    unsigned char mark;
    struct quota *payer;
};

static void check_object(const struct object *o)
{
    for (size_t i = 0; i < o->size; i++)
        assert_int_equal(o->p[i], o->mark);
}

/* Random allocation and release: contents never change, the accounts always add up, and at the end
 * the frames are back but for the one slab kept per class. */
static void test_kmem_random(void **state)
{
    static struct object objects[OBJECTS];
    struct quota quota = {0, SIZE_MAX};
    size_t before = frame_free_count();

    (void)state;
    srand(1);
    for (int step = 0; step < 40000; step++) {
        struct object *o = &objects[rand() % OBJECTS];

        if (o->p != NULL) {
            check_object(o);
            kmem_free(o->p, o->size, o->payer);
            o->p = NULL;
            continue;
        }
        o->size = 1 + (size_t)rand() % (rand() % 4 ? 300 : PAGE_SIZE);
        o->payer = rand() % 2 ? &quota : NULL;
        o->mark = (unsigned char)(1 + rand() % 255);
        o->p = kmem_alloc(o->size, o->payer);
        assert_non_null(o->p);
        for (size_t i = 0; i < o->size; i++) {
            assert_int_equal(o->p[i], 0);
            o->p[i] = o->mark;
        }
        assert_true(quota.used <= kmem_in_use());
    }
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i].p != NULL) {
            check_object(&objects[i]);
            kmem_free(objects[i].p, objects[i].size, objects[i].payer);
        }
    assert_int_equal(quota.used, 0);
    assert_int_equal(kmem_in_use(), 0);
    assert_true(frame_free_count() + 18 >= before);
}

static void test_kmem_limits(void **state)
{
    struct quota quota = {0, 1000};
    void *p[10] = {0};
    void *chain = NULL;
    size_t n = 0;

    (void)state;
    while (n < 10 && (p[n] = kmem_alloc(256, &quota)) != NULL)
        n++;
    assert_int_equal(n, 3);
    assert_int_equal(quota.used, 768);
    assert_null(kmem_alloc(PAGE_SIZE, &quota));
    assert_int_equal(quota.used, 768);
    while (n-- > 0)
        kmem_free(p[n], 256, &quota);
    for (void **q; (q = kmem_alloc(PAGE_SIZE, NULL)) != NULL; chain = q)
        *q = chain;
    quota.limit = SIZE_MAX;
    assert_int_equal(frame_free_count(), 0);
    assert_null(kmem_alloc(PAGE_SIZE, &quota));
    assert_int_equal(quota.used, 0); /* no charge for what there was none of */
    while (chain != NULL) {
        void *next = *(void **)chain;

        kmem_free(chain, PAGE_SIZE, NULL);
        chain = next;
    }
    assert_int_equal(kmem_in_use(), 0);
}

static void test_kmem_misuse(void **state)
{
    char *p = kmem_alloc(64, NULL);

    (void)state;
    expect_assert_failure(kmem_alloc(0, NULL));
    expect_assert_failure(kmem_alloc(PAGE_SIZE + 1, NULL));
    expect_assert_failure(kmem_free(p, 200, NULL));
    expect_assert_failure(kmem_free(p + 16, 64, NULL));
    kmem_free(p, 64, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_ranges), cmocka_unit_test(test_frame_exhaustion),
        cmocka_unit_test(test_frame_misuse), cmocka_unit_test(test_kmem_sizes),
        cmocka_unit_test(test_kmem_random),  cmocka_unit_test(test_kmem_limits),
        cmocka_unit_test(test_kmem_misuse),
    };
    void *memory = mmap((void *)PHYS_MAP_BASE, MEMORY, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (memory != (void *)PHYS_MAP_BASE) {
        perror("mmap");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
