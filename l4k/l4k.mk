# SPDX-License-Identifier: BSD-2-Clause
# The kernel. A configuration is the list of files CONFIG_SRCS_<name>: one line of this file for
# each, below. What configurations have in common is compiled once, into build/kernel/.

WARNINGS = -Wall -Wextra -Werror
KERNEL_CFLAGS = -std=gnu11 -O2 -g $(ANYWHERE) -ffreestanding -fno-pic -mcmodel=kernel \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-common $(WARNINGS) -I. -Ibuild/kernel/include
SERVER_CFLAGS = -std=gnu11 -O2 -g $(ANYWHERE) -ffreestanding -fpie -fvisibility=hidden \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fomit-frame-pointer \
	-fno-strict-aliasing $(WARNINGS) -I.
HOST_CFLAGS = -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer $(WARNINGS) -I.
KERNEL_LDFLAGS = -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none

LIB_SRCS = $(sort $(wildcard l4k/lib/*.c))
X86_64_SRCS = $(sort $(wildcard l4k/x86_64/*.c)) \
	$(addprefix l4k/x86_64/,start.S entry.S user_copy_asm.S)
KERN_SRCS = $(sort $(wildcard l4k/kern/*.c))
-include l4k/vm/vm.mk
KERNEL_SRCS = $(LIB_SRCS) $(X86_64_SRCS) $(KERN_SRCS) $(VM_SRCS)

IPC_L4_SRCS = $(filter-out %/offsets.c,$(sort $(wildcard l4k/ipc/*.c))) l4k/ipc/fastpath.S
SYS_SRCS = l4k/sys/main.c l4k/sys/trap.c

# Who looks after user threads (l4k/sys/client.h), and where a system call from outside the stub goes.
CLIENT_root = l4k/sys/root.c l4k/sys/elf.c l4k/ipc/foreign.S
PLACE_KERNEL = $(addprefix personality/place/kernel/,server.c space.c thread.c needs.c enter.S)
CLIENT_collocated = $(PLACE_KERNEL) $(addprefix personality/place/kernel/,direct.c syscall.S)

CONFIG_SRCS_mono = $(KERNEL_SRCS) $(IPC_L4_SRCS) $(SYS_SRCS) $(CLIENT_collocated)
CONFIG_SRCS_l4linux = $(KERNEL_SRCS) $(IPC_L4_SRCS) $(SYS_SRCS) $(CLIENT_root)
CONFIG_SRCS_l4linux-tramp = $(KERNEL_SRCS) $(IPC_L4_SRCS) $(SYS_SRCS) $(CLIENT_root)
CONFIG_SRCS_l4native = $(KERNEL_SRCS) $(IPC_L4_SRCS) $(SYS_SRCS) $(CLIENT_root)
-include mach_ipc/kern.mk mach_ipc/mach.mk
CONFIG_SRCS_mklinux-kern = $(KERNEL_SRCS) $(MACH_CORE_SRCS) $(MACH_KERN_SRCS) $(SYS_SRCS) \
	$(PLACE_KERNEL) personality/place/mach_kern/exception.c
CONFIG_SRCS_machnative = $(KERNEL_SRCS) $(MACH_CORE_SRCS) $(MACH_KERN_SRCS) $(SYS_SRCS) \
	$(CLIENT_mach)
CONFIG_SRCS_mklinux-user = $(CONFIG_SRCS_machnative)

# Objects linked into a kernel besides: the collocated server.
CONFIG_OBJS_mono = build/server/collocated.o
CONFIG_OBJS_mklinux-kern = build/server/collocated.o

# machnative as it is written, line by line: for a test that asks which lines were executed. In DWARF
# 5 binutils lose the file that a line of a header is in.
CONFIG_SRCS_lines = $(filter %.S,$(CONFIG_SRCS_machnative))
CONFIG_OBJS_lines = $(patsubst %.c,build/lines/%.o,$(filter %.c,$(CONFIG_SRCS_machnative)))

# The test of boot, machine and panic: a kernel of its own (l4k/kern/test/sys_boot.c).
CONFIG_SRCS_sys_boot = $(LIB_SRCS) $(X86_64_SRCS) \
	$(addprefix l4k/kern/,frame.c kmem.c log.c panic.c symbols.c test/sys_boot.c)

kernel_objs = $(patsubst %,build/kernel/%.o,$(basename $(1)))

# A change of compiler or flags rebuilds what they made.
define flags_stamp
$(1): FORCE
	@mkdir -p $$(@D); echo '$(2)' | cmp -s - $$@ || echo '$(2)' >$$@
endef
.PHONY: FORCE
$(eval $(call flags_stamp,build/kernel/.flags,$(CC) $(KERNEL_CFLAGS) $(LD) $(KERNEL_LDFLAGS)))
$(eval $(call flags_stamp,build/server/.flags,$(CC) $(SERVER_CFLAGS)))
$(eval $(call flags_stamp,build/host/.flags,$(HOSTCC) $(HOST_CFLAGS)))

build/kernel/%.o: %.c build/kernel/.flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

build/lines/%.o: %.c build/kernel/.flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -O0 -gdwarf-4 -MMD -MP -c $< -o $@

build/kernel/%.o: %.S build/kernel/.flags | $$(OFFSETS)
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

# Objects of the server and its library, the same in every configuration.
build/server/%.o: %.c build/server/.flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_CFLAGS) -MMD -MP -c $< -o $@

build/server/%.o: %.S build/server/.flags
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_CFLAGS) -MMD -MP -c $< -o $@

# The server as it is collocated: SERVER_OBJS (personality.mk) with a library of its own, so that
# what it executes there counts as the server's. Only server_* (host.h) is seen outside.
SERVER_LIB_OBJS = $(patsubst %.c,build/server/%.o,$(LIB_SRCS))

build/server/collocated.o: $$(SERVER_OBJS) $(SERVER_LIB_OBJS)
	$(call say,LD,$@)
	$(Q)$(LD) -r -Map $(@:.o=.map) $^ -o $@.all
	$(Q)$(OBJCOPY) -w --keep-global-symbol='server_*' $@.all $@

# The server as a user task: the same objects and library, its placement, at SERVER_BASE.
PLACE_L4_USER = personality/place/record.c \
	$(addprefix personality/place/l4_user/,main.c loop.S space.c thread.c needs.c caps.c)
PLACE_SERVER_l4linux = \
	$(PLACE_L4_USER) $(addprefix personality/place/l4_user/,patch.c stub_patch.S)
PLACE_SERVER_l4linux-tramp = \
	$(PLACE_L4_USER) $(addprefix personality/place/l4_user/,nopatch.c stub_tramp.S)
PLACE_SERVER_mklinux-user = personality/place/record.c $(addprefix personality/place/mach_user/,main.c traps.c rpc.c ports.c \
	space.c copy.c thread.c needs.c)
SERVER_LDFLAGS = -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -e _start \
	-Ttext-segment=$(shell sed -n 's/^#define SERVER_BASE //p' l4k/abi/layout.h) $(CLANG_LDFLAGS)

# Clang goes through the GOT where GCC does not, and ld can't shorten that so far up.
CLANG_LDFLAGS = $(if $(findstring clang,$(CC)),--no-relax)

build/place/%.o: %.c build/server/.flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_CFLAGS) -MMD -MP -c $< -o $@

build/place/%.o: %.S build/server/.flags
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_CFLAGS) -MMD -MP -c $< -o $@

define server_rules
PLACE_OBJS_$(1) = $$(patsubst %,build/place/%.o,$$(basename $$(PLACE_SERVER_$(1))))
KERNEL_DEPS += $$(PLACE_OBJS_$(1):.o=.d)

build/$(1)/server.elf: $$$$(PLACE_OBJS_$(1)) $$$$(SERVER_OBJS) $$(SERVER_LIB_OBJS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(LD) $$(SERVER_LDFLAGS) -Map build/$(1)/server.map $$^ -o $$@
endef
$(foreach c,l4linux l4linux-tramp mklinux-user,$(eval $(call server_rules,$(c))))

# The native L4 program of l4native: tests and measures IPC as the root task.
NATIVE_SRCS = $(sort $(wildcard bench/native/*.S bench/native/*.c))
NATIVE_OBJS = $(patsubst %,build/place/%.o,$(basename $(NATIVE_SRCS)))
NATIVE_LDFLAGS = -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -e _start \
	-Ttext-segment=0x400000
KERNEL_DEPS += $(NATIVE_OBJS:.o=.d)

build/l4native/root.elf: $(NATIVE_OBJS) $(SERVER_LIB_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(NATIVE_LDFLAGS) -Map build/l4native/root.map $^ -o $@

# The native Mach program of machnative.
MACHNATIVE_SRCS = $(sort $(wildcard bench/mach/*.S bench/mach/*.c))
MACHNATIVE_OBJS = $(patsubst %,build/place/%.o,$(basename $(MACHNATIVE_SRCS)))
KERNEL_DEPS += $(MACHNATIVE_OBJS:.o=.d)

build/machnative/root.elf: $(MACHNATIVE_OBJS) $(SERVER_LIB_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(NATIVE_LDFLAGS) -Map build/machnative/root.map $^ -o $@

# Structure offsets for assembly: the compiler computes them, a line `->NAME value` each.
define offsets_rule
OFFSETS += build/kernel/include/$(1).h
build/kernel/include/$(1).h: $(2) build/kernel/.flags
	$$(call say,GEN,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) -MMD -MP -MT $$@ -MF build/kernel/$(1).d -S $$< \
		-o build/kernel/$(1).s
	$$(Q)sed -n 's/.*"->\([A-Z0-9_]*\) \([-0-9]*\)".*/#define \1 \2/p' build/kernel/$(1).s >$$@
endef
$(eval $(call offsets_rule,asm_offsets,l4k/ipc/offsets.c))
$(if $(wildcard mach_ipc/offsets.c),\
	$(eval $(call offsets_rule,mach_offsets,mach_ipc/offsets.c)))

build/kernel/kernel.lds: l4k/x86_64/kernel.lds l4k/abi/layout.h build/kernel/.flags
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp -I. $< -o $@

# The layers: no lower one includes a higher.
LAYER_FILES = $(wildcard $(foreach d,l4k l4k/* mach_ipc personality personality/* personality/place/* bench/native,\
	$(addprefix $(d)/*.,c h S)))
build/.layers: scripts/check-layers $(LAYER_FILES)
	$(Q)scripts/check-layers
	@mkdir -p $(@D) && touch $@

# Linked twice: the first image's symbols become the second's table for backtraces, which lies
# behind all text and so moves none of it.
#
# kernel.mb is the same kernel for loaders of Multiboot 1, `qemu -initrd 'FILE WORDS'` among them:
# they want an ELF of 32 bits.
link_kernel = $(LD) $(KERNEL_LDFLAGS) $(1) -T build/kernel/kernel.lds

build/kernel/no_symbols.o: scripts/gen-symbols build/kernel/.flags
	@mkdir -p $(@D)
	$(Q)scripts/gen-symbols </dev/null >$(@:.o=.s)
	$(Q)$(CC) -c $(@:.o=.s) -o $@

define kernel_rules
OBJS_$(1) = $$(sort $$(call kernel_objs,$$(CONFIG_SRCS_$(1))) $$(CONFIG_OBJS_$(1)))
KERNEL_DEPS += $$(OBJS_$(1):.o=.d)

build/$(1)/kernel.elf: $$$$(OBJS_$(1)) build/kernel/kernel.lds build/kernel/no_symbols.o \
		| build/.layers
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(call link_kernel) $$(OBJS_$(1)) build/kernel/no_symbols.o -o build/$(1)/kernel.first
	$$(Q)$$(NM) -n build/$(1)/kernel.first | scripts/gen-symbols >build/$(1)/symbols.s
	$$(Q)$$(CC) -c build/$(1)/symbols.s -o build/$(1)/symbols.o
	$$(Q)$$(call link_kernel) -Map build/$(1)/kernel.map $$(OBJS_$(1)) build/$(1)/symbols.o -o $$@
	$$(Q)$$(NM) -n $$@ | scripts/gen-symbols | cmp - build/$(1)/symbols.s

build/$(1)/kernel.mb: build/$(1)/kernel.elf
	$$(call say,LD,$$@)
	$$(Q)$$(call link_kernel,--defsym=multiboot1=1) $$(OBJS_$(1)) build/$(1)/symbols.o -o $$@.64
	$$(Q)$$(OBJCOPY) -S -O elf32-i386 $$@.64 $$@
endef
$(foreach c,$(CONFIGS) sys_boot lines,$(eval $(call kernel_rules,$(c))))

# The boot archive, the only module: BOOT_FILES_<config> lists NAME=FILE.
BOOT_FILES_mklinux-kern ?= initramfs=build/bench/initramfs.cpio
BOOT_FILES_mono ?= initramfs=build/bench/initramfs.cpio
BOOT_FILES_l4linux ?= server=build/l4linux/server.elf initramfs=build/bench/initramfs.cpio
BOOT_FILES_l4linux-tramp ?= server=build/l4linux-tramp/server.elf \
	initramfs=build/bench/initramfs.cpio
BOOT_FILES_mklinux-user ?= server=build/mklinux-user/server.elf initramfs=build/bench/initramfs.cpio
BOOT_FILES_l4native ?= root=build/l4native/root.elf
BOOT_FILES_machnative ?= root=build/machnative/root.elf
BOOT_FILES_sys_boot = test=l4k/kern/test/sys_boot.c

files_of = $(foreach f,$(1),$(lastword $(subst =, ,$(f))))

define archive_rule
build/$(1)/boot.cpio: $$(call files_of,$$(BOOT_FILES_$(1))) scripts/mkinitramfs
	$$(call say,CPIO,$$@)
	@mkdir -p $$(@D)
	$$(Q)scripts/mkinitramfs $$@ $$(BOOT_FILES_$(1))
endef
$(foreach c,$(CONFIGS) sys_boot,$(eval $(call archive_rule,$(c))))

# Tests on this machine: HOST_TESTS are the programs, each from <name>.c and HOST_SRCS_<name>, with
# HOST_DEFS_<name> for its compiler.
HOST_TESTS += build/host/host_lib build/host/host_kmem
HOST_SRCS_host_lib = l4k/lib/test/host_lib.c l4k/lib/string.c l4k/lib/format.c
HOST_DEFS_host_lib = -include l4k/lib/test/rename.h
HOST_SRCS_host_kmem = l4k/kern/test/host_kmem.c l4k/kern/kmem.c l4k/kern/frame.c
HOST_DEFS_host_kmem = -iquote l4k/kern/test/include

$(HOST_TESTS): build/host/%: $$(HOST_SRCS_$$*) build/host/.flags
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_DEFS_$(@F)) $(HOST_CFLAGS) -MMD -MP -MF $@.d $(HOST_SRCS_$(@F)) -lcmocka -o $@
