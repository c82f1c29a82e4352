/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF64: checks everything first, then maps what was found good. */
#include "personality/server/elf.h"

#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/memory.h"

struct header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct header) == ELF_HEADER_SIZE, "Elf64_Ehdr");

struct phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct phdr) == ELF_PHDR_SIZE, "Elf64_Phdr");

enum {
    ET_EXEC = 2,
    ET_DYN = 3,
    EM_X86_64 = 62,
    PT_LOAD = 1,
    PT_INTERP = 3,
    PF_X = 1,
    PF_W = 2,
    PF_R = 4
};

static bool header_good(const struct header *h, uint64_t file_size)
{
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2 /* 64 bit */, 1 /* little-endian */, 1};

    if (memcmp(h->ident, ident, sizeof(ident)) || (h->type != ET_EXEC && h->type != ET_DYN))
        return false;
    if (h->machine != EM_X86_64 || h->version != 1 || h->phentsize != ELF_PHDR_SIZE)
        return false;
    if (h->phnum == 0 || h->phnum > ELF_PHDR_MAX)
        return false;
    return h->phoff <= file_size && h->phnum * (uint64_t)ELF_PHDR_SIZE <= file_size - h->phoff;
}

static unsigned segment_prot(uint32_t flags)
{
    return (flags & PF_R ? HOST_READ : 0) | (flags & PF_W ? HOST_WRITE : 0) |
           (flags & PF_X ? HOST_EXEC : 0);
}

/* Adds a PT_LOAD, which must follow the ones before it in memory without touching their pages. */
static bool add_segment(struct elf *elf, const struct phdr *p, uint64_t file_size)
{
    uint64_t end;

    if (p->filesz > p->memsz || p->offset > file_size || p->filesz > file_size - p->offset)
        return false;
    if (p->vaddr % PAGE_SIZE != p->offset % PAGE_SIZE)
        return false;
    if (p->vaddr >= LINUX_USER_MAX || p->memsz > LINUX_USER_MAX - p->vaddr)
        return false;
    if (p->memsz == 0)
        return true;
    end = page_up(p->vaddr + p->memsz);
    if (elf->count && page_down(p->vaddr) < elf->end)
        return false;
    if (!elf->count)
        elf->start = page_down(p->vaddr);
    elf->end = end;
    elf->segment[elf->count++] =
        (struct elf_segment){p->vaddr, p->memsz, p->offset, p->filesz, segment_prot(p->flags)};
    return true;
}

/* Where the program headers lie in memory, if a segment carries them. */
static void find_phdr(struct elf *elf, const struct header *h)
{
    uint64_t size = h->phnum * (uint64_t)ELF_PHDR_SIZE;

    for (unsigned i = 0; i < elf->count; i++) {
        const struct elf_segment *s = &elf->segment[i];

        if (h->phoff >= s->offset && h->phoff - s->offset <= s->filesz &&
            size <= s->filesz - (h->phoff - s->offset))
            elf->phdr = s->vaddr + (h->phoff - s->offset);
    }
}

/* May an image that does not move lie where it says? */
static bool place_good(const struct elf *elf)
{
    if (elf->relocatable)
        return elf->end - elf->start <= LINUX_EXEC_MAX - CODE_MAP_BASE;
    for (unsigned i = 0; i < elf->count; i++) {
        const struct elf_segment *s = &elf->segment[i];
        uint64_t start = page_down(s->vaddr), end = page_up(s->vaddr + s->memsz);

        if (!range_is_user(start, end - start) || end > MMAP_LIMIT)
            return false;
        if ((s->prot & HOST_EXEC) && end > LINUX_EXEC_MAX)
            return false;
    }
    return true;
}

int elf_parse(struct inode *i, struct elf *elf)
{
    static struct phdr phdr[ELF_PHDR_MAX];
    struct header h;

    memset(elf, 0, sizeof(*elf));
    if (file_read(i, 0, &h, sizeof(h)) != sizeof(h) || !header_good(&h, i->size))
        return -ENOEXEC;
    if (file_read(i, h.phoff, phdr, h.phnum * sizeof(*phdr)) != h.phnum * sizeof(*phdr))
        return -ENOEXEC;
    elf->relocatable = h.type == ET_DYN;
    elf->entry = h.entry;
    elf->phnum = h.phnum;
    for (unsigned k = 0; k < h.phnum; k++) {
        const struct phdr *p = &phdr[k];

        if (p->type == PT_LOAD && !add_segment(elf, p, i->size))
            return -ENOEXEC;
        if (p->type != PT_INTERP)
            continue;
        if (elf->interp_size || p->filesz < 2 || p->filesz > PATH_MAX || p->offset > i->size ||
            p->filesz > i->size - p->offset)
            return -ENOEXEC;
        elf->interp_offset = p->offset;
        elf->interp_size = p->filesz;
    }
    if (!elf->count || !place_good(elf))
        return -ENOEXEC;
    if (elf->entry < elf->start || elf->entry >= elf->end)
        return -ENOEXEC;
    find_phdr(elf, &h);
    return 0;
}

/* Zeros from the end of the file's part to the end of its page. */
static int clear_tail(struct host_space *s, uint64_t from)
{
    static const uint8_t zeros[PAGE_SIZE];
    size_t n = page_up(from) - from;

    return n && host_copy_out(s, from, zeros, n) != HOST_DONE ? -ENOMEM : 0;
}

static int map_segment(struct host_space *s, struct inode *i, const struct elf_segment *seg,
                       uint64_t bias)
{
    uint64_t vaddr = seg->vaddr + bias, start = page_down(vaddr), end = page_up(vaddr + seg->memsz);
    uint64_t file_end = seg->filesz ? page_up(vaddr + seg->filesz) : start;
    struct host_map_args args = {.addr = start,
                                 .len = file_end - start,
                                 .limit = LINUX_USER_MAX,
                                 .offset = page_down(seg->offset),
                                 .prot = seg->prot,
                                 .fixed = true};
    int r = 0;

    if (seg->filesz) {
        r = file_object(i, &args.object);
        if (!r)
            r = host_map(s, &args, &start);
        if (!r && seg->memsz > seg->filesz && (seg->prot & HOST_WRITE))
            r = clear_tail(s, vaddr + seg->filesz);
    }
    return r ? r : map_anonymous(s, file_end, end - file_end, seg->prot);
}

int elf_map(struct host_space *s, struct inode *i, const struct elf *elf, uint64_t bias)
{
    for (unsigned k = 0; k < elf->count; k++) {
        int r = map_segment(s, i, &elf->segment[k], bias);

        if (r)
            return r;
    }
    return 0;
}
