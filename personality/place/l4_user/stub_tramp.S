/* SPDX-License-Identifier: BSD-2-Clause */
/* The trampoline of the l4linux-tramp row: where every Linux call enters.
 *
 * The kernel put the tag in rax and the way back into the UTCB. */
#include "l4k/abi/l4.h"

    .section .rodata
    .globl stub_image, stub_image_end
stub_image:
    .globl stub_image_syscall
stub_image_syscall:
    syscall
    jmp *%gs:UTCB_REFLECT_RIP
stub_image_end:

    .section .note.GNU-stack, "", @progbits
