/* SPDX-License-Identifier: BSD-2-Clause */
/* What l4_user.c offers the patcher besides host.h. */
#ifndef PERSONALITY_PLACE_L4_HOST_H
#define PERSONALITY_PLACE_L4_HOST_H

#include "personality/place/l4_user.h"

/* host_copy_out() of at most 64 bytes that also writes where the client may not: into a private
 * copy of the page. */
enum host_copy place_copy_out_forced(struct host_space *s, uint64_t dst, const void *src, size_t n);

/* patch_hide() for the stub's first page, whose `syscall` is at offset `syscall`: before it, the
 * program is at its own `syscall`; behind it, behind. */
void place_hide_trampoline(struct host_call *c, struct host_regs *regs, uint64_t syscall);

#endif
