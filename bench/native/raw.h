/* SPDX-License-Identifier: BSD-2-Clause */
/* The assembly of raw.S for C. */
#ifndef BENCH_NATIVE_RAW_H
#define BENCH_NATIVE_RAW_H

#define RAW_RAX 0
#define RAW_RBX 8
#define RAW_RCX 16
#define RAW_RDX 24
#define RAW_RSI 32
#define RAW_RDI 40
#define RAW_RBP 48
#define RAW_R8 56
#define RAW_R9 64
#define RAW_R10 72
#define RAW_R11 80
#define RAW_R12 88
#define RAW_R13 96
#define RAW_R14 104
#define RAW_R15 112
#define RAW_RFLAGS 120

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct raw_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
};

_Static_assert(offsetof(struct raw_regs, r8) == RAW_R8 &&
                   offsetof(struct raw_regs, rflags) == RAW_RFLAGS,
               "offsets of raw.S");

/* rsp is kept; rcx and r11 only come out. */
void raw_syscall(struct raw_regs *r);
extern const char raw_syscall_return[];

uint64_t fault_read(uint64_t address);
void fault_write(uint64_t address, uint64_t value);
void fault_divide(void);
void fault_invalid(void);
void fault_breakpoint(void);
void fault_protection(void);
extern const char fault_read_site[], fault_write_site[], fault_divide_site[], fault_invalid_site[],
    fault_breakpoint_after[], fault_protection_site[];

void fpu_fill(const void *image);
void fpu_store(void *image);

uint64_t read_fs(void);
uint64_t read_gs(void);
void write_fs_base(uint64_t base);
void write_gs_base(uint64_t base);
#endif
#endif
