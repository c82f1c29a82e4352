/* SPDX-License-Identifier: BSD-2-Clause */
/* The words by which a guest speaks to the harness on the serial line.
 *
 * A result is one line of JSON after LOG_RESULT. Tests speak KTAP. The harness (scripts/) reads the
 * definitions from this file, so each stays one plain string. */
#ifndef L4K_ABI_GUEST_LOG_H
#define L4K_ABI_GUEST_LOG_H

#define LOG_BEGIN "@l4k-begin "   /* followed by the program's name */
#define LOG_END "@l4k-end "       /* name, then status=N */
#define LOG_RESULT "@l4k "        /* one JSON object */
#define LOG_PANIC "@l4k-panic "   /* the kernel's last word follows */
#define LOG_ASSERT "@l4k-assert " /* file:line: text */

#endif
