/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights arithmetic: random moves of rights between spaces and a hand that holds rights of
 * messages, every disposition, compared after each step with a model that knows names and counts
 * only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mach_ipc/test/fake_kern.h"

#define SPACES 3
#define PORTS 8
#define NAMES 512
#define HAND 16
#define STEPS 60000

/* What the model says a name holds: MACH_PORT_TYPE_* bits, of which port, user references. */
struct model_name {
    mach_port_name_t name;
    uint32_t type, urefs;
    int port;
};

static struct model_name model[SPACES][NAMES];
static struct client *client[SPACES];
static struct port *port[PORTS]; /* with a reference of the test's */
static bool alive[PORTS];
static struct {
    struct port *port;
    uint32_t type;
    int index;
} hand[HAND];
static unsigned held;

static unsigned pick(unsigned n)
{
    return (unsigned)random() % n;
}

static struct model_name *model_find(unsigned s, mach_port_name_t name)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (model[s][i].type && model[s][i].name == name)
            return &model[s][i];
    return NULL;
}

static struct model_name *model_has(unsigned s, int p)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (model[s][i].type & MACH_PORT_TYPE_SEND_RECEIVE && model[s][i].port == p)
            return &model[s][i];
    return NULL;
}

static struct model_name *model_new(unsigned s, mach_port_name_t name, uint32_t type, int p,
                                    uint32_t urefs)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (!model[s][i].type) {
            model[s][i] = (struct model_name){name, type, urefs, p};
            return &model[s][i];
        }
    fail();
    return NULL;
}

static void model_death(int p)
{
    alive[p] = false;
    for (unsigned s = 0; s < SPACES; s++)
        for (unsigned i = 0; i < NAMES; i++)
            if (model[s][i].type && model[s][i].port == p) {
                model[s][i].type = model[s][i].urefs ? MACH_PORT_TYPE_DEAD_NAME : 0;
                model[s][i].port = -1;
            }
}

/* Does the name let this disposition be taken? */
static bool model_allows(const struct model_name *m, uint32_t disposition)
{
    bool send = m->type & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DEAD_NAME);

    switch (disposition) {
    case MACH_MSG_TYPE_MOVE_SEND:
    case MACH_MSG_TYPE_COPY_SEND:
        return send;
    case MACH_MSG_TYPE_MOVE_SEND_ONCE:
        return m->type & (MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DEAD_NAME);
    default:
        return m->type & MACH_PORT_TYPE_RECEIVE;
    }
}

static void model_take(struct model_name *m, uint32_t disposition)
{
    if (disposition == MACH_MSG_TYPE_MOVE_SEND || disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
        if (--m->urefs == 0)
            m->type &= MACH_PORT_TYPE_RECEIVE;
    } else if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE) {
        m->type &= ~MACH_PORT_TYPE_RECEIVE;
    }
}

static struct model_name *some_name(unsigned s)
{
    unsigned from = pick(NAMES);

    for (unsigned i = 0; i < NAMES; i++)
        if (model[s][(from + i) % NAMES].type)
            return &model[s][(from + i) % NAMES];
    return NULL;
}

static void step_allocate(unsigned s)
{
    mach_port_name_t name;
    int p = (int)pick(PORTS);

    if (port[p] && (alive[p] || port[p]->refs > 1))
        return;
    if (port[p])
        port_release(port[p]);
    assert_int_equal(mach_port_allocate(client_space(client[s]), MACH_PORT_RIGHT_RECEIVE, &name),
                     KERN_SUCCESS);
    port[p] = right_lookup_receive(client_space(client[s]), name);
    port_reference(port[p]);
    alive[p] = true;
    model_new(s, name, MACH_PORT_TYPE_RECEIVE, p, 0);
}

static void step_extract(unsigned s)
{
    struct model_name *m = some_name(s);
    uint32_t disposition = MACH_MSG_TYPE_MOVE_RECEIVE + pick(6), type;
    struct port *got;
    enum kern_return kr;

    if (!m || held == HAND)
        return;
    kr = mach_port_extract_right(client_space(client[s]), m->name, disposition, &got, &type);
    if (!model_allows(m, disposition)) {
        assert_int_equal(kr, KERN_INVALID_RIGHT);
        return;
    }
    assert_int_equal(kr, KERN_SUCCESS);
    assert_ptr_equal(got, m->port < 0 ? PORT_DEAD : port[m->port]);
    hand[held].port = got;
    hand[held].index = m->port;
    hand[held++].type = type;
    model_take(m, disposition);
}

static void model_arrives(unsigned s, int p, uint32_t type, mach_port_name_t name)
{
    struct model_name *m = model_has(s, p);

    if (type == MACH_MSG_TYPE_PORT_SEND_ONCE) {
        model_new(s, name, MACH_PORT_TYPE_SEND_ONCE, p, 1);
        return;
    }
    if (!m)
        m = model_new(s, name, 0, p, 0);
    assert_int_equal(m->name, name);
    if (type == MACH_MSG_TYPE_PORT_SEND) {
        m->type |= MACH_PORT_TYPE_SEND;
        m->urefs++;
    } else {
        m->type |= MACH_PORT_TYPE_RECEIVE;
    }
}

static void step_insert(unsigned s)
{
    unsigned h = held ? pick(held) : 0;
    mach_port_name_t name;

    if (!held)
        return;
    assert_int_equal(right_copyout(client_space(client[s]), hand[h].port, hand[h].type, false,
                                   &name), KERN_SUCCESS);
    if (hand[h].index < 0 || !alive[hand[h].index])
        assert_int_equal(name, MACH_PORT_DEAD);
    else
        model_arrives(s, hand[h].index, hand[h].type, name);
    hand[h] = hand[--held];
}

static void step_drop(void)
{
    unsigned h = held ? pick(held) : 0;

    if (!held)
        return;
    if (hand[h].type == MACH_MSG_TYPE_PORT_RECEIVE)
        model_death(hand[h].index);
    right_destroy(hand[h].port, hand[h].type);
    hand[h] = hand[--held];
}

static void step_delta(unsigned s)
{
    struct model_name *m = some_name(s);
    uint32_t right = pick(MACH_PORT_RIGHT_NUMBER);
    int32_t delta = (int32_t)pick(5) - 2;
    bool counted = right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME;
    enum kern_return kr;

    if (!m)
        return;
    kr = mach_port_mod_refs(client_space(client[s]), m->name, right, delta);
    if (!(m->type & MACH_PORT_TYPE(right))) {
        assert_int_equal(kr, KERN_INVALID_RIGHT);
    } else if (counted ? (int32_t)m->urefs + delta < 0 : delta != 0 && delta != -1) {
        assert_int_equal(kr, KERN_INVALID_VALUE);
    } else {
        assert_int_equal(kr, KERN_SUCCESS);
        if (counted || right == MACH_PORT_RIGHT_SEND_ONCE) {
            m->urefs += (uint32_t)delta;
            if (m->urefs == 0)
                m->type &= MACH_PORT_TYPE_RECEIVE;
        } else if (delta) {
            model_death(m->port);
        }
    }
}

static void compare(unsigned s)
{
    static mach_port_name_t names[NAMES];
    static uint32_t types[NAMES];
    uint32_t count, expected = 0, refs;

    mach_port_names(client_space(client[s]), names, types, NAMES, &count);
    for (unsigned i = 0; i < NAMES; i++)
        expected += model[s][i].type != 0;
    assert_int_equal(count, expected);
    for (unsigned i = 0; i < count; i++) {
        struct model_name *m = model_find(s, names[i]);

        assert_non_null(m);
        assert_int_equal(types[i], m->type);
        for (uint32_t right = 0; right < MACH_PORT_RIGHT_NUMBER; right++) {
            assert_int_equal(mach_port_get_refs(client_space(client[s]), names[i], right, &refs),
                             KERN_SUCCESS);
            assert_int_equal(refs, !(m->type & MACH_PORT_TYPE(right))   ? 0
                                   : right == MACH_PORT_RIGHT_RECEIVE ? 1
                                                                      : m->urefs);
        }
    }
}

/* Send and send-once rights of a port that lives, counted over all names and the hand. */
static void compare_port(int p)
{
    uint32_t srights = 0, sorights = port[p] ? port[p]->msgcount : 0;

    if (!port[p] || !alive[p])
        return;
    for (unsigned s = 0; s < SPACES; s++)
        for (unsigned i = 0; i < NAMES; i++)
            if (model[s][i].port == p && model[s][i].type & MACH_PORT_TYPE_SEND)
                srights++;
            else if (model[s][i].port == p && model[s][i].type & MACH_PORT_TYPE_SEND_ONCE)
                sorights++;
    for (unsigned h = 0; h < held; h++) {
        srights += hand[h].index == p && hand[h].type == MACH_MSG_TYPE_PORT_SEND;
        sorights += hand[h].index == p && hand[h].type == MACH_MSG_TYPE_PORT_SEND_ONCE;
    }
    assert_int_equal(port[p]->srights, srights);
    assert_int_equal(port[p]->sorights, sorights);
}

static void rights_random(void **state)
{
    (void)state;
    world_mark();
    srandom(1);
    for (unsigned s = 0; s < SPACES; s++)
        client[s] = client_create();
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned s = pick(SPACES), what = pick(16);

        if (what < 2)
            step_allocate(s);
        else if (what < 9)
            step_extract(s);
        else if (what < 12)
            step_insert(s);
        else if (what < 14)
            step_drop();
        else
            step_delta(s);
        compare(s);
        compare_port((int)pick(PORTS));
        while (held > HAND - 4)
            step_drop();
    }
    while (held)
        step_drop();
    for (unsigned s = 0; s < SPACES; s++)
        client_destroy(client[s]);
    for (int p = 0; p < PORTS; p++)
        if (port[p])
            port_release(port[p]);
    world_check();
}

static void names_and_generations(void **state)
{
    struct client *c;
    mach_port_name_t a, b, again;
    uint32_t type;

    (void)state;
    world_mark();
    c = client_create();
    assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_RECEIVE, &a), 0);
    assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_PORT_SET, &b), 0);
    assert_int_equal(a, 1);
    assert_int_equal(b, 2);
    assert_int_equal(mach_port_destroy(client_space(c), a), 0);
    assert_int_equal(mach_port_type(client_space(c), a, &type), KERN_INVALID_NAME);
    assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_DEAD_NAME, &again), 0);
    assert_int_equal(NAME_INDEX(again), 1);
    assert_int_not_equal(again, a);
    assert_int_equal(mach_port_type(client_space(c), a, &type), KERN_INVALID_NAME);
    assert_int_equal(mach_port_type(client_space(c), again, &type), 0);
    assert_int_equal(type, MACH_PORT_TYPE_DEAD_NAME);
    client_destroy(c);
    world_check();
}

/* Names of choice among those that are given out, in, before and behind them. */
static void names_of_choice(void **state)
{
    struct client *c;
    mach_port_name_t name, high = 0x05000000 | (SPACE_MAX_NAMES - 1);
    uint32_t type;

    (void)state;
    world_mark();
    c = client_create();
    for (mach_port_name_t n = 3; n < 300; n += 3)
        assert_int_equal(mach_port_allocate_name(client_space(c), MACH_PORT_RIGHT_RECEIVE, n), 0);
    assert_int_equal(mach_port_allocate_name(client_space(c), MACH_PORT_RIGHT_RECEIVE, 3),
                     KERN_NAME_EXISTS);
    assert_int_equal(mach_port_allocate_name(client_space(c), MACH_PORT_RIGHT_RECEIVE, high), 0);
    assert_int_equal(
        mach_port_allocate_name(client_space(c), MACH_PORT_RIGHT_RECEIVE, SPACE_MAX_NAMES),
        KERN_NO_SPACE);
    for (unsigned i = 0; i < 250; i++) {
        assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_DEAD_NAME, &name), 0);
        assert_true(name % 3 || name >= 300);
    }
    assert_int_equal(mach_port_rename(client_space(c), 3, 0x07000200), 0);
    assert_int_equal(mach_port_type(client_space(c), 3, &type), KERN_INVALID_NAME);
    assert_int_equal(mach_port_type(client_space(c), 0x07000200, &type), 0);
    assert_int_equal(type, MACH_PORT_TYPE_RECEIVE);
    assert_int_equal(mach_port_rename(client_space(c), 6, 9), KERN_NAME_EXISTS);
    for (mach_port_name_t n = 6; n < 300; n += 3)
        assert_int_equal(mach_port_destroy(client_space(c), n), 0);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(mach_port_allocate(client_space(c), MACH_PORT_RIGHT_PORT_SET, &name), 0);
    client_destroy(c);
    world_check();
}

/* A space can be filled, says so, and goes. */
static void space_full(void **state)
{
    struct client *c;
    mach_port_name_t name;
    enum kern_return kr;
    unsigned n = 0;

    (void)state;
    world_mark();
    c = client_create();
    while ((kr = mach_port_allocate(client_space(c), MACH_PORT_RIGHT_DEAD_NAME, &name)) == 0)
        n++;
    assert_int_equal(kr, KERN_NO_SPACE);
    assert_int_equal(n, SPACE_MAX_NAMES - 1);
    client_destroy(c);
    world_check();
}

/* Every allocation may fail; nothing half-happens. */
static void allocation_fails(void **state)
{
    struct client *c;
    mach_port_name_t name;

    (void)state;
    world_mark();
    c = client_create();
    for (long n = 0; n < 4; n++) {
        uint32_t before = client_space(c)->count;
        enum kern_return kr;

        fake_fail_after = n;
        kr = mach_port_allocate(client_space(c), MACH_PORT_RIGHT_RECEIVE, &name);
        fake_fail_after = -1;
        assert_int_equal(client_space(c)->count, before + (kr == KERN_SUCCESS));
    }
    client_destroy(c);
    world_check();
}

static int set_up(void **state)
{
    (void)state;
    world_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_random),    cmocka_unit_test(names_and_generations),
        cmocka_unit_test(names_of_choice),  cmocka_unit_test(space_full),
        cmocka_unit_test(allocation_fails),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
