/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF64 executables (System V ABI, chapters 4 and 5). */
#ifndef PERSONALITY_SERVER_ELF_H
#define PERSONALITY_SERVER_ELF_H

#include "personality/server/inode.h"

enum { ELF_PHDR_MAX = 64, ELF_HEADER_SIZE = 64, ELF_PHDR_SIZE = 56 };

struct elf_segment {
    uint64_t vaddr, memsz, offset, filesz;
    unsigned prot; /* HOST_* */
};

/* What a file says it wants, checked: every number below may be trusted. */
struct elf {
    bool relocatable;      /* ET_DYN */
    uint64_t entry;        /* unrelocated, as all addresses here */
    uint64_t phdr;         /* address of the program headers in memory; 0: not loaded */
    unsigned phnum;
    uint64_t start, end;   /* page-rounded extent of all segments */
    unsigned count;
    struct elf_segment segment[ELF_PHDR_MAX];
    uint64_t interp_offset, interp_size; /* path with NUL; size 0: none */
};

/* -ENOEXEC for everything that is not a well-formed x86-64 executable. */
int elf_parse(struct inode *i, struct elf *elf);
/* Maps the segments at vaddr + bias. */
int elf_map(struct host_space *s, struct inode *i, const struct elf *elf, uint64_t bias);

#endif
