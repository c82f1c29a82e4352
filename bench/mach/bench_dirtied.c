/* SPDX-License-Identifier: BSD-2-Clause */
/* dirtied, the partner's case, by RPC between two tasks: headers alone, whose `id` is the order
 * and, beyond RPC_REPLY, the answer. */
#include "bench/mach/bench.h"

#include "bench/dirtied.h"
#include "l4k/abi/guest_log.h"

static name_t port; /* the server's */

static inline __attribute__((always_inline)) uint8_t ask(uint8_t order)
{
    static struct mach_msg_header h;

    h.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    h.remote = port;
    h.local = reply_port;
    h.id = order;
    MUST(mach_msg_trap(&h, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(h), sizeof(h), reply_port, 0, 0));
    return (uint8_t)(h.id - RPC_REPLY);
}

/* arg: port. */
static void server(struct worker *w)
{
    static struct mach_msg_header h;
    name_t own = (name_t)w->arg[0];
    uint32_t kr = mach_msg_trap(&h, MACH_RCV_MSG, 0, sizeof(h), own, 0, 0);

    while (!kr) {
        h.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
        h.local = 0;
        h.id = RPC_REPLY + dirtied_obey((uint8_t)h.id);
        kr = mach_msg_trap(&h, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(h), sizeof(h), own, 0, 0);
    }
}

void bench_dirtied(void)
{
    name_t child = child_create();
    struct worker *w = worker_create(0, child);

    say(LOG_BEGIN "mach-dirtied\n");
    port = new_port();
    give_receive(child, port);
    w->arg[0] = port;
    worker_run(w, server);
    MUST(!dirtied_measure(ask));
    MUST(simple_call(child, RPC_TASK_TERMINATE));
    for (unsigned k = 0; k < DIRTIED_KIBS; k++)
        say(LOG_RESULT DIRTIED_FORMAT "\n", DIRTIED_PARTNER_VALUES("mach_msg", dirtied_kib[k]));
    say(LOG_END "mach-dirtied status=0\n");
}
