/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding a file in a cpio archive ("newc" format, as Linux's initramfs): the boot archive. */
#ifndef L4K_LIB_ARCHIVE_H
#define L4K_LIB_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

/* The contents of the first file called `name`; false when there is none or the archive is damaged
 * before it. */
bool archive_find(const void *archive, size_t size, const char *name, const void **data,
                  size_t *length);

#endif
