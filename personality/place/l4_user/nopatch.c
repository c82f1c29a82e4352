/* SPDX-License-Identifier: BSD-2-Clause */
/* The l4linux-tramp row patches no site: every call takes the trampoline. */
#include "personality/place/l4_user/l4_user.h"

extern const char stub_image_syscall[];

void patch_site(struct host_call *c)
{
    (void)c; /* a program that names the other capability by itself gets its call served, no more */
}

void patch_hide(struct host_space *s, struct host_call *c, struct host_regs *regs)
{
    (void)s;
    place_hide_trampoline(c, regs, stub_image_syscall - stub_image);
}
