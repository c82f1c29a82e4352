/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF64 (System V gABI, chapter 5), as far as a boot program needs it. */
#include "l4k/sys/elf.h"

#include <stdbool.h>

#include "l4k/lib/string.h"
#include "l4k/vm/vm_copy.h"

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define EI_CLASS 4
#define EI_DATA 5
#define ELFCLASS64 2
#define ELFDATA2LSB 1
#define ET_EXEC 2
#define ET_DYN 3
#define EM_X86_64 62
#define PT_LOAD 1
#define PT_INTERP 3
#define PF_X 1
#define PF_W 2
#define PF_R 4

static bool wants_interpreter(const struct elf_header *h)
{
    const struct elf_segment *s = (const void *)((const char *)h + h->phoff);

    for (unsigned i = 0; i < h->phnum; i++)
        if (s[i].type == PT_INTERP)
            return true;
    return false;
}

const char *elf_unfit(const void *image, size_t size)
{
    const struct elf_header *h = image;

    if (size < sizeof(*h) || memcmp(h->ident, "\177ELF", 4))
        return "no ELF image";
    if (h->ident[EI_CLASS] != ELFCLASS64 || h->ident[EI_DATA] != ELFDATA2LSB ||
        h->machine != EM_X86_64)
        return "an ELF image, but not of 64 bits for x86-64";
    if (h->type == ET_DYN)
        return "a position-independent ELF image; it must be linked at fixed addresses";
    if (h->type != ET_EXEC)
        return "an ELF image, but no executable";
    if (h->phentsize != sizeof(struct elf_segment) || h->phoff > size ||
        h->phnum > (size - h->phoff) / sizeof(struct elf_segment))
        return "a damaged ELF image";
    return wants_interpreter(h) ? "a dynamically linked ELF image" : NULL;
}

static bool segment_ok(const struct elf_segment *s, size_t size)
{
    return s->offset <= size && s->filesz <= size - s->offset && s->filesz <= s->memsz &&
           s->memsz && s->memsz <= USER_MAX && s->vaddr <= USER_MAX - s->memsz;
}

static unsigned segment_prot(const struct elf_segment *s)
{
    return (s->flags & PF_R ? VM_PROT_READ : 0) | (s->flags & PF_W ? VM_PROT_WRITE : 0) |
           (s->flags & PF_X ? VM_PROT_EXECUTE : 0);
}

static enum status load_segment(const char *image, const struct elf_segment *s,
                                struct vm_map *map)
{
    uint64_t start = vm_trunc_page(s->vaddr), end = vm_round_page(s->vaddr + s->memsz);
    enum status status = vm_map_enter(map, &start, end - start, 0, false, NULL, 0, false,
                                      segment_prot(s), VM_PROT_ALL, VM_INHERIT_COPY);

    if (status != OK)
        return status;
    status = vm_copy_out(map, s->vaddr, image + s->offset, s->filesz, true);
    return status == OK ? vm_map_wire(map, start, end, true) : status;
}

enum status elf_load(const void *image, size_t size, struct vm_map *map, uint64_t *entry)
{
    const struct elf_header *h = image;
    const struct elf_segment *segments;

    if (elf_unfit(image, size))
        return ERR_INVALID;
    segments = (const void *)((const char *)image + h->phoff);
    for (unsigned i = 0; i < h->phnum; i++) {
        enum status s;

        if (segments[i].type != PT_LOAD)
            continue;
        if (!segment_ok(&segments[i], size))
            return ERR_INVALID;
        s = load_segment(image, &segments[i], map);
        if (s != OK)
            return s;
    }
    *entry = h->entry;
    return OK;
}
