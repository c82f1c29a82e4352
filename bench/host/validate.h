/* SPDX-License-Identifier: BSD-2-Clause */
/* What `validate` runs, on the host's processor and as a guest: loops of a user program and system
 * calls. Each runs in a region (bench/marker.h), and the same loop without the operation in the
 * next one; markers do nothing on a processor. */
#ifndef BENCH_HOST_VALIDATE_H
#define BENCH_HOST_VALIDATE_H

#include <stdbool.h>

struct loop {
    const char *name;
    const char *what;             /* one operation, for people */
    unsigned int region;          /* the loop without the operation has the next number */
    unsigned long operations;     /* of one run */
    unsigned long insn, overhead; /* instructions of each region; 0: not known beforehand */
    int (*run)(unsigned int n);   /* `n` of `operations` or turns; negative if one failed */
    int (*empty)(unsigned int n);
    unsigned int n;
};

extern const struct loop loops[], calls[]; /* up to one without a name */

/* Memory and chains of the loops, files of the calls; false if something cannot be had. */
bool loops_prepare(void);
bool calls_prepare(void);

#endif
