/* SPDX-License-Identifier: BSD-2-Clause */
/* The server as an L4 user task: its start, and messages that are no plain calls. Plain calls are
 * loop.S's. */
#include "l4k/lib/archive.h"
#include "l4k/lib/string.h"
#include "personality/place/l4_user/l4_user.h"

#define MODULE_BASE 0x0000710000000000

static uint32_t console_cap;

static void console_input(void)
{
    char bytes[64];
    uint64_t w[6] = {0};

    do {
        w[0] = (uint64_t)bytes;
        w[1] = sizeof(bytes);
        if (l4_invoke(CAP_SYSTEM, SYSTEM_CONSOLE_READ, w) != OK)
            break;
        if (w[0])
            server_console_input(bytes, w[0]);
    } while (w[0] == sizeof(bytes));
    if (l4_do(console_cap, INTERRUPT_ACK, 0, 0, 0, 0) != OK)
        host_panic("console interrupt");
}

static long fault(struct host_call *c, uint64_t tag, const uint64_t *w)
{
    struct host_fault f = {.vector = w[0], .error = w[1]};
    long result;

    if (tag >> TAG_LABEL_SHIFT == LABEL_PAGE_FAULT)
        f = (struct host_fault){.vector = 14, .error = w[4], .address = w[0], .mapped = w[3]};
    c->thread->own_regs = true;
    result = server_fault(c, &f);
    if (result != HOST_REGS)
        return HOST_DEFER;
    if (c->thread)
        c->thread->own_regs = false;
    return 0; /* the reply continues it */
}

/* The loop's way out for everything that is no plain call. Answers the result for the client of this
 * badge, or HOST_*. */
long place_other(uint64_t badge, uint64_t tag, const uint64_t *w);
long place_other(uint64_t badge, uint64_t tag, const uint64_t *w)
{
    struct host_call *c = (struct host_call *)(badge & ~(uint64_t)BADGE_KIND_MASK);

    switch (badge & BADGE_KIND_MASK) {
    case BADGE_TRAPPED:
        c->nr = tag >> TAG_LABEL_SHIFT;
        memcpy(c->arg, w, sizeof(c->arg));
        patch_site(c);
        return server_syscall(c);
    case BADGE_FAULT:
        return fault(c, tag, w);
    case BADGE_TIMER:
        server_timer();
        return HOST_DEFER;
    case BADGE_CONSOLE:
        console_input();
        return HOST_DEFER;
    default:
        host_panic("message with an unknown badge");
    }
}

/* The call of `c` ended with a HOST_ result: the loop waits for the next message without a reply. */
void place_special(struct host_call *c, long result);
void place_special(struct host_call *c, long result)
{
    if (!c->thread)
        return; /* it ended its own thread */
    if (result == HOST_REGS)
        host_resume(c);
    else if (result == HOST_PENDING_CALL)
        host_panic(NO_PAGERS);
}

void place_receive_failed(void);
void place_receive_failed(void)
{
    host_panic("receive failed");
}

void place_loop(void) __attribute__((noreturn));

static void bind_console(void)
{
    console_cap = slot_alloc();
    must(l4_do(CAP_SYSTEM, SYSTEM_INTERRUPT, console_cap, 4, CAP_THREAD, BADGE_CONSOLE),
         "console interrupt");
}

static void find_initramfs(struct host_boot *boot)
{
    uint64_t w[6] = {0, MODULE_BASE};

    must(l4_invoke(CAP_SYSTEM, SYSTEM_MODULE, w), "boot archive");
    if (!archive_find((void *)MODULE_BASE, w[0], "initramfs", &boot->initramfs,
                      &boot->initramfs_size))
        host_panic("the boot archive holds no initramfs");
}

void place_start(void);
void place_start(void)
{
    static char cmdline[1024];
    struct host_boot boot = {.cmdline = cmdline};

    place_init_clients();
    place_init_timer();
    bind_console();
    place_init_stub();
    place_init_utcbs();
    find_initramfs(&boot);
    must(l4_do(CAP_SYSTEM, SYSTEM_CMDLINE, (uint64_t)cmdline, sizeof(cmdline), 0, 0),
         "command line");
    server_init(&boot);
    place_loop();
}
