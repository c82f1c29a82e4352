/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict of the time-stamp counter's self-test.
 *
 * On hardware an addition that waits for the one before takes one core cycle, a multiplication
 * three or more (Intel's and AMD's optimisation manuals), and the counter runs at a rate not far
 * from the core's. An emulator that says what it is, is believed; one that does not is betrayed where it
 * counts instructions, or where reading the counter leaves the guest. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/linux/tsc.h"

#define TOLERANCE 5 /* per cent */
#define RATE 4      /* ticks of a core cycle, or core cycles of a tick, at most */

static uint64_t least(const uint64_t *ticks)
{
    uint64_t found = ticks[0];

    for (int i = 1; i < TSC_ROUNDS; i++)
        found = ticks[i] < found ? ticks[i] : found;
    return found;
}

static uint64_t greatest(const uint64_t *ticks)
{
    uint64_t found = ticks[0];

    for (int i = 1; i < TSC_ROUNDS; i++)
        found = ticks[i] > found ? ticks[i] : found;
    return found;
}

static bool close_to(uint64_t ticks, uint64_t wanted)
{
    uint64_t distance = ticks > wanted ? ticks - wanted : wanted - ticks;

    return distance * 100 <= wanted * TOLERANCE;
}

bool tsc_judge(const struct tsc_self_test *test, char *why, size_t size)
{
    uint64_t adds = least(test->adds), twice = least(test->twice),
             multiplies = least(test->multiplies);

    if (strncmp(test->hypervisor, "TCG", 3) == 0)
        snprintf(why, size, "CPUID says %s: QEMU's emulation (TCG), whose ticks are no cycles",
                 test->hypervisor);
    else if (!close_to(greatest(test->adds), adds))
        snprintf(why, size, "%d additions took %" PRIu64 " to %" PRIu64 " ticks: not stable",
                 TSC_CHAIN, adds, greatest(test->adds));
    else if (adds * RATE < TSC_CHAIN || adds > TSC_CHAIN * RATE)
        snprintf(why, size, "%d additions, a cycle each, took %" PRIu64 " ticks: not plausible",
                 TSC_CHAIN, adds);
    else if (!close_to(twice, 2 * adds))
        snprintf(why, size, "%d additions took %" PRIu64 " ticks, twice as many %" PRIu64
                 ": not twice the ticks", TSC_CHAIN, adds, twice);
    else if (multiplies * 2 < adds * 3)
        snprintf(why, size, "%d additions took %" PRIu64 " ticks, multiplications %" PRIu64
                 ": this counts instructions", TSC_CHAIN, adds, multiplies);
    else
        return true;
    return false;
}
