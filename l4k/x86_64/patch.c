/* SPDX-License-Identifier: BSD-2-Clause */
/* Rewrites the PATCH sites of the kernel text at boot. */
#include <stdint.h>

#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/patch.h"

/* One site: where `old` stands, where `new` is kept, and lengths in bytes. `room` is the longer. */
struct patch {
    uint64_t site;
    uint64_t new;
    uint8_t feature, old_len, new_len, room;
    uint32_t reserved;
};

_Static_assert(sizeof(struct patch) == 24, "as the PATCH macro writes it");

extern const struct patch __patch_start[], __patch_end[];

/* The recommended NOPs of each length (SDM 2B, NOP). */
static const uint8_t nops[9][9] = {
    {0x90},
    {0x66, 0x90},
    {0x0f, 0x1f, 0x00},
    {0x0f, 0x1f, 0x40, 0x00},
    {0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
    {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
};

static void fill_nops(uint8_t *p, unsigned n)
{
    while (n > 0) {
        unsigned len = n < 9 ? n : 9;

        memcpy(p, nops[len - 1], len);
        p += len;
        n -= len;
    }
}

static bool has_feature(unsigned feature)
{
    switch (feature) {
    case PATCH_SMAP: return cpu_features.smap;
    case PATCH_FSGSBASE: return cpu_features.fsgsbase;
    case PATCH_PCID: return cpu_features.pcid;
    default: assert(!"a PATCH feature"); return false;
    }
}

/* The text is still writable. */
void patch_apply(void)
{
    for (const struct patch *p = __patch_start; p < __patch_end; p++) {
        uint8_t *text = (uint8_t *)p->site;
        unsigned used = p->old_len;

        if (has_feature(p->feature)) {
            memcpy(text, (const void *)p->new, p->new_len);
            used = p->new_len;
        }
        fill_nops(text + used, p->room - used);
    }
    write_cr3(read_cr3()); /* serialises: no stale instruction is executed (SDM 3A 8.1.3) */
}
