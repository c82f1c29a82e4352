/* SPDX-License-Identifier: BSD-2-Clause */
/* Random operations on several address maps against a model.
 *
 * The model knows, per page of each map, a cell (its contents, shared by all who share the
 * memory), the protections, and which page it was mapped from as a map item. After each operation
 * every mapping that the pmap holds is checked against it; now and then all memory is read.
 * Usage: host_vm_random [seeds [operations]]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "l4k/vm/test/fake.h"
#include "l4k/vm/vm_copy.h"
#include "l4k/vm/vm_fault.h"

#define MAPS 5
#define PAGES 24
#define BASE 0x10000ull
#define END (BASE + PAGES * (uint64_t)PAGE_SIZE)
#define SPOTS 3 /* bytes of a page that are written and compared */
#define OBJECTS 2
#define OBJECT_PAGES 8

struct cell {
    int refs;
    unsigned char spot[SPOTS];
};

struct slot {
    struct cell *cell; /* NULL: nothing mapped */
    unsigned prot, max_prot;
    enum vm_inherit inherit;
    unsigned long id, parent; /* map items; 0: no parent */
    int wired;
};

static const unsigned spot_at[SPOTS] = {0, 1777, PAGE_SIZE - 1};
static struct vm_map *maps[MAPS];
static struct quota quotas[MAPS + OBJECTS];
static struct slot model[MAPS][PAGES];
static unsigned limits[MAPS]; /* pages that may be mapped */
static struct vm_object *objects[OBJECTS];
static struct cell *object_cells[OBJECTS][OBJECT_PAGES];
static unsigned long next_id;
static uint64_t random_state;
static struct pmap *idle; /* current where no map is */
static int current; /* the map whose pmap was last activated */
static char where[80]; /* for a failure's report */
static unsigned seeds = 40, operations = 3000;

static unsigned rnd(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state * 0x2545f4914f6cdd1d) >> 40) % n;
}

static uint64_t va(unsigned page)
{
    return BASE + page * (uint64_t)PAGE_SIZE;
}

static struct cell *new_cell(const struct cell *from)
{
    struct cell *c = calloc(1, sizeof *c);

    if (from)
        memcpy(c->spot, from->spot, sizeof c->spot);
    c->refs = 1;
    return c;
}

static void put_cell(struct cell *c)
{
    if (c && --c->refs == 0)
        free(c);
}

static void model_unmap(int m, unsigned page);

static void model_revoke(unsigned long id)
{
    for (int m = 0; m < MAPS; m++)
        for (unsigned p = 0; p < PAGES; p++)
            if (model[m][p].cell && model[m][p].parent == id)
                model_unmap(m, p);
}

static void model_unmap(int m, unsigned page)
{
    struct slot *s = &model[m][page];

    if (!s->cell)
        return;
    put_cell(s->cell);
    s->cell = NULL;
    model_revoke(s->id);
}

static void model_map(int m, unsigned page, struct cell *c, unsigned prot, unsigned max_prot,
                      enum vm_inherit inherit, unsigned long parent)
{
    assert_null(model[m][page].cell);
    model[m][page] = (struct slot){c, prot, max_prot, inherit, ++next_id, parent, 0};
}

static bool all_mapped(int m, unsigned start, unsigned n, unsigned prot, enum status *why)
{
    *why = OK;
    for (unsigned p = start; p < start + n; p++) {
        if (!model[m][p].cell) {
            *why = ERR_ADDRESS;
            return false;
        }
        if (prot & ~model[m][p].prot)
            *why = ERR_PROTECTION;
    }
    return *why == OK;
}

/* The limit does not let `n` pages more in. */
static bool full(int m, unsigned n)
{
    for (unsigned p = 0; p < PAGES; p++)
        n += model[m][p].cell && model[m][p].max_prot;
    return n > limits[m];
}

static bool all_free(int m, unsigned start, unsigned n)
{
    for (unsigned p = start; p < start + n; p++)
        if (model[m][p].cell)
            return false;
    return true;
}

static struct slot *slot_of(struct vm_map *map, uint64_t addr)
{
    for (int m = 0; m < MAPS; m++)
        if (maps[m] == map)
            return &model[m][(addr - BASE) / PAGE_SIZE];
    return NULL;
}

/* --- checks --- */

/* Frames that a mapping may write, and whose cell they hold. */
static struct cell *owner[FAKE_FRAMES + FAKE_MODULE_FRAMES];

/* A cached mapping shows its cell, with no more rights than the model has. */
static void check_mapping(int m, uint64_t addr, paddr_t pa, unsigned prot)
{
    struct slot *s = slot_of(maps[m], addr);
    const unsigned char *bytes = phys_to_virt(vm_trunc_page(pa));

    assert_non_null(s->cell);
    /* Page tables can't refuse reading alone. */
    assert_int_equal(prot & ~(s->prot | (s->prot ? VM_PROT_READ : 0)), 0);
    for (int k = 0; k < SPOTS; k++)
        assert_int_equal(bytes[spot_at[k]], s->cell->spot[k]);
    if (prot & VM_PROT_WRITE)
        owner[pa / PAGE_SIZE] = s->cell;
}

static void check_mappings(void)
{
    uint64_t addr;
    unsigned prot;
    paddr_t pa;

    memset(owner, 0, sizeof owner);
    for (int m = 0; m < MAPS; m++)
        for (unsigned p = 0; p < PAGES; p++)
            if (pmap_extract(vm_map_pmap(maps[m]), va(p), &pa, &prot))
                check_mapping(m, va(p), pa, prot);
    for (unsigned i = 0; fake_tlb_entry(i, &addr, &pa, &prot); i++)
        check_mapping(current, addr, pa, prot);
    for (int m = 0; m < MAPS; m++)
        for (unsigned p = 0; p < PAGES; p++)
            if (pmap_extract(vm_map_pmap(maps[m]), va(p), &pa, &prot) && owner[pa / PAGE_SIZE])
                assert_ptr_equal(owner[pa / PAGE_SIZE], model[m][p].cell);
}

static void check_map_shape(int m)
{
    struct vm_region r;
    uint64_t at = BASE, size = 0;
    size_t count = 0;

    for (; vm_map_region(maps[m], at, &r) == OK; at = r.end) {
        assert_true(r.start >= at && r.end <= END);
        for (uint64_t a = at; a < r.start; a += PAGE_SIZE)
            assert_null(slot_of(maps[m], a)->cell);
        for (uint64_t a = r.start; a < r.end; a += PAGE_SIZE) {
            struct slot *s = slot_of(maps[m], a);

            assert_non_null(s->cell);
            assert_int_equal(s->prot, r.prot);
            assert_int_equal(s->max_prot, r.max_prot);
            assert_int_equal(s->inherit, r.inherit);
        }
        size += r.end - r.start;
        count++;
    }
    for (uint64_t a = at; a < END; a += PAGE_SIZE)
        assert_null(slot_of(maps[m], a)->cell);
    assert_int_equal(size, maps[m]->size);
    assert_int_equal(maps[m]->limit, limits[m] * (uint64_t)PAGE_SIZE);
    assert_int_equal(count, maps[m]->count);
}

static void check_page(int m, unsigned page)
{
    struct slot *s = &model[m][page];
    unsigned char got = 0;

    for (int k = 0; k < SPOTS; k++) {
        enum status want = !s->cell                     ? ERR_ADDRESS
                           : !(s->prot & VM_PROT_READ) ? ERR_PROTECTION
                                                       : OK;

        assert_int_equal(vm_copy_in(maps[m], va(page) + spot_at[k], &got, 1), want);
        if (want == OK)
            assert_int_equal(got, s->cell->spot[k]);
    }
}

static void check_all(void)
{
    unsigned char got;

    for (int m = 0; m < MAPS; m++) {
        check_map_shape(m);
        for (unsigned p = 0; p < PAGES; p++)
            check_page(m, p);
    }
    for (int o = 0; o < OBJECTS; o++)
        for (unsigned p = 0; p < OBJECT_PAGES; p++)
            for (int k = 0; k < SPOTS; k++) {
                assert_int_equal(vm_object_read(objects[o],
                                                p * (uint64_t)PAGE_SIZE + spot_at[k], &got, 1),
                                 OK);
                assert_int_equal(got, object_cells[o][p]->spot[k]);
            }
}

/* --- operations --- */

static void pick(unsigned *start, unsigned *n)
{
    *start = rnd(PAGES);
    *n = 1 + rnd(PAGES - *start < 8 ? PAGES - *start : 8);
}

static unsigned random_prot(void)
{
    static const unsigned prots[] = {7, 7, 3, 3, 3, 1, 5, 0};

    return prots[rnd(8)];
}

static void op_enter(int m)
{
    unsigned start, n, prot = random_prot(), max = prot | (rnd(3) ? 7 : 0);
    enum vm_inherit inherit = (enum vm_inherit)rnd(3);
    uint64_t addr;
    bool anywhere = rnd(2);
    enum status s;

    pick(&start, &n);
    addr = va(start);
    s = vm_map_enter(maps[m], &addr, n * (uint64_t)PAGE_SIZE, 0, anywhere, NULL, 0, false, prot,
                     max, inherit);
    if (anywhere) {
        unsigned p = start;

        while (p + n <= PAGES && !all_free(m, p, n))
            p++;
        assert_int_equal(s, p + n <= PAGES && (!max || !full(m, n)) ? OK : ERR_NO_SPACE);
        if (s == OK)
            assert_int_equal(addr, va(p));
        start = p;
    } else {
        assert_int_equal(s, !all_free(m, start, n)  ? ERR_EXISTS
                            : max && full(m, n)    ? ERR_NO_SPACE
                                                   : OK);
    }
    for (unsigned p = start; s == OK && p < start + n; p++)
        model_map(m, p, new_cell(NULL), prot, max, inherit, 0);
}

static void op_enter_object(int m)
{
    unsigned start = rnd(PAGES - OBJECT_PAGES), off = rnd(OBJECT_PAGES);
    unsigned n = 1 + rnd(OBJECT_PAGES - off), o = rnd(OBJECTS), prot = random_prot();
    uint64_t addr = va(start);
    enum status s = vm_map_enter(maps[m], &addr, n * (uint64_t)PAGE_SIZE, 0, false, objects[o],
                                 off * (uint64_t)PAGE_SIZE, false, prot, 7, VM_INHERIT_COPY);

    assert_int_equal(s, !all_free(m, start, n) ? ERR_EXISTS : full(m, n) ? ERR_NO_SPACE : OK);
    for (unsigned p = 0; s == OK && p < n; p++) {
        object_cells[o][off + p]->refs++;
        model_map(m, start + p, object_cells[o][off + p], prot, 7, VM_INHERIT_COPY, 0);
    }
}

static void op_remove(int m)
{
    unsigned start, n;

    pick(&start, &n);
    assert_int_equal(vm_map_remove(maps[m], va(start), va(start + n)), OK);
    for (unsigned p = start; p < start + n; p++)
        model_unmap(m, p);
}

static void op_protect(int m)
{
    unsigned start, n, prot = random_prot();
    bool max = rnd(4) == 0;
    enum status s, want;

    pick(&start, &n);
    all_mapped(m, start, n, 0, &want);
    for (unsigned p = start; want == OK && p < start + n; p++)
        if (prot & ~model[m][p].max_prot)
            want = ERR_PROTECTION;
    s = vm_map_protect(maps[m], va(start), va(start + n), prot, max);
    assert_int_equal(s, want);
    for (unsigned p = start; s == OK && p < start + n; p++) {
        if (max)
            model[m][p].max_prot = prot;
        model[m][p].prot = max ? model[m][p].prot & prot : prot;
    }
}

static void op_inherit(int m)
{
    unsigned start, n;
    enum vm_inherit inherit = (enum vm_inherit)rnd(3);
    enum status s, want;

    pick(&start, &n);
    all_mapped(m, start, n, 0, &want);
    s = vm_map_inherit(maps[m], va(start), va(start + n), inherit);
    assert_int_equal(s, want);
    for (unsigned p = start; s == OK && p < start + n; p++)
        model[m][p].inherit = inherit;
}

static void op_write(int m)
{
    unsigned page = rnd(PAGES), k = rnd(SPOTS);
    unsigned char byte = (unsigned char)rnd(256);
    struct slot *s = &model[m][page];
    bool force = rnd(5) == 0 && !s->wired;
    enum status want = !s->cell                                ? ERR_ADDRESS
                       : !force && !(s->prot & VM_PROT_WRITE) ? ERR_PROTECTION
                                                              : OK;

    assert_int_equal(vm_copy_out(maps[m], va(page) + spot_at[k], &byte, 1, force), want);
    if (want != OK)
        return;
    if (!(s->prot & VM_PROT_WRITE) && s->cell->refs > 1) {
        struct cell *own = new_cell(s->cell);

        put_cell(s->cell);
        s->cell = own;
    }
    s->cell->spot[k] = byte;
}

static void op_write_object(void)
{
    unsigned o = rnd(OBJECTS), page = rnd(OBJECT_PAGES), k = rnd(SPOTS);
    unsigned char byte = (unsigned char)rnd(256);

    assert_int_equal(vm_object_write(objects[o], page * (uint64_t)PAGE_SIZE + spot_at[k], &byte,
                                     1),
                     OK);
    object_cells[o][page]->spot[k] = byte;
}

static void op_fault(int m)
{
    static const unsigned accesses[] = {1, 2, 3, 4};
    unsigned page = rnd(PAGES), access = accesses[rnd(4)];
    struct slot *s = &model[m][page];
    enum status want = !s->cell ? ERR_ADDRESS : access & ~s->prot ? ERR_PROTECTION : OK;

    assert_int_equal(vm_fault(maps[m], va(page) + rnd(PAGE_SIZE), access), want);
}

/* The program in the map runs: it touches memory, and faults. */
static void op_run(int m)
{
    current = m;
    pmap_activate(vm_map_pmap(maps[m]));
    for (int i = 0; i < 6; i++) {
        unsigned page = rnd(PAGES), access = rnd(2) ? VM_PROT_READ : VM_PROT_WRITE;
        struct slot *s = &model[m][page];
        bool allowed = s->cell && !(access & ~s->prot);

        if (fake_access(vm_map_pmap(maps[m]), va(page), access))
            assert_true(s->cell && (allowed || (access == VM_PROT_READ && s->prot)));
        else if (allowed) {
            assert_int_equal(vm_fault(maps[m], va(page), access), OK);
            if (!fake_forget_every)
                assert_true(fake_access(vm_map_pmap(maps[m]), va(page), access));
        }
    }
}

static void op_fork(int m)
{
    int to = (int)rnd(MAPS);
    struct vm_map *map;

    if (to == m)
        return;
    current = m;
    pmap_activate(vm_map_pmap(maps[m]));
    vm_map_release(maps[to]);
    for (unsigned p = 0; p < PAGES; p++)
        model_unmap(to, p);
    assert_int_equal(vm_map_fork(maps[m], &quotas[to], &map), OK);
    maps[to] = map;
    limits[to] = limits[m];
    for (unsigned p = 0; p < PAGES; p++) {
        struct slot *s = &model[m][p];

        if (!s->cell || s->inherit == VM_INHERIT_NONE)
            continue;
        if (s->inherit == VM_INHERIT_SHARE) {
            s->cell->refs++;
            model_map(to, p, s->cell, s->prot, s->max_prot, s->inherit, s->parent);
        } else {
            model_map(to, p, new_cell(s->cell), s->prot, s->max_prot, s->inherit, 0);
        }
    }
}

static void op_copy(int m)
{
    int to = (int)rnd(MAPS);
    unsigned src, dst, n;
    enum status s, want;

    pick(&src, &n);
    dst = rnd(PAGES - n + 1);
    s = vm_map_copy_range(maps[m], va(src), maps[to], va(dst), n * (uint64_t)PAGE_SIZE);
    if (all_mapped(m, src, n, VM_PROT_READ, &want))
        all_mapped(to, dst, n, VM_PROT_WRITE, &want);
    if (want == OK && to == m && src < dst + n && dst < src + n)
        want = ERR_INVALID;
    assert_int_equal(s, want);
    for (unsigned p = 0; s == OK && p < n; p++)
        memcpy(model[to][dst + p].cell->spot, model[m][src + p].cell->spot, SPOTS);
}

static void op_copy_new(int m)
{
    int to = (int)rnd(MAPS);
    unsigned src, dst, n, prot = random_prot();
    uint64_t addr;
    enum status s, want;

    pick(&src, &n);
    dst = rnd(PAGES - n + 1);
    addr = va(dst);
    s = vm_map_copy_new(maps[m], va(src), maps[to], &addr, n * (uint64_t)PAGE_SIZE, false, prot);
    if (all_mapped(m, src, n, VM_PROT_READ, &want) && !all_free(to, dst, n))
        want = ERR_EXISTS;
    else if (want == OK && full(to, n))
        want = ERR_NO_SPACE;
    assert_int_equal(s, want);
    for (unsigned p = 0; s == OK && p < n; p++)
        model_map(to, dst + p, new_cell(model[m][src + p].cell), prot, 7, VM_INHERIT_COPY, 0);
}

static void op_share(int m)
{
    int to = (int)rnd(MAPS);
    unsigned src, dst, n, prot = rnd(2) ? 7 : 1;
    bool grant = rnd(4) == 0;
    enum status s, want;

    pick(&src, &n);
    dst = rnd(PAGES - n + 1);
    s = vm_map_share(maps[m], va(src), maps[to], va(dst), n * (uint64_t)PAGE_SIZE, prot, grant);
    if (!all_free(to, dst, n))
        want = ERR_EXISTS;
    else if (full(to, n))
        want = ERR_NO_SPACE;
    else if (all_mapped(m, src, n, 0, &want))
        for (unsigned p = src; p < src + n; p++)
            if (!(model[m][p].prot & prot))
                want = ERR_PROTECTION;
    assert_int_equal(s, want);
    for (unsigned p = 0; s == OK && p < n; p++) {
        struct slot *from = &model[m][src + p], *item = &model[to][dst + p];

        from->cell->refs++;
        model_map(to, dst + p, from->cell, from->prot & prot, from->prot & prot,
                  VM_INHERIT_SHARE, from->id);
        if (grant) {
            item->id = from->id;
            item->parent = from->parent;
            put_cell(from->cell);
            from->cell = NULL;
        }
    }
}

static void op_unmap(int m)
{
    unsigned start, n;
    bool self = rnd(4) == 0;

    pick(&start, &n);
    assert_int_equal(vm_map_unmap_children(maps[m], va(start), va(start + n), self), OK);
    for (unsigned p = start; p < start + n; p++) {
        if (!model[m][p].cell)
            continue;
        if (self)
            model_unmap(m, p);
        else
            model_revoke(model[m][p].id);
    }
}

static void op_wire(int m)
{
    unsigned start, n;
    bool wire = rnd(2);
    enum status s, want;

    pick(&start, &n);
    all_mapped(m, start, n, 0, &want);
    s = vm_map_wire(maps[m], va(start), va(start + n), wire);
    assert_int_equal(s, want);
    for (unsigned p = start; s == OK && p < start + n; p++) {
        if (wire)
            model[m][p].wired++;
        else if (model[m][p].wired)
            model[m][p].wired--;
    }
}

/* Often what holds everything, so that maps fill up. */
static void op_limit(int m)
{
    limits[m] = rnd(4) ? PAGES : rnd(PAGES + 1);
    assert_int_equal(vm_map_set_limit(maps[m], limits[m] * (uint64_t)PAGE_SIZE, END - BASE), OK);
}

static void op_between(int m)
{
    int to = (int)rnd(MAPS);
    unsigned src = rnd(PAGES), dst = rnd(PAGES);
    size_t n_done;
    enum status s, want;

    s = vm_copy_between(maps[m], va(src), maps[to], va(dst), PAGE_SIZE, &n_done);
    want = !model[to][dst].cell                                ? ERR_ADDRESS
           : !(model[to][dst].prot & VM_PROT_WRITE)            ? ERR_PROTECTION
           : !model[m][src].cell                               ? ERR_ADDRESS
           : !(model[m][src].prot & VM_PROT_READ)              ? ERR_PROTECTION
                                                               : OK;
    assert_int_equal(s, want);
    assert_int_equal(n_done, s == OK ? PAGE_SIZE : 0);
    if (s == OK)
        memmove(model[to][dst].cell->spot, model[m][src].cell->spot, SPOTS);
}

static void one_operation(void)
{
    int m = (int)rnd(MAPS);
    unsigned op = rnd(40);

    switch (op) {
    case 0: case 1: case 2: op_enter(m); break;
    case 3: op_enter_object(m); break;
    case 4: op_remove(m); break;
    case 5: case 6: op_protect(m); break;
    case 7: op_inherit(m); break;
    case 8: case 9: case 10: op_fault(m); break;
    case 11: op_fork(m); break;
    case 22: case 23: case 24: op_run(m); break;
    case 12: case 13: op_copy(m); break;
    case 14: op_copy_new(m); break;
    case 15: case 16: op_share(m); break;
    case 17: op_unmap(m); break;
    case 18: op_wire(m); break;
    case 19: op_between(m); break;
    case 20: op_write_object(); break;
    case 25: op_limit(m); break;
    case 21: pmap_forget_all(vm_map_pmap(maps[m])); break;
    default: op_write(m); break;
    }
}

/* --- one run --- */

/* After a failed run only a new process finds the state it needs. */
static int say_where(void **state)
{
    (void)state;
    if (where[0]) {
        fflush(NULL);
        printf("# stopped at %s\n", where);
        fflush(stdout);
        _exit(1);
    }
    return 0;
}

static void set_up(void)
{
    for (int m = 0; m < MAPS + OBJECTS; m++)
        quotas[m] = (struct quota){0, (size_t)1 << 30};
    for (int m = 0; m < MAPS; m++) {
        assert_int_equal(vm_map_create(&quotas[m], BASE, END, &maps[m]), OK);
        limits[m] = PAGES;
    }
    for (int o = 0; o < OBJECTS; o++) {
        assert_int_equal(vm_object_create_anonymous(OBJECT_PAGES * PAGE_SIZE, &quotas[MAPS + o],
                                                    &objects[o]),
                         OK);
        for (unsigned p = 0; p < OBJECT_PAGES; p++)
            object_cells[o][p] = new_cell(NULL);
    }
}

static void tear_down(void)
{
    for (int o = 0; o < OBJECTS; o++) {
        vm_object_release(objects[o]);
        for (unsigned p = 0; p < OBJECT_PAGES; p++)
            put_cell(object_cells[o][p]);
    }
    pmap_activate(idle);
    for (int m = 0; m < MAPS; m++) {
        vm_map_release(maps[m]);
        for (unsigned p = 0; p < PAGES; p++)
            model_unmap(m, p);
    }
    for (int m = 0; m < MAPS + OBJECTS; m++)
        assert_int_equal(quotas[m].used, 0);
}

static void run(uint64_t seed, unsigned forget_every)
{
    size_t frames = frame_free_count(), kmem = kmem_in_use();

    random_state = seed * 0x9e3779b97f4a7c15 + 1;
    fake_forget_every = forget_every;
    set_up();
    for (unsigned i = 0; i < operations; i++) {
        snprintf(where, sizeof where, "seed %llu, forgets %u, operation %u",
                 (unsigned long long)seed, forget_every, i);
        one_operation();
        if (forget_every && i % forget_every == 0)
            pmap_forget_all(vm_map_pmap(maps[rnd(MAPS)]));
        check_mappings();
        if (rnd(64) == 0)
            check_all();
    }
    check_all();
    tear_down();
    assert_int_equal(frame_free_count(), frames);
    assert_int_equal(kmem_in_use(), kmem);
    assert_int_equal(vm_pages_resident, 0);
    assert_int_equal(vm_pages_wired, 0);
    where[0] = '\0';
    fake_forget_every = 0;
}

static void test_against_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run(seed, 0);
}

static void test_with_a_forgetful_pmap(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run(seed + 1000, 1 + seed % 3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_against_model, say_where),
        cmocka_unit_test_teardown(test_with_a_forgetful_pmap, say_where),
    };

    if (argc > 1)
        seeds = (unsigned)atoi(argv[1]);
    if (argc > 2)
        operations = (unsigned)atoi(argv[2]);
    fake_init();
    if (pmap_create(NULL, &idle) != OK)
        return 2;
    pmap_activate(idle);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
