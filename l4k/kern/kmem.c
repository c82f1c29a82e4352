/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel memory: slabs of one page per size class, whole frames for what is larger.
 *
 * A slab's header stands at the start of its page, so an object's page leads to its slab. The
 * slabs of a class that have a free object are on its list. An empty slab goes back to the frames,
 * but for one per class: a single object allocated and freed in turn moves no frame. */
#include "l4k/kern/kmem.h"

#include <stdbool.h>
#include <stdint.h>

#include "l4k/kern/frame.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/list.h"
#include "l4k/lib/string.h"

#define HEADER_SIZE 48 /* of a slab, rounded so that objects stay aligned */
#define SLAB_MAGIC 0x62616c53u

struct slab {
    struct list link; /* in its class, if an object is free */
    void *free;       /* freed objects, each holding the next */
    uint32_t magic;
    uint16_t class, used;
    uint16_t fresh; /* offset of the first object never handed out */
};

_Static_assert(sizeof(struct slab) <= HEADER_SIZE && HEADER_SIZE % 16 == 0, "alignment");

/* Object sizes: multiples of 16, chosen to fill a page behind its header. Objects of 2017..2048
 * bytes take a frame, as two of them and a header don't fit in one. */
static const uint16_t class_size[] = {16,  32,  48,  64,  80,  96,  128, 160,  192,
                                      256, 304, 368, 448, 576, 800, 1008, 1344, 2016};

#define CLASSES (sizeof(class_size) / sizeof(class_size[0]))

static struct list partial[CLASSES]; /* all zero until first used */
static struct slab *spare[CLASSES];  /* the one empty slab that is kept; it is on the list */
static size_t in_use;

/* The class of an object, by its size in units of 16 bytes, rounded up. */
static const uint8_t class_of_units[] = {
    [0 ... 1] = 0,    [2] = 1,          [3] = 2,          [4] = 3,          [5] = 4,
    [6] = 5,          [7 ... 8] = 6,    [9 ... 10] = 7,   [11 ... 12] = 8,  [13 ... 16] = 9,
    [17 ... 19] = 10, [20 ... 23] = 11, [24 ... 28] = 12, [29 ... 36] = 13, [37 ... 50] = 14,
    [51 ... 63] = 15, [64 ... 84] = 16, [85 ... 126] = 17,
};
_Static_assert(sizeof(class_of_units) == 2016 / 16 + 1, "up to the largest class");

static inline unsigned class_of(size_t size)
{
    size_t units = (size + 15) / 16;

    return units < sizeof(class_of_units) ? class_of_units[units] : CLASSES;
}

static struct slab *slab_create(unsigned class)
{
    paddr_t frame = frame_alloc();
    struct slab *s;

    if (frame == 0)
        return NULL;
    s = phys_to_virt(frame);
    *s = (struct slab){.magic = SLAB_MAGIC, .class = (uint16_t)class, .fresh = HEADER_SIZE};
    list_add(&partial[class], &s->link);
    return s;
}

static bool slab_full(const struct slab *s)
{
    return s->free == NULL && s->fresh + class_size[s->class] > PAGE_SIZE;
}

static void *slab_take(struct slab *s)
{
    void *p = s->free;

    if (p != NULL) {
        s->free = *(void **)p;
    } else {
        p = (char *)s + s->fresh;
        s->fresh += class_size[s->class];
    }
    s->used++;
    if (slab_full(s))
        list_remove(&s->link);
    return p;
}

static void *slab_alloc(unsigned class)
{
    struct list *slabs = &partial[class];
    struct slab *s;

    if (slabs->next == NULL)
        list_init(slabs);
    s = list_empty(slabs) ? slab_create(class) : container_of(slabs->next, struct slab, link);
    if (s == NULL)
        return NULL;
    if (s == spare[class])
        spare[class] = NULL;
    return slab_take(s);
}

static void slab_free(void *p, unsigned class)
{
    struct slab *s = (struct slab *)((uintptr_t)p & -(uintptr_t)PAGE_SIZE);

    assert(s->magic == SLAB_MAGIC && s->class == class && s->used > 0);
    assert(((char *)p - (char *)s - HEADER_SIZE) % class_size[class] == 0);
    if (slab_full(s))
        list_add(&partial[class], &s->link);
    *(void **)p = s->free;
    s->free = p;
    if (--s->used > 0)
        return;
    if (spare[class] == NULL) {
        spare[class] = s;
        return;
    }
    list_remove(&s->link);
    s->magic = 0;
    frame_free(virt_to_phys(s));
}

static bool charge(struct quota *payer, size_t size)
{
    if (payer == NULL)
        return true;
    assert(payer->used <= payer->limit);
    if (payer->limit - payer->used < size)
        return false;
    payer->used += size;
    return true;
}

static void refund(struct quota *payer, size_t size)
{
    if (payer == NULL)
        return;
    assert(payer->used >= size);
    payer->used -= size;
}

/* What an object of `size` bytes takes, and is charged. */
static size_t real_size(unsigned class)
{
    return class < CLASSES ? class_size[class] : PAGE_SIZE;
}

void *kmem_alloc(size_t size, struct quota *payer)
{
    unsigned class = class_of(size);
    paddr_t frame;
    void *p;

    assert(size > 0 && size <= PAGE_SIZE);
    if (!charge(payer, real_size(class)))
        return NULL;
    if (class < CLASSES) {
        p = slab_alloc(class);
    } else {
        frame = frame_alloc();
        p = frame != 0 ? phys_to_virt(frame) : NULL;
    }
    if (p == NULL) {
        refund(payer, real_size(class));
        return NULL;
    }
    in_use += real_size(class);
    return memset(p, 0, size);
}

void kmem_free(void *p, size_t size, struct quota *payer)
{
    unsigned class = class_of(size);

    if (p == NULL)
        return;
    assert(size > 0 && size <= PAGE_SIZE && in_use >= real_size(class));
    if (class < CLASSES)
        slab_free(p, class);
    else
        frame_free(virt_to_phys(p));
    in_use -= real_size(class);
    refund(payer, real_size(class));
}

size_t kmem_in_use(void)
{
    return in_use;
}
