/* SPDX-License-Identifier: BSD-2-Clause */
/* Port sets: several ports that are received from as one. */
#include "l4k/lib/assert.h"
#include "mach_ipc/message.h"
#include "mach_ipc/port.h"
#include "mach_ipc/wait.h"

uint32_t port_sets_in_use;

struct port_set *port_set_alloc(struct quota *payer, mach_port_name_t name)
{
    struct port_set *s = kmem_alloc(sizeof(*s), payer);

    if (!s)
        return NULL;
    port_sets_in_use++;
    s->refs = 1;
    s->active = true;
    s->name = name;
    s->payer = payer;
    list_init(&s->members);
    list_init(&s->ready);
    list_init(&s->receivers);
    return s;
}

void port_set_release(struct port_set *s)
{
    if (--s->refs > 0)
        return;
    assert(!s->active && list_empty(&s->members));
    port_sets_in_use--;
    kmem_free(s, sizeof(*s), s->payer);
}

void port_set_destroy(struct port_set *s)
{
    s->active = false;
    while (!list_empty(&s->members))
        port_set_remove(container_of(s->members.next, struct port, set_link));
    mach_wake_all(&s->receivers, MACH_RCV_PORT_DIED);
    port_set_release(s);
}

void port_set_add(struct port_set *s, struct port *p)
{
    assert(!p->set && s->active);
    mach_wake_all(&p->receivers, MACH_RCV_PORT_CHANGED);
    s->refs++;
    p->set = s;
    list_add_tail(&s->members, &p->set_link);
    if (p->msgcount == 0)
        return;
    list_add_tail(&s->ready, &p->set_ready);
    message_match_set(s);
}

void port_set_remove(struct port *p)
{
    struct port_set *s = p->set;

    p->set = NULL;
    list_remove(&p->set_link);
    list_remove(&p->set_ready);
    port_set_release(s);
}
