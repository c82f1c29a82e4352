/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes. */
#ifndef PERSONALITY_SERVER_PIPE_H
#define PERSONALITY_SERVER_PIPE_H

#include "personality/server/file.h"

enum { PIPE_SIZE = 65536, PIPE_LIMIT = 1024 };

#endif
