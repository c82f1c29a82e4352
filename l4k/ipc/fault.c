/* SPDX-License-Identifier: BSD-2-Clause */
/* Page faults and exceptions as messages: the thread calls its handler gate without knowing. Its
 * registers stay as they are; the message is made when the handler takes it, and the reply only
 * continues it. A thread without a handler is stopped, and the log says so. */
#include "l4k/ipc/ipc.h"
#include "l4k/kern/log.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/cpu_state.h"

static void deliver(struct thread *t, uint32_t label)
{
    struct object *gate = l4(t)->handler;
    struct thread *receiver = gate ? gate->receiver : &null_thread;

    if (receiver == &null_thread || receiver == t) {
        kprintf("thread stopped: fault %x without a handler, vector %lu error %#lx rip %#lx "
                "address %#lx\n", label, t->fault.vector, t->fault.error,
                thread_frame(t)->rip, t->fault.address);
        ipc_stop(t);
        return;
    }
    l4(t)->faulted = true;
    l4(t)->send_tag = (uint64_t)label << TAG_LABEL_SHIFT;
    l4(t)->send_badge = gate->badge;
    l4(t)->receive_timeout = NO_TIMEOUT;
    if (!ipc_waits_for(receiver, t)) {
        ipc_await_send(t, receiver, NO_TIMEOUT);
        return;
    }
    fault_message(t, receiver);
    ipc_unwait(receiver);
    ipc_received(receiver, l4(t)->send_tag, l4(t)->send_badge);
    ipc_await_reply(t, receiver, NO_TIMEOUT);
    ipc_switch(receiver);
}

void fault_message(struct thread *from, struct thread *to)
{
    struct frame *f = thread_frame(to);

    f->r10 = f->r8 = f->r9 = 0;
    if (l4(from)->send_tag >> TAG_LABEL_SHIFT == LABEL_PAGE_FAULT) {
        f->rdi = from->fault.address;
        f->rsi = from->fault.access;
        f->rdx = thread_frame(from)->rip;
        f->r10 = from->fault.mapped;
        f->r8 = from->fault.error;
    } else {
        f->rdi = from->fault.vector;
        f->rsi = from->fault.error;
        f->rdx = thread_frame(from)->rip;
    }
}

void ipc_page_fault(struct thread *t, uint64_t address, unsigned access, bool mapped)
{
    t->fault.vector = thread_frame(t)->vector;
    t->fault.error = thread_frame(t)->error;
    t->fault.address = address;
    t->fault.access = access;
    t->fault.mapped = mapped;
    deliver(t, LABEL_PAGE_FAULT);
}

void ipc_exception(struct thread *t, uint64_t vector, uint64_t error)
{
    t->fault.vector = vector;
    t->fault.error = error;
    t->fault.address = 0;
    deliver(t, LABEL_EXCEPTION);
}
