/* SPDX-License-Identifier: BSD-2-Clause */
/* First C code: sets the machine up and enters the kernel proper. */
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/gdt.h"
#include "l4k/x86_64/idt.h"
#include "l4k/x86_64/patch.h"
#include "l4k/x86_64/pic.h"
#include "l4k/x86_64/serial.h"

static struct boot_info boot_info;

/* Called by start.S on the kernel stack, interrupts off; `info` is a physical address. */
void boot_main(unsigned kind, uint64_t info) __attribute__((noreturn));

void boot_main(unsigned kind, uint64_t info)
{
    serial_init();
    cpu_init();
    gdt_init();
    idt_init();
    boot_info_read(kind, info, &boot_info);
    patch_apply();
    paging_init(&boot_info);
    pic_init();
    clock_init();
    kernel_main(&boot_info);
}
