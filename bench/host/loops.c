/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops of known length: the instructions between the markers are written out. */
#include "bench/host/validate.h"

#include <stddef.h>
#include <stdint.h>

#include "bench/host/chain.h"
#include "bench/marker.h"

#define KB 1024ul
#define L1_SIZE (16 * KB) /* within the levels of most processors; the machine file says which */
#define L2_SIZE (128 * KB)
#define L3_SIZE (4096 * KB)
#define MEMORY_SIZE (128 * KB * KB)
#define PAGES 8192
#define COPY 4096

static void *memory, **first_level, **second_level, **third_level, **in_memory, **pages;
static char *scanned;
static char copy_from[COPY] __attribute__((aligned(PAGE)));
static char copy_to[COPY] __attribute__((aligned(PAGE)));
static uint64_t state = 88172645463325252u, mask; /* of the random branch */

bool loops_prepare(void)
{
    char *l1 = chain_memory(L1_SIZE), *l2 = chain_memory(L2_SIZE), *l3 = chain_memory(L3_SIZE);
    char *spread = chain_memory(PAGES * PAGE);

    memory = chain_memory(MEMORY_SIZE);
    scanned = chain_memory(L3_SIZE);
    if (!l1 || !l2 || !l3 || !spread || !memory || !scanned)
        return false;
    first_level = chain_lines(l1, L1_SIZE);
    second_level = chain_lines(l2, L2_SIZE);
    third_level = chain_lines(l3, L3_SIZE);
    in_memory = chain_lines(memory, MEMORY_SIZE);
    pages = chain_pages(spread, PAGES);
    return pages != NULL;
}

/* `turns` times `body`, between the markers of a region. rcx (3), rdx (1) and rax are sources, rbx
 * and r8 to r13 targets; rsi and rdi begin as given, and rsi is returned. Label 7 is a return
 * instruction. */
#define RUN(name, id, pointer, second, body)                                                      \
    static void *run_##name(unsigned long turns)                                                  \
    {                                                                                             \
        register unsigned long left __asm__("r15") = turns;                                       \
        register void *rsi __asm__("rsi") = (pointer);                                            \
        register void *rdi __asm__("rdi") = (second);                                             \
                                                                                                  \
        __asm__ volatile("sub $1024, %%rsp\n\t"                                                   \
                         "mov $3, %%ecx\n\t"                                                      \
                         "mov $1, %%edx\n\t"                                                      \
                         "jmp 8f\n"                                                               \
                         "7: ret\n\t"                                                             \
                         ".balign 64\n"                                                           \
                         "8: .byte 0x0f, 0x1f, 0x80\n\t.long %c[open]\n"                          \
                         "1: " body "\n\t"                                                        \
                         "dec %[left]\n\t"                                                        \
                         "jnz 1b\n\t"                                                             \
                         ".byte 0x0f, 0x1f, 0x80\n\t.long %c[close]\n\t"                          \
                         "add $1024, %%rsp"                                                       \
                         : [left] "+r"(left), "+r"(rsi), "+r"(rdi)                                \
                         : [open] "i"(MARKER_MAGIC | MARKER_OPEN << 8 | (id)),                    \
                           [close] "i"(MARKER_MAGIC | MARKER_CLOSE << 8 | (id))                   \
                         : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",    \
                           "cc", "memory");                                                       \
        return rsi;                                                                               \
    }

/* A loop and its empty twin, as struct loop wants them. A chain goes on where it ended. */
#define LOOP(name, id, pointer, second, body)                                                     \
    RUN(name, id, pointer, second, body)                                                          \
    RUN(name##_empty, (id) + 1, NULL, NULL, "")                                                   \
    static int name(unsigned int n)                                                               \
    {                                                                                             \
        run_##name(n);                                                                            \
        return 0;                                                                                 \
    }                                                                                             \
    EMPTY(name)
#define CHAIN(name, id, chain)                                                                    \
    RUN(name, id, chain, NULL, TIMES(64, "mov (%%rsi), %%rsi"))                                   \
    RUN(name##_empty, (id) + 1, NULL, NULL, "")                                                   \
    static int name(unsigned int n)                                                               \
    {                                                                                             \
        (chain) = run_##name(n);                                                                  \
        return 0;                                                                                 \
    }                                                                                             \
    EMPTY(name)
#define EMPTY(name)                                                                               \
    static int name##_empty(unsigned int n)                                                       \
    {                                                                                             \
        run_##name##_empty(n);                                                                    \
        return 0;                                                                                 \
    }

#define TIMES(n, text) ".rept " #n "\n\t" text "\n\t.endr"
#define TARGETS(n, text) \
    TIMES(n, ".irp r, r8, r9, r10, r11, r12, r13\n\t" text "\n\t.endr")
#define SIXTEEN_LINES(text)                                                                       \
    ".irp o, 0, 64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960\n\t" text \
    "\n\t.endr\n\tadd $1024, %%rsi"

/* xorshift64, and a branch on one bit of its state; both ways are three instructions long. rsi and
 * rdi point to the state and to the bits that count. */
#define BRANCH                                                                                    \
    "mov (%%rsi), %%r8\n\t"                                                                       \
    "mov %%r8, %%r9\n\tshl $13, %%r9\n\txor %%r9, %%r8\n\t"                                       \
    "mov %%r8, %%r9\n\tshr $7, %%r9\n\txor %%r9, %%r8\n\t"                                        \
    "mov %%r8, %%r9\n\tshl $17, %%r9\n\txor %%r9, %%r8\n\t"                                       \
    "mov %%r8, (%%rsi)\n\t"                                                                       \
    "test %%r8, (%%rdi)\n\t"                                                                      \
    "jz 2f\n\tinc %%r10\n\tjmp 3f\n"                                                              \
    "2: inc %%r11\n\tnop\n"                                                                       \
    "3:"
#define BRANCH_INSN 15

enum { ADDS = 2, WIDE = 4, LOAD_L1 = 6, LOAD_L2 = 8, LOAD_L3 = 10, LOAD_MEMORY = 12, READS = 14,
       STORES = 16, RANDOM = 18, ALIKE = 20, CALLS = 22, MULTIPLY = 24, DIVIDE = 26, COPIES = 28,
       TLB = 30 };

static const uint64_t random_bit = 1 << 20;

LOOP(add_dependent, ADDS, NULL, NULL, TIMES(256, "add %%rax, %%rax"))
LOOP(add_independent, WIDE, NULL, NULL, TARGETS(48, "add %%rcx, %%\\r"))
CHAIN(load_l1, LOAD_L1, first_level)
CHAIN(load_l2, LOAD_L2, second_level)
CHAIN(load_l3, LOAD_L3, third_level)
CHAIN(load_memory, LOAD_MEMORY, in_memory)
LOOP(read_scan, READS, scanned, NULL, SIXTEEN_LINES("mov \\o(%%rsi), %%r8"))
LOOP(store_scan, STORES, scanned, NULL, SIXTEEN_LINES("mov %%rcx, \\o(%%rsi)"))
LOOP(branch_random, RANDOM, &state, (void *)&random_bit, BRANCH)
LOOP(branch_alike, ALIKE, &state, &mask, BRANCH)
LOOP(call_return, CALLS, NULL, NULL, TIMES(64, "call 7b"))
LOOP(multiply, MULTIPLY, NULL, NULL, TARGETS(32, "imul %%rcx, %%\\r"))
LOOP(divide, DIVIDE, NULL, NULL, TIMES(64, "mov $1000003, %%eax\n\txor %%edx, %%edx\n\tdiv %%ecx"))
LOOP(copy, COPIES, copy_from, copy_to,
     "mov $4096, %%ecx\n\trep movsb\n\tsub $4096, %%rsi\n\tsub $4096, %%rdi")
CHAIN(load_page, TLB, pages)

/* `turns` turns of `insn` instructions and `operations` operations each. */
#define ENTRY(name, what, region, turns, operations, insn)                                        \
    { #name, what, region, (turns) * (operations), (turns) * ((insn) + 2ul), (turns) * 2ul, name, \
      name##_empty, turns }

const struct loop loops[] = {
    ENTRY(add_dependent, "addition, each needs the last", ADDS, 200, 256ul, 256),
    ENTRY(add_independent, "addition, six registers in turn", WIDE, 200, 288ul, 288),
    ENTRY(load_l1, "load, address from the last, 16 KB", LOAD_L1, 200, 64ul, 64),
    ENTRY(load_l2, "load, address from the last, 128 KB", LOAD_L2, 256, 64ul, 64),
    ENTRY(load_l3, "load, address from the last, 4 MB", LOAD_L3, L3_SIZE / LINE / 64, 64ul, 64),
    ENTRY(load_memory, "load, address from the last, 128 MB", LOAD_MEMORY, 1024, 64ul, 64),
    ENTRY(load_page, "load, each in another of 8192 pages", TLB, PAGES / 64, 64ul, 64),
    ENTRY(read_scan, "load, line after line of 4 MB", READS, L3_SIZE / LINE / 16, 16ul, 17),
    ENTRY(store_scan, "store, line after line of 4 MB", STORES, L3_SIZE / LINE / 16, 16ul, 17),
    ENTRY(branch_random, "branch on a random bit", RANDOM, 10000, 1ul, BRANCH_INSN),
    ENTRY(branch_alike, "the same on a constant bit", ALIKE, 10000, 1ul, BRANCH_INSN),
    ENTRY(call_return, "call and return", CALLS, 200, 64ul, 128),
    ENTRY(multiply, "multiplication, six registers in turn", MULTIPLY, 200, 192ul, 192),
    ENTRY(divide, "division of 32 bits", DIVIDE, 100, 64ul, 192),
    ENTRY(copy, "rep movsb of 4 KB", COPIES, 200, 1ul, 4),
    { 0 },
};
