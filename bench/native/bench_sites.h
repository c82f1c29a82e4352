/* SPDX-License-Identifier: BSD-2-Clause */
/* The loops of the IPC benchmark, for C. */
#ifndef BENCH_NATIVE_BENCH_SITES_H
#define BENCH_NATIVE_BENCH_SITES_H

#define BENCH_LABEL 0x1abe1
#define BENCH_REGION_FIRST 16
#define BENCH_REGIONS 64
#define BENCH_MARKER_SIZE 16

#ifndef __ASSEMBLER__
#include <stdint.h>

void bench_client(uint64_t tag, uint64_t calls, void (*open)(void), void (*close)(void));
void bench_server(uint64_t tag) __attribute__((noreturn));

extern const char bench_call_site[], bench_call_return[], bench_reply_site[], bench_reply_return[];

/* Functions of BENCH_MARKER_SIZE bytes. */
extern const char bench_open[], bench_close[];
#endif
#endif
