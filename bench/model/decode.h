/* SPDX-License-Identifier: BSD-2-Clause */
/* A small x86 decoder: length, class, registers and pairing of one instruction.
 *
 * It knows the 16-, 32- and 64-bit modes, the one-byte, 0f, 0f38 and 0f3a maps and the lengths of
 * VEX and EVEX instructions (Intel SDM vol. 2, chapter 2 and appendix A). It decodes what has
 * executed, so invalid encodings are not told from valid ones. */
#ifndef BENCH_MODEL_DECODE_H
#define BENCH_MODEL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/model/classes.h"

enum decode_mode { MODE_16, MODE_32, MODE_64 };

#define D_BRANCH 1        /* may continue elsewhere by itself, within its privilege level */
#define D_CONDITIONAL 2   /* ... or not */
#define D_CALL 4
#define D_RETURN 8        /* near return */
#define D_INDIRECT 16     /* target from a register or memory */
#define D_TRAP 32         /* syscall, int n: enters the kernel by itself */
#define D_FAR_RETURN 64   /* sysret, iret: continues at a saved place */
#define D_REP 128         /* string instruction with a repeat prefix */
#define D_LOCK 256        /* lock prefix, or xchg with memory */
#define D_DISPLACEMENT 512
#define D_IMMEDIATE 1024
#define D_OPEN 2048       /* marker */
#define D_CLOSE 4096      /* marker */
#define D_WRITES_CR 8192  /* mov to a control register */

/* In which pipe of a Pentium it may go when two instructions issue together. */
enum pair { PAIR_NONE, PAIR_U = 1, PAIR_V = 2, PAIR_UV = 3 };

/* Its use of memory, as far as pairing is concerned. */
enum shape { SHAPE_REG, SHAPE_LOAD, SHAPE_RMW };

#define NO_REGISTER 0xff

struct decoded {
    uint8_t length; /* 0: more bytes are needed */
    uint8_t op;     /* enum op */
    uint8_t pair;
    uint8_t shape;
    uint8_t prefixes; /* that a Pentium decodes before: not REX, not the 0f of a jump */
    uint16_t flags;
    uint16_t reads, writes, address; /* general registers, bit n is register n; the stack pointer
                                        of push, pop, call and ret is only in `address` */
    uint8_t base, index, scale;      /* of the memory operand; NO_REGISTER */
    uint8_t region;                  /* of a marker */
    bool rip_relative;
    int32_t displacement;
};

/* Decode at most `size` bytes. */
void decode(struct decoded *d, const uint8_t *bytes, size_t size, enum decode_mode mode);

/* The class's key in machine files. */
const char *op_name(enum op op);

#endif
