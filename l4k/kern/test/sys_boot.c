/* SPDX-License-Identifier: BSD-2-Clause */
/* System test of boot, machine and panic: a kernel of its own, booted with what to test as its
 * command line. "check" runs the tests and speaks KTAP; the other words end in a deliberate panic,
 * whose last word the caller examines. */
#include "l4k/abi/guest_log.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/kmem.h"
#include "l4k/kern/log.h"
#include "l4k/kern/panic.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/gdt.h"
#include "l4k/x86_64/idt.h"
#include "l4k/x86_64/patch.h"
#include "l4k/x86_64/pic.h"
#include "l4k/x86_64/reset.h"

extern char trap_vectors[]; /* entry.S: 256 stubs of 16 bytes */

static const struct boot_info *boot;
static unsigned tests, failures;
static volatile unsigned ticks;

/* Where to go on after the page fault that a test expects, and whether it came. */
static volatile uint64_t expected_rip;
static volatile bool faulted;

void trap(struct frame *f);

void trap(struct frame *f)
{
    if (f->vector == PIC_VECTOR + TICK_IRQ) {
        ticks++;
        pic_eoi(TICK_IRQ);
    } else if (f->vector == 14 && expected_rip != 0) {
        faulted = true;
        f->rip = expected_rip;
        expected_rip = 0;
    } else {
        panic_frame(f, "exception %lu", f->vector);
    }
}

static void report(bool ok, const char *name)
{
    failures += !ok;
    kprintf("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* Whether a byte at `va` can be read or written (`write`: by writing back what is there). */
static bool accessible(uint64_t va, bool write)
{
    faulted = false;
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rax, %0\n\t"
                     "movb (%1), %%al\n\t"
                     "testb %2, %2\n\t"
                     "jz 1f\n\t"
                     "movb %%al, (%1)\n"
                     "1:"
                     : "=m"(expected_rip)
                     : "r"(va), "q"(write)
                     : "rax", "memory", "cc");
    expected_rip = 0;
    return !faulted;
}

static bool executable(uint64_t va)
{
    faulted = false;
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rax, %0\n\t"
                     "movq %%rsp, %%rbx\n\t"
                     "callq *%1\n"
                     "1:\tmovq %%rbx, %%rsp"
                     : "=m"(expected_rip)
                     : "r"(va)
                     : "rax", "rbx", "memory", "cc");
    expected_rip = 0;
    return !faulted;
}

static char data[64] = {(char)0xc3}; /* ret */
static const char constant[] = {(char)0xc3};

static void just_return(void)
{
    __asm__ volatile("");
}

static void test_protection(void)
{
    report(accessible((uint64_t)just_return, false) && executable((uint64_t)just_return),
           "text can be read and executed");
    report(!accessible((uint64_t)just_return, true), "text can't be written");
    report(accessible((uint64_t)constant, false) && !accessible((uint64_t)constant, true),
           "constants can be read, not written");
    report(accessible((uint64_t)data, true), "data can be written");
    report(!executable((uint64_t)data) && !executable((uint64_t)constant),
           "data and constants can't be executed");
    report(!accessible(PHYS_MAP_BASE + (uint64_t)just_return - KERNEL_BASE, true) &&
               accessible(PHYS_MAP_BASE + (uint64_t)data - KERNEL_BASE, true),
           "nor can text be written through the physical map");
    report(!executable(PHYS_MAP_BASE + (uint64_t)just_return - KERNEL_BASE),
           "the physical map can't be executed");
    report(!accessible((uint64_t)kernel_stack - 1, false) &&
               accessible((uint64_t)kernel_stack, true),
           "an unmapped page lies below the kernel stack");
    report(!accessible(0x100000, false) && !accessible(8, false), "no identity map is left");
    report(kernel_pml4[256] & 1 && kernel_pml4[KERNEL_DYNAMIC_SLOT] & 1 && kernel_pml4[511] & 1,
           "the kernel half is complete");
}

static void test_features(void)
{
    uint64_t cr4 = read_cr4();

    report((read_cr0() & (CR0_WP | CR0_TS | CR0_EM)) == CR0_WP, "CR0");
    report(!(cr4 & CR4_SMAP) == !cpu_features.smap && !(cr4 & CR4_SMEP) == !cpu_features.smep &&
               !(cr4 & CR4_FSGSBASE) == !cpu_features.fsgsbase &&
               !(cr4 & CR4_PGE) == !cpu_features.pge,
           "CR4 has what CPUID has");
    user_access_begin();
    report(!(read_rflags() >> 18 & 1) == !cpu_features.smap, "user access opens (RFLAGS.AC)");
    user_access_end();
    report(!(read_rflags() >> 18 & 1), "user access closes");
}

static bool overlaps(const struct boot_range *r, uint64_t start, uint64_t end)
{
    return r->start < end && start < r->end;
}

static void test_memory(void)
{
    bool sorted = true, apart = true;
    uint64_t sum = 0, last = 0;

    for (size_t i = 0; i < boot->n_usable; i++) {
        const struct boot_range *r = &boot->usable[i];

        sorted = sorted && r->start >= last && r->end > r->start && r->start >= 0x100000 &&
                 r->start % PAGE_SIZE == 0 && r->end % PAGE_SIZE == 0;
        apart = apart && !overlaps(r, (uint64_t)__kernel_start - KERNEL_BASE,
                                   (uint64_t)__kernel_end - KERNEL_BASE);
        for (size_t m = 0; m < boot->n_modules; m++)
            apart = apart && !overlaps(r, boot->modules[m].start, boot->modules[m].end);
        last = r->end;
        sum += r->end - r->start;
        frame_add_range(r->start, r->end);
    }
    report(sorted, "usable ranges are sorted, disjoint, aligned");
    report(apart, "usable ranges spare kernel and modules");
    report(sum <= boot->ram_bytes && sum > boot->ram_bytes - boot->ram_bytes / 8,
           "most of the memory is usable");
    report(frame_free_count() == sum / PAGE_SIZE && frame_end() <= boot->phys_map_end,
           "frames are the usable ranges");
}

/* Every range's first and last frame can be written and are different memory. */
static void test_frames(void)
{
    bool ok = true;

    for (size_t i = 0; i < boot->n_usable; i++) {
        volatile uint64_t *first = phys_to_virt(boot->usable[i].start);
        volatile uint64_t *last = phys_to_virt(boot->usable[i].end - 8);

        *first = i + 1;
        *last = ~i;
        ok = ok && *first == i + 1;
    }
    for (size_t i = 0; i < boot->n_usable; i++)
        ok = ok && *(volatile uint64_t *)phys_to_virt(boot->usable[i].start) == i + 1 &&
             *(volatile uint64_t *)phys_to_virt(boot->usable[i].end - 8) == ~i;
    report(ok, "the ends of all ranges are memory");
    void *p = kmem_alloc(100, NULL);
    report(p != NULL && kmem_in_use() >= 100, "kmem_alloc");
    kmem_free(p, 100, NULL);
    report(kmem_in_use() == 0, "kmem_free");
}

static void test_module(void)
{
    static const char expected[] = "070701"; /* cpio, newc */

    report(boot->n_modules == 1, "there is one module");
    if (boot->n_modules == 1)
        report(memcmp(phys_to_virt(boot->modules[0].start), expected, sizeof(expected) - 1) == 0,
               "it is the boot archive");
}

/* Whether tick and clock agree to a tenth over 20 ms. */
static bool tick_agrees(bool *monotonic)
{
    uint64_t start = clock_ns(), last = start, now;

    ticks = 0;
    cpu_sti();
    while ((now = clock_ns()) - start < 20000000) {
        *monotonic = *monotonic && now >= last;
        last = now;
    }
    cpu_cli();
    return ticks >= 18 * TICK_HZ / 1000 && ticks <= 22 * TICK_HZ / 1000;
}

/* A busy host loses ticks of an emulated machine: one good spell of many is enough. */
static void test_time(void)
{
    bool monotonic = true, agree = false;
    unsigned before;

    clock_start_tick();
    pic_unmask(TICK_IRQ);
    for (int i = 0; i < 50 && !agree; i++)
        agree = tick_agrees(&monotonic);
    report(monotonic, "the clock does not go back");
    report(agree, "tick and clock agree");
    report(clock_realtime_ns() / 1000000000 > 1704067200, "the date is after 2023");
    before = ticks;
    cpu_wait_interrupt();
    report(ticks == before + 1, "an interrupt ends the wait");
}

static void check(void)
{
    kprintf("# %s, %lu MiB\n", boot->loader, boot->ram_bytes >> 20);
    kprintf("KTAP version 1\n");
    test_features();
    test_protection();
    test_memory();
    test_frames();
    test_module();
    test_time();
    kprintf("1..%u\n", tests);
    kprintf(LOG_END "sys_boot status=%u\n", failures != 0);
    machine_reset();
}

static uint64_t overflow_stack(uint64_t n);

/* Through a pointer, for compilers that refuse endless recursion. */
static uint64_t (*volatile deeper)(uint64_t) = overflow_stack;

static uint64_t overflow_stack(uint64_t n)
{
    volatile char space[256];

    space[n % 256] = 1;
    return deeper(n + 1) + (uint64_t)space[n % 256];
}

/* One function deep, for the backtrace to name. */
__attribute__((noinline)) static void fail_on_purpose(const char *how)
{
    if (strcmp(how, "panic") == 0)
        panic("on purpose");
    else if (strcmp(how, "assert") == 0)
        assert(how == NULL);
    else if (strcmp(how, "fault") == 0)
        *(volatile char *)PHYS_MAP_BASE = *(volatile char *)0x123456789000;
    else if (strcmp(how, "stack") == 0)
        kprintf("%lu\n", overflow_stack(0));
    panic("no such test: %s", how);
}

void kernel_main(const struct boot_info *info)
{
    boot = info;
    kprintf(LOG_BEGIN "sys_boot\n");
    for (unsigned v = 0; v < 256; v++)
        idt_set(v, (void (*)(void))(trap_vectors + 16 * v), 0, v == 8 ? IST_DOUBLE_FAULT : 0);
    if (strcmp(info->cmdline, "check") == 0)
        check();
    fail_on_purpose(info->cmdline);
    machine_reset();
}
