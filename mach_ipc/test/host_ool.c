/* SPDX-License-Identifier: BSD-2-Clause */
/* Complex messages: rights inline and in arrays, out-of-line memory copied and moved, bodies that
 * are refused half-way, and every allocation failing in turn. After each test nothing may be left.
 * */
#include "mach_ipc/test/message_test.h"

#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_ool.h"

#define P ((uint64_t)PAGE_SIZE)

static mach_port_name_t service, dest; /* bob's port, alice's send right */

static int ready(void **state)
{
    world_set_up(state);
    service = new_port(bob);
    dest = give(bob, service, MACH_MSG_TYPE_MAKE_SEND, alice);
    return 0;
}

static struct message to_service(void)
{
    return header(MACH_MSG_TYPE_COPY_SEND, dest, 0, 0, 1);
}

static uint64_t word(const struct message *m, size_t at)
{
    uint64_t w;

    memcpy(&w, (const char *)m + at, 8);
    return w;
}

static void fill(struct client *c, uint64_t addr, size_t n, int seed)
{
    static unsigned char bytes[64 * 4096];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 4096 + (size_t)seed);
    poke(c, addr, bytes, n);
}

static void check(struct client *c, uint64_t addr, size_t n, int seed)
{
    static unsigned char bytes[64 * 4096];

    peek(c, addr, bytes, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], (unsigned char)(i * 31 + i / 4096 + (size_t)seed));
}

static bool mapped(struct client *c, uint64_t addr)
{
    return vm_map_lookup(c->task.task.map, addr, NULL) != NULL;
}

static void inline_rights(void **state)
{
    struct message m = to_service();
    mach_port_name_t made = new_port(alice), moved = new_port(alice), once = new_port(bob);
    mach_port_name_t o = give(bob, once, MACH_MSG_TYPE_MAKE_SEND_ONCE, alice), got[6];
    static const uint32_t type[] = {MACH_PORT_TYPE_SEND, MACH_PORT_TYPE_SEND_ONCE,
                                    MACH_PORT_TYPE_RECEIVE, MACH_PORT_TYPE_SEND_ONCE,
                                    MACH_PORT_TYPE_SEND_RECEIVE};
    uint32_t count;

    (void)state;
    add_port(&m, MACH_MSG_TYPE_MAKE_SEND, made);
    add_port(&m, MACH_MSG_TYPE_MAKE_SEND_ONCE, made);
    add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, moved);
    add_port(&m, MACH_MSG_TYPE_MOVE_SEND_ONCE, o);
    add_port(&m, MACH_MSG_TYPE_COPY_SEND, dest);
    add_port(&m, MACH_MSG_TYPE_MOVE_SEND, MACH_PORT_NULL);
    add_port(&m, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_DEAD);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(type_of(alice, moved), 0);
    assert_int_equal(type_of(alice, o), 0);
    assert_int_equal(receive(tb, service), 0);
    m = received(tb);
    assert_true(m.header.bits & MACH_MSGH_BITS_COMPLEX);
    for (int i = 0; i < 5; i++) {
        uint32_t sent[] = {17, 18, 16, 18, 17};

        assert_int_equal(word(&m, 32 + (size_t)i * 16) & 0xff, sent[i]);
        got[i] = (mach_port_name_t)word(&m, 40 + (size_t)i * 16);
        assert_int_equal(type_of(bob, got[i]), type[i]);
    }
    assert_int_equal(got[4], service);
    assert_int_equal(word(&m, 40 + 5 * 16), MACH_PORT_NULL);
    assert_int_equal(word(&m, 40 + 6 * 16), MACH_PORT_DEAD);
    count = client_space(bob)->count;
    /* A second send right joins the first. */
    m = to_service();
    add_port(&m, MACH_MSG_TYPE_MAKE_SEND, made);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(receive(tb, service), 0);
    m = received(tb);
    assert_int_equal(word(&m, 40), got[0]);
    assert_int_equal(refs_of(bob, got[0], MACH_PORT_RIGHT_SEND), 2);
    assert_int_equal(client_space(bob)->count, count);
}

/* Rights to one port, made for each element; long arrays too. */
static void arrays(void **state)
{
    static mach_port_name_t names[2000], back[2000];
    static const uint32_t numbers[] = {1, 7, 500, 509, 2000};
    mach_port_name_t made = new_port(alice);

    (void)state;
    for (int i = 0; i < 2000; i++)
        names[i] = i % 5 == 4 ? MACH_PORT_NULL : made;
    for (int i = 0; i < 5; i++) {
        struct mach_msg_type type = {.name = MACH_MSG_TYPE_MAKE_SEND_ONCE, .size = 32,
                                     .deallocate = i & 1, .number = numbers[i]};
        uint64_t addr = DATA + 4 * P * (uint64_t)i;
        struct message m = to_service();

        poke(alice, addr, names, numbers[i] * 4);
        add(&m, type, &addr, 8);
        assert_int_equal(send(ta, &m), 0);
        assert_int_equal(mapped(alice, addr), !(i & 1));
        assert_int_equal(receive(tb, service), 0);
        m = received(tb);
        peek(bob, word(&m, 40), back, numbers[i] * 4);
        for (uint32_t n = 0; n < numbers[i]; n++)
            assert_int_equal(back[n] ? type_of(bob, back[n]) : 0,
                             n % 5 == 4 ? 0 : MACH_PORT_TYPE_SEND_ONCE);
        for (uint32_t n = 0; n < numbers[i] && i == 4; n++)
            if (back[n] && n % 2)
                assert_int_equal(mach_port_deallocate(client_space(bob), back[n]), 0);
    }
}

/* Out-of-line memory, `skew` bytes into its page: the receiver sees it as it was. */
static void memory(uint64_t skew, uint32_t size, bool deallocate)
{
    struct message m = to_service();
    uint64_t addr;

    fill(alice, DATA + skew, size, 3);
    add_ool(&m, DATA + skew, size, deallocate);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(mapped(alice, DATA), !deallocate);
    assert_int_equal(mapped(alice, DATA + skew + size - 1), !deallocate);
    if (!deallocate)
        fill(alice, DATA + skew, size, 4); /* what the sender writes now stays its own */
    assert_int_equal(receive(tb, service), 0);
    m = received(tb);
    addr = word(&m, 40);
    assert_int_equal(addr % P, skew);
    check(bob, addr, size, 3);
    fill(bob, addr, size, 5);
    if (!deallocate) {
        check(alice, DATA + skew, size, 4);
    } else {
        uint64_t at = DATA;

        assert_int_equal(vm_map_enter(alice->task.task.map, &at, vm_round_page(skew + size), 0,
                                      false, NULL, 0, false, VM_PROT_READ | VM_PROT_WRITE,
                                      VM_PROT_ALL, VM_INHERIT_COPY), OK);
    }
    check(bob, addr, size, 5);
    assert_int_equal(vm_map_remove(bob->task.task.map, vm_trunc_page(addr),
                                   vm_round_page(addr + size)), OK);
}

static void out_of_line(void **state)
{
    static const uint32_t sizes[] = {1, 4096, 5000, 65536};

    (void)state;
    for (int i = 0; i < 4; i++)
        for (int move = 0; move < 2; move++) {
            memory(0, sizes[i], move);
            memory(100, sizes[i], move);
        }
}

/* Memory nobody touched, of several entries, shared, wired, and a message that is never received.
 * */
static void kinds_of_memory(void **state)
{
    struct vm_map *map = alice->task.task.map;
    struct message m;
    uint64_t at = DATA, addr;

    (void)state;
    for (int move = 0; move < 2; move++) {
        struct vm_object *object;
        char byte;

        at = USER_BASE + (64 + 16 * (uint64_t)move) * P;
        assert_int_equal(vm_object_create_anonymous(2 * P, &alice->account.quota, &object), OK);
        assert_int_equal(vm_map_enter(map, &at, 2 * P, 0, false, object, 0, false, 3, 7,
                                      VM_INHERIT_COPY), OK);
        vm_object_release(object);
        addr = at + 2 * P;
        assert_int_equal(vm_map_enter(map, &addr, 2 * P, 0, false, NULL, 0, false, 3, 7,
                                      VM_INHERIT_NONE), OK);
        addr = at + 4 * P;
        assert_int_equal(vm_map_enter(map, &addr, 2 * P, 0, false, NULL, 0, false, 3, 7,
                                      VM_INHERIT_COPY), OK);
        fill(alice, at, 2 * P, 1);
        fill(alice, at + 4 * P, 2 * P, 2);
        assert_int_equal(vm_map_wire(map, at + 4 * P, at + 6 * P, true), OK);
        m = to_service();
        add_ool(&m, at, (uint32_t)(6 * P), move);
        assert_int_equal(send(ta, &m), 0);
        if (!move) {
            fill(alice, at, 6 * P, 9);
            assert_int_equal(vm_map_wire(map, at + 4 * P, at + 6 * P, false), OK);
        }
        assert_int_equal(mapped(alice, at), !move);
        assert_int_equal(receive(tb, service), 0);
        m = received(tb);
        addr = word(&m, 40);
        check(bob, addr, 2 * P, 1);
        peek(bob, addr + 3 * P, &byte, 1);
        assert_int_equal(byte, 0);
        check(bob, addr + 4 * P, 2 * P, 2);
    }
    for (int i = 0; i < 2; i++) {
        m = to_service();
        add_ool(&m, USER_BASE + 40 * P, (uint32_t)(3 * P), i & 1);
        if (!(i & 1))
            fill(alice, USER_BASE + 40 * P, 3 * P, 1);
        assert_int_equal(send(ta, &m), 0);
    }
}

/* What the kernel itself reads and writes of it. */
static void kernel_access(void **state)
{
    struct vm_ool *ool;
    char bytes[9000], back[9000];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 13);
    assert_int_equal(vm_ool_from_bytes(bytes, sizeof(bytes), &alice->account.quota, &ool), OK);
    assert_int_equal(vm_ool_size(ool), sizeof(bytes));
    assert_int_equal(vm_ool_read(ool, 100, back, 8900), OK);
    assert_memory_equal(back, bytes + 100, 8900);
    assert_int_equal(vm_ool_read(ool, 100, back, 8901), ERR_INVALID);
    assert_int_equal(vm_ool_write(bob->task.task.map, DATA + 10, ool), OK);
    vm_ool_free(ool);
    peek(bob, DATA + 10, back, sizeof(back));
    assert_memory_equal(back, bytes, sizeof(bytes));
    assert_int_equal(vm_ool_take(bob->task.task.map, DATA + 10, sizeof(bytes), true,
                                 &bob->account.quota, &ool), OK);
    memset(back, 0, sizeof(back));
    assert_int_equal(vm_ool_read(ool, 0, back, sizeof(back)), OK);
    assert_memory_equal(back, bytes, sizeof(bytes));
    vm_ool_free(ool);
    assert_int_equal(vm_ool_take(bob->task.task.map, DATA + 10, 4, true, &bob->account.quota,
                                 &ool), ERR_ADDRESS);
}

/* A body that is refused takes what was before it along, and no more. */
static void bad_bodies(void **state)
{
    static const struct {
        struct mach_msg_type type;
        uint64_t word;
        uint32_t expected;
    } bad[] = {
        {{.name = 2, .size = 32, .unused = 1, .is_inline = 1, .number = 1}, 0,
         MACH_SEND_INVALID_TYPE},
        {{.name = 2, .size = 32, .is_inline = 1, .deallocate = 1, .number = 1}, 0,
         MACH_SEND_INVALID_TYPE},
        {{.name = 17, .size = 32, .is_inline = 1, .number = 1}, 0, MACH_SEND_INVALID_TYPE},
        {{.name = 17, .size = 64, .number = 1}, 0, MACH_SEND_INVALID_TYPE},
        {{.name = 2, .size = 32, .is_inline = 1, .number = 3}, 0, MACH_SEND_MSG_TOO_SMALL},
        {{.name = 2, .size = 65535, .is_inline = 1, .number = 0xffffffff}, 0,
         MACH_SEND_MSG_TOO_SMALL},
        {{.name = 17, .size = 64, .is_inline = 1, .number = 1}, 777, MACH_SEND_INVALID_RIGHT},
        {{.name = 9, .size = 8, .number = 10}, 8, MACH_SEND_INVALID_MEMORY},
        {{.name = 9, .size = 8, .number = 10}, UINT64_MAX - 4, MACH_SEND_INVALID_MEMORY},
        {{.name = 9, .size = 65535, .number = 0xffffffff}, DATA, MACH_SEND_INVALID_MEMORY},
        {{.name = 19, .size = 32, .number = 10}, 8, MACH_SEND_INVALID_MEMORY},
        {{.name = 19, .size = 32, .number = 4}, DATA, MACH_SEND_INVALID_RIGHT},
        {{.name = 19, .size = 32, .number = 0xffffffff}, DATA, MACH_SEND_NO_BUFFER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct message m = to_service();
        mach_port_name_t moved = new_port(alice), four[4] = {dest, dest, 4242, dest};

        fill(alice, DATA + 8 * P, 2 * P, 1);
        poke(alice, DATA, four, sizeof(four));
        add_port(&m, MACH_MSG_TYPE_MOVE_RECEIVE, moved);
        add_ool(&m, DATA + 8 * P, 4096, false);
        add(&m, bad[i].type, &bad[i].word, 8);
        assert_int_equal(send(ta, &m), bad[i].expected);
        assert_int_equal(type_of(alice, moved), 0);
        assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_SEND), 1);
        assert_int_equal(status_of(bob, service).msgcount, 0);
    }
}

/* The receiver has no room for names or memory: errors with their bits, the rest arrives. */
static void receiver_full(void **state)
{
    struct message m = to_service();
    mach_port_name_t name;
    uint64_t at = USER_BASE;

    (void)state;
    while (mach_port_allocate(client_space(bob), MACH_PORT_RIGHT_DEAD_NAME, &name) == 0)
        ;
    add_port(&m, MACH_MSG_TYPE_MAKE_SEND, new_port(alice));
    add_ool(&m, DATA, 4096, false);
    fill(alice, DATA, 4096, 1);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(receive(tb, service), MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE);
    m = received(tb);
    assert_int_equal(word(&m, 40), MACH_PORT_NULL);
    check(bob, word(&m, 56), 4096, 1);
    m = header(MACH_MSG_TYPE_COPY_SEND, dest, MACH_MSG_TYPE_MAKE_SEND_ONCE, new_port(alice), 1);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(receive(tb, service), MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
    assert_int_equal(received(tb).header.remote, MACH_PORT_NULL);
    while (vm_map_enter(bob->task.task.map, &at, PAGE_SIZE, 0, true, NULL, 0, false, 3, 7,
                        VM_INHERIT_NONE) == OK)
        ;
    m = to_service();
    add_ool(&m, DATA, 4096, true);
    assert_int_equal(send(ta, &m), 0);
    assert_int_equal(receive(tb, service), MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
    m = received(tb);
    assert_int_equal(word(&m, 40), 0);
}

/* Every allocation on the way fails once; wired memory is copied at once, page by page. */
static void fail_each(bool wired)
{
    struct mach_msg_type array = {.name = MACH_MSG_TYPE_COPY_SEND, .size = 32, .number = 3};
    mach_port_name_t names[3] = {dest, dest, dest}, made = new_port(alice);
    uint64_t addr = DATA;
    bool done = false;

    fill(alice, DATA + 4 * P, 3 * P, 1);
    assert_int_equal(vm_map_inherit(alice->task.task.map, DATA + 5 * P, DATA + 6 * P,
                                    VM_INHERIT_NONE), OK); /* three entries */
    if (wired)
        assert_int_equal(vm_map_wire(alice->task.task.map, DATA + 4 * P, DATA + 7 * P, true), OK);
    for (long n = 0; !done; n++) {
        struct message m = header(MACH_MSG_TYPE_COPY_SEND, dest, MACH_MSG_TYPE_MAKE_SEND_ONCE,
                                  made, 1);
        int64_t sent, got;

        poke(alice, DATA, names, sizeof(names));
        poke(bob, BUFFER, &m, sizeof(m)); /* its page is there */
        add(&m, array, &addr, 8);
        add_port(&m, MACH_MSG_TYPE_MAKE_SEND, made);
        add_ool(&m, DATA + 4 * P, 3 * 4096, false);
        fill(alice, DATA + 4 * P, 3 * P, 1);
        poke(alice, BUFFER, &m, m.header.size);
        kmsg_trim();
        fake_fail_after = n;
        sent = send(ta, &m);
        got = sent == 0 ? poll(tb, service) : 0;
        done = fake_fail_after > 0;
        fake_fail_after = -1;
        if (done)
            assert_true(sent == 0 && got == 0);
        assert_int_equal(refs_of(alice, dest, MACH_PORT_RIGHT_SEND), 1);
        check(alice, DATA + 4 * P, 3 * P, 1);
    }
}

static void memory_short(void **state)
{
    (void)state;
    fail_each(false);
}

static void memory_short_wired(void **state)
{
    (void)state;
    fail_each(true);
}

static int set_up(void **state)
{
    (void)state;
    world_init();
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, ready, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inline_rights),   TEST(arrays),        TEST(out_of_line),
        TEST(kinds_of_memory), TEST(kernel_access), TEST(bad_bodies),
        TEST(receiver_full),   TEST(memory_short),  TEST(memory_short_wired),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
