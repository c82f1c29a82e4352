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

/* Could the b8 of a site be the end of an instruction that begins before it, and the number its
 * immediate? `pre` are the three bytes before. Refusing too often only costs the trap. */
static bool inside_instruction(const unsigned char *pre)
{
    static const unsigned char with_imm32[] = {0xc7, 0x81, 0x69}; /* mov, add..., imul */
    static const unsigned char with_disp32[] = {0x89, 0x8b, 0x8d}; /* mov, mov, lea: b8 is ModRM */

    if ((pre[2] & 0xf0) == 0x40) /* REX: another register */
        return true;
    for (unsigned i = 0; i < 3; i++) {
        if (pre[2] == with_disp32[i])
            return true;
        if (pre[1] == with_imm32[i] || pre[2] == with_imm32[i]) /* b8 is disp8, or ModRM */
            return true;
        if (pre[0] == with_imm32[i] && (pre[1] & 0xc7) == 0x44) /* b8 is disp8 behind a SIB */
            return true;
    }
    return false;
}

static bool site_matches(struct host_space *s, uint64_t site, uint32_t nr)
{
    unsigned char code[SITE_SIZE], pre[3];
    uint32_t imm;

    if (host_copy_in(s, code, site, sizeof(code)) != HOST_DONE)
        return false;
    memcpy(&imm, code + 1, sizeof(imm));
    if (code[0] != 0xb8 || imm != nr || code[5] != 0x0f || code[6] != 0x05)
        return false;
    /* Nothing before the site can be read: then no instruction begins there. */
    return host_copy_in(s, pre, site - sizeof(pre), sizeof(pre)) != HOST_DONE ||
           !inside_instruction(pre);
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

    if (back < LINUX_USER_MIN + SITE_SIZE || s->slots >= SLOTS ||
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
    uint64_t back = place_utcb(c->thread)->reflect_rip;
    uint64_t *known = &s->unpatchable[back / 2 % UNPATCHABLE_SITES];

    if (*known != back && !patch(s, back, (uint32_t)c->nr))
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
