/* SPDX-License-Identifier: BSD-2-Clause */
/* The L4-style kernel interface: the system call, the UTCB and the labels of kernel objects.
 *
 * One instruction, `syscall`, does everything. Registers on entry:
 *
 *   rax            the tag: operation, capability, counts; label in the upper half
 *   rdi rsi rdx r10 r8 r9   message words 0..5, always transferred
 *   rbx            the label of a reply (OP_REPLY_WAIT, OP_REPLY, OP_REPLY_TO)
 *
 * and on return, with the carry flag clear (the caller clears it before; the kernel only sets it):
 *
 *   OP_CALL        rax: the reply's 64-bit label; words 0..5; rbx rbp r12-r15 rsp kept
 *   OP_SEND, OP_REPLY, OP_REPLY_TO   rax: OK; everything else kept
 *   OP_RECEIVE, OP_REPLY_WAIT   rax: the sender's tag as it was given (label, counts);
 *                  rbx: the badge of the gate it came through; words 0..5; rsp kept; rbp and
 *                  r12-r15 zero
 *
 * Carry set: look at utcb->status. An error is there and in rax; or OK, and utcb->tag tells the
 * counts of a reply that brought more than six words. rcx and r11 are always lost. The kernel keeps
 * FS and GS base and the FPU per thread. */
#ifndef L4K_ABI_L4_H
#define L4K_ABI_L4_H

#include "l4k/abi/layout.h"

/* Tag, lower half. All zero but the capability: the fast call. Exactly OP_REPLY_WAIT: the fast
 * reply. */
#define TAG_CAP_MASK 0x0000ffff
#define TAG_WORDS_SHIFT 16 /* words beyond six, from utcb->word[] */
#define TAG_WORDS_MASK 0x3f
#define TAG_ITEMS_SHIFT 22 /* items, from utcb->item[] */
#define TAG_ITEMS_MASK 0xf
#define TAG_TIMEOUT 0x04000000 /* utcb->send_timeout and receive_timeout apply */
#define TAG_OP_SHIFT 28
#define TAG_LABEL_SHIFT 32

#define OP_CALL 0       /* send to the capability, then wait for the reply */
#define OP_REPLY_WAIT 1 /* reply to the last caller, then wait for anyone */
#define OP_SEND 2       /* send to the capability and go on when it was received */
#define OP_RECEIVE 3    /* wait for anyone */
#define OP_REPLY 4      /* reply to the last caller and go on */
#define OP_REPLY_TO 5   /* reply to the caller named by a thread capability and go on */
#define OP_YIELD 6      /* give up the rest of the time slice */
#define OP_RECEIVE_FROM 7 /* wait for a message from the thread named by the capability */

#define MESSAGE_REGISTERS 6
#define MESSAGE_WORDS_MAX 63
#define UTCB_WORDS (MESSAGE_WORDS_MAX - MESSAGE_REGISTERS)
#define UTCB_ITEMS 8

/* Offsets of utcb->reflect_rip and reflect_rax, for assembly. */
#define UTCB_REFLECT_RIP 0
#define UTCB_REFLECT_RAX 8

/* Items of a message. */
#define ITEM_CAP 1   /* a: the sender's capability; the receiver's window takes it */
#define ITEM_MAP 2   /* a: address, b: size, rights; placed at the receiver's window + offset */
#define ITEM_GRANT 3 /* like ITEM_MAP, and the sender loses it; only as a message's last item */

#define NO_TIMEOUT 0xffffffffffffffff /* never; 0: do not wait at all; else microseconds */

/* Protection bits of map items and memory calls. */
#define PROT_R 1
#define PROT_W 2
#define PROT_X 4

#ifndef __ASSEMBLER__
#include <stdint.h>

struct utcb_item {
    uint16_t kind; /* ITEM_* */
    uint16_t rights; /* PROT_* of a mapping */
    uint32_t cap;
    uint64_t address, size; /* page multiples */
    uint64_t offset; /* into the receiver's window */
};

/* User thread control block: one page per thread, mapped for the thread's task and the kernel. */
struct utcb {
    uint64_t reflect_rip;  /* where a reflected system call goes on */
    uint64_t reflect_rax;  /* rax as it was there */
    int64_t status;        /* of the last operation that set carry */
    uint32_t tag;          /* counts of the last long reply (lower half of its tag) */
    uint32_t received_items;
    uint64_t send_timeout, receive_timeout;
    uint32_t window_cap;   /* first free slot for capability items */
    uint32_t window_caps;  /* how many slots */
    uint64_t window_base;  /* where map items go */
    uint64_t window_size;
    uint64_t word[UTCB_WORDS]; /* message words 6..62 */
    struct utcb_item item[UTCB_ITEMS];
};

static inline uint64_t l4_tag(unsigned op, unsigned cap, unsigned words, unsigned items,
                              uint32_t label)
{
    unsigned extra = words > MESSAGE_REGISTERS ? words - MESSAGE_REGISTERS : 0;

    return (uint64_t)label << TAG_LABEL_SHIFT | op << TAG_OP_SHIFT | items << TAG_ITEMS_SHIFT |
           extra << TAG_WORDS_SHIFT | cap;
}
#endif

/* Capabilities of the root task at start. */
#define CAP_TASK 1   /* its own task */
#define CAP_THREAD 2 /* its own thread */
#define CAP_SYSTEM 3 /* the machine: console, clock, reset, interrupts */
#define CAP_FREE 8   /* the first slot that is free */

/* Labels of messages that the kernel sends. The first word tells more. */
#define LABEL_PAGE_FAULT 0xfffffff0 /* words: address, access (PROT_*), rip, mapped? */
#define LABEL_EXCEPTION 0xfffffff1  /* words: vector, error code, rip */
#define LABEL_INTERRUPT 0xfffffff2  /* words: how many since the last message */

/* Replies to LABEL_PAGE_FAULT and LABEL_EXCEPTION: any label continues the thread. */

/* Calls on a task capability. w0.. are words. Slots are the caller's unless said otherwise. */
#define TASK_CREATE 1       /* w0 slot for the new task, w1 kernel memory limit in bytes */
#define TASK_DESTROY 2
#define TASK_FORK 3         /* w0 slot: a new task whose map is a copy by inheritance; w1 limit */
#define TASK_THREAD 4       /* w0 slot for a new, stopped thread; w1 UTCB address (0: none); w2
                             * priority; w3 memory object that holds the UTCB, or 0; w4 offset in it */
#define TASK_GATE 5         /* w0 slot, w1 thread capability, w2 badge: a new gate */
#define TASK_CAP_COPY 6     /* w0 slot in the task called, w1 the caller's capability */
#define TASK_CAP_DELETE 7   /* w0 slot in the task called */
#define TASK_CAP_REVOKE 8   /* w0 slot in the task called: takes away all copies made from it */
#define TASK_OBJECT 9       /* w0 slot, w1 size: a new anonymous memory object */
#define TASK_TIMER 10       /* w0 slot, w1 thread capability, w2 badge: a timer */
#define TASK_MAP 16         /* w0 address, w1 size, w2 MAP_* | prot, w3 object, w4 offset, w5 limit
                             * (lowest address not to use); answers the address in w0 */
#define TASK_UNMAP 17       /* w0 address, w1 size */
#define TASK_PROTECT 18     /* w0 address, w1 size, w2 prot */
#define TASK_REGION 19      /* w0 address; answers w0 start, w1 end, w2 prot, w3 shared */
#define TASK_COPY_IN 20     /* w0 address in the task, w1 the caller's, w2 size */
#define TASK_COPY_OUT 21    /* w0 address in the task, w1 the caller's, w2 size, w3 force */
#define TASK_COPY_STRING 22 /* w0 address in the task, w1 the caller's, w2 room; answers w0 length */
#define TASK_CAS32 23       /* w0 address, w1 old, w2 new; answers w0 what was there */
#define TASK_UNMAP_CHILDREN 24 /* w0 address, w1 size, w2 also here: takes back what was mapped on */

#define MAP_FIXED_AT 0x10
#define MAP_SHARED_WITH 0x20

/* Calls on a thread capability. */
#define THREAD_GET_REGS 1   /* answers struct thread_regs in utcb->word[] */
#define THREAD_SET_REGS 2   /* from utcb->word[] */
#define THREAD_RESUME 3     /* ends any wait and runs it with its registers as set */
#define THREAD_STOP 4       /* answers w0: 1: it ran user code and is stopped; 0: it waits, as before */
#define THREAD_DESTROY 5
#define THREAD_CANCEL 6     /* its wait ends with ERR_CANCELLED */
#define THREAD_PRIORITY 7   /* w0 */
#define THREAD_HANDLER 8    /* w0 gate: page faults and exceptions go there */
#define THREAD_LINUX 9      /* w0 end of the stub, w1 where its other system calls are reflected to */
#define THREAD_FS_BASE 10   /* w0 */
#define THREAD_GET_FPU 11   /* w0 the caller's address of 512 bytes */
#define THREAD_SET_FPU 12   /* w0 the caller's address of 512 bytes */

/* Calls on a memory object. */
#define OBJECT_READ 1  /* w0 offset, w1 the caller's address, w2 size */
#define OBJECT_WRITE 2 /* w0 offset, w1 the caller's address, w2 size */

/* Calls on a timer. */
#define TIMER_SET 1 /* w0 deadline in ns of the monotonic clock; 0: off */

/* Calls on the system capability. */
#define SYSTEM_CONSOLE_WRITE 1 /* w0 address, w1 size */
#define SYSTEM_CONSOLE_READ 2  /* w0 address, w1 size; answers w0 bytes */
#define SYSTEM_CLOCK 3         /* answers w0 monotonic ns, w1 ns since 1970 */
#define SYSTEM_RESET 4
#define SYSTEM_MEMORY 5        /* answers w0 bytes in all, w1 bytes free */
#define SYSTEM_INTERRUPT 6     /* w0 slot, w1 line, w2 thread capability, w3 badge: binds the line */
#define SYSTEM_MODULE 7        /* w0 module number, w1 address to map it at; answers w0 size */
#define SYSTEM_CMDLINE 8       /* w0 address, w1 room; answers w0 length */
#define SYSTEM_ENTROPY 9       /* answers w0..w5 random */

/* Calls on an interrupt. */
#define INTERRUPT_ACK 1 /* the line may interrupt again */

#ifndef __ASSEMBLER__
/* In the order of the kernel's own frame. */
struct thread_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t rip, rflags, rsp;
    uint64_t fs_base, gs_base;
};
#endif

#endif
