# SPDX-License-Identifier: BSD-2-Clause
# The Mach-style path: its message core, and the kernel's interfaces above it.
MACH_CORE_SRCS = $(filter-out %/offsets.c,$(sort $(wildcard mach_ipc/*.c))) mach_ipc/entry.S
MACH_KERN_SRCS = $(filter-out %/foreign.c %/bootstrap.c %/boot_line.c,$(sort $(wildcard mach_ipc/kern/*.c))) l4k/vm/vm_ool.c

# Who looks after user threads: a first task that hears of everything by messages.
CLIENT_mach = $(addprefix mach_ipc/kern/,bootstrap.c boot_line.c foreign.c) l4k/sys/elf.c
