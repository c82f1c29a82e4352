/* SPDX-License-Identifier: BSD-2-Clause */
/* The two 8259 interrupt controllers (Intel 8259A data sheet). */
#include "l4k/x86_64/pic.h"

#include <stdint.h>

#include "l4k/x86_64/cpu.h"

#define MASTER 0x20 /* command; data is the next port */
#define SLAVE 0xa0
#define CASCADE 2

#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define OCW3_READ_ISR 0x0b

static uint16_t masked = 0xffff & ~(1 << CASCADE);

static void write_masks(void)
{
    outb(MASTER + 1, (uint8_t)masked);
    outb(SLAVE + 1, (uint8_t)(masked >> 8));
}

static void init_one(uint16_t port, uint8_t vector, uint8_t cascade)
{
    outb(port, ICW1_INIT_ICW4);
    outb(port + 1, vector);
    outb(port + 1, cascade);
    outb(port + 1, ICW4_8086);
}

void pic_init(void)
{
    init_one(MASTER, PIC_VECTOR, 1 << CASCADE);
    init_one(SLAVE, PIC_VECTOR + 8, CASCADE);
    write_masks();
}

void pic_mask(unsigned irq)
{
    masked |= (uint16_t)(1u << irq);
    write_masks();
}

void pic_unmask(unsigned irq)
{
    masked &= (uint16_t)~(1u << irq);
    write_masks();
}

void pic_eoi(unsigned irq)
{
    if (irq >= 8)
        outb(SLAVE, OCW2_EOI);
    outb(MASTER, OCW2_EOI);
}

bool pic_spurious(unsigned irq)
{
    uint16_t port = irq >= 8 ? SLAVE : MASTER;

    if (irq % 8 != 7)
        return false;
    outb(port, OCW3_READ_ISR);
    if (inb(port) & 0x80)
        return false;
    if (irq >= 8)
        outb(MASTER, OCW2_EOI);
    return true;
}
