/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own needs: memory, clocks, entropy, console, the end. */
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "personality/place/l4_user/l4_user.h"

void must(enum status s, const char *what)
{
    if (s != OK)
        host_panic(what);
}

static uint32_t timer_cap;

void place_init_timer(void)
{
    timer_cap = slot_alloc();
    must(l4_do(CAP_TASK, TASK_TIMER, timer_cap, CAP_THREAD, BADGE_TIMER, 0), "timer");
}

/* Own memory: there now, so that no fault finds memory used up later. A failure is no fault. */
bool place_populate(void *start, size_t bytes)
{
    for (uint64_t at = (uint64_t)start; at < (uint64_t)start + bytes; at += PAGE_SIZE)
        if (l4_do(CAP_TASK, TASK_CAS32, at & -(uint64_t)PAGE_SIZE, 0, 0, 0) != OK)
            return false;
    return true;
}

void *host_memory(size_t bytes)
{
    static uint64_t next = SERVER_HEAP;
    uint64_t size = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t w[6] = {next, size, PROT_R | PROT_W, 0, 0, SERVER_HEAP_END};

    if (l4_invoke(CAP_TASK, TASK_MAP, w) != OK)
        return NULL;
    if (!place_populate((void *)w[0], size)) {
        must(l4_do(CAP_TASK, TASK_UNMAP, w[0], size, 0, 0), "heap");
        return NULL;
    }
    next = w[0] + size;
    return (void *)w[0];
}

static uint64_t clock_word(unsigned index)
{
    uint64_t w[6] = {0};

    if (l4_invoke(CAP_SYSTEM, SYSTEM_CLOCK, w) != OK)
        host_panic("clock");
    return w[index];
}

uint64_t host_clock(void)
{
    return clock_word(0);
}

uint64_t host_realtime(void)
{
    return clock_word(1);
}

void host_timer_set(uint64_t deadline)
{
    if (l4_do(timer_cap, TIMER_SET, deadline, 0, 0, 0) != OK)
        host_panic("timer");
}

void host_entropy(void *dst, size_t n)
{
    while (n) {
        uint64_t w[6] = {0};
        size_t piece = n < sizeof(w) ? n : sizeof(w);

        if (l4_invoke(CAP_SYSTEM, SYSTEM_ENTROPY, w) != OK)
            host_panic("entropy");
        memcpy(dst, w, piece);
        dst = (char *)dst + piece;
        n -= piece;
    }
}

void host_console_write(const char *bytes, size_t n)
{
    while (n) {
        uint64_t w[6] = {(uint64_t)bytes, n};

        if (l4_invoke(CAP_SYSTEM, SYSTEM_CONSOLE_WRITE, w) != OK)
            return;
        bytes += w[0];
        n -= w[0];
    }
}

void host_log(const char *line)
{
    host_console_write(line, strlen(line));
    host_console_write("\r\n", 2);
}

void host_memory_info(struct host_memory_info *out)
{
    uint64_t w[6] = {0};

    if (l4_invoke(CAP_SYSTEM, SYSTEM_MEMORY, w) != OK)
        host_panic("memory");
    out->total = w[0];
    out->free = w[1];
}

void host_reset(void)
{
    (void)!l4_do(CAP_SYSTEM, SYSTEM_RESET, 0, 0, 0, 0);
    __builtin_trap();
}

void host_panic(const char *why)
{
    host_console_write("@l4k-panic server: ", 19);
    host_log(why);
    host_reset();
}

void assert_fail(const char *file, int line, const char *text)
{
    (void)line;
    host_console_write(file, strlen(file));
    host_console_write(": ", 2);
    host_panic(text);
}
