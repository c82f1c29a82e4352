/* SPDX-License-Identifier: BSD-2-Clause */
/* Gates. */
#include "l4k/ipc/ipc.h"

static void gate_destroy(struct object *o)
{
    struct gate *g = container_of(o, struct gate, object);
    struct account *account = g->account;

    list_remove(&g->link);
    kmem_free(g, sizeof(*g), &account->quota);
    account_release(account);
}

enum status gate_create(struct account *payer, struct thread *receiver, uint64_t badge,
                        struct object **out)
{
    struct gate *g;

    if (receiver->state == THREAD_DEAD)
        return ERR_DEAD;
    g = kmem_alloc(sizeof(*g), &payer->quota);
    if (!g)
        return ERR_NO_MEMORY;
    object_init(&g->object, OBJECT_GATE, gate_destroy);
    g->object.receiver = receiver;
    g->object.badge = badge;
    g->account = account_reference(payer);
    l4(receiver)->known = true;
    list_add_tail(&l4(receiver)->gates, &g->link);
    *out = &g->object;
    return OK;
}
