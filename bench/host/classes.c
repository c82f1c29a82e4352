/* SPDX-License-Identifier: BSD-2-Clause */
/* Throughput of instruction classes (bench/model/classes.h): long runs of like instructions that do
 * not depend on one another. */
#include <stdio.h>

#include "bench/host/calibrate.h"

#define REPEATS 15
#define ROUNDS 5
#define COPIES 256

static char scratch[4096] __attribute__((aligned(4096)));

/* A function that runs `turns` times what `body` repeats. In there r8 to r13 are targets, rcx (3),
 * rdx and rax sources, rsi points to `scratch`, rbx is free, the stack may be used. Label 7 is a
 * return instruction, label 8 the loop. */
#define RUN(name, body)                                                                           \
    static void run_##name(void *data)                                                            \
    {                                                                                             \
        register unsigned long turns __asm__("r15") = *(const unsigned long *)data;               \
        register char *memory __asm__("rsi") = scratch;                                           \
                                                                                                  \
        __asm__ volatile("sub $1024, %%rsp\n\t"                                                   \
                         "mov $3, %%ecx\n\t"                                                      \
                         "mov $1, %%edx\n\t"                                                      \
                         "jmp 8f\n"                                                               \
                         "7: ret\n\t"                                                             \
                         ".balign 64\n"                                                           \
                         "8: " body "\n\t"                                                        \
                         "dec %[turns]\n\t"                                                       \
                         "jnz 8b\n\t"                                                             \
                         "add $1024, %%rsp"                                                       \
                         : [turns] "+r"(turns), "+r"(memory)                                      \
                         :                                                                        \
                         : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",    \
                           "cc", "memory");                                                       \
    }

/* Text `n` times; with each of six registers `n` times; with each of eight lines `n` times. */
#define TIMES(n, text) ".rept " #n "\n\t" text "\n\t.endr"
#define TARGETS(n, text) \
    TIMES(n, ".irp r, r8, r9, r10, r11, r12, r13\n\t" text "\n\t.endr")
#define TARGETS_32(n, text) \
    TIMES(n, ".irp r, r8d, r9d, r10d, r11d, r12d, r13d\n\t" text "\n\t.endr")
#define TARGETS_8(n, text) \
    TIMES(n, ".irp r, r8b, r9b, r10b, r11b, r12b, r13b\n\t" text "\n\t.endr")
#define LINES(n, text) \
    TIMES(n, ".irp o, 0, 64, 128, 192, 256, 320, 384, 448\n\t" text "\n\t.endr")

RUN(nop, TIMES(192, "nop"))
RUN(move, TARGETS(32, "mov %%rcx, %%\\r"))
RUN(load, TARGETS(32, "mov 64(%%rsi), %%\\r"))
RUN(store, LINES(24, "mov %%rcx, \\o(%%rsi)"))
RUN(move_extend, TARGETS_32(32, "movzbl %%cl, %%\\r"))
RUN(lea, TARGETS(32, "lea 8(%%rcx, %%rdx), %%\\r"))
RUN(alu, TARGETS(32, "add %%rcx, %%\\r"))
RUN(alu_load, TARGETS(32, "add 64(%%rsi), %%\\r"))
RUN(alu_rmw, LINES(24, "add %%rcx, \\o(%%rsi)"))
RUN(shift_cl, TARGETS(32, "shl %%cl, %%\\r"))
RUN(setcc, TARGETS_8(32, "setne %%\\r"))
RUN(cmov, TARGETS(32, "cmovne %%rcx, %%\\r"))
RUN(bit_test, TARGETS(32, "bt %%rcx, %%\\r"))
RUN(bit_scan, TARGETS(32, "bsf %%rcx, %%\\r"))
RUN(double_shift, TARGETS(32, "shld $3, %%rcx, %%\\r"))
RUN(multiply, TARGETS(32, "imul %%rcx, %%\\r"))
RUN(divide, TIMES(64, "mov $1000003, %%eax\n\txor %%edx, %%edx\n\tdiv %%ecx"))
RUN(exchange, TARGETS(32, "xchg %%rcx, %%\\r"))
RUN(cmpxchg, TARGETS(32, "cmpxchg %%rcx, %%\\r"))
RUN(xadd, TARGETS(32, "xadd %%rcx, %%\\r"))
RUN(push, TIMES(12, TIMES(16, "push %%rcx") "\n\tadd $128, %%rsp"))
RUN(pop, TIMES(12, "sub $128, %%rsp\n\t" TIMES(16, "pop %%r8")))
RUN(push_memory, TIMES(12, TIMES(16, "push (%%rsi)") "\n\tadd $128, %%rsp"))
RUN(pushf, TIMES(12, TIMES(16, "pushf") "\n\tadd $128, %%rsp"))
RUN(pushf_popf, TIMES(64, "pushf\n\tpopf"))
RUN(convert, TIMES(192, "cqo"))
RUN(string, TIMES(12, TIMES(16, "lodsq") "\n\tsub $128, %%rsi"))
RUN(jump_taken, TIMES(64, "jmp 6f\n\t.balign 16\n6:"))
RUN(jump_not_taken, "test %%rsp, %%rsp\n\t" TIMES(128, "jz 7b"))
RUN(lea_jump_indirect, TIMES(64, "lea 6f(%%rip), %%rbx\n\tjmp *%%rbx\n\t.balign 16\n6:"))
RUN(call_return, TIMES(32, "call 7b"))
RUN(call_indirect_return, "lea 7b(%%rip), %%rbx\n\t" TIMES(32, "call *%%rbx"))
RUN(loop, "mov $1000, %%ecx\n6: loop 6b")
RUN(fp, TIMES(96, "fld1\n\tfstp %%st(0)"))
RUN(simd, TIMES(32, ".irp r, 0, 1, 2, 3, 4, 5\n\tpaddd %%xmm6, %%xmm\\r\n\t.endr"))
RUN(pause, TIMES(16, "pause"))
RUN(mfence, TIMES(16, "mfence"))
RUN(lfence, TIMES(16, "lfence"))
RUN(lock_alu_rmw, TIMES(4, LINES(1, "lock; add %%rcx, \\o(%%rsi)")))
RUN(rdtsc, TIMES(16, "rdtsc"))
RUN(cpuid, TIMES(4, "xor %%eax, %%eax\n\tcpuid"))

static const struct {
    const char *name;
    void (*run)(void *turns);
    unsigned long turns, length; /* classes' instructions, or pairs of them, in a turn */
} runs[] = {
#define LISTED(name, turns, length) { #name, run_##name, turns, length }
    LISTED(nop, 100, 192), LISTED(move, 100, 192), LISTED(load, 100, 192),
    LISTED(store, 100, 192), LISTED(move_extend, 100, 192), LISTED(lea, 100, 192),
    LISTED(alu, 100, 192), LISTED(alu_load, 100, 192), LISTED(alu_rmw, 100, 192),
    LISTED(shift_cl, 100, 192), LISTED(setcc, 100, 192), LISTED(cmov, 100, 192),
    LISTED(bit_test, 100, 192), LISTED(bit_scan, 100, 192), LISTED(double_shift, 100, 192),
    LISTED(multiply, 100, 192), LISTED(divide, 20, 64), LISTED(exchange, 50, 192),
    LISTED(cmpxchg, 50, 192), LISTED(xadd, 50, 192), LISTED(push, 100, 192),
    LISTED(pop, 100, 192), LISTED(push_memory, 50, 192), LISTED(pushf, 20, 192),
    LISTED(pushf_popf, 10, 64), LISTED(convert, 100, 192), LISTED(string, 50, 192),
    LISTED(jump_taken, 100, 64), LISTED(jump_not_taken, 100, 128),
    LISTED(lea_jump_indirect, 50, 64), LISTED(call_return, 100, 32),
    LISTED(call_indirect_return, 100, 32), LISTED(loop, 10, 1000), LISTED(fp, 50, 192),
    LISTED(simd, 100, 192), LISTED(pause, 5, 16), LISTED(mfence, 10, 16), LISTED(lfence, 20, 16),
    LISTED(lock_alu_rmw, 10, 32), LISTED(rdtsc, 10, 16), LISTED(cpuid, 2, 4),
};

void measure_classes(void)
{
    static double best[sizeof(runs) / sizeof(runs[0])];

    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (unsigned int i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
            unsigned long turns = runs[i].turns;
            double cycles = measure(runs[i].run, &turns, REPEATS).least / (turns * runs[i].length);

            best[i] = round && best[i] < cycles ? best[i] : cycles;
        }
    }
    for (unsigned int i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        printf("{\"class\": \"%s\", \"cycles\": %.3f}\n", runs[i].name, best[i]);
}

/* COPIES times rep movsb of `*size` bytes, within the first level. */
static void copy(void *size)
{
    static char from[4096] __attribute__((aligned(4096))), to[4096] __attribute__((aligned(4096)));

    for (int i = 0; i < COPIES; i++) {
        char *source = from, *target = to;
        unsigned long n = *(const unsigned long *)size;

        __asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(n) : : "memory");
    }
}

void measure_strings(void)
{
    for (unsigned long size = 256; size <= 4096; size *= 2)
        printf("{\"copied\": %lu, \"cycles\": %.1f}\n", size,
               measure(copy, &size, REPEATS).least / COPIES);
}
