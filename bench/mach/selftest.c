/* SPDX-License-Identifier: BSD-2-Clause */
/* The self-test's names, and the proof that nothing was consumed. */
#include "bench/mach/selftest.h"

#include "l4k/lib/string.h"

struct kinds kinds;

static const struct mach_counters nothing;
static struct mach_counters before;
static uint32_t types_before[6], refs_before[6];

static void counters(struct mach_counters *c)
{
    struct call request;
    uint32_t n;

    call_begin(&request);
    MUST(call(&request, host_priv, RPC_HOST_COUNTERS));
    memcpy(c, get_array(&request, &n), sizeof(*c));
    c->free_frames = c->resident_pages = nothing.free_frames;
}

static name_t extract(name_t name, uint32_t disposition)
{
    struct call c;

    call_begin(&c);
    put_name(&c, name);
    put32(&c, disposition);
    MUST(call(&c, task_self, RPC_PORT_EXTRACT_RIGHT));
    return (name_t)get(&c);
}

void kinds_make(void)
{
    kinds.child = child_create();
    kinds.both = new_port();
    MUST(port_allocate(MACH_PORT_RIGHT_RECEIVE, &kinds.receive));
    kinds.send = new_port();
    give_receive(kinds.child, kinds.send);
    kinds.once = extract(kinds.receive, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    MUST(port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &kinds.dead));
    MUST(port_allocate(MACH_PORT_RIGHT_PORT_SET, &kinds.set));
    MUST(port_allocate(MACH_PORT_RIGHT_DEAD_NAME, &kinds.stale));
    free_port(kinds.stale);
    kinds.unknown = 60000;
}

void kinds_free(void)
{
    struct mach_msg_header h;

    free_port(kinds.both);
    free_port(kinds.send);
    free_port(kinds.once);
    while (!receive_message(&h, sizeof(h), kinds.receive, 0))
        continue;
    free_port(kinds.receive);
    free_port(kinds.dead);
    free_port(kinds.set);
    MUST(simple_call(kinds.child, RPC_TASK_TERMINATE));
    free_port(kinds.child);
}

static void look(uint32_t *types, uint32_t *refs)
{
    const name_t *name = &kinds.both;

    for (unsigned i = 0; i < 6; i++) {
        uint32_t more = 0;

        types[i] = refs[i] = 0;
        port_type(task_self, name[i], &types[i]);
        port_refs(name[i], MACH_PORT_RIGHT_SEND, &refs[i]);
        port_refs(name[i], MACH_PORT_RIGHT_DEAD_NAME, &more);
        refs[i] += more;
    }
}

void refusal_begin(void)
{
    look(types_before, refs_before);
    counters(&before);
}

void refusal_end(const char *file, int line, const char *text, uint32_t kr, uint32_t expected)
{
    struct mach_counters after;
    uint32_t types[6], refs[6];

    counters(&after);
    look(types, refs);
    check_eq(file, line, text, kr, expected);
    if (memcmp(&after, &before, sizeof(after)))
        fail(file, line, "nothing in use for it", after.kmem, before.kmem);
    if (memcmp(types, types_before, sizeof(types)) || memcmp(refs, refs_before, sizeof(refs)))
        fail(file, line, "rights as they were", expected, 0);
}

void header(struct mach_msg_header *h, uint32_t dest_type, name_t dest, uint32_t reply_type,
            name_t reply)
{
    *h = (struct mach_msg_header){
        .bits = MACH_MSGH_BITS(dest_type, reply_type),
        .remote = dest,
        .local = reply,
        .id = 1,
    };
}
