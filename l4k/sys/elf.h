/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading a boot program: a static ELF64 at fixed addresses. */
#ifndef L4K_SYS_ELF_H
#define L4K_SYS_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/status.h"

struct vm_map;

/* Why the image can't be loaded, in a few words; NULL: its header is well. */
const char *elf_unfit(const void *image, size_t size);

/* Maps the segments of the image into `map` and tells the entry point. ERR_INVALID: elf_unfit(), or a
 * field that leaves the image; else what the map operations say. */
enum status elf_load(const void *image, size_t size, struct vm_map *map, uint64_t *entry);

#endif
