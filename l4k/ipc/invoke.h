/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on kernel objects: one function per kind. The arguments are the words of the message in the
 * caller's frame, results replace them (l4.h lists both per label). */
#ifndef L4K_IPC_INVOKE_H
#define L4K_IPC_INVOKE_H

#include "l4k/ipc/ipc.h"

/* `t` calls `o`. What they return becomes rax; the caller may be gone after some calls. */
enum status invoke_task(struct thread *t, struct object *o, uint32_t label);
enum status invoke_task_memory(struct thread *t, struct task *task, uint32_t label);
enum status invoke_thread(struct thread *t, struct object *o, uint32_t label);
enum status invoke_memory(struct thread *t, struct object *o, uint32_t label);
enum status invoke_system(struct thread *t, struct object *o, uint32_t label);

/* A memory object behind a capability. One reference, the caller's. ERR_INVALID, ERR_NO_MEMORY. */
enum status memory_create(struct account *payer, uint64_t size, struct object **out);
struct vm_object *memory_vm_object(struct object *o);

/* The machine, one object. */
extern struct object system_object;

/* Puts the object that `create` answered into a slot, whose reference then is the only one. */
enum status invoke_insert(struct task *task, uint64_t slot, enum status created, struct object *o);

/* A register argument as a slot number that is surely invalid when it is too large. */
static inline uint32_t slot_arg(uint64_t word)
{
    return word < CAP_MAX ? (uint32_t)word : CAP_MAX;
}

/* Longest copy of one call: what a call may hold up interrupts for. Longer ones are done in part,
 * and the caller goes on (answers tell how much was done). */
#define COPY_MAX 0x10000

#endif
