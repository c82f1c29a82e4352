/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says, on the console. */
#ifndef L4K_KERN_LOG_H
#define L4K_KERN_LOG_H

#include <stdarg.h>

/* One call prints at most this many characters; more is cut. */
#define LOG_LINE 512

void kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void kvprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
