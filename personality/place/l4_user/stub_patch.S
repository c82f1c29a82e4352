/* SPDX-License-Identifier: BSD-2-Clause */
/* First page of the stub in the l4linux row: where a Linux call from an unpatched site enters.
 *
 * The kernel put the tag in rax and the way back into the UTCB. LEA names the capability that tells
 * the server to look at the site; it leaves the flags, which are the program's. */
#include "l4k/abi/l4.h"
#include "personality/place/l4_user/l4_user.h"

    .section .rodata
    .globl stub_image, stub_image_end
stub_image:
    lea CLIENT_CAP_TRAPPED(%rax), %rax
    .globl stub_image_syscall
stub_image_syscall:
    syscall
    jmp *%gs:UTCB_REFLECT_RIP
stub_image_end:

    .section .note.GNU-stack, "", @progbits
