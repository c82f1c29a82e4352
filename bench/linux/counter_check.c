/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of the counter: a loop whose length is known, and the time-stamp counter beside it.
 *
 * Under QEMU's -icount shift=0 the time-stamp counter advances by one for each instruction, so it
 * must agree with the plugin's instructions, further iterations of repeat instructions added. */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/linux/bench.h"
#include "l4k/abi/guest_log.h"

#define TURNS 100000
#define CALLS 20
#define FAULTS 20
#define ROUNDS 5
#define PAGE 4096

/* Markers as text, so that the compiler puts no instruction of its own into a region. */
#define OPEN ".byte 0x0f, 0x1f, 0x80\n\t.long %c[open]\n\t"
#define CLOSE "\n\t.byte 0x0f, 0x1f, 0x80\n\t.long %c[close]"
#define REGION(id)                                                                                \
    [open] "i"(MARKER_MAGIC | MARKER_OPEN << 8 | (id)),                                           \
        [close] "i"(MARKER_MAGIC | MARKER_CLOSE << 8 | (id))

static void known_length(void)
{
    __asm__ volatile(OPEN
                     "mov %[turns], %%ecx\n"
                     "1: dec %%ecx\n\t"
                     "jnz 1b" CLOSE
                     :
                     : REGION(REGION_KNOWN_LENGTH), [turns] "i"(TURNS)
                     : "ecx", "cc");
    say(LOG_RESULT "{\"known_length\": %d, \"insn\": %d}", REGION_KNOWN_LENGTH, 1 + 2 * TURNS);
}

/* The region holds one instruction more than lies between the readings: the second reading. */
static void say_ticks(unsigned int region, unsigned int ticks)
{
    say(LOG_RESULT "{\"tsc\": %u, \"ticks\": %u, \"outside\": 1}", region, ticks);
}

static void time_stamp_loop(void)
{
    unsigned int before, after;

    __asm__ volatile(OPEN
                     "rdtsc\n\t"
                     "mov %%eax, %%esi\n\t"
                     "mov %[turns], %%ecx\n"
                     "1: dec %%ecx\n\t"
                     "jnz 1b\n\t"
                     "rdtsc" CLOSE
                     : "=a"(after), "=S"(before)
                     : REGION(REGION_TSC), [turns] "i"(TURNS)
                     : "ecx", "edx", "cc");
    say_ticks(REGION_TSC, after - before);
}

/* Through the kernel; the loop counter sits where the call preserves it. */
static void time_stamp_getpid(void)
{
    unsigned int before, after;

    __asm__ volatile(OPEN
                     "rdtsc\n\t"
                     "mov %%eax, %%esi\n\t"
                     "mov %[calls], %%ebx\n"
                     "1: mov %[number], %%eax\n\t"
                     "syscall\n\t"
                     "dec %%ebx\n\t"
                     "jnz 1b\n\t"
                     "rdtsc" CLOSE
                     : "=a"(after), "=S"(before)
                     : REGION(REGION_TSC_GETPID), [calls] "i"(CALLS), [number] "i"(SYS_getpid)
                     : "ebx", "ecx", "edx", "r11", "cc", "memory");
    say_ticks(REGION_TSC_GETPID, after - before);
}

/* Page faults, whose instructions run again after the fault. */
static void time_stamp_fault(void)
{
    unsigned int before, after;
    char *area = mmap(NULL, FAULTS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0), *page = area;

    CHECK(area != MAP_FAILED);
    __asm__ volatile(OPEN
                     "rdtsc\n\t"
                     "mov %%eax, %%esi\n\t"
                     "mov %[faults], %%ecx\n"
                     "1: movb $1, (%[page])\n\t"
                     "add %[size], %[page]\n\t"
                     "dec %%ecx\n\t"
                     "jnz 1b\n\t"
                     "rdtsc" CLOSE
                     : "=a"(after), "=S"(before), [page] "+D"(page)
                     : REGION(REGION_TSC_FAULT), [faults] "i"(FAULTS), [size] "i"(PAGE)
                     : "ecx", "edx", "cc", "memory");
    CHECK(munmap(area, FAULTS * PAGE) == 0);
    say_ticks(REGION_TSC_FAULT, after - before);
}

void counter_check(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        known_length();
        time_stamp_loop();
        time_stamp_getpid();
        time_stamp_fault();
    }
}
