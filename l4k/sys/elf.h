/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading the root task's program: a static ELF64 at fixed addresses. */
#ifndef L4K_SYS_ELF_H
#define L4K_SYS_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/status.h"

struct vm_map;

/* Maps the segments of the image into `map` and tells the entry point. ERR_INVALID: no such ELF, or
 * a field that leaves the image; else what the map operations say. */
enum status elf_load(const void *image, size_t size, struct vm_map *map, uint64_t *entry);

#endif
