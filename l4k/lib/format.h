/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted output into a buffer: the integer and string part of C's printf.
 *
 * Conversions d i u x X o p c s %, flags - 0 + space #, width and precision (also *), lengths
 * hh h l ll j z t. No floating point, no %n. An unknown conversion is copied as it stands. */
#ifndef L4K_LIB_FORMAT_H
#define L4K_LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* At most `size` bytes, the terminating NUL included (nothing at all when `size` is 0); returns
 * the length that the whole text has. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
