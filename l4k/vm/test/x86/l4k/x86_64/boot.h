/* SPDX-License-Identifier: BSD-2-Clause */
/* What pmap.c wants of boot.h. */
#ifndef L4K_X86_64_BOOT_H
#define L4K_X86_64_BOOT_H

#include <stdint.h>

extern uint64_t kernel_pml4[512];

#endif
