/* SPDX-License-Identifier: BSD-2-Clause */
/* The Mach ABI on x86-64, as GNU Mach has it: what a program and the stubs MIG made for it rely on.
 *
 * Numbers are those of mach/message.h, mach/port.h, mach/kern_return.h and mach/notify.h. Names of
 * constants are Mach's own, so that its manual can be followed. */
#ifndef L4K_ABI_MACH_H
#define L4K_ABI_MACH_H

#include <stddef.h>
#include <stdint.h>

/* A name of a right in a task's space. */
typedef uint32_t mach_port_name_t;

#define MACH_PORT_NULL 0u
#define MACH_PORT_DEAD 0xffffffffu /* in messages: a right to a dead port */

static inline int mach_port_valid(mach_port_name_t name)
{
    return name + 1 > 1; /* neither MACH_PORT_NULL nor MACH_PORT_DEAD */
}

/* --- messages --- */

struct mach_msg_header {
    uint32_t bits;
    uint32_t size;   /* the kernel ignores it in sent messages */
    uint64_t remote; /* sent: destination. Received: reply port. Names in the low half */
    uint64_t local;  /* sent: reply port. Received: the port it came in by */
    uint32_t seqno;
    int32_t id;
};

_Static_assert(sizeof(struct mach_msg_header) == 32 &&
                   offsetof(struct mach_msg_header, remote) == 8 &&
                   offsetof(struct mach_msg_header, local) == 16 &&
                   offsetof(struct mach_msg_header, seqno) == 24 &&
                   offsetof(struct mach_msg_header, id) == 28,
               "GNU Mach's mach_msg_header_t on x86-64");

#define MACH_MSGH_BITS_REMOTE_MASK 0x000000ffu
#define MACH_MSGH_BITS_LOCAL_MASK 0x0000ff00u
#define MACH_MSGH_BITS_PORTS_MASK 0x0000ffffu
#define MACH_MSGH_BITS_COMPLEX 0x80000000u
#define MACH_MSGH_BITS_CIRCULAR 0x40000000u /* kernel's own */
#define MACH_MSGH_BITS(remote, local) ((uint32_t)(remote) | (uint32_t)(local) << 8)
#define MACH_MSGH_BITS_REMOTE(bits) ((bits) & 0xffu)
#define MACH_MSGH_BITS_LOCAL(bits) ((bits) >> 8 & 0xffu)

/* Describes the data that follow it: inline, or by a pointer. 8-byte aligned. */
struct mach_msg_type {
    uint32_t name : 8;   /* MACH_MSG_TYPE_* */
    uint32_t size : 16;  /* bits of an element */
    uint32_t unused : 5; /* 0 */
    uint32_t is_inline : 1;
    uint32_t longform : 1; /* means nothing to messages; MIG's stubs: MACH_TYPE_LONG */
    uint32_t deallocate : 1; /* out-of-line data is moved, not copied */
    uint32_t number;     /* elements */
};

_Static_assert(sizeof(struct mach_msg_type) == 8, "GNU Mach's mach_msg_type_t on x86-64");

#define MACH_MSG_ALIGN(length) (((uint64_t)(length) + 7) & ~(uint64_t)7)
#define MACH_MSG_PORT_INLINE_BITS 64 /* an inline right: a word, the name in its low half */
#define MACH_MSG_PORT_OOL_BITS 32    /* a name in an out-of-line array */

#define MACH_MSG_TYPE_BOOLEAN 0u
#define MACH_MSG_TYPE_INTEGER_16 1u
#define MACH_MSG_TYPE_INTEGER_32 2u
#define MACH_MSG_TYPE_CHAR 8u
#define MACH_MSG_TYPE_BYTE 9u
#define MACH_MSG_TYPE_REAL 10u
#define MACH_MSG_TYPE_INTEGER_64 11u
#define MACH_MSG_TYPE_STRING 12u
#define MACH_MSG_TYPE_PORT_NAME 15u /* a name as plain data */
/* Rights as they are sent. The first three are also what is received. */
#define MACH_MSG_TYPE_MOVE_RECEIVE 16u
#define MACH_MSG_TYPE_MOVE_SEND 17u
#define MACH_MSG_TYPE_MOVE_SEND_ONCE 18u
#define MACH_MSG_TYPE_COPY_SEND 19u
#define MACH_MSG_TYPE_MAKE_SEND 20u
#define MACH_MSG_TYPE_MAKE_SEND_ONCE 21u
#define MACH_MSG_TYPE_PORT_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MACH_MSG_TYPE_PORT_SEND MACH_MSG_TYPE_MOVE_SEND
#define MACH_MSG_TYPE_PORT_SEND_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE

#define MACH_MSG_TYPE_PORT_ANY(t) ((uint32_t)(t) - MACH_MSG_TYPE_MOVE_RECEIVE <= 5u)
#define MACH_MSG_TYPE_PORT_ANY_SEND(t) ((uint32_t)(t) - MACH_MSG_TYPE_MOVE_SEND <= 4u)

/* Options of mach_msg. */
#define MACH_SEND_MSG 0x00000001u
#define MACH_RCV_MSG 0x00000002u
#define MACH_SEND_TIMEOUT 0x00000010u
#define MACH_SEND_NOTIFY 0x00000020u
#define MACH_SEND_INTERRUPT 0x00000040u /* the C library's: the kernel never restarts a wait */
#define MACH_SEND_CANCEL 0x00000080u
#define MACH_RCV_TIMEOUT 0x00000100u
#define MACH_RCV_NOTIFY 0x00000200u
#define MACH_RCV_INTERRUPT 0x00000400u
#define MACH_RCV_LARGE 0x00000800u

/* --- ports --- */

#define MACH_PORT_RIGHT_SEND 0u
#define MACH_PORT_RIGHT_RECEIVE 1u
#define MACH_PORT_RIGHT_SEND_ONCE 2u
#define MACH_PORT_RIGHT_PORT_SET 3u
#define MACH_PORT_RIGHT_DEAD_NAME 4u
#define MACH_PORT_RIGHT_NUMBER 5u

#define MACH_PORT_TYPE(right) (1u << ((right) + 16))
#define MACH_PORT_TYPE_NONE 0u
#define MACH_PORT_TYPE_SEND MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND)
#define MACH_PORT_TYPE_RECEIVE MACH_PORT_TYPE(MACH_PORT_RIGHT_RECEIVE)
#define MACH_PORT_TYPE_SEND_ONCE MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND_ONCE)
#define MACH_PORT_TYPE_PORT_SET MACH_PORT_TYPE(MACH_PORT_RIGHT_PORT_SET)
#define MACH_PORT_TYPE_DEAD_NAME MACH_PORT_TYPE(MACH_PORT_RIGHT_DEAD_NAME)
#define MACH_PORT_TYPE_SEND_RECEIVE (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE)
#define MACH_PORT_TYPE_DNREQUEST 0x80000000u /* mach_port_type: a dead-name request is there */

#define MACH_PORT_QLIMIT_DEFAULT 5u
#define MACH_PORT_QLIMIT_MAX 16u

/* mach_port_get_receive_status. */
struct mach_port_status {
    mach_port_name_t pset; /* the set it is in, as the holder names it; or MACH_PORT_NULL */
    uint32_t seqno;
    uint32_t mscount;  /* make-send count */
    uint32_t qlimit;
    uint32_t msgcount; /* messages queued */
    uint32_t sorights; /* send-once rights */
    uint32_t srights;  /* send rights exist (boolean), as are the next two */
    uint32_t pdrequest;
    uint32_t nsrequest;
};

/* --- notifications: message ids --- */

#define MACH_NOTIFY_PORT_DELETED 65   /* name */
#define MACH_NOTIFY_MSG_ACCEPTED 66   /* name */
#define MACH_NOTIFY_PORT_DESTROYED 69 /* the receive right */
#define MACH_NOTIFY_NO_SENDERS 70     /* make-send count */
#define MACH_NOTIFY_SEND_ONCE 71      /* nothing */
#define MACH_NOTIFY_DEAD_NAME 72      /* name */

/* All but MACH_NOTIFY_SEND_ONCE, which is the header alone. */
struct mach_notification {
    struct mach_msg_header header;
    struct mach_msg_type type;
    uint64_t value; /* a name or a count in the low half, or a right */
};

_Static_assert(sizeof(struct mach_notification) == 48, "the layout of mach/notify.h");

/* --- results --- */

/* Only clang can say it of a type. */
#ifdef __clang__
#define MACH_MUST_USE __attribute__((warn_unused_result))
#else
#define MACH_MUST_USE
#endif

enum MACH_MUST_USE kern_return {
    KERN_SUCCESS = 0,
    MACH_MSG_SUCCESS = 0,
    KERN_INVALID_ADDRESS = 1,
    KERN_PROTECTION_FAILURE = 2,
    KERN_NO_SPACE = 3,
    KERN_INVALID_ARGUMENT = 4,
    KERN_FAILURE = 5,
    KERN_RESOURCE_SHORTAGE = 6,
    KERN_NOT_RECEIVER = 7,
    KERN_NO_ACCESS = 8,
    KERN_MEMORY_FAILURE = 9,
    KERN_MEMORY_ERROR = 10,
    KERN_NOT_IN_SET = 12,
    KERN_NAME_EXISTS = 13,
    KERN_ABORTED = 14,
    KERN_INVALID_NAME = 15,
    KERN_INVALID_TASK = 16,
    KERN_INVALID_RIGHT = 17,
    KERN_INVALID_VALUE = 18,
    KERN_UREFS_OVERFLOW = 19,
    KERN_INVALID_CAPABILITY = 20,
    KERN_RIGHT_EXISTS = 21,
    KERN_INVALID_HOST = 22,
    KERN_MEMORY_PRESENT = 23,
    KERN_TERMINATED = 26,
    KERN_TIMEDOUT = 27,
    KERN_INTERRUPTED = 28,

    /* Bits that say more of MACH_RCV_HEADER_ERROR and MACH_RCV_BODY_ERROR. */
    MACH_MSG_VM_KERNEL = 0x0400,  /* the kernel was short of memory for out-of-line data */
    MACH_MSG_IPC_KERNEL = 0x0800, /* or for a right */
    MACH_MSG_VM_SPACE = 0x1000,   /* the task's address space was full */
    MACH_MSG_IPC_SPACE = 0x2000,  /* or its name space */

    MACH_SEND_INVALID_DATA = 0x10000002,
    MACH_SEND_INVALID_DEST = 0x10000003,
    MACH_SEND_TIMED_OUT = 0x10000004,
    MACH_SEND_WILL_NOTIFY = 0x10000005,
    MACH_SEND_NOTIFY_IN_PROGRESS = 0x10000006,
    MACH_SEND_INTERRUPTED = 0x10000007,
    MACH_SEND_MSG_TOO_SMALL = 0x10000008,
    MACH_SEND_INVALID_REPLY = 0x10000009,
    MACH_SEND_INVALID_RIGHT = 0x1000000a,
    MACH_SEND_INVALID_NOTIFY = 0x1000000b,
    MACH_SEND_INVALID_MEMORY = 0x1000000c,
    MACH_SEND_NO_BUFFER = 0x1000000d,
    MACH_SEND_NO_NOTIFY = 0x1000000e,
    MACH_SEND_INVALID_TYPE = 0x1000000f,
    MACH_SEND_INVALID_HEADER = 0x10000010,

    MACH_RCV_INVALID_NAME = 0x10004002,
    MACH_RCV_TIMED_OUT = 0x10004003,
    MACH_RCV_TOO_LARGE = 0x10004004,
    MACH_RCV_INTERRUPTED = 0x10004005,
    MACH_RCV_PORT_CHANGED = 0x10004006,
    MACH_RCV_INVALID_NOTIFY = 0x10004007,
    MACH_RCV_INVALID_DATA = 0x10004008,
    MACH_RCV_PORT_DIED = 0x10004009,
    MACH_RCV_IN_SET = 0x1000400a,
    MACH_RCV_HEADER_ERROR = 0x1000400b,
    MACH_RCV_BODY_ERROR = 0x1000400c,
};

#endif
