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

/* Takes back the first `done` items. What was granted stays granted. */
static void undo_items(struct thread *from, struct thread *to, unsigned done, uint32_t caps)
{
    const struct utcb *u = l4(to)->utcb;

    while (caps > 0)
        cap_delete(&l4_task(to->task)->caps, u->window_cap + --caps);
    for (unsigned i = 0; i < done; i++) {
        const struct utcb_item *item = &l4(from)->utcb->item[i];
        uint64_t at = u->window_base + item->offset;

        if (item->kind == ITEM_MAP && vm_map_remove(to->task->map, at, at + item->size) != OK)
            continue; /* no memory to split: the mapping stays, which harms only the receiver */
    }
}

static enum status transfer_items(struct thread *from, struct thread *to, unsigned count)
{
    uint32_t caps = 0;

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

enum status ipc_transfer(struct thread *from, struct thread *to, uint64_t tag)
{
    unsigned words = tag >> TAG_WORDS_SHIFT & TAG_WORDS_MASK;
    unsigned items = tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;

    if (words | items) {
        if (!l4(from)->utcb || words > UTCB_WORDS || items > UTCB_ITEMS)
            return ERR_INVALID;
        if (!l4(to)->utcb)
            return ERR_TRUNCATED;
        if (items) {
            enum status s = transfer_items(from, to, items);

            if (s != OK)
                return s;
        }
        memcpy(l4(to)->utcb->word, l4(from)->utcb->word, words * sizeof(uint64_t));
    }
    copy_registers(from, to);
    return OK;
}
