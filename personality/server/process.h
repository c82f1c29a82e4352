/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: their tree, numbers and end. A process has exactly one thread. */
#ifndef PERSONALITY_SERVER_PROCESS_H
#define PERSONALITY_SERVER_PROCESS_H

#include "personality/server/file.h"
#include "personality/server/memory.h"
#include "personality/server/signal.h"
#include "personality/server/thread.h"

enum { PID_LIMIT = 32768, PROCESS_LIMIT = 1024 };

struct process {
    struct thread thread; /* at offset 0 */
    int pid, pgid, sid;
    struct process *parent;
    struct list children, sibling; /* parent->children, in order of birth */
    struct list hash;              /* pid table */
    struct list all;               /* every process, zombies too */
    struct list child_wait;        /* threads in wait4() */

    bool zombie, stopped, stop_unreported, continued;
    int exit_status;  /* as wait4() reports it */
    int stop_signal;  /* why it stopped */
    int exit_signal;  /* sent to the parent at exit, 0: none */
    struct thread *vfork_parent; /* waits until exec or exit */

    struct mm *mm;
    struct files files;
    struct inode *cwd, *root; /* references */
    unsigned umask;
    struct sigactions *actions; /* shared after fork until one changes */
    uint64_t pending;           /* signals sent and not yet delivered */
    struct siginfo_head *infos; /* NSIG of them, by number - 1; NULL until needed */
    struct timer alarm;
    uint64_t alarm_interval;

    struct inode *exe; /* reference; NULL before the first exec */
    char *exe_path;    /* PATH_MAX block, NULL before the first exec */
    char comm[16];
};

extern struct process *init_process;

static inline struct process *process_of(struct thread *t)
{
    return t->process;
}

void process_start(void); /* once, at start */
/* A new process without memory, files or directory, in `parent`'s list; NULL: limit or memory. */
struct process *process_create(struct process *parent);
/* Undoes process_create() of a process that never ran: no thread; mm, files and the rest released.
 */
void process_abandon(struct process *p);
/* By number, zombies included; NULL. */
struct process *process_find(int pid);
/* Every process: pass NULL first. */
struct process *process_next(struct process *p);
unsigned process_count(void);
/* Ends it: becomes a zombie, or vanishes when nobody waits. `status` as wait4() reports it. */
void process_exit(struct process *p, int status);
/* Wakes the parent that vfork()ed it. */
void process_vfork_done(struct process *p);
/* Tells the parent of a child's stop or continuation, or exit. */
void process_tell_parent(struct process *p, int code, int status);

#endif
