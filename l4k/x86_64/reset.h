/* SPDX-License-Identifier: BSD-2-Clause */
/* Restarting the machine. */
#ifndef L4K_X86_64_RESET_H
#define L4K_X86_64_RESET_H

/* Resets the machine; under QEMU's -no-reboot that ends the run. */
void machine_reset(void) __attribute__((noreturn));

#endif
