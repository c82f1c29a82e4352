/* SPDX-License-Identifier: BSD-2-Clause */
/* A task on an account of its own, whose memory is used up to the last bytes, and an agent in it
 * that does one trap after another as it is told. It says that it is done by an exception, for which
 * the kernel pays. */
#ifndef BENCH_MACH_STARVED_H
#define BENCH_MACH_STARVED_H

#include "bench/mach/mach.h"

#define ROOM_UNIT 16 /* bytes: what sizes of kernel memory are multiples of */
#define ROOM_MAX 1500

#define STARVED_BUFFER 0x4000

struct starved {
    name_t task, thread;
    name_t self;     /* the task's name of itself */
    name_t to;       /* a port of this task's, with a send right of the same name in that task */
    name_t inbox;    /* a port of that task's, likewise with a send right here */
    uint8_t *buffer; /* STARVED_BUFFER bytes that both tasks see, page aligned */
};
extern struct starved starved;

/* No memory is left. */
void starved_begin(void);
void starved_end(void);

/* Leaves the task `units` units (at most ROOM_MAX) and the same few bytes more each time. There is a
 * free name. */
void starved_room(unsigned units);
/* What the test has taken meanwhile, or given back, is the task's now: no memory is left, and what
 * the agent uses is mapped. */
void starved_settle(void);
/* Every name at hand is in use: the next takes a page. starved_names_back() frees them. */
void starved_names(void);
void starved_names_back(void);

/* The agent's mach_msg with what is in the buffer; timeout 0 where there is one. Its result. */
uint32_t starved_msg(uint32_t option, uint32_t send_size, uint32_t rcv_size, name_t rcv_name,
                     name_t notify);
name_t starved_reply_port(void);
name_t starved_host_self(void);
/* The agent's wait for the reply to its exception is aborted: it does again what it was told last and
 * raises the next. */
void starved_abort(void);

/* Requests about the task, made here. */
uint32_t starved_allocate(uint32_t right, name_t *name);
uint32_t starved_allocate_memory(uint64_t *address, uint64_t size);
uint32_t starved_wire(uint64_t address, uint64_t size, uint32_t prot);

#endif
