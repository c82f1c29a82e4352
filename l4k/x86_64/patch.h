/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions chosen at boot by what the processor has.
 *
 * PATCH stands where code is to run: `old` if the feature is missing, `new` if it is there. Both
 * are strings of position-independent instructions (no relative branch out of `new`), at most 32
 * bytes. patch_apply() copies `new` over `old` and fills what is left of the longer one with as few
 * long NOPs as possible. `feature` is one of the PATCH_ numbers. */
#ifndef L4K_X86_64_PATCH_H
#define L4K_X86_64_PATCH_H

#define PATCH_SMAP 0
#define PATCH_FSGSBASE 1
#define PATCH_PCID 2

#ifdef __ASSEMBLER__

.macro PATCH feature, old, new
771:
    \old
772:
    .skip -(((775f - 774f) - (772b - 771b)) > 0) * ((775f - 774f) - (772b - 771b)), 0x90
773:
    .pushsection .patch.text, "a", @progbits
774:
    \new
775:
    .popsection
    .pushsection .patch.table, "a", @progbits
    .quad 771b, 774b
    .byte \feature, 772b - 771b, 775b - 774b, 773b - 771b
    .long 0
    .popsection
.endm

/* Open and close the window in which the kernel may touch user memory. */
#define USER_ACCESS_BEGIN PATCH PATCH_SMAP, "", "stac"
#define USER_ACCESS_END PATCH PATCH_SMAP, "", "clac"

#else

#define PATCH_STRING_(x) #x
#define PATCH_STRING(x) PATCH_STRING_(x)

#define PATCH(feature, old, new)                                                               \
    "771:\n\t" old "\n772:\n\t"                                                                \
    ".skip -(((775f - 774f) - (772b - 771b)) > 0) * ((775f - 774f) - (772b - 771b)), 0x90\n"   \
    "773:\n\t"                                                                                 \
    ".pushsection .patch.text, \"a\", @progbits\n"                                             \
    "774:\n\t" new "\n775:\n\t"                                                                \
    ".popsection\n\t"                                                                          \
    ".pushsection .patch.table, \"a\", @progbits\n\t"                                          \
    ".quad 771b, 774b\n\t"                                                                     \
    ".byte " PATCH_STRING(feature) ", 772b - 771b, 775b - 774b, 773b - 771b\n\t"               \
    ".long 0\n\t"                                                                              \
    ".popsection\n"

/* Open and close the window in which the kernel may touch user memory. */
static inline void user_access_begin(void)
{
    __asm__ volatile(PATCH(PATCH_SMAP, "", "stac") : : : "memory", "cc");
}

static inline void user_access_end(void)
{
    __asm__ volatile(PATCH(PATCH_SMAP, "", "clac") : : : "memory", "cc");
}

/* Rewrites every PATCH site for this processor; once, at boot: after cpu_init(), and before
 * paging_init() makes the text read-only. */
void patch_apply(void);

#endif
#endif
