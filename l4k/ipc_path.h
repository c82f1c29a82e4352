/* SPDX-License-Identifier: BSD-2-Clause */
/* The seam of the IPC path: what l4k/ipc/ and mach_ipc/ both implement. A configuration links one.
 *
 * All are called with interrupts off, on the kernel stack. */
#ifndef L4K_IPC_PATH_H
#define L4K_IPC_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/status.h"

struct thread;
struct task;

/* Sets the system call entry. Once, at boot. */
void ipc_init(void);

/* Sizes of the path's threads and tasks, which begin with struct thread and struct task, and the life
 * of what it adds. The memory is zeroed; thread init can't fail; task fini is called once, when the
 * task has no threads any more. */
extern const size_t ipc_thread_size, ipc_task_size;
void ipc_thread_init(struct thread *t);
enum status ipc_task_init(struct task *task);
void ipc_task_fini(struct task *task);

/* Ends `t` for good: its own wait, all waits for it, its gates. It leaves its task; its capability
 * references and thus its memory may outlive it. May be the running thread, which then must not be
 * continued. */
void ipc_thread_destroy(struct thread *t);

/* Ends any wait of `t` with `why`, as if its system call had failed with it; a thread that does not
 * wait is left alone. It becomes ready. */
void ipc_cancel(struct thread *t, enum status why);

/* As above without giving it a result or making it ready: it is then stopped. */
void ipc_stop(struct thread *t);

/* The running thread touched `address`, and its map does not resolve it. */
void ipc_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped);

/* The running thread took an exception. */
void ipc_exception(struct thread *t, uint64_t vector, uint64_t error);

#endif
