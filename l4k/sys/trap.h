/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps and interrupts. */
#ifndef L4K_SYS_TRAP_H
#define L4K_SYS_TRAP_H

#include <stdbool.h>

#include "l4k/x86_64/frame.h"

/* Directs all vectors to the trap entry (entry.S). */
void trap_init(void);

/* A test mode (`pmap=forget` on the command line): mappings are thrown away at every tick and come
 * back by faults, as the pmap's contract allows at any time. */
extern bool trap_forget_mappings;

/* Called by the trap entry: for a trap from user mode it does not return. */
void trap(struct frame *f);

#endif
