/* SPDX-License-Identifier: BSD-2-Clause */
/* Circular doubly linked lists, the links inside the members. */
#ifndef L4K_LIB_LIST_H
#define L4K_LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Puts `n` before `at`: at the end, when `at` is the head. */
static inline void list_add_tail(struct list *at, struct list *n)
{
    n->next = at;
    n->prev = at->prev;
    at->prev->next = n;
    at->prev = n;
}

static inline void list_add(struct list *at, struct list *n)
{
    list_add_tail(at->next, n);
}

/* Takes `n` out and leaves it an empty list, so that removing twice is harmless. */
static inline void list_remove(struct list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}

/* Puts the members of `from` before `at`; `from` is empty then. */
static inline void list_splice(struct list *at, struct list *from)
{
    if (list_empty(from))
        return;
    at->prev->next = from->next;
    from->next->prev = at->prev;
    from->prev->next = at;
    at->prev = from->prev;
    list_init(from);
}

/* All members; the current one may not be removed (list_for_each_safe allows it). */
#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, tmp, head)                                                     \
    for (pos = (head)->next, tmp = pos->next; pos != (head); pos = tmp, tmp = pos->next)

#endif
