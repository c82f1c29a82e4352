/* SPDX-License-Identifier: BSD-2-Clause */
/* The regions of the Mach benchmark and its parts. */
#ifndef BENCH_MACH_BENCH_H
#define BENCH_MACH_BENCH_H

#include "bench/mach/mach.h"
#include "bench/marker.h"

/* Region, name, GNU Mach's instructions (NDEBUG). */
#define BENCH_ROWS(row)                                      \
    row(1, "null trap", 77)                                  \
    row(2, "mach_thread_self", 334)                          \
    row(3, "kernel RPC, mach_port_type", 1002)               \
    row(4, "RPC, header only", 1505)                         \
    row(5, "RPC, 1024 B echo", 2004)                         \
    row(6, "RPC, 2048 B echo", 3060)                         \
    row(7, "RPC, server splits", 2246)                       \
    row(8, "RPC, both split", 2977)                          \
    row(9, "RPC, out-of-line 4 KiB", 3524)                   \
    row(10, "RPC, out-of-line 64 KiB", 4750)                 \
    row(11, "RPC, out-of-line 64 KiB, read", 23045)          \
    row(12, "exception RPC, reply only", 1690)               \
    row(13, "exception RPC, get and set state", 5819)        \
    row(14, "vm_allocate + vm_deallocate, trap", 1434)       \
    row(15, "vm_allocate + vm_deallocate, MIG", 2681)        \
    row(16, "zero-fill fault", 6025)                         \
    row(17, "read fault, resident page", 996)                \
    row(18, "copy-on-write fault, 64 pages", 9464)           \
    row(21, "copy-on-write fault, 1024 pages", 9464)         \
    row(19, "task_create with inheritance", 32280)           \
    row(20, "exception RPC 2402, state both ways", 0)

#define REGION_OPEN(id) MARKER(MARKER_OPEN, id)
#define REGION_CLOSE(id) MARKER(MARKER_CLOSE, id)

void bench_report(unsigned region, unsigned iterations);
void bench_traps(void);
void bench_rpc(void);
void bench_exception(void);
void bench_memory(void);

/* --- stubs as MIG makes them (stubs.c) --- */
uint32_t mig_port_type(name_t task, name_t name, uint32_t *type);
uint32_t mig_vm_allocate(name_t task, uint64_t *address, uint64_t size, uint32_t anywhere);
uint32_t mig_vm_deallocate(name_t task, uint64_t address, uint64_t size);
uint32_t mig_get_state(name_t thread, uint32_t flavor, struct mach_thread_state *state);
uint32_t mig_set_state(name_t thread, uint32_t flavor, const struct mach_thread_state *state);

#endif
