/* SPDX-License-Identifier: BSD-2-Clause */
/* Included before anything else by host_lib and what it tests: gives the functions of l4k/lib names
 * of their own, and keeps the C library's as ref_*. */
#ifndef L4K_LIB_TEST_RENAME_H
#define L4K_LIB_TEST_RENAME_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static inline int ref_memcmp(const void *a, const void *b, size_t n)
{
    return memcmp(a, b, n);
}

static inline int ref_strncmp(const char *a, const char *b, size_t n)
{
    return strncmp(a, b, n);
}

static inline size_t ref_strnlen(const char *s, size_t max)
{
    return strnlen(s, max);
}

static inline int ref_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    return vsnprintf(buf, size, fmt, ap);
}

#define memcpy l4k_memcpy
#define memmove l4k_memmove
#define memset l4k_memset
#define memcmp l4k_memcmp
#define strlen l4k_strlen
#define strnlen l4k_strnlen
#define strcmp l4k_strcmp
#define strncmp l4k_strncmp
#define snprintf l4k_snprintf
#define vsnprintf l4k_vsnprintf

#endif
