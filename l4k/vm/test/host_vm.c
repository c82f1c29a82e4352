/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM core call by call: arguments, errors, pagers, physical memory, bounded work, and what
 * happens when memory is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "l4k/vm/test/fake.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_fault.h"

#define P ((uint64_t)PAGE_SIZE)
#define BASE 0x100000ull
#define TOP (BASE + 8192 * P)
#define RW (VM_PROT_READ | VM_PROT_WRITE)

static struct quota quota;
static struct vm_map *map, *other;
static size_t frames_before, kmem_before;

static int set_up(void **state)
{
    (void)state;
    quota = (struct quota){0, (size_t)1 << 30};
    frames_before = frame_free_count();
    kmem_before = kmem_in_use();
    assert_int_equal(vm_map_create(&quota, BASE, TOP, &map), OK);
    assert_int_equal(vm_map_create(&quota, BASE, TOP, &other), OK);
    return 0;
}

/* Whatever a test did, nothing is left. */
static int tear_down(void **state)
{
    (void)state;
    vm_map_release(map);
    vm_map_release(other);
    assert_int_equal(quota.used, 0);
    assert_int_equal(frame_free_count(), frames_before);
    assert_int_equal(kmem_in_use(), kmem_before);
    assert_int_equal(vm_pages_resident, 0);
    assert_int_equal(vm_pages_wired, 0);
    return 0;
}

static enum status enter(struct vm_map *m, uint64_t at, uint64_t pages, struct vm_object *object,
                         bool copy, unsigned prot, enum vm_inherit inherit)
{
    return vm_map_enter(m, &at, pages * P, 0, false, object, 0, copy, prot, VM_PROT_ALL, inherit);
}

static void anonymous(struct vm_map *m, uint64_t at, uint64_t pages)
{
    assert_int_equal(enter(m, at, pages, NULL, false, RW, VM_INHERIT_COPY), OK);
}

static void put(struct vm_map *m, uint64_t at, char c)
{
    assert_int_equal(vm_copy_out(m, at, &c, 1, false), OK);
}

static char get(struct vm_map *m, uint64_t at)
{
    char c = 0;

    assert_int_equal(vm_copy_in(m, at, &c, 1), OK);
    return c;
}

static void test_arguments(void **state)
{
    struct vm_object *object;
    struct vm_map *bad;
    uint64_t at = BASE;

    (void)state;
    assert_int_equal(vm_map_create(&quota, BASE, BASE, &bad), ERR_INVALID);
    assert_int_equal(vm_map_create(&quota, BASE + 1, TOP, &bad), ERR_INVALID);
    assert_int_equal(vm_map_create(&quota, BASE, ~0ull & ~(P - 1), &bad), ERR_INVALID);

    assert_int_equal(enter(map, BASE, 0, NULL, false, RW, 0), ERR_INVALID);
    assert_int_equal(enter(map, BASE + 1, 1, NULL, false, RW, 0), ERR_INVALID);
    assert_int_equal(enter(map, BASE - P, 1, NULL, false, RW, 0), ERR_INVALID);
    assert_int_equal(enter(map, TOP, 1, NULL, false, RW, 0), ERR_INVALID);
    assert_int_equal(enter(map, TOP - P, 2, NULL, false, RW, 0), ERR_INVALID);
    assert_int_equal(enter(map, BASE, ~0ull / P, NULL, false, RW, 0), ERR_INVALID);
    assert_int_equal(enter(map, BASE, 1, NULL, false, 8, 0), ERR_INVALID);
    assert_int_equal(enter(map, BASE, 1, NULL, false, RW, 3), ERR_INVALID);
    assert_int_equal(vm_map_enter(map, &at, ~0ull, 0, true, NULL, 0, false, RW, RW, 0),
                     ERR_INVALID);
    assert_int_equal(vm_map_enter(map, &at, P, 0, true, NULL, 0, false, RW, 1, 0), ERR_INVALID);
    assert_int_equal(vm_map_enter(map, &at, P, 5, true, NULL, 0, false, RW, RW, 0), ERR_INVALID);

    assert_int_equal(vm_map_remove(map, BASE, BASE), ERR_INVALID);
    assert_int_equal(vm_map_remove(map, BASE + P, BASE), ERR_INVALID);
    assert_int_equal(vm_map_remove(map, BASE, ~0ull & ~(P - 1)), ERR_INVALID);
    assert_int_equal(vm_map_remove(map, BASE, TOP), OK);
    assert_int_equal(vm_map_protect(map, BASE, BASE + P, 8, false), ERR_INVALID);
    assert_int_equal(vm_map_protect(map, BASE, BASE + P, 1, false), ERR_ADDRESS);
    assert_int_equal(vm_map_share(map, ~0ull - P + 1, other, BASE, P, RW, false), ERR_INVALID);
    assert_int_equal(vm_map_share(map, BASE, other, BASE, ~0ull - P + 1, RW, false), ERR_INVALID);
    assert_int_equal(vm_map_copy_range(map, TOP, other, BASE, P), ERR_INVALID);
    assert_int_equal(vm_map_copy_range(map, BASE, other, BASE, ~0ull - P + 1), ERR_INVALID);
    assert_int_equal(vm_map_copy_range(map, BASE, other, BASE, P), ERR_ADDRESS);

    assert_int_equal(vm_object_create_anonymous(0, &quota, &object), ERR_INVALID);
    assert_int_equal(vm_object_create_anonymous(~0ull, &quota, &object), ERR_INVALID);
    assert_int_equal(vm_object_create_physical(1, P, false, &quota, &object), ERR_INVALID);
    assert_int_equal(vm_object_create_anonymous(3 * P - 5, &quota, &object), OK);
    assert_int_equal(object->size, 3 * P);
    at = BASE;
    assert_int_equal(vm_map_enter(map, &at, P, 0, false, object, 3 * P, false, 1, 1, 0),
                     ERR_INVALID);
    assert_int_equal(vm_map_enter(map, &at, 3 * P, 0, false, object, P, false, 1, 1, 0),
                     ERR_INVALID);
    assert_int_equal(vm_map_enter(map, &at, P, 0, false, object, ~0ull - P + 1, false, 1, 1, 0),
                     ERR_INVALID);
    assert_int_equal(vm_map_enter(map, &at, P, 0, false, object, 12, false, 1, 1, 0), ERR_INVALID);
    assert_int_equal(vm_object_read(object, 3 * P, &at, 1), ERR_INVALID);
    assert_int_equal(vm_object_write(object, ~0ull, &at, 8), ERR_INVALID);
    vm_object_release(object);
    assert_int_equal(map->count, 0);
}

static void test_place(void **state)
{
    uint64_t at = 0;

    (void)state;
    assert_int_equal(vm_map_enter(map, &at, P, 0, true, NULL, 0, false, 1, 7, 0), OK);
    assert_int_equal(at, BASE);
    assert_int_equal(enter(map, BASE + 4 * P, 1, NULL, false, 3, 0), OK);
    assert_int_equal(enter(map, BASE + 4 * P, 1, NULL, false, 3, 0), ERR_EXISTS);
    at = BASE;
    assert_int_equal(vm_map_enter(map, &at, 4 * P, 0, true, NULL, 0, false, 1, 7, 0), OK);
    assert_int_equal(at, BASE + 5 * P);
    at = BASE;
    assert_int_equal(vm_map_enter(map, &at, 3 * P, 0, true, NULL, 0, false, 3, 7, 0), OK);
    assert_int_equal(at, BASE + P);
    at = BASE + 1;
    assert_int_equal(vm_map_enter(map, &at, 1, 64 * P - 1, true, NULL, 0, false, 3, 7, 0), OK);
    assert_int_equal(at, BASE + 64 * P);
    at = TOP - P;
    assert_int_equal(vm_map_enter(map, &at, P, 0, true, NULL, 0, false, 3, 7, 0), OK);
    at = TOP - P;
    assert_int_equal(vm_map_enter(map, &at, P, 0, true, NULL, 0, false, 3, 7, 0), ERR_NO_SPACE);
    at = ~0ull;
    assert_int_equal(vm_map_enter(map, &at, P, 0, true, NULL, 0, false, 3, 7, 0), ERR_NO_SPACE);
}

static void test_heap_grows_in_place(void **state)
{
    size_t frames = frame_free_count();

    (void)state;
    for (int i = 0; i < 50; i++) {
        anonymous(map, BASE + i * P, 1);
        put(map, BASE + i * P, (char)i);
    }
    assert_int_equal(map->count, 1);
    /* What was given back is free memory, and zero when it comes again. */
    assert_int_equal(vm_map_remove(map, BASE + 20 * P, BASE + 50 * P), OK);
    assert_int_equal(frame_free_count(), frames - 20);
    anonymous(map, BASE + 20 * P, 30);
    assert_int_equal(map->count, 1);
    assert_int_equal(get(map, BASE + 49 * P), 0);
    assert_int_equal(get(map, BASE + 19 * P), 19);
    assert_int_equal(vm_map_remove(map, BASE + 5 * P, BASE + 10 * P), OK);
    assert_int_equal(frame_free_count(), frames - 16);
    anonymous(map, BASE + 5 * P, 5);
    assert_int_equal(get(map, BASE + 7 * P), 0);
}

static void test_fork_copies_what_is_written(void **state)
{
    struct vm_map *child;
    struct vm_counters before;

    (void)state;
    anonymous(map, BASE, 10);
    for (int i = 0; i < 10; i++)
        put(map, BASE + i * P, 'p');
    assert_int_equal(vm_map_fork(map, &quota, &child), OK);
    before = vm_counters;
    put(child, BASE + 3 * P, 'c');
    put(map, BASE + 4 * P, 'q');
    assert_int_equal(vm_counters.cow_copies - before.cow_copies, 2);
    assert_int_equal(get(map, BASE + 3 * P), 'p');
    assert_int_equal(get(child, BASE + 4 * P), 'p');
    vm_map_release(child);
    /* Alone again: pages are written where they are, after a collapse. */
    for (int i = 0; i < 10; i++)
        put(map, BASE + i * P, 'r');
    for (int i = 0; i < 10; i++)
        put(map, BASE + i * P, 's');
    assert_true(vm_counters.cow_copies - before.cow_copies <= 2 + 2);
    assert_int_equal(vm_pages_resident, 10);
}

/* Lookups for one copy-on-write fault with this many pages in the object. */
static uint64_t cost_of_copy(uint64_t pages)
{
    struct vm_map *child;
    uint64_t before, cost;

    anonymous(map, BASE, pages);
    for (uint64_t i = 0; i < pages; i++)
        put(map, BASE + i * P, 'p');
    assert_int_equal(vm_map_fork(map, &quota, &child), OK);
    put(map, BASE, 'q');
    vm_map_release(child); /* leaves a chain that can be collapsed */
    before = vm_counters.lookups;
    put(map, BASE + P, 'q');
    cost = vm_counters.lookups - before;
    assert_int_equal(vm_map_remove(map, BASE, BASE + pages * P), OK);
    return cost;
}

static void test_work_per_fault_is_bounded(void **state)
{
    uint64_t small, large;

    (void)state;
    small = cost_of_copy(40);
    large = cost_of_copy(2000);
    assert_int_equal(small, large);
    assert_true(large <= 16);
}

static void test_collapse_looks_at_each_page_once(void **state)
{
    struct vm_counters before;
    struct vm_map *child;

    (void)state;
    anonymous(map, BASE, 1000);
    for (int i = 0; i < 1000; i++)
        put(map, BASE + i * P, 'p');
    assert_int_equal(vm_map_fork(map, &quota, &child), OK);
    for (int i = 0; i < 1000; i += 10)
        put(map, BASE + i * P, 'q');
    vm_map_release(child);
    before = vm_counters;
    for (int i = 0; i < 1000; i++)
        put(map, BASE + i * P, 'r');
    assert_int_equal(vm_counters.collapsed_pages - before.collapsed_pages, 1000);
    assert_int_equal(vm_counters.collapses - before.collapses, 1);
    assert_int_equal(vm_pages_resident, 1000);
}

/* Generations of processes, each the child of the last, do not make a longer and longer chain. */
static void test_chain_stays_short(void **state)
{
    struct vm_map *child;
    uint64_t before;

    (void)state;
    anonymous(map, BASE, 20);
    for (int i = 0; i < 20; i++)
        put(map, BASE + i * P, 'p');
    for (int generation = 0; generation < 200; generation++) {
        assert_int_equal(vm_map_fork(map, &quota, &child), OK);
        vm_map_release(map);
        map = child;
        put(map, BASE + generation % 20 * P, (char)generation);
        put(map, BASE + (generation + 7) % 20 * P, (char)generation);
    }
    pmap_forget_all(vm_map_pmap(map));
    for (int i = 0; i < 20; i++) {
        before = vm_counters.lookups;
        (void)get(map, BASE + i * P);
        assert_true(vm_counters.lookups - before <= 4);
    }
    assert_true(vm_pages_resident <= 40);
}

/* --- pagers --- */

static enum status answer;
static bool synchronous, terminated;
static int requests;

static enum status data_request(struct vm_object *object, void *pager, uint64_t offset,
                                unsigned access)
{
    static char page[PAGE_SIZE];

    (void)access;
    assert_ptr_equal(pager, &answer);
    requests++;
    if (synchronous) {
        memset(page, 'a' + (int)(offset / P), sizeof page);
        assert_int_equal(vm_object_supply(object, offset, page), OK);
    }
    return answer;
}

static void terminate(struct vm_object *object, void *pager)
{
    (void)object, (void)pager;
    terminated = true;
}

static void test_pager(void **state)
{
    static const struct vm_pager_ops ops = {.data_request = data_request, .terminate = terminate};
    struct vm_object *object;
    char c;

    (void)state;
    terminated = false;
    assert_int_equal(vm_object_create_paged(4 * P, &quota, &ops, &answer, &object), OK);
    assert_int_equal(enter(map, BASE, 4, object, true, RW, VM_INHERIT_COPY), OK);
    answer = ERR_PENDING;
    synchronous = false;
    assert_int_equal(vm_copy_in(map, BASE, &c, 1), ERR_PENDING);
    assert_int_equal(vm_copy_out(map, BASE, "x", 1, false), ERR_PENDING);
    assert_int_equal(vm_fault(map, BASE, VM_PROT_WRITE), ERR_PENDING);
    assert_int_equal(requests, 3);
    assert_int_equal(vm_object_supply_zero(object, 0), OK);
    assert_int_equal(vm_object_supply_zero(object, 0), ERR_EXISTS);
    assert_int_equal(vm_object_supply_zero(object, 4 * P), ERR_INVALID);
    assert_int_equal(get(map, BASE), 0);
    answer = ERR_PAGER;
    assert_int_equal(vm_fault(map, BASE + P, VM_PROT_READ), ERR_PAGER);
    answer = OK;
    assert_int_equal(vm_fault(map, BASE + P, VM_PROT_READ), ERR_PAGER); /* it lied */
    synchronous = true;
    assert_int_equal(get(map, BASE + 2 * P), 'c');
    put(map, BASE + 2 * P, 'x');
    assert_int_equal(vm_object_read(object, 2 * P, &c, 1), OK);
    assert_int_equal(c, 'c');
    vm_object_release(object);
    assert_false(terminated);
    assert_int_equal(vm_map_remove(map, BASE, BASE + 4 * P), OK);
    assert_true(terminated);
}

static void test_physical(void **state)
{
    struct vm_object *module, *device;
    char c, *memory = phys_to_virt(FAKE_MODULE);

    (void)state;
    memset(memory, 'm', 4 * P);
    assert_int_equal(vm_object_create_physical(FAKE_MODULE, 4 * P, false, &quota, &module), OK);
    assert_int_equal(enter(map, BASE, 4, module, true, RW, VM_INHERIT_COPY), OK);
    assert_int_equal(enter(other, BASE, 4, module, false, RW, VM_INHERIT_COPY), OK);
    vm_object_release(module);
    assert_int_equal(get(map, BASE + P), 'm');
    put(map, BASE + P, 'x');
    assert_int_equal(memory[P], 'm');
    assert_int_equal(get(other, BASE + P), 'm');
    put(other, BASE + 2 * P, 'y');
    assert_int_equal(memory[2 * P], 'y');

    assert_int_equal(vm_object_create_physical(0xfee00000, P, true, &quota, &device), OK);
    assert_int_equal(enter(map, BASE + 8 * P, 1, device, true, RW, VM_INHERIT_COPY), ERR_INVALID);
    assert_int_equal(enter(map, BASE + 8 * P, 1, device, false, RW, VM_INHERIT_COPY), OK);
    assert_int_equal(vm_fault(map, BASE + 8 * P, VM_PROT_WRITE), OK);
    assert_int_equal(map->pmap->resident, 2);
    assert_int_equal(vm_copy_in(map, BASE + 8 * P, &c, 1), ERR_ADDRESS);
    assert_int_equal(vm_copy_out(map, BASE + 8 * P, "x", 1, true), ERR_ADDRESS);
    assert_int_equal(vm_object_read(device, 0, &c, 1), ERR_INVALID);
    anonymous(other, BASE + 8 * P, 1);
    assert_int_equal(vm_map_copy_range(map, BASE + 8 * P, other, BASE + 8 * P, P), ERR_INVALID);
    assert_int_equal(vm_map_wire(map, BASE + 8 * P, BASE + 9 * P, true), OK);
    assert_int_equal(vm_map_wire(map, BASE + 8 * P, BASE + 9 * P, false), OK);
    vm_object_release(device);
}

static void test_copies(void **state)
{
    char buffer[32];
    size_t length, done;
    uint32_t seen;

    (void)state;
    anonymous(map, BASE, 2);
    assert_int_equal(vm_copy_out(map, BASE + P - 3, "hello", 6, false), OK);
    assert_int_equal(vm_copy_string_in(map, BASE + P - 3, buffer, sizeof buffer, &length), OK);
    assert_int_equal(length, 5);
    assert_string_equal(buffer, "hello");
    assert_int_equal(vm_copy_string_in(map, BASE + P - 3, buffer, 6, &length), OK);
    assert_int_equal(vm_copy_string_in(map, BASE + P - 3, buffer, 5, &length), ERR_TRUNCATED);
    assert_int_equal(vm_copy_out(map, BASE + 2 * P - 2, "ab", 2, false), OK);
    assert_int_equal(vm_copy_string_in(map, BASE + 2 * P - 2, buffer, 9, &length), ERR_ADDRESS);
    assert_int_equal(vm_copy_string_in(map, ~0ull - 1, buffer, 9, &length), ERR_ADDRESS);
    assert_int_equal(vm_copy_in(map, BASE + 2 * P - 2, buffer, 3), ERR_ADDRESS);
    assert_int_equal(vm_copy_in(map, ~0ull - 2, buffer, 8), ERR_ADDRESS);
    assert_int_equal(vm_copy_in(map, 0xffff800000000000, buffer, 8), ERR_ADDRESS);
    assert_int_equal(vm_copy_out(map, BASE, buffer, 0, false), OK);
    assert_int_equal(vm_zero(map, BASE + P - 3, 2), OK);
    assert_int_equal(get(map, BASE + P - 2), 0);
    assert_int_equal(get(map, BASE + P - 1), 'l');
    assert_int_equal(vm_zero(map, BASE + P, ~0ull), ERR_ADDRESS);

    assert_int_equal(vm_compare_and_swap32(map, BASE + 2, 0, 1, &seen), ERR_INVALID);
    assert_int_equal(vm_compare_and_swap32(map, BASE, 0, 7, &seen), OK);
    assert_int_equal(seen, 0);
    assert_int_equal(vm_compare_and_swap32(map, BASE, 0, 8, &seen), OK);
    assert_int_equal(seen, 7);
    assert_int_equal(vm_compare_and_swap32(map, BASE + 2 * P, 0, 8, &seen), ERR_ADDRESS);

    anonymous(other, BASE, 1);
    assert_int_equal(vm_copy_between(map, BASE + P - 1, other, BASE + P - 2, 4, &done),
                     ERR_ADDRESS);
    assert_int_equal(done, 2);
    assert_int_equal(get(other, BASE + P - 2), 'l');
    assert_int_equal(get(other, BASE + P - 1), 'l');
    assert_int_equal(vm_map_protect(map, BASE, BASE + P, VM_PROT_READ, false), OK);
    assert_int_equal(vm_copy_out(map, BASE + P - 1, "xy", 2, false), ERR_PROTECTION);
    assert_int_equal(vm_compare_and_swap32(map, BASE, 0, 8, &seen), ERR_PROTECTION);
}

static void test_patching_text(void **state)
{
    struct vm_object *file;
    struct vm_map *child;

    (void)state;
    assert_int_equal(vm_object_create_anonymous(3 * P, &quota, &file), OK);
    assert_int_equal(vm_object_write(file, P, "text", 5), OK);
    /* As exec maps it (a private copy), and shared. */
    assert_int_equal(enter(map, BASE, 3, file, true, 5, VM_INHERIT_COPY), OK);
    assert_int_equal(enter(other, BASE, 3, file, false, 5, VM_INHERIT_SHARE), OK);
    assert_int_equal(vm_copy_out(map, BASE + P, "E", 1, false), ERR_PROTECTION);
    assert_int_equal(vm_copy_out(map, BASE + P, "E", 1, true), OK);
    assert_int_equal(vm_copy_out(other, BASE + P, "F", 1, true), OK);
    assert_int_equal(get(map, BASE + P), 'E');
    assert_int_equal(get(other, BASE + P), 'F');
    assert_int_equal(vm_map_fork(map, &quota, &child), OK);
    assert_int_equal(get(child, BASE + P), 'E');
    assert_int_equal(vm_copy_out(child, BASE + P, "G", 1, true), OK);
    assert_int_equal(get(map, BASE + P), 'E');
    vm_map_release(child);
    /* What is not patched still shows the file. */
    assert_int_equal(vm_object_write(file, 2 * P, "n", 1), OK);
    assert_int_equal(get(other, BASE + 2 * P), 'n');
    assert_int_equal(vm_object_write(file, P, "n", 1), OK);
    assert_int_equal(get(other, BASE + P), 'F');
    assert_int_equal(vm_fault(map, BASE + P, VM_PROT_WRITE), ERR_PROTECTION);
    assert_int_equal(vm_copy_out(map, BASE + 3 * P, "E", 1, true), ERR_ADDRESS);
    vm_object_release(file);
}

static void test_object_contents(void **state)
{
    struct vm_object *object;
    paddr_t frame;
    char c;

    (void)state;
    assert_int_equal(vm_object_create_anonymous(4 * P, &quota, &object), OK);
    assert_int_equal(enter(map, BASE, 4, object, false, RW, VM_INHERIT_SHARE), OK);
    assert_int_equal(vm_object_frame(object, P, RW, true, &frame), OK);
    *(char *)phys_to_virt(frame) = 'u';
    assert_int_equal(get(map, BASE + P), 'u');
    put(map, BASE + P, 'v');
    assert_int_equal(*(char *)phys_to_virt(frame), 'v');
    assert_int_equal(vm_object_frame(object, 1, RW, true, &frame), ERR_INVALID);
    assert_int_equal(vm_object_frame(object, 4 * P, RW, true, &frame), ERR_INVALID);
    put(map, BASE + 2 * P, 'w');
    assert_int_equal(vm_object_discard(object, 0, 4 * P), OK);
    assert_int_equal(get(map, BASE + P), 'v'); /* wired */
    assert_int_equal(get(map, BASE + 2 * P), 0);
    assert_int_equal(vm_object_discard(object, P, 4 * P), ERR_INVALID);
    assert_int_equal(vm_object_read(object, 3 * P, &c, 1), OK);
    assert_int_equal(c, 0);
    vm_object_release(object);
}

static void test_map_items(void **state)
{
    struct vm_map *third;

    (void)state;
    assert_int_equal(vm_map_create(&quota, BASE, TOP, &third), OK);
    anonymous(map, BASE, 4);
    put(map, BASE, 's');
    assert_int_equal(vm_map_share(map, BASE, other, BASE + P, 4 * P, 7, false), OK);
    assert_int_equal(get(other, BASE + P), 's');
    assert_int_equal(vm_fault(other, BASE + P, VM_PROT_EXECUTE), ERR_PROTECTION);
    assert_int_equal(vm_map_protect(other, BASE + P, BASE + 2 * P, 7, false), ERR_PROTECTION);
    assert_int_equal(vm_map_share(other, BASE + P, third, BASE, 3 * P, 1, false), OK);
    assert_int_equal(vm_map_share(other, BASE + P, third, BASE, 3 * P, 1, false), ERR_EXISTS);
    assert_int_equal(vm_map_share(third, BASE, other, BASE + 9 * P, P, 2, false), ERR_PROTECTION);
    assert_int_equal(vm_map_share(third, BASE, other, BASE + 9 * P, 4 * P, 1, false), ERR_ADDRESS);
    put(map, BASE + 2 * P, 't');
    assert_int_equal(get(third, BASE + 2 * P), 't');
    /* The second page goes everywhere, from the middle of all entries. */
    assert_int_equal(vm_map_unmap_children(map, BASE + P, BASE + 2 * P, false), OK);
    assert_int_equal(vm_fault(other, BASE + 2 * P, 1), ERR_ADDRESS);
    assert_int_equal(vm_fault(third, BASE + P, 1), ERR_ADDRESS);
    assert_int_equal(get(third, BASE + 2 * P), 't');
    assert_int_equal(get(map, BASE + P), 0);
    /* Granted on, it is still the source's. */
    assert_int_equal(vm_map_share(other, BASE + P, other, BASE + 20 * P, P, 3, true), OK);
    assert_int_equal(vm_fault(other, BASE + P, 1), ERR_ADDRESS);
    put(other, BASE + 20 * P, 'g');
    assert_int_equal(get(third, BASE), 'g');
    assert_int_equal(vm_map_remove(map, BASE, BASE + 2 * P), OK);
    assert_int_equal(vm_fault(other, BASE + 20 * P, 1), ERR_ADDRESS);
    assert_int_equal(vm_fault(third, BASE, 1), ERR_ADDRESS);
    vm_map_release(map);
    assert_int_equal(other->count, 0);
    assert_int_equal(third->count, 0);
    map = third;
}

/* Wiring makes pages private without a fault: the old ones must not stay mapped. */
static void test_wiring_a_copy(void **state)
{
    struct vm_map *child;

    (void)state;
    anonymous(map, BASE, 2);
    put(map, BASE, 'p');
    assert_int_equal(vm_map_fork(map, &quota, &child), OK);
    assert_int_equal(get(child, BASE), 'p');
    assert_int_equal(vm_map_wire(child, BASE, BASE + 2 * P, true), OK);
    assert_int_equal(vm_pages_wired, 2);
    assert_int_equal(vm_map_share(child, BASE, other, BASE, P, RW, false), OK);
    put(other, BASE, 'w');
    assert_int_equal(get(child, BASE), 'w');
    assert_int_equal(get(map, BASE), 'p');
    assert_int_equal(vm_copy_out(child, BASE, "x", 1, true), OK);
    assert_int_equal(vm_map_wire(child, BASE, BASE + P, false), OK);
    assert_int_equal(vm_pages_wired, 1);
    assert_int_equal(vm_map_wire(child, BASE, BASE + 3 * P, true), ERR_ADDRESS);
    vm_map_release(child);
    assert_int_equal(vm_pages_wired, 0);
}

static void test_quota(void **state)
{
    struct quota small = {0, 64 * 1024};
    struct vm_map *poor;
    enum status s = OK;
    int pages = 0;

    (void)state;
    assert_int_equal(vm_map_create(&small, BASE, TOP, &poor), OK);
    anonymous(poor, BASE, 100);
    while (pages < 100 && s == OK) {
        s = vm_fault(poor, BASE + pages * P, VM_PROT_WRITE);
        pages += s == OK;
    }
    assert_int_equal(s, ERR_NO_MEMORY);
    assert_in_range(pages, 10, 15);
    assert_true(small.used <= small.limit);
    assert_int_equal(vm_map_remove(poor, BASE, BASE + P), OK);
    assert_int_equal(vm_fault(poor, BASE + 50 * P, VM_PROT_WRITE), OK);
    vm_map_release(poor);
    assert_int_equal(small.used, 0);
}

/* Something of everything; the first failure ends it. */
static enum status all_sorts(struct vm_map *a, struct vm_map *b)
{
    struct vm_map *child;
    uint64_t at = BASE + 100 * P;
    enum status s = enter(a, BASE, 10, NULL, false, RW, VM_INHERIT_COPY);

    for (int i = 0; s == OK && i < 10; i++)
        s = vm_copy_out(a, BASE + i * P, "x", 1, false);
    if (s == OK)
        s = vm_map_inherit(a, BASE + P, BASE + 2 * P, VM_INHERIT_SHARE);
    if (s == OK)
        s = vm_map_share(a, BASE + 3 * P, b, BASE, 4 * P, 7, false);
    if (s == OK)
        s = vm_map_share(b, BASE, b, BASE + 10 * P, 4 * P, 7, false);
    if (s == OK)
        s = vm_map_unmap_children(a, BASE + 4 * P, BASE + 5 * P, false);
    if (s == OK)
        s = vm_map_copy_new(a, BASE, b, &at, 10 * P, true, RW);
    if (s == OK)
        s = vm_map_copy_range(a, BASE, b, at + 2 * P, 3 * P);
    if (s == OK)
        s = vm_map_wire(a, BASE + 8 * P, BASE + 9 * P, true);
    if (s == OK)
        s = vm_map_fork(a, &quota, &child);
    if (s != OK)
        return s;
    s = vm_copy_out(child, BASE + 5 * P, "y", 1, false);
    if (s == OK)
        s = vm_map_share(b, BASE, child, BASE + 50 * P, P, 7, true);
    if (s == OK)
        s = vm_map_remove(a, BASE + 3 * P, BASE + 4 * P);
    if (s == OK)
        s = vm_map_protect(a, BASE, BASE + P, VM_PROT_READ, true);
    if (s == OK)
        s = vm_copy_out(a, BASE, "z", 1, true);
    vm_map_release(child);
    return s;
}

/* Each allocation in turn fails: nothing leaks, nothing breaks, and it works afterwards. */
static void test_memory_runs_out(void **state)
{
    enum status s = ERR_NO_MEMORY;
    long n;

    (void)state;
    for (n = 0; s != OK; n++) {
        fake_fail_after = n;
        s = all_sorts(map, other);
        fake_fail_after = -1;
        assert_true(s == OK || s == ERR_NO_MEMORY);
        vm_map_release(map);
        vm_map_release(other);
        assert_int_equal(quota.used, 0);
        assert_int_equal(frame_free_count(), frames_before);
        assert_int_equal(vm_map_create(&quota, BASE, TOP, &map), OK);
        assert_int_equal(vm_map_create(&quota, BASE, TOP, &other), OK);
    }
    assert_true(n > 50);
}

static void test_region_and_statistics(void **state)
{
    struct vm_map_statistics statistics;
    struct vm_region r;
    uint64_t version = map->version;

    (void)state;
    assert_int_equal(vm_map_region(map, BASE, &r), ERR_ADDRESS);
    anonymous(map, BASE + P, 4);
    assert_true(map->version != version);
    assert_int_equal(vm_map_protect(map, BASE + 2 * P, BASE + 3 * P, 1, false), OK);
    assert_int_equal(vm_map_region(map, 0, &r), OK);
    assert_int_equal(r.start, BASE + P);
    assert_int_equal(r.end, BASE + 2 * P);
    assert_int_equal(vm_map_region(map, BASE + 2 * P + 5, &r), OK);
    assert_int_equal(r.prot, 1);
    assert_int_equal(r.max_prot, 7);
    assert_int_equal(vm_map_region(map, BASE + 5 * P, &r), ERR_ADDRESS);
    assert_int_equal(vm_fault(map, BASE + 3 * P, 1), OK);
    vm_map_statistics(map, &statistics);
    assert_int_equal(statistics.size, 4 * P);
    assert_int_equal(statistics.entries, 3);
    assert_int_equal(statistics.resident, 1);
}

static enum status enter_barred(struct vm_map *m, uint64_t at, uint64_t pages)
{
    return vm_map_enter(m, &at, pages * P, 0, false, NULL, 0, false, VM_PROT_NONE, VM_PROT_NONE,
                        VM_INHERIT_COPY);
}

/* What makes entries keeps to the limit; what is never accessed is not counted. */
static void test_limit(void **state)
{
    struct vm_map *child;
    uint64_t at = BASE;

    (void)state;
    assert_int_equal(map->limit, TOP - BASE);
    assert_int_equal(map->max_limit, TOP - BASE);
    assert_int_equal(vm_map_set_limit(map, 5 * P, 4 * P), ERR_INVALID);
    assert_int_equal(vm_map_set_limit(map, 4 * P, 8 * P), OK);
    anonymous(map, BASE, 3);
    assert_int_equal(enter(map, BASE + 8 * P, 2, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);
    assert_int_equal(enter(map, BASE + 3 * P, 2, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);
    assert_int_equal(map->size, 3 * P);
    anonymous(map, BASE + 3 * P, 1); /* grows the entry */
    assert_int_equal(map->count, 1);
    assert_int_equal(enter(map, BASE + 8 * P, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);
    assert_int_equal(enter(map, BASE, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_EXISTS);
    assert_int_equal(vm_map_copy_new(map, BASE, map, &at, P, true, RW), ERR_NO_SPACE);
    assert_int_equal(vm_map_share(map, BASE, map, BASE + 8 * P, P, RW, false), ERR_NO_SPACE);

    /* Splits count nothing twice; room comes back. */
    assert_int_equal(vm_map_protect(map, BASE + P, BASE + 2 * P, VM_PROT_READ, false), OK);
    assert_int_equal(enter(map, BASE + 8 * P, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);
    assert_int_equal(vm_map_remove(map, BASE + 3 * P, BASE + 4 * P), OK);
    assert_int_equal(vm_map_copy_new(map, BASE, map, &at, P, true, RW), OK);
    assert_int_equal(vm_map_remove(map, at, at + P), OK);

    /* Never to be accessed: at once, grown, or from now on. */
    assert_int_equal(enter_barred(map, BASE + 16 * P, 100), OK);
    assert_int_equal(enter_barred(map, BASE + 116 * P, 100), OK);
    anonymous(map, BASE + 3 * P, 1);
    assert_int_equal(vm_map_protect(map, BASE, BASE + P, VM_PROT_NONE, false), OK);
    assert_int_equal(enter(map, BASE + 8 * P, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);
    assert_int_equal(vm_map_protect(map, BASE, BASE + P, VM_PROT_NONE, true), OK);
    assert_int_equal(vm_map_protect(map, BASE, BASE + P, VM_PROT_NONE, true), OK);
    anonymous(map, BASE + 8 * P, 1);
    assert_int_equal(enter(map, BASE + 9 * P, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);
    assert_int_equal(vm_map_remove(map, BASE, BASE + P), OK);
    assert_int_equal(vm_map_remove(map, BASE + 20 * P, BASE + 30 * P), OK);
    assert_int_equal(enter(map, BASE + 9 * P, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_SPACE);

    /* Below what is there nothing more comes in, but a fork is as large as its parent. */
    assert_int_equal(vm_map_set_limit(map, P, 8 * P), OK);
    assert_int_equal(vm_map_fork(map, &quota, &child), OK);
    assert_int_equal(child->limit, P);
    assert_int_equal(child->max_limit, 8 * P);
    assert_int_equal(child->size, map->size);
    assert_int_equal(enter(child, BASE + 9 * P, 1, NULL, false, RW, VM_INHERIT_COPY),
                     ERR_NO_SPACE);
    vm_map_release(child);
    assert_int_equal(vm_map_remove(map, BASE, TOP), OK);
    assert_int_equal(map->size, 0);
    assert_int_equal(map->uncounted, 0);
    anonymous(map, BASE, 1);
}

/* A mapping for which there is no memory counts nothing. */
static void test_limit_of_failed_maps(void **state)
{
    enum status s = ERR_NO_MEMORY;
    uint64_t at = BASE;

    (void)state;
    assert_int_equal(vm_map_set_limit(map, P, P), OK);
    fake_fail_after = 0;
    assert_int_equal(enter(map, BASE, 1, NULL, false, RW, VM_INHERIT_COPY), ERR_NO_MEMORY);
    fake_fail_after = -1;
    assert_int_equal(map->size, 0);
    anonymous(other, BASE, 1);
    put(other, BASE, 'a');
    for (long n = 0; s != OK; n++) {
        fake_fail_after = n;
        s = vm_map_copy_new(other, BASE, map, &at, P, false, RW);
        fake_fail_after = -1;
        assert_int_equal(s, n ? OK : ERR_NO_MEMORY);
        assert_int_equal(map->size, n ? P : 0);
    }
    assert_int_equal(get(map, BASE), 'a');
}

/* Many entries in the tree, put in and taken out in disorder. */
static void test_many_entries(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1500; i++)
        anonymous(map, BASE + (i * 701 % 1500) * 2 * P, 1);
    assert_int_equal(map->count, 1500);
    assert_true(map->root->height <= 15);
    for (uint64_t i = 0; i < 1500; i++) {
        assert_int_equal(vm_fault(map, BASE + i * 2 * P, 1), OK);
        assert_int_equal(vm_fault(map, BASE + (i * 2 + 1) * P, 1), ERR_ADDRESS);
    }
    for (uint64_t i = 0; i < 1400; i++) {
        uint64_t at = BASE + (i * 907 % 1500) * 2 * P;

        assert_int_equal(vm_map_remove(map, at, at + P), OK);
        assert_int_equal(vm_fault(map, at, 1), ERR_ADDRESS);
    }
    assert_int_equal(map->count, 100);
    assert_true(map->root->height <= 9);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_arguments),
        TEST(test_place),
        TEST(test_heap_grows_in_place),
        TEST(test_fork_copies_what_is_written),
        TEST(test_work_per_fault_is_bounded),
        TEST(test_collapse_looks_at_each_page_once),
        TEST(test_chain_stays_short),
        TEST(test_pager),
        TEST(test_physical),
        TEST(test_copies),
        TEST(test_patching_text),
        TEST(test_object_contents),
        TEST(test_map_items),
        TEST(test_wiring_a_copy),
        TEST(test_quota),
        TEST(test_memory_runs_out),
        TEST(test_region_and_statistics),
        TEST(test_limit),
        TEST(test_limit_of_failed_maps),
        TEST(test_many_entries),
    };

    fake_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
