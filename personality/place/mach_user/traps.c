/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's entry, and the kernel's traps as C functions: the number is negative in EAX, the
 * seventh argument is where C puts it, above the return address. */
#include "personality/place/mach_user/mach_user.h"

/* RSP points to argc, argv... */
__asm__(".text\n"
        ".globl _start\n"
        "_start:\n\t"
        "xor %ebp, %ebp\n\t"
        "mov %rsp, %rdi\n\t"
        "and $-16, %rsp\n\t"
        "call place_start\n\t"
        "ud2");

#define TEXT_OF(x) #x
#define TRAP(name, number)                                                                     \
    __asm__(".balign 16\n"                                                                     \
            ".globl " #name "\n" #name ":\n\t"                                                 \
            "mov $-" TEXT_OF(number) ", %eax\n\t"                                              \
            "mov %rcx, %r10\n\t"                                                               \
            "syscall\n\t"                                                                      \
            "ret")

TRAP(mach_msg, TRAP_MACH_MSG);
TRAP(mach_reply_port, TRAP_REPLY_PORT);
TRAP(mach_task_self, TRAP_TASK_SELF);
TRAP(mach_print, TRAP_PRINT);
TRAP(trap_vm_allocate, TRAP_VM_ALLOCATE);
TRAP(trap_vm_deallocate, TRAP_VM_DEALLOCATE);
