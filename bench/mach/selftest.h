/* SPDX-License-Identifier: BSD-2-Clause */
/* The self-test: each check of the message path refuses what it should, with its own answer, and
 * what was refused has consumed nothing. */
#ifndef BENCH_MACH_SELFTEST_H
#define BENCH_MACH_SELFTEST_H

#include "bench/mach/mach.h"

/* One name of each kind. */
struct kinds {
    name_t both;    /* receive right, one send right */
    name_t receive; /* receive right alone */
    name_t send;    /* one send right to a port of another task */
    name_t once;    /* a send-once right to `receive` */
    name_t dead, set;
    name_t stale, unknown; /* no names at all */
    name_t child;          /* the other task */
};
extern struct kinds kinds;

/* Around a test. */
void kinds_make(void);
void kinds_free(void);

/* What the kernel has in use and what all kinds hold, before and after what is to be refused. */
void refusal_begin(void);
void refusal_end(const char *file, int line, const char *text, uint32_t kr, uint32_t expected);

#define REFUSES(expected, call)                                                                \
    do {                                                                                       \
        refusal_begin();                                                                       \
        refusal_end(__FILE__, __LINE__, #call, (uint32_t)(call), (uint32_t)(expected));        \
    } while (0)

/* The 32 bytes of a header, at once. */
void header(struct mach_msg_header *h, uint32_t dest_type, name_t dest, uint32_t reply_type,
            name_t reply);

#endif
