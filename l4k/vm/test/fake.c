/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames and kernel memory of the host tests. */
#include "l4k/vm/test/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

#include "l4k/lib/assert.h"
#include "l4k/vm/vm_page.h"

char *fake_memory;
long fake_fail_after = -1;

static paddr_t free_frames[FAKE_FRAMES];
static size_t free_count;
bool fake_is_free[FAKE_FRAMES + FAKE_MODULE_FRAMES];
static size_t in_use;

void assert_fail(const char *file, int line, const char *text)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, text);
    abort();
}

bool fake_fails(void)
{
    if (fake_fail_after < 0)
        return false;
    if (fake_fail_after == 0)
        return true;
    fake_fail_after--;
    return false;
}

/* --- frames: a freed one is poisoned --- */

paddr_t frame_alloc(void)
{
    paddr_t pa;

    if (free_count == 0 || fake_fails())
        return 0;
    pa = free_frames[--free_count];
    fake_is_free[pa / PAGE_SIZE] = false;
    ASAN_UNPOISON_MEMORY_REGION(fake_memory + pa, PAGE_SIZE);
    memset(fake_memory + pa, 0xa5, PAGE_SIZE);
    return pa;
}

void frame_free(paddr_t pa)
{
    assert(pa && pa < FAKE_MODULE && pa % PAGE_SIZE == 0 && !fake_is_free[pa / PAGE_SIZE]);
    fake_check_unmapped(pa);
    fake_is_free[pa / PAGE_SIZE] = true;
    free_frames[free_count++] = pa;
    ASAN_POISON_MEMORY_REGION(fake_memory + pa, PAGE_SIZE);
}

size_t frame_free_count(void)
{
    return free_count;
}

/* --- kernel memory --- */

void *kmem_alloc(size_t size, struct quota *payer)
{
    void *p;

    assert(size > 0 && size <= PAGE_SIZE);
    if (fake_fails() || !vm_charge(payer, size))
        return NULL;
    in_use += size;
    p = calloc(1, size);
    assert(p);
    return p;
}

void kmem_free(void *p, size_t size, struct quota *payer)
{
    if (!p)
        return;
    in_use -= size;
    vm_uncharge(payer, size);
    free(p);
}

size_t kmem_in_use(void)
{
    return in_use;
}

/* --- all of it --- */

void fake_init(void)
{
    size_t size = (size_t)(FAKE_FRAMES + FAKE_MODULE_FRAMES) * PAGE_SIZE;
    enum status s;

    fake_memory = aligned_alloc(PAGE_SIZE, size);
    assert(fake_memory);
    memset(fake_memory, 0xee, size);
    for (size_t i = FAKE_FRAMES - 1; i > 0; i--) {
        fake_is_free[i] = true;
        free_frames[free_count++] = i * PAGE_SIZE;
    }
    ASAN_POISON_MEMORY_REGION(fake_memory, FAKE_MODULE);
    pmap_init();
    s = vm_page_init(FAKE_FRAMES);
    assert(s == OK);
    for (paddr_t pa = PAGE_SIZE; pa < FAKE_MODULE + FAKE_MODULE_FRAMES * PAGE_SIZE;
         pa += PAGE_SIZE)
        assert(vm_page_of_frame_make(pa)); /* table memory is not a leak */
}
