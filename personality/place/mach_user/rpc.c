/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the kernel: what MIG's user stubs do, argument by argument. */
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

/* The longest reply is the kernel's command line. */
#define WORDS_MAX 640

static struct {
    struct mach_msg_header header;
    uint64_t word[WORDS_MAX];
} message;
static uint32_t used; /* words of the request; then of the reply */

static mach_port_name_t reply_port;

/* What MIG's user stubs answer for a reply that is none, or not as declared. */
#define MIG_TYPE_ERROR (-300)
#define MIG_REPLY_MISMATCH (-301)

/* Result and its descriptor. */
#define RESULT_WORDS 2

void rpc_begin(mach_port_name_t to, int32_t id)
{
    if (!reply_port)
        reply_port = mach_reply_port();
    message.header = (struct mach_msg_header){
        .bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
        .remote = to,
        .local = reply_port,
        .id = id,
    };
    used = 0;
}

static void put(uint64_t type, uint64_t value)
{
    assert(used + 2 <= WORDS_MAX);
    message.word[used] = type;
    message.word[used + 1] = value;
    used += 2;
}

void rpc_int(uint32_t value)
{
    put(MACH_TYPE_INT32, value);
}

void rpc_long(uint64_t value)
{
    put(MACH_TYPE_INT64, value);
}

void rpc_bool(bool value)
{
    put(MACH_TYPE_BOOL, value);
}

void rpc_name(mach_port_name_t name)
{
    put(MACH_TYPE_NAME, name);
}

void rpc_right(mach_port_name_t name, uint32_t disposition)
{
    put(MACH_TYPE_PORT(disposition), name);
    message.header.bits |= MACH_MSGH_BITS_COMPLEX;
}

void rpc_memory(const void *data, uint32_t bytes)
{
    put(MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, bytes), (uint64_t)data);
    message.header.bits |= MACH_MSGH_BITS_COMPLEX;
}

void rpc_array(uint32_t name, uint32_t bits, const void *data, uint32_t number)
{
    uint32_t bytes = bits / 8 * number, words = (uint32_t)(MACH_MSG_ALIGN(bytes) / 8);

    assert(used + 1 + words <= WORDS_MAX);
    message.word[used] = MACH_TYPE_WORD(name, bits, 1, number);
    message.word[used + words] = 0; /* what pads it */
    memcpy(&message.word[used + 1], data, bytes);
    used += 1 + words;
}

/* The descriptor that a letter of rpc_call() stands for; of out-of-line bytes the number is free,
 * and so is whether the sender lost them. */
static bool type_ok(char letter, uint64_t word)
{
    switch (letter) {
    case 'i':
        return word == MACH_TYPE_INT32;
    case 'b':
        return word == MACH_TYPE_BOOL;
    case 'l':
        return word == MACH_TYPE_INT64;
    case 'n':
        return word == MACH_TYPE_NAME;
    case 's':
        return word == MACH_TYPE_PORT(MACH_MSG_TYPE_PORT_SEND);
    case 'd':
        return (word & 0x7fffffff) ==
               (MACH_TYPE_WORD(MACH_MSG_TYPE_BYTE, 8, 0, 0) | MACH_TYPE_LONG);
    default:
        return false;
    }
}

static uint64_t array_bytes(const struct mach_msg_type *type)
{
    return ((uint64_t)type->number * type->size + 7) / 8;
}

/* An inline array that ends the message, from word `at` on. */
static bool array_ok(char letter, uint32_t at)
{
    const struct mach_msg_type *type = (const struct mach_msg_type *)&message.word[at];
    bool name_ok = letter == 'I' ? type->name == MACH_MSG_TYPE_INTEGER_32 && type->size == 32
                   : letter == 'L' ? type->name == MACH_MSG_TYPE_INTEGER_64 && type->size == 64
                                   : type->name == MACH_MSG_TYPE_CHAR ||
                                         type->name == MACH_MSG_TYPE_STRING;

    return at < used && name_ok && type->is_inline &&
           MACH_MSG_ALIGN(array_bytes(type)) == (uint64_t)(used - at - 1) * 8;
}

static bool values_ok(const char *out)
{
    bool complex = false;
    uint32_t at = RESULT_WORDS;

    for (; *out >= 'a'; out++, at += 2) {
        if (at + 2 > used || !type_ok(*out, message.word[at]))
            return false;
        complex |= *out == 's' || *out == 'd';
    }
    return complex == !!(message.header.bits & MACH_MSGH_BITS_COMPLEX) &&
           (*out ? array_ok(*out, at) : at == used);
}

int32_t rpc_call(const char *out)
{
    int32_t id = message.header.id, result;
    enum kern_return kr = mach_msg(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
                                   (uint32_t)sizeof(message.header) + used * 8, sizeof(message),
                                   reply_port, 0, MACH_PORT_NULL);

    if (kr != MACH_MSG_SUCCESS)
        return (int32_t)kr;
    used = (message.header.size - (uint32_t)sizeof(message.header)) / 8;
    if (message.header.id != id + RPC_REPLY)
        return MIG_REPLY_MISMATCH;
    if (used < RESULT_WORDS || message.word[0] != MACH_TYPE_INT32)
        return MIG_TYPE_ERROR;
    result = (int32_t)message.word[1];
    if (result != KERN_SUCCESS)
        return result;
    return values_ok(out) ? KERN_SUCCESS : MIG_TYPE_ERROR;
}

uint64_t rpc_value(unsigned i)
{
    return message.word[RESULT_WORDS + 2 * i + 1];
}

uint32_t rpc_memory_bytes(unsigned i)
{
    return (uint32_t)(message.word[RESULT_WORDS + 2 * i] >> 32);
}

const void *rpc_reply_array(unsigned values, uint32_t *bytes)
{
    const uint64_t *at = &message.word[RESULT_WORDS + 2 * values];

    *bytes = (uint32_t)array_bytes((const struct mach_msg_type *)at);
    return at + 1;
}

void must(int32_t kr, const char *what)
{
    if (kr != KERN_SUCCESS)
        host_panic(what);
}

int errno_of_kern(int32_t kr)
{
    switch (kr) {
    case KERN_SUCCESS:
        return 0;
    case KERN_INVALID_ADDRESS: /* mprotect over a hole */
    case KERN_NO_SPACE:
    case KERN_RESOURCE_SHORTAGE:
    case MACH_SEND_NO_BUFFER: /* and the kernel had no memory for the message or its parts */
    case MACH_SEND_INVALID_MEMORY:
        return -ERRNO_ENOMEM;
    case KERN_PROTECTION_FAILURE:
        return -ERRNO_EACCES;
    default:
        return (kr & ~0x3c00) == MACH_RCV_BODY_ERROR ? -ERRNO_ENOMEM : -ERRNO_EINVAL;
    }
}

enum host_copy copy_of_kern(int32_t kr)
{
    return kr == KERN_SUCCESS ? HOST_DONE : HOST_EFAULT;
}
