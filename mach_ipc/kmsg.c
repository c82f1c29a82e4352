/* SPDX-License-Identifier: BSD-2-Clause */
/* Message buffers: allocation, the walk over a body, destruction.
 *
 * Buffers of two sizes, which hold nearly all messages, are kept on free lists when they are freed;
 * longer ones lie in stretches of kernel addresses. */
#include "mach_ipc/kmsg.h"

#include "l4k/kern/kvm.h"
#include "l4k/lib/assert.h"
#include "l4k/vm/vm_ool.h"
#include "mach_ipc/notify.h"
#include "mach_ipc/right.h"

#define SMALL 512u
#define OVERHEAD ((uint32_t)offsetof(struct kmsg, header))

/* Free buffers of one size, by link.next. */
struct pool {
    struct kmsg *free;
    uint32_t size, count, most;
};

static struct pool small = {NULL, SMALL, 0, 64};
static struct pool page = {NULL, PAGE_SIZE, 0, 16};

uint32_t kmsgs_in_use;

/* Memory of more than a page: a stretch backed as far as needed. */
static void *stretch_alloc(uint32_t bytes, struct quota *payer)
{
    void *p = kvm_reserve();

    if (!p)
        return NULL;
    for (uint32_t at = 0; at < bytes; at += PAGE_SIZE)
        if (kvm_back(p, at, payer) != OK) {
            kvm_release(p, at, payer);
            return NULL;
        }
    return p;
}

static void *memory_alloc(uint32_t bytes, struct quota *payer)
{
    return bytes <= PAGE_SIZE ? kmem_alloc(bytes, payer) : stretch_alloc(bytes, payer);
}

static void memory_free(void *p, uint32_t bytes, struct quota *payer)
{
    if (bytes <= PAGE_SIZE)
        kmem_free(p, bytes, payer);
    else
        kvm_release(p, (bytes + PAGE_SIZE - 1) & -(uint32_t)PAGE_SIZE, payer);
}

/* One more for the list, or NULL. */
static struct kmsg *pool_grow(struct pool *pool)
{
    struct kmsg *m = kmem_alloc(pool->size, NULL);

    if (m) {
        m->buffer = pool->size;
        m->capacity = pool->size - OVERHEAD;
        pool->free = m;
        pool->count = 1;
    }
    return m;
}

/* A buffer of the pool's size; what is on the list is the kernel's own, in use it is the payer's.
 * */
static inline struct kmsg *pool_alloc(struct pool *pool, struct quota *payer)
{
    struct kmsg *m = pool->free;

    if (!m)
        return NULL;
    if (payer) {
        if (payer->limit - payer->used < pool->size)
            return NULL;
        payer->used += pool->size;
    }
    pool->free = (struct kmsg *)m->link.next;
    pool->count--;
    return m;
}

static inline void pool_free(struct pool *pool, struct kmsg *m)
{
    if (m->payer)
        m->payer->used -= pool->size;
    if (pool->count == pool->most)
        return kmem_free(m, pool->size, NULL);
    pool->count++;
    m->link.next = (struct list *)pool->free;
    pool->free = m;
}

static struct kmsg *long_alloc(uint32_t size, struct quota *payer)
{
    struct kmsg *m;

    if (size > KMSG_MAX)
        return NULL;
    m = stretch_alloc(OVERHEAD + size, payer);
    if (m) {
        m->buffer = OVERHEAD + size;
        m->capacity = size;
    }
    return m;
}

static inline struct kmsg *begin(struct kmsg *m, uint32_t size, struct quota *payer)
{
    kmsgs_in_use++;
    m->payer = payer;
    m->accepted = NULL;
    m->header.size = size;
    return m;
}

/* No small buffer is at hand, or a small one does not do. */
static __attribute__((noinline)) struct kmsg *alloc_slowly(uint32_t size, struct quota *payer)
{
    struct pool *pool = size <= SMALL - OVERHEAD ? &small : &page;
    struct kmsg *m;

    if (size > PAGE_SIZE - OVERHEAD)
        m = long_alloc(size, payer);
    else
        m = pool->free || pool_grow(pool) ? pool_alloc(pool, payer) : NULL;
    return m ? begin(m, size, payer) : NULL;
}

struct kmsg *kmsg_alloc(uint32_t size, struct quota *payer)
{
    struct kmsg *m = size <= SMALL - OVERHEAD ? pool_alloc(&small, payer) : NULL;

    return m ? begin(m, size, payer) : alloc_slowly(size, payer);
}

static __attribute__((noinline)) void free_slowly(struct kmsg *m)
{
    if (m->buffer == SMALL)
        pool_free(&small, m);
    else if (m->buffer == PAGE_SIZE)
        pool_free(&page, m);
    else
        memory_free(m, m->buffer, m->payer);
}

void kmsg_free(struct kmsg *m)
{
    kmsgs_in_use--;
    if (m->buffer != SMALL || small.count == small.most || !m->payer)
        return free_slowly(m);
    m->payer->used -= SMALL;
    small.count++;
    m->link.next = (struct list *)small.free;
    small.free = m;
}

static void trim(struct pool *pool)
{
    while (pool->free) {
        struct kmsg *m = pool->free;

        pool->free = (struct kmsg *)m->link.next;
        kmem_free(m, pool->size, NULL);
    }
    pool->count = 0;
}

void kmsg_trim(void)
{
    trim(&small);
    trim(&page);
}

static uint32_t array_bytes(uint32_t number)
{
    return (uint32_t)sizeof(struct port_array) + number * (uint32_t)sizeof(struct port *);
}

struct port_array *port_array_alloc(uint32_t number, struct quota *payer)
{
    struct port_array *a;

    if (number > PORT_ARRAY_MAX)
        return NULL;
    a = memory_alloc(array_bytes(number), payer);
    if (a) {
        a->number = number;
        a->bytes = array_bytes(number);
        a->payer = payer;
    }
    return a;
}

void port_array_free(struct port_array *a)
{
    memory_free(a, a->bytes, a->payer);
}

/* --- destruction --- */

static void destroy_rights(struct port **port, uint32_t number, uint32_t type)
{
    for (uint32_t i = 0; i < number; i++)
        right_destroy(port[i], type);
}

static void clean_item(const struct kmsg_item *item)
{
    void *held = *(void **)item->data;

    if (item->type->is_inline) {
        if (item->is_port)
            destroy_rights((struct port **)item->data, item->type->number, item->type->name);
    } else if (item->is_port) {
        struct port_array *a = held;

        if (!a)
            return;
        destroy_rights(a->port, a->number, item->type->name);
        port_array_free(a);
    } else {
        vm_ool_free(held);
    }
}

void kmsg_clean_body(struct kmsg *m)
{
    uint32_t at = sizeof(m->header);
    struct kmsg_item item;

    if (!(m->header.bits & MACH_MSGH_BITS_COMPLEX))
        return;
    while (at < m->header.size && kmsg_next(m, &at, &item))
        clean_item(&item);
    m->header.bits &= ~MACH_MSGH_BITS_COMPLEX;
}

/* The message was taken, or is destroyed: its sender may send again. A name that does not mean the
 * port any more is not told. */
void kmsg_accept(struct kmsg *m)
{
    struct entry *e = space_lookup(m->accepted_space, m->accepted_name);
    bool named = e && e->port == kmsg_remote(m);

    if (named)
        e->bits &= ~ENTRY_ACCEPTED;
    space_release(m->accepted_space);
    notify_msg_accepted(m->accepted, named ? m->accepted_name : MACH_PORT_NULL);
    m->accepted = NULL;
}

static void destroy(struct kmsg *m)
{
    if (m->accepted)
        kmsg_accept(m);
    right_destroy(kmsg_remote(m), MACH_MSGH_BITS_REMOTE(m->header.bits));
    right_destroy(kmsg_local(m), MACH_MSGH_BITS_LOCAL(m->header.bits));
    kmsg_clean_body(m);
    kmsg_free(m);
}

/* Messages on their way out. Destroying one may kill ports, whose queues hold more: these wait here
 * for the first caller, so that the stack stays flat. */
static struct list doomed = {&doomed, &doomed};
static bool destroying;

void kmsg_destroy(struct kmsg *m)
{
    list_add_tail(&doomed, &m->link);
    if (destroying)
        return;
    destroying = true;
    while (!list_empty(&doomed)) {
        m = container_of(doomed.next, struct kmsg, link);
        list_remove(&m->link);
        destroy(m);
    }
    destroying = false;
}
