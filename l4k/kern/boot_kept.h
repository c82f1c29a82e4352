/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader told, kept for those who ask later. */
#ifndef L4K_KERN_BOOT_KEPT_H
#define L4K_KERN_BOOT_KEPT_H

#include "l4k/x86_64/boot.h"

extern struct boot_info boot_info_kept;

#endif
