/* SPDX-License-Identifier: BSD-2-Clause */
/* The time-stamp counter: what CPUID says of the machine, chains of known length, the lines that
 * tell of them. */
#include <cpuid.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/linux/bench.h"
#include "bench/linux/tsc.h"
#include "l4k/abi/guest_log.h"

#define BLOCK 64
#define TRIES 16
#define WARM_UP 1024 /* chains: milliseconds, in which the core takes up its clock */
#define NUMBERS_TEXT 256

/* Ticks of BLOCK times `turns` instructions, each of which needs the result of the one before; both
 * operands are registers, since processors may carry out the addition of a constant before it
 * executes. */
#define CHAIN(function, instruction)                                                              \
    static uint64_t function(unsigned int turns)                                                  \
    {                                                                                             \
        uint64_t value = 1, start = tsc_read();                                                   \
                                                                                                  \
        __asm__ volatile("1:\n\t"                                                                 \
                         ".rept %c[block]\n\t" instruction " %[other], %[value]\n\t.endr\n\t"     \
                         "dec %[turns]\n\t"                                                       \
                         "jnz 1b"                                                                 \
                         : [value] "+r"(value), [turns] "+r"(turns)                               \
                         : [other] "r"(UINT64_C(3)), [block] "i"(BLOCK)                           \
                         : "cc");                                                                 \
        return tsc_read() - start;                                                                \
    }

CHAIN(add_chain, "add")
CHAIN(multiply_chain, "imul")

/* The least of several tries: those that nothing interrupted. */
static uint64_t least_ticks(uint64_t (*chain)(unsigned int turns), unsigned int turns)
{
    uint64_t least = chain(turns);

    for (int i = 1; i < TRIES; i++) {
        uint64_t ticks = chain(turns);

        least = ticks < least ? ticks : least;
    }
    return least;
}

/* A string of CPUID as a string of JSON: printable, without quotes; no spaces before it. */
static void copy_text(char *to, const uint32_t *words, size_t size)
{
    const char *from = (const char *)words, *end = from + size;

    while (from < end && *from == ' ')
        from++;
    for (; from < end && *from; from++)
        *to++ = *from < ' ' || *from > '~' || *from == '"' || *from == '\\' ? '?' : *from;
    *to = '\0';
}

/* What CPUID says; leaves that are not there leave their member empty. */
static void identify(struct tsc_self_test *test)
{
    uint32_t eax, ebx, ecx, edx, text[12];

    memset(test, 0, sizeof(*test));
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & UINT32_C(1) << 31) {
        __cpuid(0x40000000, eax, text[0], text[1], text[2]);
        copy_text(test->hypervisor, text, 12);
    }
    if ((unsigned int)__get_cpuid_max(0x80000000, NULL) >= 0x80000004) {
        for (uint32_t i = 0; i < 3; i++)
            __cpuid(0x80000002 + i, text[4 * i], text[4 * i + 1], text[4 * i + 2],
                    text[4 * i + 3]);
        copy_text(test->processor, text, sizeof(text));
    }
    if (__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx))
        test->invariant = edx & 1 << 8;
}

/* "1, 2, 3"; `text` holds NUMBERS_TEXT bytes. */
static const char *numbers(char *text, const uint64_t *ticks, unsigned int n)
{
    int length = 0;

    for (unsigned int i = 0; i < n && length < NUMBERS_TEXT; i++)
        length += snprintf(text + length, NUMBERS_TEXT - length, "%s%" PRIu64, i ? ", " : "",
                           ticks[i]);
    return text;
}

static void say_self_test(const struct tsc_self_test *test, bool passed)
{
    char adds[NUMBERS_TEXT], twice[NUMBERS_TEXT], multiplies[NUMBERS_TEXT];

    say(LOG_RESULT "{\"tsc_self_test\": {\"processor\": \"%s\", \"hypervisor\": \"%s\", "
        "\"invariant\": %s, \"chain\": %d, \"adds\": [%s], \"twice\": [%s], "
        "\"multiplies\": [%s], \"passed\": %s}}",
        test->processor, test->hypervisor, test->invariant ? "true" : "false", TSC_CHAIN,
        numbers(adds, test->adds, TSC_ROUNDS), numbers(twice, test->twice, TSC_ROUNDS),
        numbers(multiplies, test->multiplies, TSC_ROUNDS), passed ? "true" : "false");
}

bool tsc_self_test(void)
{
    const unsigned int turns = TSC_CHAIN / BLOCK;
    struct tsc_self_test test;
    char why[160];
    bool passed;

    identify(&test);
    add_chain(WARM_UP * turns);
    for (int i = 0; i < TSC_ROUNDS; i++) {
        test.adds[i] = least_ticks(add_chain, turns);
        test.twice[i] = least_ticks(add_chain, 2 * turns);
        test.multiplies[i] = least_ticks(multiply_chain, turns);
    }
    passed = tsc_judge(&test, why, sizeof(why));
    say_self_test(&test, passed);
    if (!passed)
        say(LOG_RESULT "{\"tsc_refused\": \"%s\"}", why);
    return passed;
}

void tsc_say(const char *bench, const uint64_t *loop, const uint64_t *overhead, unsigned int n)
{
    char with[NUMBERS_TEXT], without[NUMBERS_TEXT];

    say(LOG_RESULT "{\"ticks\": \"%s\", \"loop\": [%s], \"overhead\": [%s]}", bench,
        numbers(with, loop, n), numbers(without, overhead, n));
}
