/* SPDX-License-Identifier: BSD-2-Clause */
/* Capability slots of the server's task, and the small records that go with them. */
#include "l4k/lib/string.h"
#include "personality/place/l4_user/l4_user.h"

#define SLOTS_MAX 65535u

static uint32_t next_slot = CAP_FREE;
static uint16_t free_slots[SLOTS_MAX];
static uint32_t free_count;

uint32_t slot_alloc(void)
{
    if (free_count)
        return free_slots[--free_count];
    return next_slot < SLOTS_MAX ? next_slot++ : 0;
}

/* Also when the slot is empty. */
void slot_free(uint32_t slot)
{
    if (!slot)
        return;
    if (l4_do(CAP_TASK, TASK_CAP_DELETE, slot, 0, 0, 0) != OK)
        host_panic("capability slot");
    free_slots[free_count++] = (uint16_t)slot;
}

_Static_assert(sizeof(struct host_space) <= RECORD_SIZE && sizeof(struct host_thread) <= RECORD_SIZE,
               "the records that there are");
