/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions: base costs and pairing, branches, privilege transfers, restarts, markers. */
#include "bench/model/core.h"

#include <stdlib.h>
#include <string.h>

#define BIT63 (UINT64_C(1) << 63)
#define FIRST_INTERRUPT 32 /* vectors below are exceptions (Intel SDM vol. 3, 6.3.1) */

/* --- Descriptions --- */

static enum place place_of(const struct model_places *places, uint64_t addr)
{
    if (addr >= places->stub_lo && addr < places->stub_hi)
        return PLACE_STUB;
    if (addr >= places->server_lo && addr < places->server_hi)
        return PLACE_SERVER;
    return addr & BIT63 ? PLACE_KERNEL : PLACE_USER;
}

void model_describe(const struct model_places *places, struct model_insn *insn, uint64_t addr,
                    const uint8_t *bytes, size_t size, enum decode_mode mode)
{
    insn->addr = addr;
    insn->place = place_of(places, addr);
    decode(&insn->d, bytes, size, mode);
    if (insn->d.length != size)
        insn->d.length = size; /* the caller knows better */
}

/* --- Transfers --- */

static int ring_at(struct model *m, const struct model_insn *insn)
{
    int ring = m->env.ring ? m->env.ring(m->env.data) : -1;

    return ring >= 0 ? ring : insn->addr & BIT63 ? 0 : 3;
}

/* Did execution leave `last` for `insn` by a fault or an interrupt? */
static bool diverted(const struct model_insn *last, const struct model_insn *insn)
{
    if (insn->addr == last->addr + last->d.length)
        return false;
    if (!(last->d.flags & (D_BRANCH | D_TRAP | D_FAR_RETURN)))
        return true;
    return !(last->addr & BIT63) && insn->addr & BIT63 && !(last->d.flags & D_TRAP);
}

static void pending_push(struct model *m, const struct model_insn *insn)
{
    if (m->n_pending == PENDING_MAX) {
        memmove(m->pending, m->pending + 1, (PENDING_MAX - 1) * sizeof(*m->pending));
        m->n_pending--;
    }
    m->pending[m->n_pending++] = (struct pending){ insn, insn->addr };
}

static void pending_remove(struct model *m, unsigned int index)
{
    m->n_pending--;
    memmove(m->pending + index, m->pending + index + 1,
            (m->n_pending - index) * sizeof(*m->pending));
}

/* A return from an exception has come to `insn`. True if that is an instruction that was counted
 * and paid for when it faulted, or a repeat instruction that goes on. */
static bool taken_up_again(struct model *m, const struct model_insn *insn)
{
    for (unsigned int i = m->n_pending; i-- > 0;) {
        const struct model_insn *left = m->pending[i].insn;
        bool again = left->addr == insn->addr;

        if (!again && left->addr + left->d.length != insn->addr)
            continue;
        pending_remove(m, i);
        return again;
    }
    return false;
}

/* Costs of entering the kernel fall on the place that is entered. */
static void enter_by_event(struct model *m, const struct model_insn *insn)
{
    int vector = m->env.vector ? m->env.vector(m->env.data, insn->addr) : -1;
    bool interrupt = vector >= FIRST_INTERRUPT;

    pending_push(m, m->last);
    m->place = insn->place;
    event(m, interrupt ? EVENT_INTERRUPTS_TAKEN : EVENT_EXCEPTIONS_TAKEN);
    charge(m, insn->place, PART_PRIVILEGED,
           m->machine.cost[interrupt ? OP_INTERRUPT : OP_EXCEPTION]);
    m->ring = ring_at(m, insn);
}

static void enter_by_trap(struct model *m, const struct model_insn *insn)
{
    int from = m->ring;
    enum op op = m->last->d.op;

    m->ring = ring_at(m, insn);
    if (op == OP_INT && m->ring == from)
        op = OP_INT_SAME;
    charge(m, insn->place, PART_PRIVILEGED, m->machine.cost[op]);
}

/* ... and those of leaving it on the place that is left. True if `insn` is taken up again. */
static bool leave_by_return(struct model *m, const struct model_insn *insn)
{
    int from = m->ring;
    enum op op = m->last->d.op;

    m->ring = ring_at(m, insn);
    if (op == OP_IRET && m->ring == from)
        op = OP_IRET_SAME;
    charge(m, m->last->place, PART_PRIVILEGED, m->machine.cost[op]);
    return taken_up_again(m, insn);
}

static void resolve_branch(struct model *m, const struct model_insn *insn)
{
    const struct model_insn *last = m->last;

    m->counts[last->place].events[EVENT_BRANCHES]++;
    if (branch_predicted(&m->branch, last->addr, last->d.length, last->d.flags, insn->addr))
        return;
    m->counts[last->place].events[EVENT_MISPREDICTS]++;
    charge(m, last->place, PART_BRANCH, m->machine.mispredict);
    m->u_pipe = NULL;
}

static enum arrival arrival_of(const struct model_insn *last, const struct model_insn *insn)
{
    if (!last)
        return ARRIVED_NEXT;
    if (diverted(last, insn))
        return ARRIVED_EVENT;
    if (last->d.flags & D_TRAP)
        return ARRIVED_TRAP;
    if (last->d.flags & D_FAR_RETURN)
        return ARRIVED_LEAVE;
    if (last->d.flags & D_CALL)
        return ARRIVED_CALL;
    if (last->d.flags & D_RETURN)
        return ARRIVED_RETURN;
    return insn->addr == last->addr + last->d.length ? ARRIVED_NEXT : ARRIVED_JUMP;
}

static void forget_group(struct model *m)
{
    m->u_pipe = NULL;
    m->writes = m->writes_before = 0;
    m->behind = 0;
}

/* Settle how execution got from the last instruction to this one. True if this one is taken up
 * again after a fault. */
static bool settle(struct model *m, const struct model_insn *insn)
{
    const struct model_insn *last = m->last;
    bool again = false;

    m->arrival = arrival_of(last, insn);
    if (!last) {
        m->ring = ring_at(m, insn);
        return false;
    }
    if (m->arrival == ARRIVED_EVENT)
        enter_by_event(m, insn);
    else if (m->arrival == ARRIVED_TRAP)
        enter_by_trap(m, insn);
    else if (m->arrival == ARRIVED_LEAVE)
        again = leave_by_return(m, insn);
    else {
        if (last->d.flags & D_BRANCH)
            resolve_branch(m, insn);
        if (last->d.op == OP_MOVE_CR4)
            memory_flush_all(m);
        return false;
    }
    forget_group(m);
    return again;
}

/* --- Issue --- */

/* A pair takes as long as its longer half, and more if both use memory after the first has read
 * (86Box's table of pair timings). */
static uint64_t pair_cost(const struct model *m, const struct decoded *u, const struct decoded *v)
{
    uint64_t cu = m->machine.cost[u->op], cv = m->machine.cost[v->op];
    uint64_t longer = cu > cv ? cu : cv;

    if (u->shape != SHAPE_RMW || v->shape == SHAPE_REG)
        return longer;
    return longer + (v->shape == SHAPE_RMW ? 2 : 1) * TICKS;
}

static bool both(const struct decoded *d, uint16_t flags)
{
    return (d->flags & flags) == flags;
}

/* Do two successive instructions issue together? Intel's rules for the Pentium (in Ralf Brown's
 * interrupt list, OPCODES.LST, appendix E; GCC's pentium.md; Abrash, Black Book, chapter 20). */
static bool pairs(const struct decoded *u, const struct decoded *v)
{
    if (!(u->pair & PAIR_U) || !(v->pair & PAIR_V) || v->prefixes || u->flags & D_LOCK)
        return false;
    if (u->writes & (v->reads | v->writes))
        return false;
    return !both(u, D_DISPLACEMENT | D_IMMEDIATE) && !both(v, D_DISPLACEMENT | D_IMMEDIATE);
}

/* A register that addresses memory must have been written a cycle earlier. */
static void address_stall(struct model *m, const struct decoded *d, uint16_t *written)
{
    if (!(d->address & *written))
        return;
    charge(m, m->place, PART_BASE, m->machine.cost[OP_AGI]);
    *written = 0;
}

/* Prefixes take a cycle each to decode, but not while the last group still executes (86Box). */
static void decode_prefixes(struct model *m, const struct decoded *d)
{
    uint64_t cost = d->prefixes * m->machine.cost[OP_PREFIX];

    if (cost > m->behind)
        charge(m, m->place, PART_BASE, cost - m->behind);
}

static void executes_for(struct model *m, uint64_t cost)
{
    m->behind = cost > TICKS ? cost - TICKS : 0;
}

/* The price of a privileged instruction is that of all its bytes. */
static void issue_alone(struct model *m, const struct model_insn *insn)
{
    const struct decoded *d = &insn->d;
    uint64_t cost = m->machine.cost[d->op];
    bool base = d->op < OP_FIRST_PRIVILEGED;

    if (base)
        decode_prefixes(m, d);
    address_stall(m, d, &m->writes);
    m->writes_before = m->writes;
    m->writes = d->writes;
    m->u_pipe = insn;
    if (d->flags & D_LOCK)
        cost += m->machine.cost[OP_LOCK];
    if (d->flags & D_REP)
        cost += m->machine.cost[OP_REP_START];
    if (!(d->flags & (D_TRAP | D_FAR_RETURN)))
        charge(m, m->place, base ? PART_BASE : PART_PRIVILEGED, cost);
    executes_for(m, cost);
}

static void issue(struct model *m, const struct model_insn *insn)
{
    const struct model_insn *u = m->u_pipe;

    if (m->machine.pairing && u && u->addr + u->d.length == insn->addr && pairs(&u->d, &insn->d)) {
        uint64_t cost = pair_cost(m, &u->d, &insn->d);

        address_stall(m, &insn->d, &m->writes_before);
        charge(m, m->place, PART_BASE, cost - m->machine.cost[u->d.op]);
        executes_for(m, cost);
        event(m, EVENT_PAIRED);
        m->writes |= insn->d.writes;
        m->u_pipe = NULL;
        return;
    }
    issue_alone(m, insn);
}

/* --- Execution --- */

/* A further iteration, or the same instruction in a block translated anew. */
static bool repeated(const struct model *m, const struct model_insn *insn)
{
    return m->last && m->last->addr == insn->addr &&
           !(m->last->d.flags & (D_BRANCH | D_TRAP | D_FAR_RETURN));
}

static void mark(struct model *m, const struct model_insn *insn)
{
    if (insn->d.flags & D_OPEN) {
        m->n_pending = 0;
        region_open(m, insn->d.region);
    } else {
        region_close(m, insn->d.region);
    }
    forget_group(m);
}

void model_exec(struct model *m, const struct model_insn *insn)
{
    bool again;

    if (repeated(m, insn)) {
        if (insn->d.flags & D_REP)
            charge(m, m->place, PART_BASE, m->machine.cost[OP_REP_TURN]);
        m->last = insn;
        return;
    }
    again = settle(m, insn);
    m->last = insn;
    m->place = insn->place;
    if (insn->d.flags & (D_OPEN | D_CLOSE)) {
        mark(m, insn);
        return;
    }
    m->rep_lines[0] = m->rep_lines[1] = NOWHERE;
    memory_fetch(m, insn);
    if (again)
        return; /* counted and paid when it faulted */
    m->counts[insn->place].insn++;
    issue(m, insn);
}

/* --- Life --- */

struct model *model_new(const struct machine *machine, const struct model_env *env,
                        const char *mode, FILE *out)
{
    struct model *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->machine = *machine;
    if (env)
        m->env = *env;
    m->mode = mode;
    m->out = out;
    m->rep_lines[0] = m->rep_lines[1] = NOWHERE;
    if (!memory_init(m) || !branch_init(&m->branch, machine)) {
        model_free(m);
        return NULL;
    }
    return m;
}

void model_free(struct model *m)
{
    memory_free(m);
    branch_free(&m->branch);
    free(m);
}
