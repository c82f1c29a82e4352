/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt descriptor table. */
#ifndef L4K_X86_64_IDT_H
#define L4K_X86_64_IDT_H

/* Loads the table, empty: a vector without handler ends in a triple fault. */
void idt_init(void);

/* Directs `vector` to `handler` as an interrupt gate (it runs with interrupts off). `dpl` is the
 * least privilege that may raise it by INT n: 0 or 3. `ist` is 0 or one of the IST_ stacks. */
void idt_set(unsigned vector, void (*handler)(void), unsigned dpl, unsigned ist);

#endif
