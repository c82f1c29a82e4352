/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the placement as an L4 user task: badges, capability slots, spaces and threads. */
#ifndef PERSONALITY_PLACE_L4_USER_H
#define PERSONALITY_PLACE_L4_USER_H

/* Low bits of a badge; the rest is the address of the client's struct host_call, which is aligned
 * to 64. */
#define BADGE_KIND_MASK 63
#define BADGE_CALL 0    /* from the stub, or the trampoline */
#define BADGE_TRAPPED 1 /* from a site that trapped and may be patched */
#define BADGE_FAULT 2
#define BADGE_TIMER 3   /* no client */
#define BADGE_CONSOLE 4 /* no client */

/* Capabilities of a client task: what the stub calls (personality/place/l4_stub*.S). */
#define CLIENT_CAP_CALL 0
#define CLIENT_CAP_TRAPPED 1

#ifndef __ASSEMBLER__
#include "l4k/abi/l4.h"
#include "personality/server/host.h"

#define UNPATCHABLE_SITES 64

struct host_space {
    uint32_t task; /* capability */
    unsigned threads;
    uint32_t slots;                      /* of the stub, in use */
    uint64_t unpatchable[UNPATCHABLE_SITES]; /* return addresses of sites not to look at again */
};

struct host_thread {
    uint32_t cap;
    uint32_t utcb; /* index of its UTCB in the object that holds all of them */
    struct host_space *space;
    bool own_regs; /* the kernel holds all its registers; else it is in a call, of which struct
                    * host_call holds the argument registers */
};

/* A client thread's UTCB, which the server sees too. */
struct utcb *place_utcb(const struct host_thread *t);

/* l4_patch.c or l4_nopatch.c: */

/* The code of the stub's first page, and how much of it there is. */
extern const char stub_image[], stub_image_end[];

/* The client's call came from a site that trapped: makes it a jump, if it has the form. */
void patch_site(struct host_call *c);

/* A program counter in stub or slot as the program must see it: at its own site. */
void patch_hide(struct host_space *s, struct host_call *c, struct host_regs *regs);
#endif
#endif
