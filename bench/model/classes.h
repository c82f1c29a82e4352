/* SPDX-License-Identifier: BSD-2-Clause */
/* The classes of instructions that have a cost of their own in a machine file.
 *
 * X(SYMBOL, key): the decoder assigns OP_SYMBOL, the machine file prices it under `key`, in section
 * [base] or [privileged]. The event lists name costs that no single instruction bears. */
#ifndef BENCH_MODEL_CLASSES_H
#define BENCH_MODEL_CLASSES_H

#define BASE_CLASSES(X)                                                                         \
    X(NOP, nop) X(MOVE, move) X(MOVE_EXTEND, move_extend) X(LEA, lea)                           \
    X(ALU, alu) X(ALU_LOAD, alu_load) X(ALU_RMW, alu_rmw) X(SHIFT_CL, shift_cl)                 \
    X(SETCC, setcc) X(CMOV, cmov) X(BIT_TEST, bit_test) X(BIT_SCAN, bit_scan)                   \
    X(DOUBLE_SHIFT, double_shift) X(MULTIPLY, multiply) X(DIVIDE, divide)                       \
    X(EXCHANGE, exchange) X(CMPXCHG, cmpxchg) X(XADD, xadd)                                     \
    X(PUSH, push) X(POP, pop) X(PUSH_MEMORY, push_memory) X(PUSHF, pushf) X(POPF, popf)         \
    X(ENTER, enter) X(LEAVE, leave) X(CONVERT, convert) X(STRING, string)                       \
    X(JUMP, jump) X(JUMP_INDIRECT, jump_indirect) X(CALL, call)                                 \
    X(CALL_INDIRECT, call_indirect) X(RETURN, return) X(LOOP, loop)                             \
    X(FP, fp) X(SIMD, simd) X(PAUSE, pause) X(FENCE, fence) X(OTHER, other)

#define PRIVILEGED_CLASSES(X)                                                                   \
    X(SYSCALL, syscall) X(SYSRET, sysret) X(SWAPGS, swapgs) X(INT, int) X(IRET, iret)           \
    X(MOVE_CR0, move_cr0) X(MOVE_CR3, move_cr3) X(MOVE_CR4, move_cr4)                           \
    X(MOVE_FROM_CR, move_from_cr) X(MOVE_DR, move_dr) X(INVLPG, invlpg)                         \
    X(WRMSR, wrmsr) X(RDMSR, rdmsr) X(RDTSC, rdtsc) X(CPUID, cpuid) X(CLI_STI, cli_sti)         \
    X(CLTS, clts) X(SEGMENT_LOAD, segment_load) X(DESCRIPTOR_LOAD, descriptor_load)             \
    X(FAR_TRANSFER, far_transfer) X(FSGSBASE, fsgsbase) X(STAC_CLAC, stac_clac) X(VERW, verw)   \
    X(XSAVE, xsave) X(XRSTOR, xrstor) X(IN_OUT, in_out) X(HLT, hlt) X(CACHE_FLUSH, cache_flush)

/* Beside the instructions' own: [base] */
#define BASE_EVENTS(X)                                                                          \
    X(LOCK, lock) X(REP_START, rep_start) X(REP_TURN, rep_turn) X(REP_LINE, rep_line)           \
    X(MISALIGNED, misaligned) X(AGI, agi) X(PREFIX, prefix)

/* [privileged] */
#define PRIVILEGED_EVENTS(X)                                                                    \
    X(INT_SAME, int_same) X(IRET_SAME, iret_same) X(EXCEPTION, exception)                       \
    X(INTERRUPT, interrupt) X(DEVICE, device)

#define OP_MEMBER(symbol, key) OP_##symbol,
enum op {
    BASE_CLASSES(OP_MEMBER)
    OP_FIRST_PRIVILEGED,
    OP_BEFORE_PRIVILEGED = OP_FIRST_PRIVILEGED - 1,
    PRIVILEGED_CLASSES(OP_MEMBER)
    OP_CLASSES, /* the events follow */
    OP_BEFORE_EVENTS = OP_CLASSES - 1,
    BASE_EVENTS(OP_MEMBER) PRIVILEGED_EVENTS(OP_MEMBER)
    OP_COUNT,
};
#undef OP_MEMBER

#endif
