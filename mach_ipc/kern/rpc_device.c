/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to devices: the console, which is the first serial port. The master device port
 * stands for it. A read without input is answered when there is some; one such read waits at a
 * time. */
#include "l4k/lib/string.h"
#include "l4k/x86_64/pic.h"
#include "l4k/x86_64/serial.h"
#include "mach_ipc/kern/console.h"
#include "mach_ipc/kern/rpc.h"
#include "mach_ipc/message.h"

#define D_WOULD_BLOCK 2501
#define D_NO_SUCH_DEVICE 2502

#define D_NOWAIT 8u /* a mode: do not wait for input */

#define INBAND_MAX 128

static struct port *reader; /* send-once right that waits for input; or NULL */
static uint32_t reader_room;
static struct quota *reader_quota;

static int32_t open(struct rpc *r)
{
    static const char console[] = "console";

    if (r->tail_bytes < sizeof(console) || memcmp(r->tail + 1, console, sizeof(console)))
        return D_NO_SUCH_DEVICE;
    rpc_out_port(r, port_make_send(device_port), MACH_MSG_TYPE_PORT_SEND);
    return KERN_SUCCESS;
}

static int32_t close(struct rpc *r)
{
    (void)r;
    return KERN_SUCCESS;
}

static int32_t write_inband(struct rpc *r)
{
    const char *bytes = (const char *)(r->tail + 1);

    if (r->tail_bytes > INBAND_MAX) /* the line is slow, and interrupts are off */
        return KERN_INVALID_ARGUMENT;
    for (uint32_t i = 0; i < r->tail_bytes; i++)
        uart_putc(bytes[i]); /* as they are: a terminal's output is its owner's business */
    rpc_out32(r, r->tail_bytes);
    return KERN_SUCCESS;
}

/* What has come in, at most `room` bytes. */
static uint32_t take_input(char *to, uint32_t room)
{
    uint32_t n = 0;
    int c;

    while (n < room && (c = uart_getc()) >= 0)
        to[n++] = (char)c;
    return n;
}

/* mode, record, bytes wanted. */
static int32_t read_inband(struct rpc *r)
{
    char bytes[INBAND_MAX];
    uint32_t room = rpc_u32(r, 2) < INBAND_MAX ? rpc_u32(r, 2) : INBAND_MAX;
    uint32_t n = take_input(bytes, room);

    if (n) {
        memcpy(rpc_out_inline(r, MACH_MSG_TYPE_CHAR, 8, n), bytes, n);
        return KERN_SUCCESS;
    }
    if (reader && !reader->active) {
        port_release_send_once(reader);
        reader = NULL;
    }
    if (rpc_u32(r, 0) & D_NOWAIT || reader || !port_valid(kmsg_local(r->request)) ||
        MACH_MSGH_BITS_LOCAL(r->request->header.bits) != MACH_MSG_TYPE_PORT_SEND_ONCE)
        return D_WOULD_BLOCK;
    reader = kmsg_local(r->request);
    reader_room = room;
    reader_quota = device_port->payer;
    r->request->header.local = 0;
    serial_enable_input();
    pic_unmask(SERIAL_IRQ);
    return MIG_NO_REPLY;
}

/* The answer of a read that waited. */
static void answer(struct port *to, const char *bytes, uint32_t n)
{
    uint32_t size = (uint32_t)(sizeof(struct mach_result) + 8 + MACH_MSG_ALIGN(n));
    struct kmsg *m = kmsg_alloc(size, reader_quota);
    struct mach_result *result;
    uint64_t *array;

    if (!m)
        return port_release_send_once(to);
    kmsg_set_header(m, to, MACH_MSG_TYPE_PORT_SEND_ONCE, NULL, 0,
                    RPC_DEVICE_READ_INBAND + RPC_REPLY);
    result = (struct mach_result *)&m->header;
    *(uint64_t *)&result->result.type = MACH_TYPE_INT32;
    result->result.value = KERN_SUCCESS;
    array = (uint64_t *)(result + 1);
    memset(array, 0, size - sizeof(*result));
    *array = MACH_TYPE_WORD(MACH_MSG_TYPE_CHAR, 8, 1, n);
    memcpy(array + 1, bytes, n);
    message_send(m);
}

bool console_input(unsigned line)
{
    char bytes[INBAND_MAX];
    struct port *to = reader;
    uint32_t n;

    if (line != SERIAL_IRQ || !to)
        return false;
    n = take_input(bytes, reader_room);
    if (!n)
        return true;
    reader = NULL;
    answer(to, bytes, n);
    return true;
}

const struct routine device_routines[] = {
    {RPC_DEVICE_OPEN, KOBJECT_DEVICE, false, "iC", open},
    {RPC_DEVICE_CLOSE, KOBJECT_DEVICE, false, "", close},
    {RPC_DEVICE_WRITE_INBAND, KOBJECT_DEVICE, false, "iiC", write_inband},
    {RPC_DEVICE_READ_INBAND, KOBJECT_DEVICE, false, "iii", read_inband},
    {0},
};
