/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests of the decoder: encodings with their length, class, flags, registers and pipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bench/model/decode.h"

struct sample {
    const char *text;
    enum decode_mode mode;
    uint8_t length; /* and the bytes */
    uint8_t bytes[15];
    enum op op;
    uint16_t flags; /* of those in `JUDGED` */
    enum pair pair;
};

#define JUDGED (D_BRANCH | D_CONDITIONAL | D_CALL | D_RETURN | D_INDIRECT | D_TRAP |             \
                D_FAR_RETURN | D_REP | D_LOCK | D_OPEN | D_CLOSE | D_WRITES_CR)

/* Lengths and meanings: GNU as 2.40, checked with objdump. */
static const struct sample samples[] = {
    { "nop", MODE_64, 1, { 0x90 }, OP_NOP, 0, PAIR_UV },
    { "xchg %rax,%r8", MODE_64, 2, { 0x49, 0x90 }, OP_EXCHANGE, 0, PAIR_NONE },
    { "pause", MODE_64, 2, { 0xf3, 0x90 }, OP_PAUSE, 0, PAIR_NONE },
    { "endbr64", MODE_64, 4, { 0xf3, 0x0f, 0x1e, 0xfa }, OP_NOP, 0, PAIR_NONE },
    { "mov %rbx,%rax", MODE_64, 3, { 0x48, 0x89, 0xd8 }, OP_MOVE, 0, PAIR_UV },
    { "mov 8(%rsp,%rcx,4),%eax", MODE_64, 4, { 0x8b, 0x44, 0x8c, 0x08 }, OP_MOVE, 0, PAIR_UV },
    { "mov 0x0,%eax (absolute)", MODE_64, 7, { 0x8b, 0x04, 0x25 }, OP_MOVE, 0, PAIR_UV },
    { "mov 0(%rip),%eax", MODE_64, 6, { 0x8b, 0x05 }, OP_MOVE, 0, PAIR_UV },
    { "movabs $0,%rax", MODE_64, 10, { 0x48, 0xb8 }, OP_MOVE, 0, PAIR_UV },
    { "mov $0,%ax", MODE_64, 4, { 0x66, 0xb8 }, OP_MOVE, 0, PAIR_UV },
    { "movabs 0x0,%eax", MODE_64, 9, { 0xa1 }, OP_MOVE, 0, PAIR_UV },
    { "movl $0,0(%rax)", MODE_64, 7, { 0xc7, 0x40 }, OP_MOVE, 0, PAIR_UV },
    { "movzbl %al,%eax", MODE_64, 3, { 0x0f, 0xb6, 0xc0 }, OP_MOVE_EXTEND, 0, PAIR_NONE },
    { "movslq %eax,%rax", MODE_64, 3, { 0x48, 0x63, 0xc0 }, OP_MOVE_EXTEND, 0, PAIR_NONE },
    { "lea 0(%rax,%rax,2),%rcx", MODE_64, 4, { 0x48, 0x8d, 0x0c, 0x40 }, OP_LEA, 0, PAIR_UV },
    { "add %rcx,%rax", MODE_64, 3, { 0x48, 0x01, 0xc8 }, OP_ALU, 0, PAIR_UV },
    { "add (%rdx),%rax", MODE_64, 3, { 0x48, 0x03, 0x02 }, OP_ALU_LOAD, 0, PAIR_UV },
    { "add %rax,(%rdx)", MODE_64, 3, { 0x48, 0x01, 0x02 }, OP_ALU_RMW, 0, PAIR_UV },
    { "cmp %rax,(%rdx)", MODE_64, 3, { 0x48, 0x39, 0x02 }, OP_ALU_LOAD, 0, PAIR_UV },
    { "adc %rcx,%rax", MODE_64, 3, { 0x48, 0x11, 0xc8 }, OP_ALU, 0, PAIR_U },
    { "addl $1,0(%rax)", MODE_64, 4, { 0x83, 0x40, 0x00, 0x01 }, OP_ALU_RMW, 0, PAIR_UV },
    { "cmpl $0,0x100(%rax)", MODE_64, 10, { 0x81, 0xb8, 0x00, 0x01 }, OP_ALU_LOAD, 0, PAIR_UV },
    { "add $0,%ax", MODE_64, 4, { 0x66, 0x05 }, OP_ALU, 0, PAIR_UV },
    { "testb $1,(%rax)", MODE_64, 3, { 0xf6, 0x00, 0x01 }, OP_ALU_LOAD, 0, PAIR_NONE },
    { "negl %eax", MODE_64, 2, { 0xf7, 0xd8 }, OP_ALU, 0, PAIR_NONE },
    { "mul %rcx", MODE_64, 3, { 0x48, 0xf7, 0xe1 }, OP_MULTIPLY, 0, PAIR_NONE },
    { "div %rcx", MODE_64, 3, { 0x48, 0xf7, 0xf1 }, OP_DIVIDE, 0, PAIR_NONE },
    { "imul $0,%eax,%eax", MODE_64, 6, { 0x69, 0xc0 }, OP_MULTIPLY, 0, PAIR_NONE },
    { "imul %ecx,%eax", MODE_64, 3, { 0x0f, 0xaf, 0xc1 }, OP_MULTIPLY, 0, PAIR_NONE },
    { "shl $3,%rax", MODE_64, 4, { 0x48, 0xc1, 0xe0, 0x03 }, OP_ALU, 0, PAIR_U },
    { "rol %rax", MODE_64, 3, { 0x48, 0xd1, 0xc0 }, OP_ALU, 0, PAIR_U },
    { "rol $3,%rax", MODE_64, 4, { 0x48, 0xc1, 0xc0, 0x03 }, OP_ALU, 0, PAIR_NONE },
    { "shl %cl,%rax", MODE_64, 3, { 0x48, 0xd3, 0xe0 }, OP_SHIFT_CL, 0, PAIR_NONE },
    { "push %r12", MODE_64, 2, { 0x41, 0x54 }, OP_PUSH, 0, PAIR_UV },
    { "pop %rbx", MODE_64, 1, { 0x5b }, OP_POP, 0, PAIR_UV },
    { "push 0(%rax)", MODE_64, 3, { 0xff, 0x70, 0x00 }, OP_PUSH_MEMORY, 0, PAIR_NONE },
    { "push $0", MODE_64, 5, { 0x68 }, OP_PUSH, 0, PAIR_UV },
    { "pushf", MODE_64, 1, { 0x9c }, OP_PUSHF, 0, PAIR_NONE },
    { "popf", MODE_64, 1, { 0x9d }, OP_POPF, 0, PAIR_NONE },
    { "leave", MODE_64, 1, { 0xc9 }, OP_LEAVE, 0, PAIR_NONE },
    { "enter $16,$0", MODE_64, 4, { 0xc8, 0x10 }, OP_ENTER, 0, PAIR_NONE },
    { "jne", MODE_64, 2, { 0x75, 0x02 }, OP_JUMP, D_BRANCH | D_CONDITIONAL, PAIR_V },
    { "jne far away", MODE_64, 6, { 0x0f, 0x85 }, OP_JUMP, D_BRANCH | D_CONDITIONAL, PAIR_V },
    { "jmp", MODE_64, 5, { 0xe9 }, OP_JUMP, D_BRANCH, PAIR_V },
    { "jmp, 16 bits", MODE_16, 3, { 0xe9 }, OP_JUMP, D_BRANCH, PAIR_V },
    { "call", MODE_64, 5, { 0xe8 }, OP_CALL, D_BRANCH | D_CALL, PAIR_V },
    { "call *%rax", MODE_64, 2, { 0xff, 0xd0 }, OP_CALL_INDIRECT,
      D_BRANCH | D_CALL | D_INDIRECT, PAIR_NONE },
    { "jmp *0(%rip)", MODE_64, 6, { 0xff, 0x25 }, OP_JUMP_INDIRECT, D_BRANCH | D_INDIRECT,
      PAIR_NONE },
    { "ret", MODE_64, 1, { 0xc3 }, OP_RETURN, D_BRANCH | D_RETURN | D_INDIRECT, PAIR_NONE },
    { "lretq", MODE_64, 2, { 0x48, 0xcb }, OP_FAR_TRANSFER, D_BRANCH | D_INDIRECT, PAIR_NONE },
    { "loop", MODE_64, 2, { 0xe2, 0xfe }, OP_LOOP, D_BRANCH | D_CONDITIONAL, PAIR_NONE },
    { "rep movsq", MODE_64, 3, { 0xf3, 0x48, 0xa5 }, OP_STRING, D_REP, PAIR_NONE },
    { "stosb", MODE_64, 1, { 0xaa }, OP_STRING, 0, PAIR_NONE },
    { "lock cmpxchg %rcx,(%rdx)", MODE_64, 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x0a }, OP_CMPXCHG,
      D_LOCK, PAIR_NONE },
    { "xchg %rax,(%rdx)", MODE_64, 3, { 0x48, 0x87, 0x02 }, OP_EXCHANGE, D_LOCK, PAIR_NONE },
    { "bts %rax,(%rdi)", MODE_64, 4, { 0x48, 0x0f, 0xab, 0x07 }, OP_BIT_TEST, 0, PAIR_NONE },
    { "bt $5,%eax", MODE_64, 4, { 0x0f, 0xba, 0xe0, 0x05 }, OP_BIT_TEST, 0, PAIR_NONE },
    { "bsf %rax,%rax", MODE_64, 4, { 0x48, 0x0f, 0xbc, 0xc0 }, OP_BIT_SCAN, 0, PAIR_NONE },
    { "shld $4,%rax,%rdx", MODE_64, 5, { 0x48, 0x0f, 0xa4, 0xc2, 0x04 }, OP_DOUBLE_SHIFT, 0,
      PAIR_NONE },
    { "sete %al", MODE_64, 3, { 0x0f, 0x94, 0xc0 }, OP_SETCC, 0, PAIR_NONE },
    { "cmove %rax,%rcx", MODE_64, 4, { 0x48, 0x0f, 0x44, 0xc8 }, OP_CMOV, 0, PAIR_NONE },
    { "syscall", MODE_64, 2, { 0x0f, 0x05 }, OP_SYSCALL, D_TRAP, PAIR_NONE },
    { "sysretq", MODE_64, 3, { 0x48, 0x0f, 0x07 }, OP_SYSRET, D_FAR_RETURN, PAIR_NONE },
    { "swapgs", MODE_64, 3, { 0x0f, 0x01, 0xf8 }, OP_SWAPGS, 0, PAIR_NONE },
    { "int $0x80", MODE_64, 2, { 0xcd, 0x80 }, OP_INT, D_TRAP, PAIR_NONE },
    { "iretq", MODE_64, 2, { 0x48, 0xcf }, OP_IRET, D_FAR_RETURN, PAIR_NONE },
    { "mov %rax,%cr3", MODE_64, 3, { 0x0f, 0x22, 0xd8 }, OP_MOVE_CR3, D_WRITES_CR, PAIR_NONE },
    { "mov %cr3,%rax", MODE_64, 3, { 0x0f, 0x20, 0xd8 }, OP_MOVE_FROM_CR, 0, PAIR_NONE },
    { "mov %rax,%cr4", MODE_64, 3, { 0x0f, 0x22, 0xe0 }, OP_MOVE_CR4, D_WRITES_CR, PAIR_NONE },
    { "mov %db7,%rax", MODE_64, 3, { 0x0f, 0x21, 0xf8 }, OP_MOVE_DR, 0, PAIR_NONE },
    { "invlpg (%rdi)", MODE_64, 3, { 0x0f, 0x01, 0x3f }, OP_INVLPG, 0, PAIR_NONE },
    { "lgdt (%rdi)", MODE_64, 3, { 0x0f, 0x01, 0x17 }, OP_DESCRIPTOR_LOAD, 0, PAIR_NONE },
    { "ltr %ax", MODE_64, 3, { 0x0f, 0x00, 0xd8 }, OP_DESCRIPTOR_LOAD, 0, PAIR_NONE },
    { "verw 0(%rip)", MODE_64, 7, { 0x0f, 0x00, 0x2d }, OP_VERW, 0, PAIR_NONE },
    { "wrmsr", MODE_64, 2, { 0x0f, 0x30 }, OP_WRMSR, 0, PAIR_NONE },
    { "rdmsr", MODE_64, 2, { 0x0f, 0x32 }, OP_RDMSR, 0, PAIR_NONE },
    { "rdtsc", MODE_64, 2, { 0x0f, 0x31 }, OP_RDTSC, 0, PAIR_NONE },
    { "rdtscp", MODE_64, 3, { 0x0f, 0x01, 0xf9 }, OP_RDTSC, 0, PAIR_NONE },
    { "cpuid", MODE_64, 2, { 0x0f, 0xa2 }, OP_CPUID, 0, PAIR_NONE },
    { "cli", MODE_64, 1, { 0xfa }, OP_CLI_STI, 0, PAIR_NONE },
    { "clts", MODE_64, 2, { 0x0f, 0x06 }, OP_CLTS, 0, PAIR_NONE },
    { "stac", MODE_64, 3, { 0x0f, 0x01, 0xcb }, OP_STAC_CLAC, 0, PAIR_NONE },
    { "mov %eax,%ds", MODE_64, 2, { 0x8e, 0xd8 }, OP_SEGMENT_LOAD, 0, PAIR_NONE },
    { "fxsave (%rdi)", MODE_64, 3, { 0x0f, 0xae, 0x07 }, OP_XSAVE, 0, PAIR_NONE },
    { "xrstor (%rdi)", MODE_64, 3, { 0x0f, 0xae, 0x2f }, OP_XRSTOR, 0, PAIR_NONE },
    { "mfence", MODE_64, 3, { 0x0f, 0xae, 0xf0 }, OP_FENCE, 0, PAIR_NONE },
    { "wrfsbase %rax", MODE_64, 5, { 0xf3, 0x48, 0x0f, 0xae, 0xd0 }, OP_FSGSBASE, 0, PAIR_NONE },
    { "out %al,(%dx)", MODE_64, 1, { 0xee }, OP_IN_OUT, 0, PAIR_NONE },
    { "hlt", MODE_64, 1, { 0xf4 }, OP_HLT, 0, PAIR_NONE },
    { "wbinvd", MODE_64, 2, { 0x0f, 0x09 }, OP_CACHE_FLUSH, 0, PAIR_NONE },
    { "fld1", MODE_64, 2, { 0xd9, 0xe8 }, OP_FP, 0, PAIR_NONE },
    { "movaps 0(%rax),%xmm0", MODE_64, 4, { 0x0f, 0x28, 0x40 }, OP_SIMD, 0, PAIR_NONE },
    { "pshufd $0,%xmm0,%xmm0", MODE_64, 5, { 0x66, 0x0f, 0x70, 0xc0, 0x00 }, OP_SIMD, 0,
      PAIR_NONE },
    { "pshufb %xmm0,%xmm0", MODE_64, 5, { 0x66, 0x0f, 0x38, 0x00, 0xc0 }, OP_SIMD, 0, PAIR_NONE },
    { "palignr $0,%xmm0,%xmm0", MODE_64, 6, { 0x66, 0x0f, 0x3a, 0x0f, 0xc0 }, OP_SIMD, 0,
      PAIR_NONE },
    { "vzeroupper", MODE_64, 3, { 0xc5, 0xf8, 0x77 }, OP_SIMD, 0, PAIR_NONE },
    { "vpalignr $0,%ymm0,%ymm0,%ymm0", MODE_64, 6, { 0xc4, 0xe3, 0x7d, 0x0f, 0xc0 }, OP_SIMD, 0,
      PAIR_NONE },
    { "vmovdqu64 (%rax),%zmm0", MODE_64, 6, { 0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x00 }, OP_SIMD, 0,
      PAIR_NONE },
    { "open region 5", MODE_64, 7, { 0x0f, 0x1f, 0x80, 5, 1, 0x34, 0x4c }, OP_NOP, D_OPEN,
      PAIR_NONE },
    { "close region 5", MODE_64, 7, { 0x0f, 0x1f, 0x80, 5, 2, 0x34, 0x4c }, OP_NOP, D_CLOSE,
      PAIR_NONE },
    { "no marker", MODE_64, 7, { 0x0f, 0x1f, 0x80, 5, 3, 0x34, 0x4c }, OP_NOP, 0, PAIR_NONE },
    { "inc %eax", MODE_32, 1, { 0x40 }, OP_ALU, 0, PAIR_UV },
    { "les (%eax),%eax", MODE_32, 2, { 0xc4, 0x00 }, OP_SEGMENT_LOAD, 0, PAIR_NONE },
    { "mov 0x0,%eax", MODE_32, 5, { 0xa1 }, OP_MOVE, 0, PAIR_UV },
    { "mov 0(%bx,%si),%ax", MODE_16, 4, { 0x8b, 0x80 }, OP_MOVE, 0, PAIR_UV },
    { "mov 0x0,%ax", MODE_16, 4, { 0x8b, 0x06 }, OP_MOVE, 0, PAIR_UV },
    { "mov $0,%eax", MODE_16, 6, { 0x66, 0xb8 }, OP_MOVE, 0, PAIR_UV },
    { "mov 0(%eax),%ax", MODE_16, 4, { 0x67, 0x8b, 0x40 }, OP_MOVE, 0, PAIR_UV },
};

static void encodings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct sample *s = &samples[i];
        struct decoded d;

        decode(&d, s->bytes, sizeof(s->bytes), s->mode);
        if (d.length != s->length || d.op != s->op || (d.flags & JUDGED) != s->flags ||
            d.pair != s->pair)
            fail_msg("%s: length %u, %s, flags %x, pipes %u", s->text, d.length, op_name(d.op),
                     d.flags, d.pair);
    }
}

/* One byte less than an instruction has is not enough, whatever it is. */
static void truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct sample *s = &samples[i];
        uint8_t exact[15];
        struct decoded d;

        for (uint8_t size = 0; size < s->length; size++) {
            memcpy(exact, s->bytes, size);
            decode(&d, exact, size, s->mode);
            assert_true(d.length == 0 || d.length <= size);
        }
        decode(&d, s->bytes, s->length - 1, s->mode);
        assert_int_not_equal(d.length, s->length);
    }
}

static void registers(void **state)
{
    static const uint8_t load[] = { 0x4a, 0x8b, 0x44, 0xe3, 0xf8 }; /* mov -8(%rbx,%r12,8),%rax */
    static const uint8_t high[] = { 0x88, 0xe1 };                   /* mov %ah,%cl */
    static const uint8_t push[] = { 0x53 };                         /* push %rbx */
    static const uint8_t near[] = { 0x48, 0x8d, 0x05, 0x10, 0, 0, 0 }; /* lea 16(%rip),%rax */
    struct decoded d;

    (void)state;
    decode(&d, load, sizeof(load), MODE_64);
    assert_int_equal(d.base, 3);
    assert_int_equal(d.index, 12);
    assert_int_equal(d.scale, 3);
    assert_int_equal(d.displacement, -8);
    assert_int_equal(d.address, 1 << 3 | 1 << 12);
    assert_int_equal(d.writes, 1);
    decode(&d, high, sizeof(high), MODE_64);
    assert_int_equal(d.reads, 1);
    assert_int_equal(d.writes, 2);
    decode(&d, push, sizeof(push), MODE_64);
    assert_int_equal(d.address, 1 << 4); /* the stack pointer, for stalls only */
    assert_int_equal(d.reads, 1 << 3);
    assert_int_equal(d.writes, 0);
    decode(&d, near, sizeof(near), MODE_64);
    assert_true(d.rip_relative);
    assert_int_equal(d.displacement, 16);
}

/* Prefixes that take time: all but REX and the 0f of a conditional jump. */
static void prefixes(void **state)
{
    static const struct {
        uint8_t bytes[8], prefixes;
    } some[] = {
        { { 0x90 }, 0 },                         /* nop */
        { { 0x48, 0x89, 0xd8 }, 0 },             /* mov %rbx,%rax */
        { { 0x66, 0x89, 0xd8 }, 1 },             /* mov %bx,%ax */
        { { 0x65, 0x8b, 0x06 }, 1 },             /* mov %gs:(%rsi),%eax */
        { { 0x65, 0x48, 0x8b, 0x06 }, 1 },       /* mov %gs:(%rsi),%rax */
        { { 0x0f, 0xb6, 0xc0 }, 1 },             /* movzbl %al,%eax */
        { { 0x0f, 0x85 }, 0 },                   /* jne */
        { { 0xf0, 0x48, 0x0f, 0xb1, 0x0a }, 2 }, /* lock cmpxchg %rcx,(%rdx) */
        { { 0x66, 0x0f, 0x38, 0x00, 0xc0 }, 2 }, /* pshufb %xmm0,%xmm0 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        struct decoded d;

        decode(&d, some[i].bytes, sizeof(some[i].bytes), MODE_64);
        assert_int_equal(d.prefixes, some[i].prefixes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings),
        cmocka_unit_test(truncated),
        cmocka_unit_test(registers),
        cmocka_unit_test(prefixes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
