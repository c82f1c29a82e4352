/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: allocation, faults, tasks. */
#include "bench/mach/bench.h"

#define N 1000
#define PAGES 64
#define ROUNDS 8

static void allocation(void)
{
    uint64_t address;

    REGION_OPEN(14);
    for (int i = 0; i < N; i++) {
        address = 0;
        MUST(trap_vm_allocate(task_self, &address, PAGE_SIZE, true));
        MUST(trap_vm_deallocate(task_self, address, PAGE_SIZE));
    }
    REGION_CLOSE(14);
    bench_report(14, N);
    REGION_OPEN(15);
    for (int i = 0; i < N; i++) {
        address = 0;
        MUST(mig_vm_allocate(task_self, &address, PAGE_SIZE, true));
        MUST(mig_vm_deallocate(task_self, address, PAGE_SIZE));
    }
    REGION_CLOSE(15);
    bench_report(15, N);
}

static uint64_t allocate(uint64_t size)
{
    uint64_t address = 0;

    MUST(trap_vm_allocate(task_self, &address, size, true));
    return address;
}

static void write_pages(uint64_t address)
{
    for (unsigned i = 0; i < PAGES; i++)
        *(volatile uint64_t *)(address + (uint64_t)i * PAGE_SIZE) = i;
}

static uint64_t read_pages(uint64_t address)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < PAGES; i++)
        sum += *(volatile uint64_t *)(address + (uint64_t)i * PAGE_SIZE);
    return sum;
}

/* A virtual copy of the pages in this task. */
static uint64_t copy_of(uint64_t address, uint64_t size)
{
    struct call c;

    call_begin(&c);
    put64(&c, address);
    put64(&c, size);
    MUST(call(&c, task_self, RPC_VM_READ));
    return get(&c);
}

static void zero_fill(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        uint64_t address = allocate((uint64_t)PAGES * PAGE_SIZE);

        REGION_OPEN(16);
        write_pages(address);
        REGION_CLOSE(16);
        MUST(trap_vm_deallocate(task_self, address, (uint64_t)PAGES * PAGE_SIZE));
    }
    bench_report(16, PAGES * ROUNDS);
}

#define SUM ((uint64_t)PAGES * (PAGES - 1) / 2)

static void read_fault(uint64_t address, uint64_t size)
{
    for (int r = 0; r < ROUNDS; r++) {
        uint64_t copy = copy_of(address, size);

        REGION_OPEN(17);
        MUST(read_pages(copy) != SUM);
        REGION_CLOSE(17);
        MUST(trap_vm_deallocate(task_self, copy, size));
    }
    bench_report(17, PAGES * ROUNDS);
}

/* Writes the first pages of a copy; its size should not matter. */
#define COPY_ON_WRITE(region, pages)                                                           \
    do {                                                                                       \
        const uint64_t size = (uint64_t)(pages)*PAGE_SIZE;                                     \
        uint64_t address = allocate(size), copy;                                               \
        for (uint64_t at = address; at < address + size; at += (uint64_t)PAGES * PAGE_SIZE)    \
            write_pages(at);                                                                   \
        for (int r = 0; r < ROUNDS; r++) {                                                     \
            copy = copy_of(address, size);                                                     \
            REGION_OPEN(region);                                                               \
            write_pages(copy);                                                                 \
            REGION_CLOSE(region);                                                              \
            MUST(read_pages(address) != SUM);                                                  \
            MUST(trap_vm_deallocate(task_self, copy, size));                                   \
        }                                                                                      \
        bench_report(region, PAGES *ROUNDS);                                                   \
        MUST(trap_vm_deallocate(task_self, address, size));                                    \
    } while (0)

static void faults(void)
{
    const uint64_t size = (uint64_t)PAGES * PAGE_SIZE;
    uint64_t address = allocate(size);

    write_pages(address);
    read_fault(address, size);
    MUST(trap_vm_deallocate(task_self, address, size));
    zero_fill();
    COPY_ON_WRITE(18, PAGES);
    COPY_ON_WRITE(21, 16 * PAGES);
}

static void tasks(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        name_t child;

        REGION_OPEN(19);
        child = child_create();
        REGION_CLOSE(19);
        MUST(simple_call(child, RPC_TASK_TERMINATE));
        MUST(port_simple(RPC_PORT_DEALLOCATE, task_self, child));
    }
    bench_report(19, ROUNDS);
}

void bench_memory(void)
{
    allocation();
    faults();
    tasks();
}
