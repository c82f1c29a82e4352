/* SPDX-License-Identifier: BSD-2-Clause */
/* Translations by set of their page number; a page's size is found by trying. */
#include "bench/model/tlb.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t shifts[] = { 12, 21, 22, 30 };

#define N_SHIFTS (sizeof(shifts) / sizeof(shifts[0]))

static bool array_init(struct tlb_array *array, uint64_t entries, uint64_t ways)
{
    if (!entries)
        return true;
    array->ways = ways;
    array->sets = entries / ways;
    array->entries = calloc(entries, sizeof(*array->entries));
    return array->entries;
}

bool tlb_init(struct tlb *tlb, const struct tlb_config *config)
{
    memset(tlb, 0, sizeof(*tlb));
    return array_init(&tlb->small, config->entries, config->ways) &&
           array_init(&tlb->large, config->large_entries, config->large_ways);
}

void tlb_free(struct tlb *tlb)
{
    free(tlb->small.entries);
    free(tlb->large.entries);
    memset(tlb, 0, sizeof(*tlb));
}

static struct tlb_array *array_of(struct tlb *tlb, uint8_t shift)
{
    return shift > SMALL_SHIFT && tlb->large.entries ? &tlb->large : &tlb->small;
}

static struct translation *set_of(struct tlb_array *array, uint64_t page)
{
    return array->entries + (page & (array->sets - 1)) * array->ways;
}

static bool matches(const struct translation *t, uint64_t page, uint8_t shift, uint16_t space)
{
    return t->page == page && t->shift == shift && (t->global || t->space == space);
}

static const struct translation *find_size(struct tlb *tlb, uint64_t vaddr, uint8_t shift,
                                           uint16_t space)
{
    struct tlb_array *array = array_of(tlb, shift);
    struct translation *set = set_of(array, vaddr >> shift), found;

    for (unsigned int i = 0; i < array->ways; i++) {
        if (!matches(&set[i], vaddr >> shift, shift, space))
            continue;
        if (i) {
            found = set[i];
            memmove(set + 1, set, i * sizeof(*set));
            set[0] = found;
        }
        return set;
    }
    return NULL;
}

const struct translation *tlb_find(struct tlb *tlb, uint64_t vaddr, uint16_t space)
{
    const struct translation *found = NULL;

    for (unsigned int i = 0; i < N_SHIFTS && !found; i++)
        found = find_size(tlb, vaddr, shifts[i], space);
    return found;
}

void tlb_fill(struct tlb *tlb, const struct translation *translation)
{
    struct tlb_array *array = array_of(tlb, translation->shift);
    struct translation *set = set_of(array, translation->page);

    memmove(set + 1, set, (array->ways - 1) * sizeof(*set));
    set[0] = *translation;
}

/* A hole in a set is filled from behind, so that holes go first when a page comes in. */
static void drop(struct tlb_array *array, uint64_t set, unsigned int way)
{
    struct translation *first = array->entries + set * array->ways;

    memmove(first + way, first + way + 1, (array->ways - way - 1) * sizeof(*first));
    memset(first + array->ways - 1, 0, sizeof(*first));
}

static void flush_array(struct tlb_array *array, bool keep_global, bool one_space, uint16_t space)
{
    for (uint64_t set = 0; array->entries && set < array->sets; set++) {
        for (unsigned int i = array->ways; i-- > 0;) {
            const struct translation *t = &array->entries[set * array->ways + i];

            if (t->shift && !(keep_global && t->global) && !(one_space && t->space != space))
                drop(array, set, i);
        }
    }
}

void tlb_flush(struct tlb *tlb, bool keep_global)
{
    flush_array(&tlb->small, keep_global, false, 0);
    flush_array(&tlb->large, keep_global, false, 0);
}

void tlb_flush_space(struct tlb *tlb, uint16_t space)
{
    flush_array(&tlb->small, true, true, space);
    flush_array(&tlb->large, true, true, space);
}

void tlb_flush_page(struct tlb *tlb, uint64_t vaddr, uint16_t space)
{
    for (unsigned int s = 0; s < N_SHIFTS; s++) {
        struct tlb_array *array = array_of(tlb, shifts[s]);
        uint64_t page = vaddr >> shifts[s], set = page & (array->sets - 1);

        for (unsigned int i = array->ways; i-- > 0;)
            if (matches(&array->entries[set * array->ways + i], page, shifts[s], space))
                drop(array, set, i);
    }
}
