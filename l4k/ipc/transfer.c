/* SPDX-License-Identifier: BSD-2-Clause */
/* The message: words from frame to frame and UTCB to UTCB, items through the capability tables and
 * address maps. */
#include "l4k/ipc/ipc.h"
#include "l4k/lib/string.h"
#include "l4k/vm/vm_map.h"

static void copy_registers(struct thread *from, struct thread *to)
{
    const struct frame *f = thread_frame(from);
    struct frame *t = thread_frame(to);

    t->rdi = f->rdi;
    t->rsi = f->rsi;
    t->rdx = f->rdx;
    t->r10 = f->r10;
    t->r8 = f->r8;
    t->r9 = f->r9;
}

static bool in_window(const struct utcb *u, const struct utcb_item *item)
{
    return item->size && item->offset <= u->window_size &&
           item->size <= u->window_size - item->offset;
}

/* `*caps` slots of the receiver's window are taken so far. The item is copied before it is checked:
 * its page may be shared with a device or a task that writes to it later. */
static enum status transfer_item(struct thread *from, struct thread *to, unsigned index,
                                 uint32_t *caps)
{
    struct utcb_item item = l4(from)->utcb->item[index];
    const struct utcb *u = l4(to)->utcb;

    switch (item.kind) {
    case ITEM_CAP:
        if (*caps >= u->window_caps)
            return ERR_TRUNCATED;
        return cap_copy(&l4_task(from->task)->caps, item.cap, &l4_task(to->task)->caps, u->window_cap + (*caps)++);
    case ITEM_MAP:
    case ITEM_GRANT:
        if (!in_window(u, &item))
            return ERR_TRUNCATED;
        return vm_map_share(from->task->map, item.address, to->task->map,
                            u->window_base + item.offset, item.size, item.rights & VM_PROT_ALL,
                            item.kind == ITEM_GRANT);
    default:
        return ERR_INVALID;
    }
}

/* Takes back the first `done` items, none of which is a grant. */
static void undo_items(struct thread *from, struct thread *to, unsigned done, uint32_t caps)
{
    const struct utcb *u = l4(to)->utcb;

    while (caps > 0)
        cap_delete(&l4_task(to->task)->caps, u->window_cap + --caps);
    for (unsigned i = 0; i < done; i++) {
        const struct utcb_item *item = &l4(from)->utcb->item[i];
        uint64_t at = u->window_base + item->offset;

        if (item->kind != ITEM_CAP && vm_map_remove(to->task->map, at, at + item->size) != OK)
            continue; /* no memory to split: the mapping stays, which harms only the receiver */
    }
}

/* A grant can't be taken back, so it must be the last item. */
static bool grants_ok(const struct utcb *u, unsigned count)
{
    for (unsigned i = 0; i + 1 < count; i++)
        if (u->item[i].kind == ITEM_GRANT)
            return false;
    return true;
}

static enum status transfer_items(struct thread *from, struct thread *to, unsigned count)
{
    uint32_t caps = 0;

    if (!grants_ok(l4(from)->utcb, count))
        return ERR_INVALID;
    for (unsigned i = 0; i < count; i++) {
        uint32_t before = caps;
        enum status s = transfer_item(from, to, i, &caps);

        if (s != OK) {
            undo_items(from, to, i, before);
            return s;
        }
    }
    l4(to)->utcb->received_items = count;
    return OK;
}

/* Apart, so that messages without items do not pay for it. */
static __attribute__((noinline)) enum status transfer_with_items(struct thread *from,
                                                                 struct thread *to, uint64_t tag)
{
    unsigned items = tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;
    enum status s;

    if (!l4(from)->utcb || items > UTCB_ITEMS ||
        (tag >> TAG_WORDS_SHIFT & TAG_WORDS_MASK) > UTCB_WORDS)
        return ERR_INVALID;
    if (!l4(to)->utcb)
        return ERR_TRUNCATED;
    s = transfer_items(from, to, items);
    if (s != OK)
        return s;
    return ipc_transfer(from, to, tag & ~(uint64_t)(TAG_ITEMS_MASK << TAG_ITEMS_SHIFT));
}

enum status ipc_transfer(struct thread *from, struct thread *to, uint64_t tag)
{
    unsigned words = tag >> TAG_WORDS_SHIFT & TAG_WORDS_MASK;
    const struct utcb *src = l4(from)->utcb;
    struct utcb *dst = l4(to)->utcb;

    if (tag & (TAG_ITEMS_MASK << TAG_ITEMS_SHIFT))
        return transfer_with_items(from, to, tag);
    if (words) {
        if (!src || words > UTCB_WORDS)
            return ERR_INVALID;
        if (!dst)
            return ERR_TRUNCATED;
    }
    copy_registers(from, to);
    if (words)
        memcpy(dst->word, src->word, words * sizeof(uint64_t));
    return OK;
}
