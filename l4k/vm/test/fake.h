/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VM core stands on in the host tests: frames and kernel memory (fake.c), and either a
 * pmap that checks how it is used (fake_pmap.c) or the real one over a simulated processor
 * (fake_x86.c). */
#ifndef L4K_VM_TEST_FAKE_H
#define L4K_VM_TEST_FAKE_H

#include "l4k/vm/pmap.h"

#define FAKE_FRAMES 4096
#define FAKE_MODULE_FRAMES 16 /* behind the allocator's frames: as a boot loader left them */
#define FAKE_MODULE ((paddr_t)FAKE_FRAMES * PAGE_SIZE)

/* After this many more successes every allocation of kernel memory or frames fails; -1: never. */
extern long fake_fail_after;

/* If not 0, every nth pmap_enter() forgets the mapping at once (fake_pmap.c only). */
extern unsigned fake_forget_every;

extern bool fake_is_free[];

bool fake_fails(void);

/* Arena and VM core ready; once. */
void fake_init(void);

/* A user access as the processor does it: false is a page fault. */
bool fake_access(struct pmap *pmap, uint64_t va, unsigned access);

/* The ith translation that the processor has cached, of the current pmap. */
bool fake_tlb_entry(unsigned i, uint64_t *va, paddr_t *pa, unsigned *prot);

/* No pmap maps the frame. */
void fake_check_unmapped(paddr_t pa);

#endif
