/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kernel operation answers.
 *
 * Kernel functions return this must-use enumeration and hand values out by pointer; the same
 * numbers reach user code as the result of a kernel call. Zero is success, failures are negative
 * and stay within -1..-4095, apart from every valid address. */
#ifndef L4K_ABI_STATUS_H
#define L4K_ABI_STATUS_H

/* Only clang can say it of a type; gcc needs it of each function. */
#ifdef __clang__
#define STATUS_MUST_USE __attribute__((warn_unused_result))
#else
#define STATUS_MUST_USE
#endif

enum STATUS_MUST_USE status {
    OK = 0,
    ERR_INVALID = -1,     /* an argument makes no sense: alignment, range, unknown operation */
    ERR_NO_MEMORY = -2,   /* no frame, or the quota that pays is used up */
    ERR_NO_SPACE = -3,    /* no room in the address map or capability table */
    ERR_ADDRESS = -4,     /* nothing is mapped there */
    ERR_PROTECTION = -5,  /* mapped, but not with the access asked for */
    ERR_NO_CAP = -6,      /* the slot is empty, or holds an object of another kind */
    ERR_TIMEOUT = -8,     /* the time given passed without a partner */
    ERR_CANCELLED = -9,   /* the wait was cancelled */
    ERR_DEAD = -10,       /* the partner is gone, or goes while one waits for it */
    ERR_PENDING = -11,    /* a page must first come from a pager: try again when it is there */
    ERR_TRUNCATED = -12,  /* the receiver had no room for all words or items */
    ERR_BUSY = -13,       /* the object is in a state that does not allow this now */
    ERR_EXISTS = -14,     /* the slot or the range is taken */
    ERR_PAGER = -15,      /* the pager answered that the data can't be had */
};

#endif
