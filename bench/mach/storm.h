/* SPDX-License-Identifier: BSD-2-Clause */
/* The storm of random messages: what its two parts share. */
#ifndef BENCH_MACH_STORM_H
#define BENCH_MACH_STORM_H

#include "bench/mach/mach.h"

/* The names that the first task gives each child; below are those that the child makes itself. */
enum storm_name {
    STORM_OWN = 16,     /* a receive right, with a send right */
    STORM_PEER,         /* sends to the other child's */
    STORM_FIRST,        /* sends to a port of the first task, which receives nothing */
    STORM_FIRST_ONCE,   /* once */
    STORM_HOST,         /* privileged */
    STORM_DEVICE,
    STORM_PEER_TASK,
    STORM_PEER_THREAD,
    STORM_SIBLING,      /* this task's other thread */
    STORM_NAMES
};

/* A worker's arg. */
enum {
    STORM_SEED,
    STORM_COUNT, /* messages to send; result[0]: how many it has sent */
};

/* Sends them. */
void storm_worker(struct worker *w);

/* splitmix64: each state gives a number and the next state. */
static inline uint64_t storm_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
