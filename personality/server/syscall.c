/* SPDX-License-Identifier: BSD-2-Clause */
/* System-call dispatch. server_syscall() is the measured path: keep it short. */
#include "personality/server/syscall.h"

#include "l4k/lib/format.h"
#include "personality/server/errno.h"
#include "personality/server/sys.h"

typedef long handler_fn(struct thread *t);

static handler_fn *const syscall_table[] = {
#define CALL(nr, name) [nr] = sys_##name,
#define NONE(nr, name) [nr] = sys_missing,
#include "personality/server/table.h"
#undef CALL
#undef NONE
};

#define SYSCALL_COUNT (sizeof(syscall_table) / sizeof(syscall_table[0]))

/* Each number has exactly one line in table.h, so no entry is NULL. */
_Static_assert(SYSCALL_COUNT == 0
#define CALL(nr, name) + 1
#define NONE(nr, name) + 1
#include "personality/server/table.h"
#undef CALL
#undef NONE
               , "table.h has holes or doubles");

uint64_t server_dispatches;

static uint32_t missing[SYSCALL_COUNT + 1]; /* last: all numbers beyond the table */

static inline long dispatch(struct thread *t)
{
    uint64_t nr = t->call.nr;

    if (__builtin_expect(nr >= SYSCALL_COUNT, 0))
        return sys_missing(t);
    return syscall_table[nr](t);
}

/* `server_work != 0` as one instruction, where the compiler takes two. */
static inline bool work_waits(void)
{
    bool set;

    __asm__("cmpl $0, %1" : "=@ccne"(set) : "m"(server_work));
    return set;
}

__attribute__((visibility("default"))) long server_syscall(struct host_call *c)
{
    struct thread *t = (struct thread *)c;
    long result;

    server_dispatches++;
    result = dispatch(t);
    if (__builtin_expect(work_waits(), 0))
        return work_after_call(t, result);
    return result;
}

long syscall_rerun(struct thread *t)
{
    return dispatch(t);
}

long sys_missing(struct thread *t)
{
    uint64_t nr = t->call.nr;

    missing[nr < SYSCALL_COUNT ? nr : SYSCALL_COUNT]++;
    return -ENOSYS;
}

void syscall_log_missing(void)
{
    char line[512];
    size_t n =
        (size_t)snprintf(line, sizeof(line), "linux: calls without an answer (number:times):");
    bool any = false;

    for (size_t nr = 0; nr <= SYSCALL_COUNT && n + 32 < sizeof(line); nr++) {
        if (!missing[nr])
            continue;
        any = true;
        if (nr < SYSCALL_COUNT)
            n += (size_t)snprintf(line + n, sizeof(line) - n, " %zu:%u", nr, missing[nr]);
        else
            n += (size_t)snprintf(line + n, sizeof(line) - n, " other:%u", missing[nr]);
    }
    host_log(any ? line : "linux: every call had an answer");
}
