/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's own interfaces in the Mach ABI: traps, message ids, exceptions, thread states.
 *
 * Numbers and layouts are GNU Mach's (its .defs files), those from 3400 on OSF's. A request or
 * reply is a header followed by arguments: a type descriptor and the value, which fills 8 bytes;
 * arrays are as long as they are. A reply's first argument is the kern_return. */
#ifndef L4K_ABI_MACH_RPC_H
#define L4K_ABI_MACH_RPC_H

#include "l4k/abi/mach.h"

/* --- traps: EAX is minus this --- */
#define TRAP_MACH_MSG 25
#define TRAP_REPLY_PORT 26
#define TRAP_THREAD_SELF 27
#define TRAP_TASK_SELF 28
#define TRAP_HOST_SELF 29
#define TRAP_PRINT 30
#define TRAP_VM_ALLOCATE 65
#define TRAP_VM_DEALLOCATE 66
#define TRAP_PORT_ALLOCATE 72
#define TRAP_SET_SELF_STATE 77
#define TRAP_MAX 130 /* beyond: an exception; a hole within: KERN_INVALID_ARGUMENT */

/* --- what MIG adds to kern_return_t --- */
#define MIG_BAD_ID (-303)
#define MIG_BAD_ARGUMENTS (-304)
#define MIG_NO_REPLY (-305) /* in the kernel: a simple routine's result */

#define RPC_REPLY 100 /* added to a request's id */

/* An argument that fills 8 bytes: an integer, a port, the address of out-of-line data. */
struct mach_arg {
    struct mach_msg_type type;
    uint64_t value;
};

/* A reply without anything but the result. */
struct mach_result {
    struct mach_msg_header header;
    struct mach_arg result;
};
_Static_assert(sizeof(struct mach_result) == 48, "mig_reply_header_t");

/* Descriptors as words: name, element bits, inline, number. MIG's stubs set MACH_TYPE_LONG in those
 * of out-of-line arrays (also of elements from 256 bits, inline arrays from 4,096 elements on), and
 * accept no reply without it. */
#define MACH_TYPE_WORD(name, bits, inlined, number)                                            \
    ((uint64_t)(name) | (uint64_t)(bits) << 8 | (uint64_t)(inlined) << 29 |                    \
     (uint64_t)(number) << 32)
#define MACH_TYPE_LONG (UINT64_C(1) << 30)
#define MACH_TYPE_DEALLOCATE (UINT64_C(1) << 31)
#define MACH_TYPE_INT32 MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_32, 32, 1, 1)
#define MACH_TYPE_INT64 MACH_TYPE_WORD(MACH_MSG_TYPE_INTEGER_64, 64, 1, 1)
#define MACH_TYPE_BOOL MACH_TYPE_WORD(MACH_MSG_TYPE_BOOLEAN, 32, 1, 1)
#define MACH_TYPE_NAME MACH_TYPE_WORD(MACH_MSG_TYPE_PORT_NAME, 32, 1, 1)
#define MACH_TYPE_PORT(disposition) MACH_TYPE_WORD(disposition, 64, 1, 1)

/* --- requests --- */
#define RPC_TASK_CREATE 2007
#define RPC_TASK_TERMINATE 2008
#define RPC_TASK_THREADS 2011
#define RPC_TASK_INFO 2012
#define RPC_THREAD_TERMINATE 2016
#define RPC_THREAD_GET_STATE 2017
#define RPC_THREAD_SET_STATE 2018
#define RPC_THREAD_INFO 2019
#define RPC_VM_ALLOCATE 2021
#define RPC_VM_DEALLOCATE 2023
#define RPC_VM_PROTECT 2024
#define RPC_VM_INHERIT 2025
#define RPC_VM_READ 2026
#define RPC_VM_WRITE 2027
#define RPC_VM_COPY 2028
#define RPC_VM_REGION 2029
#define RPC_VM_STATISTICS 2030
#define RPC_PORTS_REGISTER 2033
#define RPC_PORTS_LOOKUP 2034
#define RPC_TASK_SUSPEND 2056
#define RPC_TASK_RESUME 2057
#define RPC_TASK_GET_SPECIAL_PORT 2058
#define RPC_TASK_SET_SPECIAL_PORT 2059
#define RPC_THREAD_CREATE 2061
#define RPC_THREAD_SUSPEND 2062
#define RPC_THREAD_RESUME 2063
#define RPC_THREAD_ABORT 2064
#define RPC_THREAD_GET_SPECIAL_PORT 2067
#define RPC_THREAD_SET_SPECIAL_PORT 2068
#define RPC_VM_MAP 2089
#define RPC_VM_MACHINE_ATTRIBUTE 2099
#define RPC_OBJECT_CREATE 2275 /* default_pager_object_create, to the privileged host port */
#define RPC_EXCEPTION_RAISE 2400
#define RPC_EXCEPTION_RAISE_STATE 2402
#define RPC_EXCEPTION_RAISE_STATE_IDENTITY 2403
#define RPC_THREAD_PRIORITY 2620
#define RPC_HOST_GET_TIME 2634
#define RPC_HOST_REBOOT 2635
#define RPC_VM_WIRE 2636
#define RPC_HOST_INFO 2638
#define RPC_HOST_BOOT_INFO 2642 /* host_get_boot_info; GNU Mach has it on i386 only */
#define RPC_HOST_GET_TIME64 2643
#define RPC_HOST_KERNEL_VERSION 2646
#define RPC_HOST_GET_UPTIME64 2647
#define RPC_DEVICE_OPEN 2800
#define RPC_DEVICE_CLOSE 2801
#define RPC_DEVICE_WRITE_INBAND 2803
#define RPC_DEVICE_READ_INBAND 2805
#define RPC_PORT_NAMES 3200
#define RPC_PORT_TYPE 3201
#define RPC_PORT_RENAME 3202
#define RPC_PORT_ALLOCATE_NAME 3203
#define RPC_PORT_ALLOCATE 3204
#define RPC_PORT_DESTROY 3205
#define RPC_PORT_DEALLOCATE 3206
#define RPC_PORT_GET_REFS 3207
#define RPC_PORT_MOD_REFS 3208
#define RPC_PORT_SET_QLIMIT 3210
#define RPC_PORT_SET_MSCOUNT 3211
#define RPC_PORT_GET_SET_STATUS 3212
#define RPC_PORT_MOVE_MEMBER 3213
#define RPC_PORT_REQUEST_NOTIFICATION 3214
#define RPC_PORT_INSERT_RIGHT 3215
#define RPC_PORT_EXTRACT_RIGHT 3216
#define RPC_PORT_GET_RECEIVE_STATUS 3217
#define RPC_PORT_SET_SEQNO 3218
#define RPC_TASK_SET_EXCEPTION_PORTS 3413
#define RPC_THREAD_SET_EXCEPTION_PORTS 3613
#define RPC_XSTATE_SIZE 3809 /* i386_get_xstate_size */
#define RPC_TASK_SET_NAME 4202
#define RPC_GSYNC_WAIT 4204
#define RPC_GSYNC_WAKE 4205
#define RPC_VM_WIRE_ALL 4207
#define RPC_VM_MSYNC 4209
#define RPC_VM_SET_SIZE_LIMIT 4215 /* to a host port */
#define RPC_VM_GET_SIZE_LIMIT 4216
#define RPC_HOST_MODULE 4290  /* ours, to the privileged host port: a boot module as an object */
#define RPC_HOST_ENTROPY 4291 /* ours: HOST_ENTROPY_WORDS random words */
#define HOST_ENTROPY_WORDS 8
#define RPC_TASK_CREATE_LIMITED 4292 /* ours: an empty task on an account of its own */
#define RPC_TASK_OBJECT_CREATE 4293  /* ours: as 2275, paid by the task */
#define RPC_HOST_COUNTERS 4294       /* ours: struct mach_counters */

/* What the kernel has in use: equal before and after, nothing has leaked. */
struct mach_counters {
    uint64_t free_frames, resident_pages; /* pages */
    uint64_t kmem;                        /* bytes */
    uint64_t ports, port_sets, messages;
};

/* --- vm_wire_all: flags; none: unwire --- */
#define VM_WIRE_CURRENT 1u
#define VM_WIRE_FUTURE 2u /* refused */

/* --- special ports: which --- */
#define SPECIAL_KERNEL_PORT 1 /* of a task or thread itself */
#define SPECIAL_EXCEPTION_PORT 3
#define SPECIAL_BOOTSTRAP_PORT 4 /* tasks only */

/* --- exceptions --- */
#define EXC_BAD_ACCESS 1 /* code: kern_return, subcode: address */
#define EXC_BAD_INSTRUCTION 2
#define EXC_ARITHMETIC 3
#define EXC_EMULATION 4
#define EXC_SOFTWARE 5
#define EXC_BREAKPOINT 6
#define EXC_SYSCALL 7 /* OSF: code is the number */
#define EXC_TYPES 8
#define EXC_MASK(exception) (1u << (exception))
#define EXC_MASK_ALL 0xfeu

#define EXC_I386_INVOP 1
#define EXC_I386_DIV 1
#define EXC_I386_INTO 2
#define EXC_I386_NOEXT 3
#define EXC_I386_EXTERR 5
#define EXC_I386_BOUND 7
#define EXC_I386_SGL 1
#define EXC_I386_BPT 2
#define EXC_I386_SEGNPFLT 11
#define EXC_I386_STKFLT 12
#define EXC_I386_GPFLT 13
#define EXC_I386_ALIGNFLT 17

/* What the exception message carries (OSF): task_set_exception_ports. */
#define EXCEPTION_DEFAULT 1        /* 2400: thread and task ports */
#define EXCEPTION_STATE 2          /* 2402: the state, both ways */
#define EXCEPTION_STATE_IDENTITY 3 /* 2403: all of it */

struct mach_exception {
    struct mach_msg_header header;
    struct mach_arg thread, task;
    struct mach_arg exception, code; /* 32 bits */
    struct mach_arg subcode;         /* 64 bits */
};
_Static_assert(sizeof(struct mach_exception) == 112, "GNU Mach's on x86-64");

/* --- thread states: flavors --- */
#define STATE_FLAVOR_LIST 0
#define STATE_REGS 1      /* i386_THREAD_STATE */
#define STATE_REGS_SEGS 5 /* the same structure */
#define STATE_FSGS_BASE 7
#define STATE_XFLOAT 8      /* struct mach_xfloat_state */
#define STATE_FXSAVE 64   /* ours: 512 bytes of FXSAVE */
#define STATE_SAVED 65    /* ours: what a state-carrying exception of a system call has */

/* i386_thread_state on x86-64. */
struct mach_thread_state {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp;
    uint64_t unused; /* called rsp, means nothing: ursp is the stack pointer */
    uint64_t rbx, rdx, rcx, rax, rip;
    uint32_t cs, cs_pad;
    uint64_t rflags, ursp;
    uint32_t ss, ss_pad;
};
_Static_assert(sizeof(struct mach_thread_state) == 168, "i386_thread_state");

struct mach_fsgs_state {
    uint64_t fs_base, gs_base;
};

/* i386_xfloat_state; its size is what i386_get_xstate_size says. */
struct mach_xfloat_state {
    int32_t kind;        /* FP_387FX */
    int32_t initialized; /* 0 when set: as of a new thread */
    int32_t exc_status;
    int32_t save_kind;   /* FP_FXSAVE */
    uint8_t image[512];
};
#define FP_387FX 4
#define FP_FXSAVE 1

/* The trap frame, in its own order, and the top of the user's stack (zeros where it can't be
 * read; not set from a reply). */
struct mach_saved_state {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
    uint64_t stack[7];
};

#define STATE_COUNT(type) (sizeof(type) / 4) /* natural_t, as all counts of states */
#define STATE_MAX 144                        /* of any flavor */

/* Messages 2402 and its reply, 2403 with the ports in front; OSF's, with typed items. */
struct mach_exception_state {
    struct mach_msg_header header;
    struct mach_arg exception; /* 32 bits */
    struct mach_msg_type code_type; /* two of 64 bits: code, subcode */
    uint64_t code[2];
    struct mach_arg flavor;
    struct mach_msg_type state_type;
    struct mach_saved_state state;
};

struct mach_exception_state_reply {
    struct mach_msg_header header;
    struct mach_arg result;
    struct mach_arg flavor;
    struct mach_msg_type state_type;
    struct mach_saved_state state;
};

/* --- info flavors: all times are 0, for the kernel keeps no account of them --- */
#define TASK_BASIC_INFO 1
#define THREAD_BASIC_INFO 1
#define HOST_BASIC_INFO 1

struct mach_time {
    int64_t seconds;
    int32_t microseconds, pad;
};

struct mach_task_basic_info {
    int32_t suspend_count, base_priority;
    uint64_t virtual_size, resident_size;
    struct mach_time user_time, system_time, creation_time;
};

struct mach_thread_basic_info {
    struct mach_time user_time, system_time;
    int32_t cpu_usage, base_priority, cur_priority, run_state, flags, suspend_count, sleep_time;
    int32_t pad;
    struct mach_time creation_time;
};
#define TH_STATE_RUNNING 1
#define TH_STATE_STOPPED 2
#define TH_STATE_WAITING 3

struct mach_host_basic_info {
    int32_t max_cpus, avail_cpus;
    uint64_t memory_size;
    int32_t cpu_type, cpu_subtype;
};
#define CPU_TYPE_X86_64 19

/* vm_statistics: 32-bit counts of pages and events. */
struct mach_vm_statistics {
    uint32_t pagesize, free_count, active_count, inactive_count, wire_count, zero_fill_count;
    uint32_t reactivations, pageins, pageouts, faults, cow_faults, lookups, hits;
};

#endif
