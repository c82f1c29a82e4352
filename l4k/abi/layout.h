/* SPDX-License-Identifier: BSD-2-Clause */
/* Address layout shared by the kernel, the personality, the linker scripts and the harness.
 *
 * Who executed an instruction is told by its address alone (bench/README.md), so these ranges
 * must not overlap. Plain numbers only: the file is read by C, assembly and linker scripts. */
#ifndef L4K_ABI_LAYOUT_H
#define L4K_ABI_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096

/* Stub and trampoline: page 0 is common code, the rest are slots of patched sites. They lie below
 * everything a Linux program may map, so that one comparison tells whether a `syscall` comes from
 * there; and within 2 GiB of every executable map, so that a five-byte jump reaches them. */
#define STUB_BASE 0x0000000000010000
#define STUB_SIZE 0x0000000000100000
#define STUB_END 0x0000000000110000

/* What a Linux program may be given: its ELF image, heap, maps and stack; LINUX_USER_MIN is what
 * Linux calls vm.mmap_min_addr. Executable maps end below LINUX_EXEC_MAX. */
#define LINUX_USER_MIN 0x0000000000110000
#define LINUX_EXEC_MAX 0x0000000070000000
#define LINUX_USER_MAX 0x0000400000000000
#define LINUX_STACK_TOP 0x00003fcb2a97c000 /* 127.300.340.380, in the terms below */

/* Where tasks have what each IPC touches. A page walk reads an entry in a table of each level, and a
 * table is a page: where a way of the first-level cache is a page long (a Pentium's), entries at like
 * places of their tables evict one another. Round addresses have them all at place 0. So these
 * regions lie side by side at the upper levels, where their entries share a line, and have places
 * of their own at the lower ones. A digit is 9 bits: PML4.PDPT.PD.PT. */

/* One page per thread control block that user code sees (message words, map items):
 * 192.88.172.0. */
#define UTCB_BASE 0x0000601615800000

/* The personality server as a user task, 224.40.80.128; 224.41.120.64 and 224.43.100.128 are its
 * view of its clients' UTCBs and its heap (personality/place/l4_user); 224.42.140.200 ends the first
 * task's stack. */
#define SERVER_BASE 0x0000700a0a080000
#define SERVER_UTCBS 0x0000700a4f040000
#define ROOT_STACK_TOP 0x0000700a918c8000
#define SERVER_HEAP 0x0000700acc880000
#define SERVER_HEAP_END 0x0000710000000000

/* End of what a user may map: the last page stays free, so that a `syscall` in the last mapped
 * bytes never yields a non-canonical return address (Intel SDM vol. 2, SYSRET). */
#define USER_MAX 0x00007ffffffff000

/* All physical memory, and the kernel image (loaded at 1 MiB physical). */
#define PHYS_MAP_BASE 0xffff800000000000
#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_LOAD 0x0000000000100000

/* Where in its page the kernel has what each IPC touches (l4k/lib/hot.h): away from its start, where
 * entries of upper tables lie in theirs. */
#define HOT_PLACE 0x700

#endif
