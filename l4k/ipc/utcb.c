/* SPDX-License-Identifier: BSD-2-Clause */
/* UTCBs: pages that a thread and the kernel both see. */
#include "l4k/ipc/ipc.h"
#include "l4k/kern/frame.h"
#include "l4k/vm/vm_map.h"

/* Maps the page, which the caller wired. Consumes the reference on success. */
static enum status attach(struct thread *t, uint64_t address, struct vm_object *object,
                          uint64_t offset, paddr_t frame)
{
    enum status s = vm_map_enter(t->task->map, &address, PAGE_SIZE, 0, false, object, offset, false,
                                 VM_PROT_READ | VM_PROT_WRITE, VM_PROT_READ | VM_PROT_WRITE,
                                 VM_INHERIT_NONE);

    if (s != OK)
        return s;
    l4(t)->utcb = phys_to_virt(frame);
    l4(t)->utcb_object = object;
    l4(t)->utcb_offset = offset;
    return OK;
}

static void unwire(struct vm_object *object, uint64_t offset)
{
    vm_page_unwire(vm_page_lookup(object, offset));
}

enum status utcb_give(struct thread *t, uint64_t address, struct vm_object *object, uint64_t offset)
{
    paddr_t frame;
    enum status s = OK;

    if (object)
        vm_object_reference(object);
    else
        s = vm_object_create_anonymous(PAGE_SIZE, task_quota(t->task), &object);
    if (s != OK)
        return s;
    s = vm_object_frame(object, offset, VM_PROT_READ | VM_PROT_WRITE, true, &frame);
    if (s == OK) {
        s = attach(t, address, object, offset, frame);
        if (s != OK)
            unwire(object, offset);
    }
    if (s != OK)
        vm_object_release(object);
    return s;
}

void utcb_drop(struct thread *t)
{
    if (!l4(t)->utcb)
        return;
    l4(t)->utcb = NULL;
    unwire(l4(t)->utcb_object, l4(t)->utcb_offset);
    vm_object_release(l4(t)->utcb_object);
    l4(t)->utcb_object = NULL;
}
