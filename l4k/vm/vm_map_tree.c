/* SPDX-License-Identifier: BSD-2-Clause */
/* The search tree of an address map: an AVL tree of its entries by start address.
 *
 * Its height is below 1.45 log2(n), which also bounds the recursion. Starts of entries in the tree
 * never change. */
#include "l4k/vm/vm_internal.h"

static int height(const struct vm_map_entry *e)
{
    return e ? e->height : 0;
}

static void update(struct vm_map_entry *e)
{
    int l = height(e->left), r = height(e->right);

    e->height = (uint8_t)((l > r ? l : r) + 1);
}

static struct vm_map_entry *rotate_right(struct vm_map_entry *e)
{
    struct vm_map_entry *l = e->left;

    e->left = l->right;
    l->right = e;
    update(e);
    update(l);
    return l;
}

static struct vm_map_entry *rotate_left(struct vm_map_entry *e)
{
    struct vm_map_entry *r = e->right;

    e->right = r->left;
    r->left = e;
    update(e);
    update(r);
    return r;
}

static struct vm_map_entry *balance(struct vm_map_entry *e)
{
    int tilt = height(e->left) - height(e->right);

    if (tilt > 1) {
        if (height(e->left->left) < height(e->left->right))
            e->left = rotate_left(e->left);
        return rotate_right(e);
    }
    if (tilt < -1) {
        if (height(e->right->right) < height(e->right->left))
            e->right = rotate_right(e->right);
        return rotate_left(e);
    }
    update(e);
    return e;
}

static struct vm_map_entry *insert(struct vm_map_entry *t, struct vm_map_entry *e)
{
    if (!t)
        return e;
    if (e->start < t->start)
        t->left = insert(t->left, e);
    else
        t->right = insert(t->right, e);
    return balance(t);
}

/* Takes the leftmost entry out of `t` and hands it out. */
static struct vm_map_entry *remove_first(struct vm_map_entry *t, struct vm_map_entry **first)
{
    if (!t->left) {
        *first = t;
        return t->right;
    }
    t->left = remove_first(t->left, first);
    return balance(t);
}

static struct vm_map_entry *remove(struct vm_map_entry *t, struct vm_map_entry *e)
{
    if (e != t) {
        if (e->start < t->start)
            t->left = remove(t->left, e);
        else
            t->right = remove(t->right, e);
    } else if (!e->right) {
        return e->left;
    } else {
        struct vm_map_entry *right = remove_first(e->right, &t);

        t->left = e->left;
        t->right = right;
    }
    return balance(t);
}

void vm_tree_insert(struct vm_map *map, struct vm_map_entry *e)
{
    e->left = e->right = NULL;
    e->height = 1;
    map->root = insert(map->root, e);
}

void vm_tree_remove(struct vm_map *map, struct vm_map_entry *e)
{
    map->root = remove(map->root, e);
}

struct vm_map_entry *vm_tree_floor(const struct vm_map *map, uint64_t addr)
{
    struct vm_map_entry *e = map->root, *found = NULL;

    while (e) {
        if (e->start <= addr) {
            found = e;
            e = e->right;
        } else {
            e = e->left;
        }
    }
    return found;
}
