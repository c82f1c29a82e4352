/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers for what must differ from run to run (AT_RANDOM, getrandom).
 *
 * A generator (SplitMix64) that is stirred with the TSC at each call and, where the CPU has it, with
 * RDRAND. Without RDRAND this is no source for keys. */
#ifndef L4K_KERN_ENTROPY_H
#define L4K_KERN_ENTROPY_H

#include <stdint.h>

uint64_t entropy_next(void);

#endif
