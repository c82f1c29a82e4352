/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own needs: memory, clocks, entropy, console, the end. */
#include "l4k/kern/entropy.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/kvm.h"
#include "l4k/kern/log.h"
#include "l4k/kern/panic.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/reset.h"
#include "l4k/x86_64/serial.h"
#include "personality/place/kernel/kernel.h"

void *host_memory(size_t bytes)
{
    return IN_KERNEL(kvm_permanent(bytes));
}

uint64_t host_clock(void)
{
    return IN_KERNEL(clock_ns());
}

uint64_t host_realtime(void)
{
    return IN_KERNEL(clock_realtime_ns());
}

void host_entropy(void *dst, size_t n)
{
    while (n) {
        uint64_t r = IN_KERNEL(entropy_next());
        size_t piece = n < sizeof(r) ? n : sizeof(r);

        memcpy(dst, &r, piece);
        dst = (char *)dst + piece;
        n -= piece;
    }
}

void host_console_write(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        uart_putc(bytes[i]);
}

void host_log(const char *line)
{
    kprintf("%s\n", line);
}

void host_memory_info(struct host_memory_info *out)
{
    out->total = frame_total_count() * PAGE_SIZE;
    out->free = frame_free_count() * PAGE_SIZE;
}

void host_reset(void)
{
    machine_reset();
}

void host_panic(const char *why)
{
    panic("server: %s", why);
}
