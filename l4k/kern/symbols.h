/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the kernel's functions, for backtraces. */
#ifndef L4K_KERN_SYMBOLS_H
#define L4K_KERN_SYMBOLS_H

#include <stdint.h>

/* The function that contains `addr`, and how far into it that is; NULL when it is none of ours. */
const char *symbol_name(uint64_t addr, uint64_t *offset);

#endif
