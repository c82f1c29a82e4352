/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies between the kernel and user memory: see vm_copy.h. */
#include "l4k/vm/vm_copy.h"

#include "l4k/lib/string.h"
#include "l4k/vm/vm_fault.h"

#define READ VM_PROT_READ
#define WRITE VM_PROT_WRITE

static inline bool in_map(const struct vm_map *map, uint64_t addr, size_t length)
{
    return addr <= map->max && length <= map->max - addr;
}

static inline size_t left_in_page(uint64_t addr, size_t length)
{
    size_t n = PAGE_SIZE - (addr & VM_PAGE_MASK);

    return n < length ? n : length;
}

/* Where the byte at `addr` is in the physical map, valid until the map is next touched. */
static inline enum status reach(struct vm_map *map, uint64_t addr, unsigned access, bool force,
                                char **at)
{
    unsigned prot;
    paddr_t pa;

    if (!pmap_extract(map->pmap, addr, &pa, &prot) || access & ~prot) {
        enum status s = vm_fault_address(map, addr, access, force, &pa);

        if (s != OK)
            return s;
    } else if (access & WRITE) {
        vm_page_of_frame(pa)->modified = true;
    }
    *at = phys_to_virt(pa);
    return OK;
}

enum status vm_copy_in(struct vm_map *map, uint64_t from, void *to, size_t length)
{
    char *p = to, *at;

    if (!in_map(map, from, length))
        return ERR_ADDRESS;
    while (length) {
        size_t n = left_in_page(from, length);
        enum status s = reach(map, from, READ, false, &at);

        if (s != OK)
            return s;
        memcpy(p, at, n);
        p += n;
        from += n;
        length -= n;
    }
    return OK;
}

enum status vm_copy_out(struct vm_map *map, uint64_t to, const void *from, size_t length,
                        bool force)
{
    const char *p = from;
    char *at;

    if (!in_map(map, to, length))
        return ERR_ADDRESS;
    while (length) {
        size_t n = left_in_page(to, length);
        enum status s = reach(map, to, WRITE, force, &at);

        if (s != OK)
            return s;
        memcpy(at, p, n);
        p += n;
        to += n;
        length -= n;
    }
    return OK;
}

enum status vm_copy_between(struct vm_map *src_map, uint64_t src, struct vm_map *dst_map,
                            uint64_t dst, size_t length, size_t *done)
{
    enum status s = OK;
    char *from, *to;
    size_t copied = 0;

    if (!in_map(src_map, src, length) || !in_map(dst_map, dst, length))
        s = ERR_ADDRESS;
    while (s == OK && copied < length) {
        size_t n = left_in_page(dst + copied, left_in_page(src + copied, length - copied));

        /* The destination first: writing there may replace the page that the source shows,
         * never the other way round. */
        s = reach(dst_map, dst + copied, WRITE, false, &to);
        if (s == OK)
            s = reach(src_map, src + copied, READ, false, &from);
        if (s == OK) {
            memmove(to, from, n);
            copied += n;
        }
    }
    if (done)
        *done = copied;
    return s;
}

enum status vm_copy_string_in(struct vm_map *map, uint64_t from, char *to, size_t max,
                              size_t *length)
{
    size_t have = 0;
    char *at;

    while (have < max) {
        size_t n = left_in_page(from, max - have), used;
        enum status s = from < map->max ? reach(map, from, READ, false, &at) : ERR_ADDRESS;

        if (s != OK)
            return s;
        used = strnlen(at, n);
        memcpy(to + have, at, used);
        have += used;
        if (used < n) {
            to[have] = '\0';
            *length = have;
            return OK;
        }
        from += n;
    }
    return ERR_TRUNCATED;
}

enum status vm_zero(struct vm_map *map, uint64_t to, size_t length)
{
    char *at;

    if (!in_map(map, to, length))
        return ERR_ADDRESS;
    while (length) {
        size_t n = left_in_page(to, length);
        enum status s = reach(map, to, WRITE, false, &at);

        if (s != OK)
            return s;
        memset(at, 0, n);
        to += n;
        length -= n;
    }
    return OK;
}

enum status vm_compare_and_swap32(struct vm_map *map, uint64_t addr, uint32_t old, uint32_t new,
                                  uint32_t *seen)
{
    enum status s;
    char *at;

    if (addr % sizeof old)
        return ERR_INVALID;
    if (!in_map(map, addr, sizeof old))
        return ERR_ADDRESS;
    s = reach(map, addr, WRITE | READ, false, &at);
    if (s == OK) {
        *seen = old;
        __atomic_compare_exchange_n((uint32_t *)(void *)at, seen, new, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    }
    return s;
}
