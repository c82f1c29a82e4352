/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting a program in a process. */
#ifndef PERSONALITY_SERVER_EXEC_H
#define PERSONALITY_SERVER_EXEC_H

#include "personality/server/process.h"

enum { ARG_TOTAL_MAX = 512 * 1024, ARG_STRING_MAX = 128 * 1024 };

/* Argument and environment strings, one after the other with their NULs, arguments first. */
struct exec_args {
    char *text;
    size_t used, size;
    unsigned argc, envc;
};

void exec_args_init(struct exec_args *a);
void exec_args_free(struct exec_args *a);
/* Appends a string of the server's; the caller counts it. -E2BIG, -ENOMEM. */
int exec_args_add(struct exec_args *a, const char *s);
/* Replaces the program of `t` by `path`; consumes `a`. 0: it runs the new program (already
 * resumed). On failure nothing has changed, unless the process had to be ended: HOST_DEFER. */
long exec_program(struct thread *t, const char *path, struct exec_args *a);

#endif
