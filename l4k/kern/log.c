/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says, on the console. */
#include "l4k/kern/log.h"

#include "l4k/lib/format.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/serial.h"

void kvprintf(const char *fmt, va_list ap)
{
    char line[LOG_LINE];

    vsnprintf(line, sizeof(line), fmt, ap);
    serial_write(line, strlen(line));
}

void kprintf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    kvprintf(fmt, ap);
    va_end(ap);
}
