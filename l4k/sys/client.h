/* SPDX-License-Identifier: BSD-2-Clause */
/* Who looks after user threads: a seam inside the configuration list. root.c starts a root task that
 * hears of everything by IPC; personality/place/kernel/ is the server itself.
 *
 * All are called with interrupts off. */
#ifndef L4K_SYS_CLIENT_H
#define L4K_SYS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

struct frame;
struct thread;

/* Starts what runs first. Once, at the end of boot. */
void client_start(void);

/* The running thread `t` touched `address` (PROT_* access), and its map does not resolve it;
 * `mapped`: something is there. It is continued unless it blocks. */
void client_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped);

/* The running thread took an exception. */
void client_exception(struct thread *t, uint64_t vector, uint64_t error);

/* A hardware interrupt other than the tick; false: nobody wants this line. */
bool client_interrupt(unsigned line);

/* The end of every trap: what came up meanwhile is dealt with. */
void client_events(const struct frame *f);

#endif
