/* SPDX-License-Identifier: BSD-2-Clause */
/* Capability tables and the tree of copies. */
#include "l4k/ipc/cap.h"

#include "l4k/ipc/l4_thread.h"
#include "l4k/kern/kvm.h"
#include "l4k/lib/assert.h"

#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(void *))

struct cap_node {
    struct cap_space *space;
    uint32_t slot;
    /* The ring of a node's children has its `children` as head. What was copied from an original
     * that is gone is an original: its ring has no head. */
    struct list sibling, children;
};

/* Shows the table's size to the fast path of every thread of the task. */
static void publish(struct cap_space *cs)
{
    struct list *l;

    list_for_each(l, cs->threads) {
        struct thread *t = container_of(l, struct thread, task_link);

        l4(t)->caps.slot = cs->slot;
        l4(t)->caps.count = cs->count;
    }
}

/* One page more of both arrays. */
static enum status grow_page(struct cap_space *cs)
{
    size_t offset = cs->count * sizeof(void *);

    if (kvm_back(cs->node, offset, cs->payer) != OK)
        return ERR_NO_MEMORY;
    if (kvm_back(cs->slot, offset, cs->payer) != OK) {
        kvm_unback(cs->node, offset, cs->payer);
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < SLOTS_PER_PAGE; i++)
        cs->slot[cs->count + i] = &null_object;
    cs->count += SLOTS_PER_PAGE;
    return OK;
}

static enum status grow(struct cap_space *cs, uint32_t slot)
{
    enum status s = OK;

    while (slot >= cs->count && s == OK)
        s = grow_page(cs);
    publish(cs);
    return s;
}

enum status cap_space_init(struct cap_space *cs, struct quota *payer, struct list *threads)
{
    cs->payer = payer;
    cs->threads = threads;
    cs->count = 0;
    cs->slot = kvm_reserve();
    if (!cs->slot)
        return ERR_NO_MEMORY;
    cs->node = kvm_reserve();
    if (!cs->node) {
        kvm_release(cs->slot, 0, payer);
        return ERR_NO_MEMORY;
    }
    if (grow(cs, 0) != OK) {
        kvm_release(cs->slot, 0, payer);
        kvm_release(cs->node, 0, payer);
        return ERR_NO_MEMORY;
    }
    return OK;
}

void cap_space_fini(struct cap_space *cs)
{
    uint32_t count = cs->count;

    for (uint32_t i = 0; i < count; i++)
        cap_delete(cs, i);
    cs->count = 0;
    publish(cs);
    kvm_release(cs->slot, count * sizeof(void *), cs->payer);
    kvm_release(cs->node, count * sizeof(void *), cs->payer);
}

enum status cap_insert(struct cap_space *cs, uint32_t slot, struct object *o)
{
    struct cap_node *node;

    if (slot >= CAP_MAX)
        return ERR_INVALID;
    if (slot >= cs->count) {
        enum status s = grow(cs, slot);

        if (s != OK)
            return s;
    }
    if (cs->slot[slot] != &null_object)
        return ERR_EXISTS;
    node = kmem_alloc(sizeof(*node), cs->payer);
    if (!node)
        return ERR_NO_MEMORY;
    node->space = cs;
    node->slot = slot;
    list_init(&node->sibling);
    list_init(&node->children);
    cs->node[slot] = node;
    cs->slot[slot] = object_reference(o);
    return OK;
}

enum status cap_copy(struct cap_space *src, uint32_t from, struct cap_space *dst, uint32_t to)
{
    struct object *o = cap_object(src, from);
    enum status s;

    if (o == &null_object)
        return ERR_NO_CAP;
    s = cap_insert(dst, to, o);
    if (s != OK)
        return s;
    list_add_tail(&src->node[from]->children, &dst->node[to]->sibling);
    return OK;
}

void cap_delete(struct cap_space *cs, uint32_t slot)
{
    struct object *o = cap_object(cs, slot);
    struct cap_node *node;

    if (o == &null_object)
        return;
    node = cs->node[slot];
    list_splice(&node->sibling, &node->children);
    list_remove(&node->sibling);
    kmem_free(node, sizeof(*node), cs->payer);
    cs->node[slot] = NULL;
    cs->slot[slot] = &null_object;
    object_release(o);
}

void cap_revoke(struct cap_space *cs, uint32_t slot)
{
    struct cap_node *node;

    if (cap_object(cs, slot) == &null_object)
        return;
    node = cs->node[slot];
    /* Deleting a child hands its own children up to this node, so this ends with the subtree. */
    while (!list_empty(&node->children)) {
        struct cap_node *child = container_of(node->children.next, struct cap_node, sibling);

        cap_delete(child->space, child->slot);
    }
}

enum status cap_lookup(const struct cap_space *cs, uint32_t slot, enum object_kind kind,
                       struct object **out)
{
    struct object *o = cap_object(cs, slot);

    if (o->kind != (uint32_t)kind)
        return ERR_NO_CAP;
    *out = o;
    return OK;
}
