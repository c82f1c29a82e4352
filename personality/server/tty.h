/* SPDX-License-Identifier: BSD-2-Clause */
/* The console as a terminal. */
#ifndef PERSONALITY_SERVER_TTY_H
#define PERSONALITY_SERVER_TTY_H

void tty_start(void);

#endif
