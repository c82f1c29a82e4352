/* SPDX-License-Identifier: BSD-2-Clause */
/* VM calls that are traps as well as messages. */
#ifndef MACH_IPC_KERN_VM_CALL_H
#define MACH_IPC_KERN_VM_CALL_H

#include "mach_ipc/kern/kern.h"

/* Zero-filled memory at `*address` (rounded down to its page) or, `anywhere`, at the first free
 * place. */
enum kern_return vm_call_allocate(struct kern_task *task, uint64_t *address, uint64_t size,
                                  bool anywhere);
/* All pages that the range touches; holes are fine. */
enum kern_return vm_call_deallocate(struct kern_task *task, uint64_t address, uint64_t size);

#endif
