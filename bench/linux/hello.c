/* SPDX-License-Identifier: BSD-2-Clause */
/* hello: the small static program that the fork_exec benchmark executes. */
#include <stdio.h>

int main(void)
{
    return puts("hello") < 0;
}
