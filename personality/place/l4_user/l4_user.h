/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the placement as an L4 user task: badges, capability slots, spaces and threads. */
#ifndef PERSONALITY_PLACE_L4_USER_L4_USER_H
#define PERSONALITY_PLACE_L4_USER_L4_USER_H

/* Low bits of a badge; the rest is the address of the client's struct host_call, which is aligned
 * to 64. */
#define BADGE_KIND_MASK 63
#define BADGE_CALL 0    /* from the stub, or the trampoline */
#define BADGE_TRAPPED 1 /* from a site that trapped and may be patched */
#define BADGE_FAULT 2
#define BADGE_TIMER 3   /* no client */
#define BADGE_CONSOLE 4 /* no client */

/* Capabilities of a client task: what the stub calls (stub_*.S). */
#define CLIENT_CAP_CALL 0
#define CLIENT_CAP_TRAPPED 1

#ifndef __ASSEMBLER__
#include "l4k/abi/l4_user.h"
#include "personality/place/host_result.h"
#include "personality/place/record.h"

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

/* An empty capability slot of the server's task (0: none is left); it is given back whether something
 * is in it or not. */
uint32_t slot_alloc(void);
void slot_free(uint32_t slot);

/* Ends the server when a call on a kernel object fails that must not. */
void must(enum status s, const char *what);

/* Makes the server's own memory resident; false: there is none. */
bool place_populate(void *start, size_t bytes);

/* Owns the account that all clients draw on: what is free at start less a share for the server. */
extern uint32_t clients_task;

/* Each once at start, before anything else. */
void place_init_clients(void);
void place_init_stub(void);
void place_init_utcbs(void);
void place_init_timer(void);

/* host_copy_out() of at most 64 bytes that also writes where the client may not: into a private
 * copy of the page. */
enum host_copy place_copy_out_forced(struct host_space *s, uint64_t dst, const void *src, size_t n);

/* patch_hide() for the stub's first page, whose `syscall` is at offset `syscall`: before it, the
 * program is at its own `syscall`; behind it, behind. */
void place_hide_trampoline(struct host_call *c, struct host_regs *regs, uint64_t syscall);

/* patch.c or nopatch.c: */

/* The code of the stub's first page, and how much of it there is. */
extern const char stub_image[], stub_image_end[];

/* The client's call came from a site that trapped: makes it a jump, if it has the form. */
void patch_site(struct host_call *c);

/* A program counter in stub or slot as the program must see it: at its own site. */
void patch_hide(struct host_space *s, struct host_call *c, struct host_regs *regs);
#endif
#endif
