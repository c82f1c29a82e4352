/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes: waiting on a word of client memory. */
#ifndef PERSONALITY_SERVER_FUTEX_H
#define PERSONALITY_SERVER_FUTEX_H

#include "personality/server/memory.h"

void futex_start(void);
/* Wakes up to n waiters on the word of this memory; how many it woke. */
unsigned futex_wake(struct mm *mm, uint64_t addr, unsigned n);

#endif
