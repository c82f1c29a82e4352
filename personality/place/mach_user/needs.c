/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own needs: memory, clocks, entropy, console, the end. */
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

char *bounce;
mach_port_name_t console_port;
uint64_t timer_deadline;

static mach_port_name_t console;

/* What host_memory() may still take: an eighth of what is free at start, of the three sixteenths
 * that the server's account has beside the clients' (space_init()). The rest pays for what the
 * kernel keeps for the server: messages, ports, names. Requests that must not fail can't then. */
static uint64_t memory_left;

/* Most bytes of a device's request that carries them inline (io_buf_ptr_inband_t). */
#define INBAND_MAX 128

static uint64_t round_page(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

static int32_t wire(uint64_t at, uint64_t size)
{
    rpc_begin(host_priv, RPC_VM_WIRE);
    rpc_right(own_task, MACH_MSG_TYPE_COPY_SEND);
    rpc_long(at);
    rpc_long(size);
    rpc_int(HOST_READ | HOST_WRITE);
    return rpc_call("");
}

void *host_memory(size_t bytes)
{
    uint64_t at = 0, size = round_page(bytes);

    if (size > memory_left || trap_vm_allocate(own_task, &at, size, true) != KERN_SUCCESS)
        return NULL;
    if (wire(at, size) == KERN_SUCCESS) {
        memory_left -= size;
        return (void *)at;
    }
    must((int32_t)trap_vm_deallocate(own_task, at, size), "vm_deallocate");
    return NULL;
}

/* The program's own segments are wired already. */
static void wire_stack(void)
{
    struct host_space own = {own_task};
    struct host_region stack;

    if (host_region(&own, (uint64_t)&own, &stack))
        host_panic("no stack");
    must(wire(stack.start, stack.end - stack.start), "stack");
}

uint64_t host_realtime(void)
{
    const uint64_t *time; /* seconds, nanoseconds */
    uint32_t bytes;

    rpc_begin(host_priv, RPC_HOST_GET_TIME64);
    must(rpc_call("L"), "time");
    time = rpc_reply_array(0, &bytes);
    if (bytes != 2 * sizeof(*time))
        host_panic("time of another size");
    return time[0] * UINT64_C(1000000000) + time[1];
}

/* The host's time, which nobody else could set. */
uint64_t host_clock(void)
{
    static uint64_t start;
    uint64_t now = host_realtime();

    if (!start)
        start = now;
    return now - start;
}

void host_timer_set(uint64_t deadline)
{
    timer_deadline = deadline;
}

static void open_console(mach_port_name_t master)
{
    static const char name[] = "console";

    rpc_begin(master, RPC_DEVICE_OPEN);
    rpc_int(0); /* mode */
    rpc_array(MACH_MSG_TYPE_CHAR, 8, name, sizeof(name));
    must(rpc_call("s"), "console");
    console = (mach_port_name_t)rpc_value(0);
}

/* The answer comes when there is input, to console_port. */
static void ask_console(void)
{
    struct {
        struct mach_msg_header header;
        struct mach_arg mode, record, bytes;
    } m = {
        .header = {
            .bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
            .remote = console,
            .local = console_port,
            .id = RPC_DEVICE_READ_INBAND,
        },
    };
    const uint64_t type = MACH_TYPE_INT32;

    memcpy(&m.mode.type, &type, sizeof(type));
    memcpy(&m.record.type, &type, sizeof(type));
    memcpy(&m.bytes.type, &type, sizeof(type));
    m.bytes.value = INBAND_MAX;
    if (mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL) !=
        MACH_MSG_SUCCESS)
        host_panic("console read");
}

/* Type-checked as rpc_call() does it: a result, and bytes if that is success. */
void console_message(const struct mach_msg_header *m)
{
    const struct mach_result *result = (const struct mach_result *)m;
    const struct mach_msg_type *type = (const struct mach_msg_type *)(result + 1);
    uint64_t word = 0, bytes;

    if (m->id == MACH_NOTIFY_SEND_ONCE) { /* the kernel had no memory for the answer */
        ask_console();
        return;
    }
    if (m->id == RPC_DEVICE_READ_INBAND + RPC_REPLY && m->size >= sizeof(*result) + sizeof(*type))
        memcpy(&word, &result->result.type, sizeof(word));
    if (word != MACH_TYPE_INT32 || (uint32_t)result->result.value != KERN_SUCCESS ||
        m->bits & MACH_MSGH_BITS_COMPLEX || type->name != MACH_MSG_TYPE_CHAR || type->size != 8 ||
        !type->is_inline)
        host_panic("the console's answer is malformed");
    bytes = type->number;
    if (bytes > m->size - sizeof(*result) - sizeof(*type))
        host_panic("the console's answer is short");
    server_console_input((const char *)(type + 1), bytes);
    ask_console();
}

void needs_init(mach_port_name_t device_master)
{
    struct host_memory_info memory;

    wire_stack();
    host_memory_info(&memory);
    memory_left = memory.free / 8;
    bounce = host_memory(BOUNCE_SIZE);
    if (!bounce)
        host_panic("no memory");
    open_console(device_master);
    console_port = port_in_set();
    ask_console();
}

void host_entropy(void *dst, size_t n)
{
    char *to = dst;

    while (n) {
        const void *bytes;
        uint32_t got;

        rpc_begin(host_priv, RPC_HOST_ENTROPY);
        must(rpc_call("L"), "entropy");
        bytes = rpc_reply_array(0, &got);
        if (got > n)
            got = (uint32_t)n;
        memcpy(to, bytes, got);
        to += got;
        n -= got;
    }
}

void host_console_write(const char *bytes, size_t n)
{
    while (n) {
        uint32_t piece = n < INBAND_MAX ? (uint32_t)n : INBAND_MAX;

        rpc_begin(console, RPC_DEVICE_WRITE_INBAND);
        rpc_int(0); /* mode */
        rpc_int(0); /* record */
        rpc_array(MACH_MSG_TYPE_CHAR, 8, bytes, piece);
        if (rpc_call("i") != KERN_SUCCESS)
            return;
        bytes += piece;
        n -= piece;
    }
}

void host_log(const char *line)
{
    mach_print(line);
    mach_print("\r\n");
}

void host_memory_info(struct host_memory_info *out)
{
    struct mach_host_basic_info info;
    struct mach_vm_statistics vm;
    const void *array;
    uint32_t bytes;

    rpc_begin(host_priv, RPC_HOST_INFO);
    rpc_int(HOST_BASIC_INFO);
    rpc_int(STATE_COUNT(info));
    must(rpc_call("I"), "host info");
    array = rpc_reply_array(0, &bytes);
    memcpy(&info, array, bytes < sizeof(info) ? bytes : sizeof(info));
    rpc_begin(own_task, RPC_VM_STATISTICS);
    must(rpc_call("I"), "memory statistics");
    array = rpc_reply_array(0, &bytes);
    memcpy(&vm, array, bytes < sizeof(vm) ? bytes : sizeof(vm));
    out->total = info.memory_size;
    out->free = (uint64_t)vm.free_count * vm.pagesize;
}

void host_reset(void)
{
    rpc_begin(host_priv, RPC_HOST_REBOOT);
    rpc_int(0); /* no options */
    (void)rpc_call("");
    __builtin_trap();
}

/* By traps alone: what is broken may be what requests need. */
void host_panic(const char *why)
{
    mach_print("@l4k-panic server: ");
    host_log(why);
    host_reset();
}

void assert_fail(const char *file, int line, const char *text)
{
    (void)line;
    mach_print(file);
    mach_print(": ");
    host_panic(text);
}
