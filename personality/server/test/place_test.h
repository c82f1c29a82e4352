/* SPDX-License-Identifier: BSD-2-Clause */
/* A placement for tests: spaces of host pages, threads that do nothing but hold their registers. */
#ifndef PERSONALITY_SERVER_TEST_PLACE_TEST_H
#define PERSONALITY_SERVER_TEST_PLACE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "personality/server/host.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"

struct host_thread {
    struct host_space *space;
    struct host_regs regs;
    uint8_t fpu[512];
    bool in_call;  /* between call() and its answer */
    bool answered; /* by host_complete() or host_resume() */
    bool running;  /* in user mode, as far as the server knows */
    long result;   /* of the answer; HOST_REGS: registers */
};

#define SCRATCH 0x200000ul /* read-write memory in init, SCRATCH_SIZE bytes */
#define SCRATCH_SIZE 0x40000ul

extern uint64_t test_now;       /* host_clock() */
extern uint64_t test_deadline;  /* of host_timer_set(); 0 none */
extern char test_log[4096], test_console[4096];
extern int test_spaces, test_threads; /* alive */
extern jmp_buf test_reset;      /* host_reset() goes here when test_expect_reset */
extern bool test_expect_reset;

/* A booted system: init is process 1, made of a minimal ELF, with SCRATCH mapped. */
void test_boot(void);
struct thread *test_init(void);
/* The call; HOST_DEFER when it waits (test_answer() tells the later answer). */
long call(struct thread *t, uint64_t nr, ...);
#define CALL(t, nr, ...) call(t, nr, ##__VA_ARGS__, 0ul, 0ul, 0ul, 0ul, 0ul, 0ul)
/* The answer to a deferred call; fails the test when there is none yet. */
long test_answer(struct thread *t);
bool test_answered(struct thread *t);
/* Client memory. */
void poke(struct thread *t, uint64_t addr, const void *src, size_t n);
void peek(struct thread *t, uint64_t addr, void *dst, size_t n);
uint64_t poke_string(struct thread *t, uint64_t addr, const char *s); /* returns addr */
/* Lets time pass, with the timer as the host would have it. */
void test_advance(uint64_t ns);
/* Appends an entry to a cpio archive; returns the new size. NULL name: the trailer. */
size_t cpio_entry(uint8_t *archive, size_t at, const char *name, unsigned mode, const void *data,
                  size_t size);
/* A static ELF of one page of code at 0x400000; its size. */
size_t make_elf(uint8_t *out);
/* fork(), and the child as the server made it. */
struct thread *test_fork(struct thread *t);

#endif
