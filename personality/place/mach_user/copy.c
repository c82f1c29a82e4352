/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of client memory, by vm_read and vm_write on the client's task.
 *
 * vm_read answers out-of-line memory, which is copied and given back. What vm_write sends lies in a
 * wired buffer of its own: the kernel copies that at once, and the server's other memory is neither
 * frozen nor are its map entries cut. */
#include "l4k/lib/string.h"
#include "personality/place/mach_user/mach_user.h"

int32_t memory_read(mach_port_name_t task, uint64_t address, uint64_t size, const char **data)
{
    int32_t kr;

    rpc_begin(task, RPC_VM_READ);
    rpc_long(address);
    rpc_long(size);
    kr = rpc_call("d");
    if (kr != KERN_SUCCESS)
        return kr;
    if (rpc_memory_bytes(0) != size)
        host_panic("vm_read answered another size");
    *data = (const char *)rpc_value(0);
    return KERN_SUCCESS;
}

void memory_drop(const char *data, uint64_t size)
{
    must((int32_t)trap_vm_deallocate(own_task, (uint64_t)data, size), "vm_deallocate");
}

int32_t memory_write(mach_port_name_t task, uint64_t address, const void *data, uint64_t size)
{
    const char *from = data;
    int32_t kr = KERN_SUCCESS;

    while (size && kr == KERN_SUCCESS) {
        uint32_t n = size < BOUNCE_SIZE ? (uint32_t)size : BOUNCE_SIZE;

        memcpy(bounce, from, n);
        rpc_begin(task, RPC_VM_WRITE);
        rpc_long(address);
        rpc_memory(bounce, n);
        kr = rpc_call("");
        from += n;
        address += n;
        size -= n;
    }
    return kr;
}

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n)
{
    char *to = dst;

    while (n) {
        size_t piece = n < BOUNCE_SIZE ? n : BOUNCE_SIZE;
        const char *data;
        int32_t kr = memory_read(s->task, src, piece, &data);

        if (kr != KERN_SUCCESS)
            return copy_of_kern(kr);
        memcpy(to, data, piece);
        memory_drop(data, piece);
        to += piece;
        src += piece;
        n -= piece;
    }
    return HOST_DONE;
}

enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n)
{
    return copy_of_kern(memory_write(s->task, dst, src, n));
}

/* Page by page: what follows the NUL need not be there. */
enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max,
                                size_t *len)
{
    for (size_t done = 0; done < max;) {
        size_t piece = PAGE_SIZE - (src + done) % PAGE_SIZE, n;
        const char *data;
        int32_t kr;

        if (piece > max - done)
            piece = max - done;
        kr = memory_read(s->task, src + done, piece, &data);
        if (kr != KERN_SUCCESS)
            return copy_of_kern(kr);
        n = strnlen(data, piece);
        memcpy(dst + done, data, n < piece ? n + 1 : n);
        memory_drop(data, piece);
        *len = done + n;
        if (n < piece)
            return HOST_DONE;
        done += piece;
    }
    *len = max;
    return HOST_DONE;
}

/* A read and a write: no client runs in between, for all have a lower priority than the server,
 * which does not block there, and there is one CPU. Write access is needed either way. */
enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen)
{
    enum host_copy copied = host_copy_in(s, seen, addr, sizeof(*seen));

    if (copied != HOST_DONE)
        return copied;
    return host_copy_out(s, addr, *seen == old ? &new : seen, sizeof(new));
}
