/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits for words of memory: what the end of a task has to know of them. */
#ifndef MACH_IPC_KERN_SYNC_H
#define MACH_IPC_KERN_SYNC_H

struct kern_task;

/* Ends all waits in the task's memory: its map goes. */
void sync_forget(const struct kern_task *task);

#endif
