/* SPDX-License-Identifier: BSD-2-Clause */
/* Patching system-call sites: the way into the server without a trap.
 *
 * A site `mov $nr, %eax; syscall` (b8 imm32 0f 05), once it trapped with that number, gets its first
 * five bytes replaced by a jump to a slot of the stub:
 *
 *     movabs $nr << 32, %rax     the tag
 *     syscall                    an L4 call, because it is in the stub
 *     jmp    behind the site
 *
 * The `syscall` of the site stays, so whoever jumps to it traps as before. Both writes go to the
 * process's private copy of the page. A site of another form is remembered and left alone. */
#include "l4k/lib/string.h"
#include "personality/place/l4_user/l4_user.h"

#define SITE_SIZE 7
#define SITE_SYSCALL 5 /* offset of the `syscall` */
#define SLOT_SIZE 32
#define SLOT_SYSCALL 10 /* offsets in a slot */
#define SLOT_JUMP 12
#define SLOT_END 17
#define SLOTS_BASE (STUB_BASE + PAGE_SIZE)
#define SLOTS ((STUB_SIZE - PAGE_SIZE) / SLOT_SIZE)

extern const char stub_image_syscall[];

static uint64_t slot_address(uint32_t slot)
{
    return SLOTS_BASE + (uint64_t)slot * SLOT_SIZE;
}

/* A jump's displacement; false when it does not reach. */
static bool displacement(uint64_t next, uint64_t target, int32_t *out)
{
    int64_t d = (int64_t)(target - next);

    *out = (int32_t)d;
    return d == *out;
}

/* ModRM bytes by their form (SDM vol. 2, table 2-2). */
#define MOD(modrm) ((modrm) >> 6)
#define HAS_SIB(modrm, mod) (((modrm) & 0xc7) == ((mod) << 6 | 4))
#define IS_RIP_RELATIVE(modrm) (((modrm) & 0xc7) == 5)
#define HAS_DISP32(modrm) (MOD(modrm) == 2 || IS_RIP_RELATIVE(modrm))

/* Opcodes with a ModRM and an immediate of 32 or 8 bits. */
static bool has_imm32(unsigned char op)
{
    return op == 0xc7 || op == 0x81 || op == 0x69 || op == 0xf7;
}

static bool has_imm8(unsigned char op)
{
    return op == 0x80 || op == 0x83 || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0x6b ||
           op == 0xf6;
}

static bool is_prefix(unsigned char c)
{
    return (c & 0xf0) == 0x40 || c == 0x66 || c == 0x67 || c == 0xf0 || c == 0xf2 || c == 0xf3 ||
           c == 0x2e || c == 0x36 || c == 0x3e || c == 0x26 || c == 0x64 || c == 0x65;
}

#define BEFORE 8

/* Could the b8 of a site be no opcode but part of an instruction that begins before it? `b` points
 * behind the BEFORE bytes before the site. A ModRM b8 addresses memory at rax, which is a small number
 * here, and would have faulted, but for LEA. Refusing too often only costs the trap. */
static bool inside_instruction(const unsigned char *b)
{
    return is_prefix(b[-1]) ||                                        /* another mov */
           b[-1] == 0x8d || HAS_SIB(b[-1], 2) ||                      /* ModRM of LEA; SIB, disp32 */
           (has_imm32(b[-2]) && (MOD(b[-1]) == 1 || HAS_SIB(b[-1], 0))) || /* disp8, SIB; imm32 */
           (has_imm32(b[-3]) && HAS_SIB(b[-2], 1)) ||                 /* disp8 behind a SIB */
           (has_imm32(b[-5]) && HAS_DISP32(b[-4])) ||                 /* end of a disp32 */
           (has_imm32(b[-6]) && (HAS_SIB(b[-5], 2) || HAS_SIB(b[-5], 0))) ||
           (has_imm8(b[-2]) && HAS_DISP32(b[-1])) ||                  /* begin of a disp32 */
           (has_imm8(b[-3]) && (HAS_SIB(b[-2], 2) || HAS_SIB(b[-2], 0))) ||
           ((b[-4] & 0xf8) == 0xb8 && (b[-5] & 0xf0) == 0x40) ||      /* in an imm64 */
           (b[-4] & 0xfc) == 0xa0;                                    /* in a 64-bit address */
}

static bool site_matches(struct host_space *s, uint64_t site, uint32_t nr)
{
    unsigned char code[SITE_SIZE], before[BEFORE];
    uint32_t imm;

    if (host_copy_in(s, code, site, sizeof(code)) != HOST_DONE)
        return false;
    memcpy(&imm, code + 1, sizeof(imm));
    return code[0] == 0xb8 && imm == nr && code[5] == 0x0f && code[6] == 0x05 &&
           host_copy_in(s, before, site - BEFORE, BEFORE) == HOST_DONE &&
           !inside_instruction(before + BEFORE);
}

static bool write_slot(struct host_space *s, uint64_t slot, uint32_t nr, uint64_t back)
{
    unsigned char code[SLOT_END] = {0x48, 0xb8, [SLOT_SYSCALL] = 0x0f, 0x05, 0xe9};
    int32_t d;

    if (!displacement(slot + SLOT_END, back, &d))
        return false;
    memcpy(code + 6, &nr, sizeof(nr));
    memcpy(code + SLOT_JUMP + 1, &d, sizeof(d));
    return place_copy_out_forced(s, slot, code, sizeof(code)) == HOST_DONE;
}

/* Gives the space a private copy of the page, by writing what is there. */
static bool own_page(struct host_space *s, uint64_t at)
{
    unsigned char byte;

    return host_copy_in(s, &byte, at, 1) == HOST_DONE &&
           place_copy_out_forced(s, at, &byte, 1) == HOST_DONE;
}

static bool write_site(struct host_space *s, uint64_t site, uint64_t slot)
{
    unsigned char code[5] = {0xe9};
    int32_t d;

    if (!displacement(site + sizeof(code), slot, &d))
        return false;
    memcpy(code + 1, &d, sizeof(d));
    /* Where the site crosses into a page that can't be made private, the first page stays as it is. */
    if (!own_page(s, site + sizeof(code) - 1))
        return false;
    return place_copy_out_forced(s, site, code, sizeof(code)) == HOST_DONE;
}

static bool patch(struct host_space *s, uint64_t back, uint32_t nr)
{
    uint64_t slot;

    if (back < LINUX_USER_MIN + BEFORE + SITE_SIZE || s->slots >= SLOTS ||
        !site_matches(s, back - SITE_SIZE, nr))
        return false;
    slot = slot_address(s->slots);
    if (!write_slot(s, slot, nr, back) || !write_site(s, back - SITE_SIZE, slot))
        return false;
    s->slots++;
    return true;
}

void patch_site(struct host_call *c)
{
    struct host_space *s = c->thread->space;
    const struct utcb *utcb = place_utcb(c->thread);
    uint64_t back = utcb->reflect_rip;
    uint64_t *known = &s->unpatchable[back / 2 % UNPATCHABLE_SITES];

    /* A `mov` of the number clears the upper half of rax. */
    if (*known != back && !(utcb->reflect_rax == c->nr && patch(s, back, (uint32_t)c->nr)))
        *known = back;
}

/* Slots: before the MOVABS the program is at its site's first byte, before the SYSCALL at the site's
 * own one, and afterwards behind it. */
static void hide_slot(struct host_space *s, struct host_regs *regs)
{
    uint64_t offset = (regs->rip - SLOTS_BASE) % SLOT_SIZE, slot = regs->rip - offset, back;
    unsigned char code[SLOT_END];
    int32_t d;

    if (host_copy_in(s, code, slot, sizeof(code)) != HOST_DONE || code[SLOT_JUMP] != 0xe9)
        return;
    memcpy(&d, code + SLOT_JUMP + 1, sizeof(d));
    back = slot + SLOT_END + (uint64_t)(int64_t)d;
    if (offset == 0) {
        regs->rip = back - SITE_SIZE;
    } else if (offset == SLOT_SYSCALL) {
        regs->rip = back - (SITE_SIZE - SITE_SYSCALL);
        regs->rax >>= TAG_LABEL_SHIFT;
    } else {
        regs->rip = back;
    }
}

void patch_hide(struct host_space *s, struct host_call *c, struct host_regs *regs)
{
    if (regs->rip >= SLOTS_BASE && regs->rip < STUB_END)
        hide_slot(s, regs);
    else
        place_hide_trampoline(c, regs, stub_image_syscall - stub_image);
}
