/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes: waiting on a word of client memory. */
#ifndef PERSONALITY_SERVER_FUTEX_H
#define PERSONALITY_SERVER_FUTEX_H

void futex_start(void);

#endif
