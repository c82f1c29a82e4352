/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what the loader left: memory map, modules, command lines.
 *
 * Three forms: Multiboot information (specification 0.6.96, 3.3), Multiboot2's (specification 3.6)
 * and PVH's hvm_start_info (Xen docs/misc/pvh, version 1). Only the low 4 GiB are mapped yet, where
 * loaders put it all. */
#include "l4k/abi/layout.h"
#include "l4k/lib/assert.h"
#include "l4k/lib/string.h"
#include "l4k/x86_64/boot.h"

#define MEMORY_USABLE 1 /* in all forms */
#define LOW_MEMORY UINT64_C(0x100000)
#define MAPPED_AT_BOOT (UINT64_C(4) << 30)

enum { MB1_CMDLINE = 1 << 2, MB1_MODULES = 1 << 3, MB1_MMAP = 1 << 6 };

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, n_modules, modules, syms[4];
    uint32_t mmap_size, mmap;
};

struct mb1_module {
    uint32_t start, end, line, reserved;
};

struct mb1_mmap_entry {
    uint32_t size; /* of what follows */
    uint64_t addr, len;
    uint32_t type;
} __attribute__((packed));

enum { MB2_END = 0, MB2_CMDLINE = 1, MB2_MODULE = 3, MB2_MMAP = 6 };

struct mb2_tag {
    uint32_t type, size;
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
    char line[];
};

struct mb2_mmap {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
};

struct mb2_mmap_entry {
    uint64_t addr, len;
    uint32_t type, reserved;
};

#define HVM_MAGIC 0x336ec578

struct hvm_start_info {
    uint32_t magic, version, flags, n_modules;
    uint64_t modules, cmdline, rsdp;
    uint64_t memmap; /* from version 1 on */
    uint32_t n_memmap, reserved;
};

struct hvm_module {
    uint64_t addr, size, cmdline, reserved;
};

struct hvm_memmap_entry {
    uint64_t addr, size;
    uint32_t type, reserved;
};

static const void *at(uint64_t pa)
{
    return (const void *)(PHYS_MAP_BASE + pa);
}

static uint64_t page_down(uint64_t x)
{
    return x & -(uint64_t)PAGE_SIZE;
}

static uint64_t page_up(uint64_t x)
{
    return page_down(x + PAGE_SIZE - 1);
}

static void set_cmdline(struct boot_info *out, const char *text)
{
    size_t n = strnlen(text, BOOT_CMDLINE_SIZE - 1);

    memcpy(out->cmdline, text, n);
    out->cmdline[n] = '\0';
}

/* Puts a range into the sorted list, joined with those it touches or overlaps. */
static void add_usable(struct boot_info *out, uint64_t start, uint64_t end)
{
    struct boot_range *r = out->usable;
    size_t i = 0, j;

    while (i < out->n_usable && r[i].end < start)
        i++;
    for (j = i; j < out->n_usable && r[j].start <= end; j++) {
        start = r[j].start < start ? r[j].start : start;
        end = r[j].end > end ? r[j].end : end;
    }
    if (i == j && out->n_usable == BOOT_MAX_RANGES)
        return; /* memory that is not used harms nobody */
    memmove(&r[i + 1], &r[j], (out->n_usable - j) * sizeof(*r));
    r[i] = (struct boot_range){start, end};
    out->n_usable = out->n_usable - (j - i) + 1;
}

/* Takes [start, end), whole pages around it, out of the list. */
static void remove_usable(struct boot_info *out, uint64_t start, uint64_t end)
{
    struct boot_range *r = out->usable;

    start = page_down(start);
    end = page_up(end);
    for (size_t i = 0; i < out->n_usable; i++) {
        struct boot_range old = r[i];

        if (old.end <= start || old.start >= end)
            continue;
        memmove(&r[i], &r[i + 1], (out->n_usable - i - 1) * sizeof(*r));
        out->n_usable--;
        if (old.start < start)
            add_usable(out, old.start, start);
        if (end < old.end)
            add_usable(out, end, old.end);
        if (old.start >= start)
            i--; /* the next range moved into this place, or the rest above `end` is there */
    }
}

/* One range of the loader's memory map, in any order. */
static void add_memory(struct boot_info *out, uint64_t addr, uint64_t len, uint32_t type)
{
    uint64_t start = page_up(addr), end = page_down(addr + len);

    if (type != MEMORY_USABLE || addr + len < addr)
        return;
    out->ram_bytes += len;
    if (start < LOW_MEMORY)
        start = LOW_MEMORY;
    if (start >= end)
        return;
    if (end > out->phys_map_end)
        out->phys_map_end = end;
    add_usable(out, start, end);
}

/* `line` is NULL where the loader gives none. */
static void add_module(struct boot_info *out, uint64_t start, uint64_t end, const char *line)
{
    struct boot_line *copy = &out->module_lines[out->n_modules];

    assert(out->n_modules < BOOT_MAX_MODULES && start <= end);
    out->modules[out->n_modules++] = (struct boot_range){start, end};
    if (line) {
        size_t n = strnlen(line, BOOT_MODULE_LINE_SIZE);

        copy->cut = n == BOOT_MODULE_LINE_SIZE;
        memcpy(copy->text, line, n - copy->cut);
    }
}

static void read_multiboot1(uint64_t info, struct boot_info *out)
{
    const struct mb1_info *h = at(info);
    const struct mb1_module *modules = at(h->modules);

    out->loader = "multiboot";
    assert(h->flags & MB1_MMAP);
    if (h->flags & MB1_CMDLINE)
        set_cmdline(out, at(h->cmdline));
    for (uint32_t i = 0; h->flags & MB1_MODULES && i < h->n_modules; i++)
        add_module(out, modules[i].start, modules[i].end,
                   modules[i].line ? at(modules[i].line) : NULL);
    for (uint32_t off = 0; off < h->mmap_size;) {
        const struct mb1_mmap_entry *e = at(h->mmap + off);

        add_memory(out, e->addr, e->len, e->type);
        off += e->size + (uint32_t)sizeof(e->size);
    }
}

static void read_mb2_mmap(const struct mb2_mmap *map, struct boot_info *out)
{
    for (uint32_t off = sizeof(*map); off + map->entry_size <= map->tag.size;
         off += map->entry_size) {
        const struct mb2_mmap_entry *e = (const void *)((const char *)map + off);

        add_memory(out, e->addr, e->len, e->type);
    }
}

static const struct mb2_tag *next_tag(const struct mb2_tag *tag)
{
    return (const void *)((const char *)tag + ((tag->size + 7) & -8u));
}

static void add_mb2_module(struct boot_info *out, const struct mb2_module *m)
{
    add_module(out, m->start, m->end, m->line);
}

static void read_multiboot2(uint64_t info, struct boot_info *out)
{
    const struct mb2_tag *tag = at(info + 8);

    out->loader = "multiboot2";
    for (; tag->type != MB2_END; tag = next_tag(tag)) {
        if (tag->type == MB2_CMDLINE)
            set_cmdline(out, (const char *)(tag + 1));
        else if (tag->type == MB2_MODULE)
            add_mb2_module(out, (const struct mb2_module *)tag);
        else if (tag->type == MB2_MMAP)
            read_mb2_mmap((const struct mb2_mmap *)tag, out);
    }
}

static void read_pvh(uint64_t info, struct boot_info *out)
{
    const struct hvm_start_info *h = at(info);
    const struct hvm_module *modules = at(h->modules);
    const struct hvm_memmap_entry *map = at(h->memmap);

    out->loader = "pvh";
    assert(h->magic == HVM_MAGIC && h->version >= 1);
    if (h->cmdline != 0)
        set_cmdline(out, at(h->cmdline));
    for (uint32_t i = 0; i < h->n_modules; i++)
        add_module(out, modules[i].addr, modules[i].addr + modules[i].size,
                   modules[i].cmdline ? at(modules[i].cmdline) : NULL);
    for (uint32_t i = 0; i < h->n_memmap; i++)
        add_memory(out, map[i].addr, map[i].size, map[i].type);
}

void boot_info_read(unsigned kind, uint64_t info, struct boot_info *out)
{
    if (kind == BOOT_PVH)
        read_pvh(info, out);
    else if (kind == BOOT_MULTIBOOT1)
        read_multiboot1(info, out);
    else
        read_multiboot2(info, out);
    remove_usable(out, (uint64_t)__kernel_start - KERNEL_BASE,
                  (uint64_t)__kernel_end - KERNEL_BASE);
    for (size_t i = 0; i < out->n_modules; i++)
        remove_usable(out, out->modules[i].start, out->modules[i].end);
    assert(out->n_usable > 0);
}

/* From the top of the highest range below 4 GiB: far from where images are loaded. */
uint64_t boot_take_page(struct boot_info *info)
{
    for (size_t i = info->n_usable; i-- > 0;) {
        struct boot_range *r = &info->usable[i];

        if (r->end > MAPPED_AT_BOOT || r->end - r->start < 2 * PAGE_SIZE)
            continue;
        r->end -= PAGE_SIZE;
        memset((void *)(PHYS_MAP_BASE + r->end), 0, PAGE_SIZE);
        return r->end;
    }
    assert(!"memory for page tables");
    return 0;
}
