/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests on the host: the physical map where a user process can map memory. */
#ifndef L4K_KERN_TEST_LAYOUT_H
#define L4K_KERN_TEST_LAYOUT_H

#include_next "l4k/abi/layout.h"

#undef PHYS_MAP_BASE
#define PHYS_MAP_BASE 0x0000200000000000

#endif
