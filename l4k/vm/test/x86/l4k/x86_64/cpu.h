/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor as pmap.c sees it in the host tests (fake_x86.c). */
#ifndef L4K_X86_64_CPU_H
#define L4K_X86_64_CPU_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
    bool nx;
};
extern struct cpu_features cpu_features;

uint64_t read_cr3(void);
void write_cr3(uint64_t v);
void invlpg(uint64_t va);

#endif
