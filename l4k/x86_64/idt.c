/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt descriptor table. */
#include "l4k/x86_64/idt.h"

#include <stdint.h>

#include "l4k/lib/assert.h"
#include "l4k/x86_64/gdt.h"

/* SDM 3A 6.14.1. */
struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

_Static_assert(sizeof(struct gate) == 16, "SDM 3A figure 6-8");

#define GATE_INTERRUPT 0x8e /* present, 64-bit interrupt gate */

static struct gate idt[256] __attribute__((aligned(16)));

void idt_set(unsigned vector, void (*handler)(void), unsigned dpl, unsigned ist)
{
    uint64_t offset = (uint64_t)handler;

    assert(vector < 256 && dpl <= 3 && ist <= IST_COUNT);
    idt[vector] = (struct gate){
        .offset_low = (uint16_t)offset,
        .selector = KERNEL_CS,
        .ist = (uint8_t)ist,
        .type = (uint8_t)(GATE_INTERRUPT | dpl << 5),
        .offset_mid = (uint16_t)(offset >> 16),
        .offset_high = (uint32_t)(offset >> 32),
    };
}

void idt_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uint64_t)idt};

    __asm__ volatile("lidt %0" : : "m"(pointer));
}
