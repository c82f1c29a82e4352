/* SPDX-License-Identifier: BSD-2-Clause */
/* Where data lies that entering and leaving the kernel touches. */
#ifndef L4K_LIB_HOT_H
#define L4K_LIB_HOT_H

/* On one page with all its like, so that one translation serves them, and at a place that the size
 * of other data does not move (HOT_PLACE in layout.h, kernel.lds). In .data even where it is zero. */
#define HOT_DATA __attribute__((section(".data.hot")))

#endif
