/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests of the self-test's verdict: each way in which a counter is no counter of cycles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bench/linux/tsc.h"

/* Ticks of a processor whose additions take `add` hundredths of a tick and whose multiplications
 * take `multiply`; reading the counter takes `reading` ticks. */
static struct tsc_self_test machine(uint64_t add, uint64_t multiply, uint64_t reading)
{
    struct tsc_self_test test = { .hypervisor = "", .processor = "invented" };

    for (int i = 0; i < TSC_ROUNDS; i++) {
        test.adds[i] = TSC_CHAIN * add / 100 + reading;
        test.twice[i] = 2 * TSC_CHAIN * add / 100 + reading;
        test.multiplies[i] = TSC_CHAIN * multiply / 100 + reading;
    }
    return test;
}

static void refused(const struct tsc_self_test *test, const char *words)
{
    char why[160] = "";

    assert_false(tsc_judge(test, why, sizeof(why)));
    if (!strstr(why, words))
        fail_msg("'%s' does not say '%s'", why, words);
}

static void passed(const struct tsc_self_test *test)
{
    char why[160] = "";

    if (!tsc_judge(test, why, sizeof(why)))
        fail_msg("refused: %s", why);
}

static void hardware(void **state)
{
    struct tsc_self_test test = machine(100, 300, 60), slow = machine(390, 1200, 60),
                         turbo = machine(40, 120, 60);

    (void)state;
    passed(&test);
    passed(&slow);
    passed(&turbo);
    strcpy(test.hypervisor, "KVMKVMKVM");
    passed(&test);
}

static void emulation_by_name(void **state)
{
    struct tsc_self_test test = machine(100, 300, 60);

    (void)state;
    strcpy(test.hypervisor, "TCGTCGTCGTCG");
    refused(&test, "TCGTCGTCGTCG: QEMU's emulation");
}

static void counts_instructions(void **state)
{
    struct tsc_self_test test = machine(100, 100, 4);

    (void)state;
    refused(&test, "this counts instructions");
}

static void implausible_rate(void **state)
{
    struct tsc_self_test fast = machine(410, 1200, 60), slow = machine(20, 60, 60),
                         still = machine(0, 0, 0);

    (void)state;
    refused(&fast, "not plausible");
    refused(&slow, "not plausible");
    refused(&still, "not plausible");
}

static void reading_that_leaves_the_guest(void **state)
{
    struct tsc_self_test test = machine(100, 300, 2400);

    (void)state;
    refused(&test, "not twice the ticks");
}

static void unstable(void **state)
{
    struct tsc_self_test test = machine(100, 300, 60);

    (void)state;
    test.adds[3] += test.adds[3] / 10;
    refused(&test, "not stable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hardware),
        cmocka_unit_test(emulation_by_name),
        cmocka_unit_test(counts_instructions),
        cmocka_unit_test(implausible_rate),
        cmocka_unit_test(reading_that_leaves_the_guest),
        cmocka_unit_test(unstable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
