/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's last word: a broken invariant, a fault in the kernel. */
#ifndef L4K_KERN_PANIC_H
#define L4K_KERN_PANIC_H

#include "l4k/x86_64/frame.h"

/* Prints the message after LOG_PANIC, a backtrace of the caller, and resets the machine. */
void panic(const char *fmt, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

/* The same for a trap: prints its registers, CR2 and CR3, and the backtrace of what was
 * interrupted. */
void panic_frame(const struct frame *f, const char *fmt, ...)
    __attribute__((noreturn, cold, format(printf, 2, 3)));

#endif
