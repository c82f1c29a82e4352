/* SPDX-License-Identifier: BSD-2-Clause */
/* Console input for a read that waits. */
#ifndef MACH_IPC_KERN_CONSOLE_H
#define MACH_IPC_KERN_CONSOLE_H

#include <stdbool.h>

/* An interrupt of `line`; false: nobody waits for it. */
bool console_input(unsigned line);

#endif
