/* SPDX-License-Identifier: BSD-2-Clause */
/* Prediction and learning in one step, since outcomes are known when a branch is looked at. */
#include "bench/model/branch.h"

#include <stdlib.h>
#include <string.h>

#include "bench/model/decode.h"

bool branch_init(struct branch *branch, const struct machine *machine)
{
    memset(branch, 0, sizeof(*branch));
    branch->ways = machine->btb_ways;
    branch->sets = machine->btb_entries / machine->btb_ways;
    branch->stack_size = machine->return_stack;
    branch->entries = calloc(machine->btb_entries, sizeof(*branch->entries));
    if (!machine->history_bits)
        return branch->entries;
    branch->history_mask = (UINT64_C(1) << machine->history_bits) - 1;
    branch->patterns = malloc(branch->history_mask + 1);
    if (branch->patterns)
        memset(branch->patterns, 1, branch->history_mask + 1);
    return branch->entries && branch->patterns;
}

void branch_free(struct branch *branch)
{
    free(branch->entries);
    free(branch->patterns);
}

static void learn(uint8_t *counter, bool taken)
{
    if (taken && *counter < 3)
        ++*counter;
    else if (!taken && *counter > 0)
        --*counter;
}

/* The entry of a branch, moved to the front of its set; NULL if there is none. */
static struct branch_entry *find(struct branch *branch, uint64_t addr)
{
    struct branch_entry *set = branch->entries + (addr & (branch->sets - 1)) * branch->ways, found;

    for (unsigned int i = 0; i < branch->ways; i++) {
        if (set[i].addr != addr + 1)
            continue;
        found = set[i];
        memmove(set + 1, set, i * sizeof(*set));
        set[0] = found;
        return set;
    }
    return NULL;
}

static void enter(struct branch *branch, uint64_t addr, uint64_t target)
{
    struct branch_entry *set = branch->entries + (addr & (branch->sets - 1)) * branch->ways;

    memmove(set + 1, set, (branch->ways - 1) * sizeof(*set));
    set[0] = (struct branch_entry){ addr + 1, target, 3 };
}

/* By the target buffer alone, or with the history's counters for conditional branches. */
static bool predicted_by_buffer(struct branch *branch, uint64_t addr, uint16_t flags,
                                uint64_t target, bool taken)
{
    struct branch_entry *entry = find(branch, addr);
    bool conditional = flags & D_CONDITIONAL, guess = entry && entry->counter >= 2, good;

    if (conditional && branch->patterns) {
        uint8_t *counter = &branch->patterns[(addr ^ branch->history) & branch->history_mask];

        guess = entry && *counter >= 2;
        learn(counter, taken);
        branch->history = branch->history << 1 | taken;
    }
    good = guess == taken && (!taken || entry->target == target);
    if (entry) {
        learn(&entry->counter, taken);
        if (taken)
            entry->target = target;
    } else if (taken) {
        enter(branch, addr, target);
    }
    return good;
}

bool branch_predicted(struct branch *branch, uint64_t addr, unsigned int length, uint16_t flags,
                      uint64_t target)
{
    bool taken = !(flags & D_CONDITIONAL) || target != addr + length;

    if (flags & D_RETURN && branch->stack_size) {
        if (!branch->depth)
            return false;
        branch->depth--;
        return branch->stack[branch->depth % branch->stack_size] == target;
    }
    if (flags & D_CALL && branch->stack_size) {
        branch->stack[branch->depth % branch->stack_size] = addr + length;
        branch->depth++;
    }
    return predicted_by_buffer(branch, addr, flags, target, taken);
}
