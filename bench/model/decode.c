/* SPDX-License-Identifier: BSD-2-Clause */
/* The decoder: prefixes, opcode maps, lengths, classes, pairing. */
#include "bench/model/decode.h"

#include <string.h>

#include "bench/marker.h"

#define RAX 0
#define RCX 1
#define RDX 2
#define RSP 4
#define RBP 5
#define BIT(n) ((uint16_t)(1u << (n)))

enum { MAP_ONE, MAP_0F, MAP_38, MAP_3A };

/* The parts of an instruction on its way through the decoder. */
struct parts {
    const uint8_t *bytes;
    size_t size, at;
    enum decode_mode mode;
    bool opsize, adsize, rep, repne, lock, vector; /* vector: VEX or EVEX */
    uint8_t rex;                                   /* 0 or 40..4f */
    uint8_t legacy;                                /* prefixes other than REX */
    uint8_t map, opcode;
    bool has_modrm;
    uint8_t mod, reg, rm; /* reg and rm without REX */
};

const char *op_name(enum op op)
{
#define NAME(symbol, key) [OP_##symbol] = #key,
    static const char *const names[OP_COUNT] = { BASE_CLASSES(NAME) PRIVILEGED_CLASSES(NAME)
                                                     BASE_EVENTS(NAME) PRIVILEGED_EVENTS(NAME) };
#undef NAME
    return names[op];
}

/* The byte `ahead` of the next one; 0 where there is none (the length check comes at the end). */
static uint8_t peek(const struct parts *p, size_t ahead)
{
    return p->at + ahead < p->size ? p->bytes[p->at + ahead] : 0;
}

/* --- Prefixes and maps --- */

static bool take_legacy_prefix(struct parts *p)
{
    switch (peek(p, 0)) {
    case 0x66: p->opsize = true; break;
    case 0x67: p->adsize = true; break;
    case 0xf0: p->lock = true; break;
    case 0xf2: p->repne = true; break;
    case 0xf3: p->rep = true; break;
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: break;
    default: return false;
    }
    return p->at < p->size;
}

/* VEX (SDM vol. 2, 2.3) and EVEX (2.7): map, and REX's bits as far as registers need them. */
static bool take_vector_prefix(struct parts *p)
{
    uint8_t first = peek(p, 0), next = peek(p, 1);

    if (first != 0xc4 && first != 0xc5 && first != 0x62)
        return false;
    if (p->mode != MODE_64 && (next & 0xc0) != 0xc0)
        return false; /* les, lds, bound */
    p->vector = true;
    p->map = first == 0xc5 ? MAP_0F : next & 3;
    p->rex = 0x40 | (next & 0x80 ? 0 : 4);
    p->at += first == 0xc5 ? 2 : first == 0xc4 ? 3 : 4;
    return true;
}

static void take_opcode(struct parts *p)
{
    for (; take_legacy_prefix(p); p->at++)
        p->legacy++;
    if (p->mode == MODE_64 && (peek(p, 0) & 0xf0) == 0x40)
        p->rex = p->bytes[p->at++];
    if (!take_vector_prefix(p) && peek(p, 0) == 0x0f) {
        p->at++;
        p->map = MAP_0F;
        if (peek(p, 0) == 0x38 || peek(p, 0) == 0x3a) {
            p->map = peek(p, 0) == 0x38 ? MAP_38 : MAP_3A;
            p->at++;
        }
    }
    p->opcode = peek(p, 0);
    p->at++;
}

static bool one_byte_has_modrm(uint8_t op)
{
    if (op < 0x40)
        return (op & 7) < 4;
    return op == 0x62 || op == 0x63 || op == 0x69 || op == 0x6b || (op >= 0x80 && op <= 0x8f) ||
           op == 0xc0 || op == 0xc1 || (op >= 0xc4 && op <= 0xc7) || (op >= 0xd0 && op <= 0xd3) ||
           (op >= 0xd8 && op <= 0xdf) || op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

static bool two_byte_has_modrm(uint8_t op)
{
    return !((op >= 0x05 && op <= 0x0b) || op == 0x0e || (op >= 0x30 && op <= 0x37) ||
             op == 0x77 || (op >= 0x80 && op <= 0x8f) || (op >= 0xa0 && op <= 0xa2) ||
             (op >= 0xa8 && op <= 0xaa) || (op >= 0xc8 && op <= 0xcf));
}

static bool has_modrm(const struct parts *p)
{
    return p->map == MAP_ONE ? one_byte_has_modrm(p->opcode) :
           p->map == MAP_0F ? two_byte_has_modrm(p->opcode) : true;
}

/* --- Immediates --- */

/* Bytes of an operand of 16 or 32 bits. */
static unsigned int operand_z(const struct parts *p)
{
    return (p->mode == MODE_16) != p->opsize ? 2 : 4;
}

/* Branch displacements are 32 bits in 64-bit mode, whatever the prefix. */
static unsigned int branch_z(const struct parts *p)
{
    return p->mode == MODE_64 ? 4 : operand_z(p);
}

static unsigned int address_bytes(const struct parts *p)
{
    if (p->mode == MODE_64)
        return p->adsize ? 4 : 8;
    return (p->mode == MODE_16) != p->adsize ? 2 : 4;
}

static unsigned int one_byte_immediate(const struct parts *p)
{
    uint8_t op = p->opcode;

    if (op < 0x40)
        return (op & 7) == 4 ? 1 : (op & 7) == 5 ? operand_z(p) : 0;
    if ((op >= 0x70 && op <= 0x7f) || (op >= 0xb0 && op <= 0xb7) || (op >= 0xe0 && op <= 0xe7))
        return 1;
    if (op >= 0xb8 && op <= 0xbf)
        return p->rex & 8 ? 8 : operand_z(p);
    if (op >= 0xa0 && op <= 0xa3)
        return address_bytes(p);
    switch (op) {
    case 0x6a: case 0x6b: case 0x80: case 0x82: case 0x83: case 0xa8: case 0xc0: case 0xc1:
    case 0xc6: case 0xcd: case 0xd4: case 0xd5: case 0xeb:
        return 1;
    case 0x68: case 0x69: case 0x81: case 0xa9: case 0xc7:
        return operand_z(p);
    case 0xe8: case 0xe9:
        return branch_z(p);
    case 0x9a: case 0xea:
        return operand_z(p) + 2;
    case 0xc2: case 0xca:
        return 2;
    case 0xc8:
        return 3;
    case 0xf6:
        return p->reg < 2 ? 1 : 0;
    case 0xf7:
        return p->reg < 2 ? operand_z(p) : 0;
    default:
        return 0;
    }
}

static unsigned int immediate_bytes(const struct parts *p)
{
    uint8_t op = p->opcode;

    if (p->map == MAP_ONE)
        return one_byte_immediate(p);
    if (p->map != MAP_0F)
        return p->map == MAP_3A ? 1 : 0;
    if (op >= 0x80 && op <= 0x8f)
        return branch_z(p);
    return (op >= 0x70 && op <= 0x73) || op == 0x0f || op == 0xa4 || op == 0xac || op == 0xba ||
           op == 0xc2 || op == 0xc4 || op == 0xc5 || op == 0xc6;
}

/* --- Operands --- */

static uint8_t extend(const struct parts *p, uint8_t reg, uint8_t rex_bit)
{
    return reg | (p->rex & rex_bit ? 8 : 0);
}

static void take_displacement(struct parts *p, struct decoded *d, unsigned int bytes)
{
    uint32_t value = 0;

    for (unsigned int i = 0; i < bytes; i++)
        value |= (uint32_t)peek(p, i) << 8 * i;
    p->at += bytes;
    d->displacement = bytes == 1 ? (int8_t)value : bytes == 2 ? (int16_t)value : (int32_t)value;
    if (bytes)
        d->flags |= D_DISPLACEMENT;
}

/* 16-bit addressing (SDM vol. 2, table 2-1); the registers are of no interest. */
static void take_memory_16(struct parts *p, struct decoded *d)
{
    take_displacement(p, d, p->mod == 1 ? 1 : p->mod == 2 || p->rm == 6 ? 2 : 0);
}

static void take_memory(struct parts *p, struct decoded *d)
{
    bool absolute = false;

    if (p->rm == 4) {
        uint8_t sib = peek(p, 0);

        p->at++;
        absolute = p->mod == 0 && (sib & 7) == 5;
        d->base = absolute ? NO_REGISTER : extend(p, sib & 7, 1);
        d->index = extend(p, sib >> 3 & 7, 2);
        d->scale = sib >> 6;
        if (d->index == RSP)
            d->index = NO_REGISTER;
    } else if (p->mod == 0 && p->rm == 5) {
        absolute = true;
        d->rip_relative = p->mode == MODE_64;
    } else {
        d->base = extend(p, p->rm, 1);
    }
    take_displacement(p, d, p->mod == 1 ? 1 : p->mod == 2 || absolute ? 4 : 0);
    if (d->base != NO_REGISTER)
        d->address |= BIT(d->base);
    if (d->index != NO_REGISTER)
        d->address |= BIT(d->index);
    d->reads |= d->address;
}

static void take_modrm(struct parts *p, struct decoded *d)
{
    uint8_t byte = peek(p, 0);

    p->at++;
    p->mod = byte >> 6;
    p->reg = byte >> 3 & 7;
    p->rm = byte & 7;
    if (p->map == MAP_0F && !p->vector && p->opcode >= 0x20 && p->opcode <= 0x23)
        p->mod = 3; /* mov to and from control registers ignores it */
    if (p->mod == 3)
        return;
    if (address_bytes(p) == 2)
        take_memory_16(p, d);
    else
        take_memory(p, d);
}

/* A general register of the ModRM byte, as a bit. Without REX, byte registers 4..7 are the high
 * halves of 0..3. */
static uint16_t reg_bit(const struct parts *p, bool byte)
{
    return byte && !p->rex ? BIT(p->reg & 3) : BIT(extend(p, p->reg, 4));
}

static uint16_t rm_bit(const struct parts *p, bool byte)
{
    return p->mod != 3 ? 0 : byte && !p->rex ? BIT(p->rm & 3) : BIT(extend(p, p->rm, 1));
}

static bool in_memory(const struct parts *p)
{
    return p->has_modrm && p->mod != 3;
}

/* --- Classes --- */

static void set(struct decoded *d, enum op op, enum pair pair)
{
    d->op = op;
    d->pair = pair;
}

/* Arithmetic with a destination, if `writes`, in r/m or in reg. */
static void set_alu(const struct parts *p, struct decoded *d, enum pair pair, bool to_rm,
                    bool writes)
{
    d->pair = pair;
    if (!in_memory(p)) {
        d->op = OP_ALU;
    } else if (to_rm && writes) {
        d->op = OP_ALU_RMW;
        d->shape = SHAPE_RMW;
    } else {
        d->op = OP_ALU_LOAD;
        d->shape = SHAPE_LOAD;
    }
}

/* Registers of a two-operand instruction. */
static void set_operands(const struct parts *p, struct decoded *d, bool byte, bool to_rm,
                         bool writes, bool reads_target)
{
    uint16_t target = to_rm ? rm_bit(p, byte) : reg_bit(p, byte);
    uint16_t source = to_rm ? reg_bit(p, byte) : rm_bit(p, byte);

    d->reads |= source | (reads_target ? target : 0);
    d->writes |= writes ? target : 0;
}

/* add or adc sbb and sub xor cmp, numbered so; adc and sbb go into the U pipe only. */
static enum pair arithmetic_pair(unsigned int number)
{
    return number == 2 || number == 3 ? PAIR_U : PAIR_UV;
}

static void classify_arithmetic(const struct parts *p, struct decoded *d)
{
    unsigned int number = p->opcode >> 3;
    bool writes = number != 7;

    if ((p->opcode & 7) >= 6) { /* segment registers and decimal adjustments of old modes */
        set(d, p->opcode & 1 && p->opcode < 0x20 ? OP_SEGMENT_LOAD : OP_OTHER, PAIR_NONE);
        return;
    }
    if ((p->opcode & 7) >= 4) {
        set(d, OP_ALU, arithmetic_pair(number));
        d->reads |= BIT(RAX);
        d->writes |= writes ? BIT(RAX) : 0;
        return;
    }
    set_alu(p, d, arithmetic_pair(number), !(p->opcode & 2), writes);
    set_operands(p, d, !(p->opcode & 1), !(p->opcode & 2), writes, true);
}

static void set_branch(struct decoded *d, enum op op, enum pair pair, uint16_t flags)
{
    set(d, op, pair);
    d->flags |= D_BRANCH | flags;
}

static void set_stack(struct decoded *d, enum op op, enum pair pair)
{
    set(d, op, pair);
    d->address |= BIT(RSP);
}

static void set_string(const struct parts *p, struct decoded *d, enum op op)
{
    set(d, op, PAIR_NONE);
    if (p->rep || p->repne)
        d->flags |= D_REP;
}

/* Shifts by a constant are simple, rotations only by one. */
static void classify_shift(const struct parts *p, struct decoded *d)
{
    bool byte = !(p->opcode & 1), by_cl = (p->opcode & 0xfe) == 0xd2;
    bool by_one = (p->opcode & 0xfe) == 0xd0;

    set_alu(p, d, by_one || p->reg >= 4 ? PAIR_U : PAIR_NONE, true, true);
    if (by_cl)
        set(d, OP_SHIFT_CL, PAIR_NONE);
    d->reads |= rm_bit(p, byte) | (by_cl ? BIT(RCX) : 0);
    d->writes |= rm_bit(p, byte);
}

/* f6, f7 */
static void classify_unary(const struct parts *p, struct decoded *d)
{
    bool byte = !(p->opcode & 1);

    d->reads |= rm_bit(p, byte);
    if (p->reg < 4) {
        /* test with a register is simple only for the accumulator, which has opcodes of its own */
        set_alu(p, d, PAIR_NONE, true, p->reg >= 2);
        d->writes |= p->reg >= 2 ? rm_bit(p, byte) : 0;
        return;
    }
    set(d, p->reg < 6 ? OP_MULTIPLY : OP_DIVIDE, PAIR_NONE);
    d->writes |= BIT(RAX) | BIT(RDX);
}

/* fe, ff */
static void classify_group_5(const struct parts *p, struct decoded *d)
{
    bool byte = p->opcode == 0xfe;

    d->reads |= rm_bit(p, byte);
    switch (p->reg) {
    case 0: case 1:
        set_alu(p, d, PAIR_UV, true, true);
        d->writes |= rm_bit(p, byte);
        break;
    case 2:
        set_branch(d, OP_CALL_INDIRECT, PAIR_NONE, D_CALL | D_INDIRECT);
        d->address |= BIT(RSP);
        break;
    case 4:
        set_branch(d, OP_JUMP_INDIRECT, PAIR_NONE, D_INDIRECT);
        break;
    case 6:
        set_stack(d, in_memory(p) ? OP_PUSH_MEMORY : OP_PUSH, in_memory(p) ? PAIR_NONE : PAIR_UV);
        break;
    default:
        set_branch(d, OP_FAR_TRANSFER, PAIR_NONE, D_INDIRECT);
        break;
    }
}

static void classify_move(const struct parts *p, struct decoded *d, bool to_rm)
{
    set(d, OP_MOVE, PAIR_UV);
    set_operands(p, d, !(p->opcode & 1), to_rm, true, false);
}

static void classify_80(const struct parts *p, struct decoded *d)
{
    bool byte = !(p->opcode & 1);

    switch (p->opcode) {
    case 0x80: case 0x81: case 0x82: case 0x83:
        set_alu(p, d, arithmetic_pair(p->reg), true, p->reg != 7);
        d->reads |= rm_bit(p, byte);
        d->writes |= p->reg != 7 ? rm_bit(p, byte) : 0;
        break;
    case 0x84: case 0x85:
        set_alu(p, d, PAIR_UV, true, false);
        set_operands(p, d, byte, true, false, true);
        break;
    case 0x86: case 0x87:
        set(d, OP_EXCHANGE, PAIR_NONE);
        d->flags |= in_memory(p) ? D_LOCK : 0;
        d->writes |= rm_bit(p, byte) | reg_bit(p, byte);
        break;
    case 0x88: case 0x89: case 0x8a: case 0x8b:
        classify_move(p, d, p->opcode < 0x8a);
        break;
    case 0x8c:
        set(d, OP_MOVE, PAIR_NONE);
        d->writes |= rm_bit(p, false);
        break;
    case 0x8d:
        set(d, OP_LEA, PAIR_UV);
        d->writes |= reg_bit(p, false);
        break;
    case 0x8e:
        set(d, OP_SEGMENT_LOAD, PAIR_NONE);
        d->reads |= rm_bit(p, false);
        break;
    default:
        set_stack(d, OP_PUSH_MEMORY, PAIR_NONE); /* pop r/m */
        d->writes |= rm_bit(p, false);
        break;
    }
}

static void classify_90(const struct parts *p, struct decoded *d)
{
    uint8_t op = p->opcode;

    if (op == 0x90 && !(p->rex & 1))
        set(d, p->rep ? OP_PAUSE : OP_NOP, p->rep ? PAIR_NONE : PAIR_UV);
    else if (op <= 0x97) {
        set(d, OP_EXCHANGE, PAIR_NONE);
        d->writes |= BIT(RAX) | BIT(extend(p, op & 7, 1));
    } else if (op <= 0x99) {
        set(d, OP_CONVERT, PAIR_NONE);
        d->writes |= op == 0x98 ? BIT(RAX) : BIT(RDX);
    } else if (op == 0x9a)
        set_branch(d, OP_FAR_TRANSFER, PAIR_NONE, 0);
    else if (op == 0x9c || op == 0x9d)
        set_stack(d, op == 0x9c ? OP_PUSHF : OP_POPF, PAIR_NONE);
}

static void classify_a0(const struct parts *p, struct decoded *d)
{
    uint8_t op = p->opcode;

    if (op <= 0xa3) {
        set(d, OP_MOVE, PAIR_UV);
        d->flags |= D_DISPLACEMENT;
        d->reads |= op >= 0xa2 ? BIT(RAX) : 0;
        d->writes |= op < 0xa2 ? BIT(RAX) : 0;
    } else if (op == 0xa8 || op == 0xa9) {
        set(d, OP_ALU, PAIR_UV);
        d->reads |= BIT(RAX);
    } else {
        set_string(p, d, OP_STRING);
    }
}

static void classify_c0(const struct parts *p, struct decoded *d)
{
    switch (p->opcode) {
    case 0xc0: case 0xc1:
        classify_shift(p, d);
        break;
    case 0xc2: case 0xc3:
        set_branch(d, OP_RETURN, PAIR_NONE, D_RETURN | D_INDIRECT);
        d->address |= BIT(RSP);
        break;
    case 0xc4: case 0xc5:
        set(d, OP_SEGMENT_LOAD, PAIR_NONE);
        break;
    case 0xc6: case 0xc7:
        set(d, OP_MOVE, PAIR_UV);
        d->writes |= rm_bit(p, p->opcode == 0xc6);
        break;
    case 0xc8:
        set_stack(d, OP_ENTER, PAIR_NONE);
        d->writes |= BIT(RBP) | BIT(RSP);
        break;
    case 0xc9:
        set(d, OP_LEAVE, PAIR_NONE);
        d->address |= BIT(RBP);
        d->writes |= BIT(RBP) | BIT(RSP);
        break;
    case 0xca: case 0xcb:
        set_branch(d, OP_FAR_TRANSFER, PAIR_NONE, D_INDIRECT);
        break;
    case 0xcf:
        set(d, OP_IRET, PAIR_NONE);
        d->flags |= D_FAR_RETURN;
        break;
    default:
        set(d, OP_INT, PAIR_NONE);
        d->flags |= D_TRAP;
        break;
    }
}

static void classify_d0(const struct parts *p, struct decoded *d)
{
    if (p->opcode <= 0xd3)
        classify_shift(p, d);
    else if (p->opcode >= 0xd8)
        set(d, OP_FP, PAIR_NONE);
}

static void classify_e0(const struct parts *p, struct decoded *d)
{
    switch (p->opcode) {
    case 0xe0: case 0xe1: case 0xe2: case 0xe3:
        set_branch(d, OP_LOOP, PAIR_NONE, D_CONDITIONAL);
        d->writes |= p->opcode != 0xe3 ? BIT(RCX) : 0;
        break;
    case 0xe8:
        set_branch(d, OP_CALL, PAIR_V, D_CALL);
        d->address |= BIT(RSP);
        break;
    case 0xe9: case 0xeb:
        set_branch(d, OP_JUMP, PAIR_V, 0);
        break;
    case 0xea:
        set_branch(d, OP_FAR_TRANSFER, PAIR_NONE, 0);
        break;
    default:
        set(d, OP_IN_OUT, PAIR_NONE);
        d->writes |= p->opcode & 2 ? 0 : BIT(RAX);
        break;
    }
}

static void classify_f0(const struct parts *p, struct decoded *d)
{
    switch (p->opcode) {
    case 0xf1:
        set(d, OP_INT, PAIR_NONE);
        d->flags |= D_TRAP;
        break;
    case 0xf4:
        set(d, OP_HLT, PAIR_NONE);
        break;
    case 0xf6: case 0xf7:
        classify_unary(p, d);
        break;
    case 0xfa: case 0xfb:
        set(d, OP_CLI_STI, PAIR_NONE);
        break;
    case 0xfe: case 0xff:
        classify_group_5(p, d);
        break;
    default:
        break;
    }
}

static void classify_40_to_7f(const struct parts *p, struct decoded *d)
{
    uint8_t op = p->opcode, low = extend(p, op & 7, 1);

    if (op <= 0x4f) { /* inc and dec of the older modes */
        set(d, OP_ALU, PAIR_UV);
        d->reads |= BIT(low);
        d->writes |= BIT(low);
    } else if (op <= 0x57) {
        set_stack(d, OP_PUSH, PAIR_UV);
        d->reads |= BIT(low);
    } else if (op <= 0x5f) {
        set_stack(d, OP_POP, PAIR_UV);
        d->writes |= BIT(low);
    } else if (op == 0x63) {
        set(d, OP_MOVE_EXTEND, PAIR_NONE);
        d->writes |= reg_bit(p, false);
    } else if (op == 0x68 || op == 0x6a) {
        set_stack(d, OP_PUSH, PAIR_UV);
    } else if (op == 0x69 || op == 0x6b) {
        set(d, OP_MULTIPLY, PAIR_NONE);
        d->writes |= reg_bit(p, false);
    } else if (op >= 0x6c && op <= 0x6f) {
        set_string(p, d, OP_IN_OUT);
    } else if (op >= 0x70) {
        set_branch(d, OP_JUMP, PAIR_V, D_CONDITIONAL);
    }
}

static void classify_one_byte(const struct parts *p, struct decoded *d)
{
    uint8_t op = p->opcode;

    switch (op >> 4) {
    case 0: case 1: case 2: case 3: classify_arithmetic(p, d); break;
    case 4: case 5: case 6: case 7: classify_40_to_7f(p, d); break;
    case 8: classify_80(p, d); break;
    case 9: classify_90(p, d); break;
    case 0xa: classify_a0(p, d); break;
    case 0xb:
        set(d, OP_MOVE, PAIR_UV);
        d->writes |= op < 0xb8 && !p->rex ? BIT(op & 3) : BIT(extend(p, op & 7, 1));
        break;
    case 0xc: classify_c0(p, d); break;
    case 0xd: classify_d0(p, d); break;
    case 0xe: classify_e0(p, d); break;
    default: classify_f0(p, d); break;
    }
}

/* 0f 00 and 0f 01 */
static enum op system_group(const struct parts *p)
{
    if (p->opcode == 0x00)
        return p->reg == 2 || p->reg == 3 ? OP_DESCRIPTOR_LOAD : p->reg >= 4 ? OP_VERW : OP_OTHER;
    if (p->mod != 3)
        return p->reg == 2 || p->reg == 3 ? OP_DESCRIPTOR_LOAD :
               p->reg == 7 ? OP_INVLPG : p->reg == 6 ? OP_MOVE_CR0 : OP_OTHER;
    if (p->reg == 7)
        return p->rm == 0 ? OP_SWAPGS : p->rm == 1 ? OP_RDTSC : OP_OTHER;
    if (p->reg == 1 && (p->rm == 2 || p->rm == 3))
        return OP_STAC_CLAC;
    return p->reg == 6 ? OP_MOVE_CR0 : OP_OTHER;
}

static void classify_control_register(const struct parts *p, struct decoded *d)
{
    if (p->opcode & 1) {
        d->op = OP_MOVE_DR;
    } else if (p->opcode == 0x20) {
        d->op = OP_MOVE_FROM_CR;
    } else {
        d->op = p->reg == 3 ? OP_MOVE_CR3 : p->reg == 4 ? OP_MOVE_CR4 : OP_MOVE_CR0;
        d->flags |= D_WRITES_CR;
    }
    d->writes |= p->opcode < 0x22 ? rm_bit(p, false) : 0;
    d->reads |= p->opcode < 0x22 ? 0 : rm_bit(p, false);
}

/* 0f ae */
static enum op state_group(const struct parts *p)
{
    if (p->mod == 3)
        return p->rep ? OP_FSGSBASE : OP_FENCE;
    switch (p->reg) {
    case 0: case 4: return OP_XSAVE;
    case 6: return p->opsize ? OP_CACHE_FLUSH : OP_XSAVE;
    case 1: case 5: return OP_XRSTOR;
    case 7: return OP_CACHE_FLUSH;
    default: return OP_OTHER;
    }
}

/* 0f c7 */
static enum op exchange_group(const struct parts *p)
{
    if (p->mod == 3)
        return OP_OTHER;
    return p->reg == 1 ? OP_CMPXCHG : p->reg == 3 ? OP_XRSTOR :
           p->reg == 4 || p->reg == 5 ? OP_XSAVE : OP_OTHER;
}

static void classify_0f_low(const struct parts *p, struct decoded *d)
{
    switch (p->opcode) {
    case 0x00: case 0x01: d->op = system_group(p); break;
    case 0x05: case 0x34:
        d->op = OP_SYSCALL;
        d->flags |= D_TRAP;
        break;
    case 0x07: case 0x35:
        d->op = OP_SYSRET;
        d->flags |= D_FAR_RETURN;
        break;
    case 0x06: d->op = OP_CLTS; break;
    case 0x08: case 0x09: d->op = OP_CACHE_FLUSH; break;
    case 0x0d: case 0x18: case 0x19: case 0x1a: case 0x1b: case 0x1c: case 0x1d: case 0x1e:
    case 0x1f:
        d->op = OP_NOP;
        break;
    case 0x20: case 0x21: case 0x22: case 0x23: classify_control_register(p, d); break;
    case 0x30: d->op = OP_WRMSR; break;
    case 0x31:
        d->op = OP_RDTSC;
        d->writes |= BIT(RAX) | BIT(RDX);
        break;
    case 0x32: case 0x33:
        d->op = OP_RDMSR;
        d->writes |= BIT(RAX) | BIT(RDX);
        break;
    case 0x10: case 0x11: case 0x12: case 0x13: case 0x14: case 0x15: case 0x16: case 0x17:
    case 0x28: case 0x29: case 0x2a: case 0x2b: case 0x2c: case 0x2d: case 0x2e: case 0x2f:
        d->op = OP_SIMD;
        break;
    default: break;
    }
}

static void classify_0f_a0(const struct parts *p, struct decoded *d)
{
    switch (p->opcode) {
    case 0xa0: case 0xa8: set_stack(d, OP_PUSH, PAIR_NONE); break;
    case 0xa1: case 0xa9: set_stack(d, OP_SEGMENT_LOAD, PAIR_NONE); break;
    case 0xa2:
        d->op = OP_CPUID;
        d->writes |= BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(3);
        break;
    case 0xa3: case 0xab: case 0xb3: case 0xba: case 0xbb: d->op = OP_BIT_TEST; break;
    case 0xa4: case 0xa5: case 0xac: case 0xad: d->op = OP_DOUBLE_SHIFT; break;
    case 0xae: d->op = state_group(p); break;
    case 0xaf: d->op = OP_MULTIPLY; break;
    case 0xb0: case 0xb1: d->op = OP_CMPXCHG; break;
    case 0xb2: case 0xb4: case 0xb5: d->op = OP_SEGMENT_LOAD; break;
    case 0xb6: case 0xb7: case 0xbe: case 0xbf: d->op = OP_MOVE_EXTEND; break;
    case 0xb8: case 0xbc: case 0xbd: d->op = OP_BIT_SCAN; break;
    default: break;
    }
    if (p->has_modrm && p->opcode != 0xae)
        d->writes |= (p->opcode & 0xf0) == 0xa0 && p->opcode != 0xaf ? rm_bit(p, false) :
                                                                      reg_bit(p, false);
}

static void classify_0f(const struct parts *p, struct decoded *d)
{
    uint8_t op = p->opcode;

    set(d, OP_OTHER, PAIR_NONE);
    switch (op >> 4) {
    case 0: case 1: case 2: case 3: classify_0f_low(p, d); break;
    case 4:
        d->op = OP_CMOV;
        d->writes |= reg_bit(p, false);
        break;
    case 5: case 6: case 7: case 0xd: case 0xe: case 0xf: d->op = OP_SIMD; break;
    case 8: set_branch(d, OP_JUMP, PAIR_V, D_CONDITIONAL); break;
    case 9:
        d->op = OP_SETCC;
        d->writes |= rm_bit(p, true);
        break;
    case 0xa: case 0xb: classify_0f_a0(p, d); break;
    default:
        if (op == 0xc0 || op == 0xc1)
            d->op = OP_XADD;
        else if (op == 0xc3)
            d->op = OP_MOVE;
        else if (op == 0xc7)
            d->op = exchange_group(p);
        else if (op >= 0xc8) {
            d->op = OP_ALU; /* bswap */
            d->writes |= BIT(extend(p, op & 7, 1));
        } else
            d->op = OP_SIMD;
        break;
    }
}

/* The seven bytes of bench/marker.h. */
static void classify_marker(struct decoded *d, const uint8_t *bytes)
{
    uint32_t word;

    if (d->length != 7 || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80)
        return;
    word = bytes[3] | bytes[4] << 8 | bytes[5] << 16 | (uint32_t)bytes[6] << 24;
    if ((word & 0xffff0000) != MARKER_MAGIC)
        return;
    d->region = word & 0xff;
    if ((word >> 8 & 0xff) == MARKER_OPEN)
        d->flags |= D_OPEN;
    else if ((word >> 8 & 0xff) == MARKER_CLOSE)
        d->flags |= D_CLOSE;
}

/* Does the opcode begin with a 0f that is decoded as a prefix, unlike a conditional jump's? */
static bool takes_0f(const struct parts *p)
{
    return p->map != MAP_ONE && !p->vector && !(p->map == MAP_0F && p->opcode >> 4 == 8);
}

static void classify(const struct parts *p, struct decoded *d)
{
    if (p->vector || p->map >= MAP_38)
        set(d, OP_SIMD, PAIR_NONE);
    else if (p->map == MAP_0F)
        classify_0f(p, d);
    else
        classify_one_byte(p, d);
    if (p->lock)
        d->flags |= D_LOCK;
    d->prefixes = p->legacy + takes_0f(p);
}

void decode(struct decoded *d, const uint8_t *bytes, size_t size, enum decode_mode mode)
{
    struct parts p = { .bytes = bytes, .size = size, .mode = mode };
    unsigned int immediate;

    memset(d, 0, sizeof(*d));
    d->op = OP_OTHER;
    d->base = d->index = NO_REGISTER;
    take_opcode(&p);
    p.has_modrm = has_modrm(&p);
    if (p.has_modrm)
        take_modrm(&p, d);
    immediate = immediate_bytes(&p);
    classify(&p, d);
    if (immediate && !(d->flags & D_BRANCH))
        d->flags |= D_IMMEDIATE;
    p.at += immediate;
    if (p.at > size)
        return;
    d->length = p.at;
    classify_marker(d, bytes);
}
