/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: COM1, a 16550, 115200 8N1. */
#ifndef L4K_X86_64_SERIAL_H
#define L4K_X86_64_SERIAL_H

#include <stddef.h>

#define SERIAL_IRQ 4

void serial_init(void);

/* Writes one byte as it is, after the ones before it have gone. A line that never takes a byte is
 * given up: no console, no hang. */
void uart_putc(char c);

/* Writes text, each '\n' as "\r\n". */
void serial_write(const char *text, size_t len);

/* The next byte received, or -1. IRQ 4 tells that there is one, once serial_enable_input() was
 * called (and the line unmasked). */
int uart_getc(void);
void serial_enable_input(void);

#endif
