/* SPDX-License-Identifier: BSD-2-Clause */
/* Restarting the machine: by the keyboard controller, else by a triple fault. */
#include "l4k/x86_64/reset.h"

#include <stdint.h>

#include "l4k/x86_64/cpu.h"

#define KBD_COMMAND 0x64
#define KBD_INPUT_FULL 0x02
#define KBD_PULSE_RESET 0xfe

void machine_reset(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};

    cpu_cli();
    for (int i = 0; i < 100000 && inb(KBD_COMMAND) & KBD_INPUT_FULL; i++)
        ;
    outb(KBD_COMMAND, KBD_PULSE_RESET);
    for (int i = 0; i < 1000000; i++)
        cpu_pause();
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
    for (;;)
        __asm__ volatile("hlt");
}
