/* SPDX-License-Identifier: BSD-2-Clause */
/* The two 8259 interrupt controllers: IRQ n arrives as vector PIC_VECTOR + n. */
#ifndef L4K_X86_64_PIC_H
#define L4K_X86_64_PIC_H

#include <stdbool.h>

#define PIC_VECTOR 0x20
#define PIC_IRQS 16

/* Sets both up with every line masked. */
void pic_init(void);

void pic_mask(unsigned irq);
void pic_unmask(unsigned irq);

/* Ends the interrupt in service; once per interrupt taken. */
void pic_eoi(unsigned irq);

/* Whether vector PIC_VECTOR + irq (7 or 15) came without a request: such an interrupt is ignored
 * and gets no pic_eoi(); what the master needs is done here. False for other lines. */
bool pic_spurious(unsigned irq);

#endif
