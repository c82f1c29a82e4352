/* SPDX-License-Identifier: BSD-2-Clause */
/* A static program as one for GNU Mach is: started as a boot module with the words
 *     '${host-port}' '${device-port}' [WORD ...] '$(task-create)' '$(task-resume)'
 * it looks at what _start finds, writes by mach_print and to the console device, and restarts the
 * machine. With `stay` as first WORD it waits for ever instead, and another module goes on. */
#include <stdbool.h>

#include "l4k/abi/guest_log.h"
#include "l4k/abi/layout.h"
#include "l4k/abi/mach_rpc.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/format.h"
#include "l4k/lib/string.h"

#define STACK_SIZE 0x20000
#define DEVICE_NAME 128

uint32_t mach_msg(void *msg, uint32_t option, uint32_t send_size, uint32_t rcv_size,
                  mach_port_name_t rcv_name, uint32_t timeout, mach_port_name_t notify);
mach_port_name_t mach_reply_port(void);
mach_port_name_t mach_task_self(void);
void mach_print(const char *text);

void module_main(uint64_t *sp) __attribute__((noreturn));

/* A request, and its reply: what follows the header by words. */
static struct {
    struct mach_msg_header header;
    uint64_t words[64];
} msg;
static unsigned n_words;
static mach_port_name_t reply_port;
static unsigned tests, failures;

static void say(const char *fmt, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    mach_print(line);
}

static void report(bool passed, const char *name)
{
    failures += !passed;
    say("%sok %u %s\n", passed ? "" : "not ", ++tests, name);
}

static void put(uint64_t type, uint64_t value)
{
    msg.words[n_words++] = type;
    msg.words[n_words++] = value;
}

/* Sends what was put; the reply's result, its other values begin at words[3]. */
static uint32_t request(mach_port_name_t to, int32_t id)
{
    uint32_t size = (uint32_t)(sizeof(msg.header) + n_words * sizeof(msg.words[0])), kr;

    msg.header.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    msg.header.remote = to;
    msg.header.local = reply_port;
    msg.header.id = id;
    n_words = 0;
    kr = mach_msg(&msg, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof(msg), reply_port, 0, 0);
    return kr ? kr : (uint32_t)msg.words[1];
}

static void reboot(mach_port_name_t host)
{
    put(MACH_TYPE_INT32, 0);
    request(host, RPC_HOST_REBOOT);
}

void assert_fail(const char *file, int line, const char *text)
{
    say(LOG_ASSERT "%s:%d: %s\n", file, line, text);
    for (;;)
        ;
}

static mach_port_name_t number(const char *text)
{
    mach_port_name_t n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + (mach_port_name_t)(*text++ - '0');
    return n;
}

static void check_block(const uint64_t *sp)
{
    uint64_t argc = sp[0];
    char *const *argv = (char *const *)(sp + 1);

    report((uint64_t)sp % 16 == 0, "the stack pointer is on 16 bytes");
    report(argv[argc] == NULL && argv[argc + 1] == NULL, "argv and envp end");
    for (uint64_t i = 0; i < argc; i++)
        say("argv %lu <%s>\n", i, argv[i]);
}

static void check_stack(const uint64_t *sp)
{
    uint64_t start, size;

    put(MACH_TYPE_INT64, (uint64_t)sp);
    report(request(mach_task_self(), RPC_VM_REGION) == 0, "the stack is a region");
    start = msg.words[3];
    size = msg.words[5];
    report(size == STACK_SIZE && (uint64_t)sp > start + size - PAGE_SIZE,
           "it has 128 KiB, and its top is in use");
    for (uint64_t at = start; at < (uint64_t)&start - 2 * PAGE_SIZE; at += 8)
        *(volatile uint64_t *)at = at;
    report(*(volatile uint64_t *)start == start, "it can be written down to its bottom");
}

static void write_console(mach_port_name_t device)
{
    static const char text[] = "by the console device\n";
    mach_port_name_t console;

    put(MACH_TYPE_INT32, 0);
    put(MACH_TYPE_WORD(MACH_MSG_TYPE_STRING, 8 * DEVICE_NAME, 1, 1) | MACH_TYPE_LONG, 0);
    memcpy(&msg.words[n_words - 1], "console", sizeof("console"));
    memset(&msg.words[n_words], 0, DEVICE_NAME - 8);
    n_words += DEVICE_NAME / 8 - 1;
    report(request(device, RPC_DEVICE_OPEN) == 0, "the console opens");
    console = (mach_port_name_t)msg.words[3];
    put(MACH_TYPE_INT32, 0);
    put(MACH_TYPE_INT32, 0);
    msg.words[n_words++] = MACH_TYPE_WORD(MACH_MSG_TYPE_CHAR, 8, 1, sizeof(text) - 1);
    memcpy(&msg.words[n_words], text, sizeof(text) - 1);
    n_words += (unsigned)(MACH_MSG_ALIGN(sizeof(text) - 1) / 8);
    report(request(console, RPC_DEVICE_WRITE_INBAND) == 0 && msg.words[3] == sizeof(text) - 1,
           "it is written to");
}

void module_main(uint64_t *sp)
{
    char **argv = (char **)(sp + 1);

    reply_port = mach_reply_port();
    if (sp[0] > 3 && !strcmp(argv[3], "stay")) {
        say("%s stays\n", argv[0]);
        mach_msg(&msg, MACH_RCV_MSG, 0, sizeof(msg), reply_port, 0, 0);
    }
    say(LOG_BEGIN "module\nKTAP version 1\n");
    check_block(sp);
    check_stack(sp);
    write_console(number(argv[2]));
    say("1..%u\n" LOG_END "module status=%u\n", tests, failures != 0);
    reboot(number(argv[1]));
    say("not ok: the machine goes on\n");
    for (;;)
        ;
}
