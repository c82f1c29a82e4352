/* SPDX-License-Identifier: BSD-2-Clause */
/* Assertions: broken invariants end the program that contains them.
 *
 * They stay in the code that is measured and shipped. */
#ifndef L4K_LIB_ASSERT_H
#define L4K_LIB_ASSERT_H

/* Reports the failure and does not return: the kernel panics, a server or test ends. Each program
 * that links l4k/lib defines it. */
void assert_fail(const char *file, int line, const char *text) __attribute__((noreturn, cold));

#undef assert
#define assert(cond)                                                                           \
    ((cond) ? (void)0 : assert_fail(__FILE__, __LINE__, #cond))

#endif
