/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's last word: message, registers, backtrace, reset.
 *
 * Trusts nothing: memory is read only where it is known to be mapped, and a panic within a panic
 * resets at once. */
#include "l4k/kern/panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "l4k/abi/guest_log.h"
#include "l4k/kern/log.h"
#include "l4k/kern/symbols.h"
#include "l4k/lib/assert.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/gdt.h"
#include "l4k/x86_64/reset.h"

#define MAX_DEPTH 32

static void print_address(unsigned depth, uint64_t addr)
{
    uint64_t offset;
    const char *name = symbol_name(addr, &offset);

    if (name != NULL)
        kprintf("  #%u %#018lx %s+%#lx\n", depth, addr, name, offset);
    else
        kprintf("  #%u %#018lx\n", depth, addr);
}

static bool is_text(uint64_t addr)
{
    return addr >= (uint64_t)__text_start && addr < (uint64_t)__text_end;
}

/* Follows the chain of frame pointers as long as it climbs one kernel stack. Return addresses are
 * shown one byte less, inside the call. */
static void backtrace(uint64_t rip, uint64_t rbp)
{
    uint64_t low, high;
    unsigned depth = 0;

    kprintf("backtrace:\n");
    print_address(depth++, rip);
    if (!kernel_stack_bounds(rbp, &low, &high))
        return;
    while (depth < MAX_DEPTH && rbp % 8 == 0 && rbp >= low && rbp + 16 <= high) {
        const uint64_t *saved = (const uint64_t *)rbp;

        if (!is_text(saved[1] - 1))
            break;
        print_address(depth++, saved[1] - 1);
        if (saved[0] <= rbp)
            break;
        rbp = saved[0];
    }
}

static void print_registers(const struct frame *f)
{
    kprintf("vector %lu error %#lx\n", f->vector, f->error);
    kprintf("rip %016lx cs %04lx rflags %08lx rsp %016lx ss %04lx\n", f->rip, f->cs, f->rflags,
            f->rsp, f->ss);
    kprintf("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    kprintf("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    kprintf("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    kprintf("r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
    kprintf("cr2 %016lx cr3 %016lx cr4 %016lx\n", read_cr2(), read_cr3(), read_cr4());
}

/* The first line; the second panic of a kernel ends here. */
static void begin(const char *fmt, va_list ap)
{
    static bool panicking;

    cpu_cli();
    if (panicking)
        machine_reset();
    panicking = true;
    kprintf("\n" LOG_PANIC);
    kvprintf(fmt, ap);
    kprintf("\n");
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    begin(fmt, ap);
    va_end(ap);
    backtrace((uint64_t)__builtin_return_address(0) - 1,
              *(const uint64_t *)__builtin_frame_address(0));
    machine_reset();
}

void panic_frame(const struct frame *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    begin(fmt, ap);
    va_end(ap);
    print_registers(f);
    backtrace(f->rip, f->rbp);
    machine_reset();
}

void assert_fail(const char *file, int line, const char *text)
{
    panic("assertion failed: %s:%d: %s", file, line, text);
}
