/* SPDX-License-Identifier: BSD-2-Clause */
/* The initramfs: cpio archives in the "newc" form (Linux: Documentation/driver-api/early-userspace/
 * buffer-format.rst). */
#ifndef PERSONALITY_SERVER_CPIO_H
#define PERSONALITY_SERVER_CPIO_H

#include <stddef.h>

/* Puts the archive's files into the root directory. File content is not copied: `data` must stay.
 * NULL on success; else what is wrong, and all entries before that are there. */
const char *cpio_unpack(const void *data, size_t size);

#endif
