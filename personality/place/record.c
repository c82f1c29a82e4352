/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of a user placement: pieces of host_memory(), freed ones chained. */
#include "personality/place/record.h"

#include "l4k/abi/layout.h"
#include "l4k/lib/string.h"
#include "personality/server/host.h"

union record {
    union record *next;
    char bytes[RECORD_SIZE];
};

static union record *free_records;

void *record_alloc(void)
{
    union record *r = free_records;

    if (!r) {
        union record *page = host_memory(PAGE_SIZE);

        if (!page)
            return NULL;
        for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i++) {
            page[i].next = free_records;
            free_records = &page[i];
        }
        r = free_records;
    }
    free_records = r->next;
    memset(r, 0, sizeof(*r));
    return r;
}

void record_free(void *p)
{
    union record *r = p;

    r->next = free_records;
    free_records = r;
}
