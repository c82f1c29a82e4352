/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting the L4-style path up. */
#include "l4k/ipc/ipc.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/x86_64/cpu.h"

void syscall_entry_fsgsbase(void);
void syscall_entry_wrmsr(void);

/* Flags that the entry clears: interrupts, direction, trap, nested task, alignment check. */
#define SFMASK (0x200 | 0x400 | 0x100 | 0x4000 | 0x40000)

void ipc_init(void)
{
    void (*entry)(void) = cpu.fsgsbase ? syscall_entry_fsgsbase : syscall_entry_wrmsr;

    wrmsr(MSR_LSTAR, (uint64_t)entry);
    wrmsr(MSR_SFMASK, SFMASK);
}
