/* SPDX-License-Identifier: BSD-2-Clause */
/* Small records of a placement as a user task: spaces, threads, objects. */
#ifndef PERSONALITY_PLACE_RECORD_H
#define PERSONALITY_PLACE_RECORD_H

#define RECORD_SIZE 576

/* A zeroed record of at most RECORD_SIZE bytes; NULL: no memory. */
void *record_alloc(void);
void record_free(void *p);

#endif
