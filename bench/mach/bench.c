/* SPDX-License-Identifier: BSD-2-Clause */
/* The Mach benchmark: operations as GNU Mach was measured with, each in a region of its own.
 *
 * A region's instructions over its iterations, user and kernel together, stand beside GNU Mach's
 * figure with assertions off. Each exchange is checked by both sides. */
#include "bench/mach/bench.h"

#include "l4k/abi/guest_log.h"
#include "l4k/lib/string.h"

/* What regions there are: their numbers are markers' ids. */
static const struct {
    const char *name;
    unsigned region, gnumach;
} rows[] = {
#define ROW(id, name, figure) {name, id, figure},
    BENCH_ROWS(ROW)
#undef ROW
};

void bench_report(unsigned region, unsigned iterations)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].region == region)
            say(LOG_RESULT "{\"mach\": \"%s\", \"region\": %u, \"iterations\": %u, "
                "\"gnumach_ndebug\": %u}\n", rows[i].name, region, iterations, rows[i].gnumach);
}

void bench_mach(void)
{
    say(LOG_BEGIN "mach-bench\n");
    bench_traps();
    bench_rpc();
    bench_exception();
    bench_memory();
    say(LOG_END "mach-bench status=0\n");
}
