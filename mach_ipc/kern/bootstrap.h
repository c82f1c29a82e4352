/* SPDX-License-Identifier: BSD-2-Clause */
/* The first task: that of the first boot module. */
#ifndef MACH_IPC_KERN_BOOTSTRAP_H
#define MACH_IPC_KERN_BOOTSTRAP_H

#include "mach_ipc/kern/kern.h"

extern struct kern_task *first_task; /* NULL until it is made */

#endif
