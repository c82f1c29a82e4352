/* SPDX-License-Identifier: BSD-2-Clause */
/* dirtied, the partner's case, by call and reply between two address spaces: a word each way, the
 * fast path. */
#include "bench/dirtied.h"
#include "bench/native/native.h"
#include "l4k/abi/guest_log.h"

#define PRIORITY 40

static unsigned gate; /* to the server */

static inline __attribute__((always_inline)) uint8_t ask(uint8_t order)
{
    struct l4_message m = {.tag = l4_tag(OP_CALL, gate, 0, 0, 0), .w = {order}};

    l4_ipc(&m);
    CHECK(!m.carry && m.tag == OK);
    return (uint8_t)m.w[0];
}

static void server(struct worker *w)
{
    struct l4_message m = {.tag = l4_tag(OP_RECEIVE, 0, 0, 0, 0)};

    (void)w;
    for (;;) {
        l4_ipc(&m);
        m.w[0] = dirtied_obey((uint8_t)m.w[0]);
        m.label = OK;
        m.tag = l4_tag(OP_REPLY_WAIT, 0, 0, 0, 0);
    }
}

static void client(struct worker *w)
{
    CHECK(dirtied_measure(ask));
    check_bases(w);
}

void bench_dirtied(void)
{
    struct worker *s, *c;

    say(LOG_BEGIN "native\n");
    child_create();
    s = worker_create(0, SLOT_CHILD, PRIORITY);
    c = worker_create(1, CAP_TASK, PRIORITY);
    gate = s->gate;
    worker_run(s, server);
    worker_run(c, client);
    worker_wait(c);
    worker_destroy(c);
    worker_destroy(s);
    child_destroy();
    for (unsigned k = 0; k < DIRTIED_KIBS; k++)
        say(LOG_RESULT DIRTIED_FORMAT "\n", DIRTIED_PARTNER_VALUES("ipc", dirtied_kib[k]));
    if (shared->failure[0])
        say(LOG_ASSERT "%s\n", shared->failure);
    say(LOG_END "native status=%d\n", shared->failure[0] != 0);
}
