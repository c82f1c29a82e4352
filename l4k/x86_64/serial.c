/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: COM1. Output is polled, input announces itself by IRQ 4. */
#include "l4k/x86_64/serial.h"

#include <stdbool.h>

#include "l4k/x86_64/cpu.h"

#define COM1 0x3f8
#define DATA (COM1 + 0)          /* with DLAB: divisor, low byte */
#define INTERRUPT_ENABLE (COM1 + 1) /* with DLAB: divisor, high byte */
#define FIFO_CONTROL (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define MODEM_CONTROL (COM1 + 4)
#define LINE_STATUS (COM1 + 5)

#define LSR_DATA_READY 0x01
#define LSR_TRANSMIT_EMPTY 0x20

#define TRANSMIT_TRIES 1000000

static bool present;

void serial_init(void)
{
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, 0x80); /* DLAB */
    outb(DATA, 1);            /* 115200 baud */
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, 0x03);  /* 8N1 */
    outb(FIFO_CONTROL, 0xc7);  /* on, cleared, 14 bytes */
    outb(MODEM_CONTROL, 0x0b); /* DTR, RTS, OUT2 (the interrupt line) */
    present = inb(LINE_STATUS) != 0xff;
}

void uart_putc(char c)
{
    int tries = TRANSMIT_TRIES;

    if (!present)
        return;
    while (!(inb(LINE_STATUS) & LSR_TRANSMIT_EMPTY)) {
        if (--tries == 0) {
            present = false;
            return;
        }
    }
    outb(DATA, (uint8_t)c);
}

void serial_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            uart_putc('\r');
        uart_putc(text[i]);
    }
}

int uart_getc(void)
{
    return present && inb(LINE_STATUS) & LSR_DATA_READY ? inb(DATA) : -1;
}

void serial_enable_input(void)
{
    outb(INTERRUPT_ENABLE, 0x01);
}
