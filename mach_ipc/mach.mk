# SPDX-License-Identifier: BSD-2-Clause
# The Mach-style path: sources for the kernel, and its tests on the host.

MACH_IPC_SRCS := $(addprefix mach_ipc/,space.c port.c port_set.c right.c right_move.c notify.c \
	kmsg.c copyin.c copyout.c message.c mach_msg.c mach_port.c wait.c) l4k/vm/vm_ool.c
MACH_SRCS := $(MACH_IPC_SRCS)

# Host tests: the path over the VM core, both over a fake machine.
MACH_FAKE_SRCS := $(MACH_IPC_SRCS) mach_ipc/test/fake_kern.c l4k/kern/timeout.c \
	l4k/vm/test/fake_pmap.c l4k/vm/test/fake.c $(VM_CORE_SRCS)
HOST_TESTS += build/host/host_mach_rights build/host/host_mach_message build/host/host_mach_ool
HOST_SCRIPTS += build/host/host_mach_fuzz
HOST_SRCS_host_mach_rights = mach_ipc/test/host_rights.c $(MACH_FAKE_SRCS)
HOST_DEFS_host_mach_rights = -iquote l4k/vm/test/include
HOST_SRCS_host_mach_message = mach_ipc/test/host_message.c $(MACH_FAKE_SRCS)
HOST_DEFS_host_mach_message = -iquote l4k/vm/test/include
HOST_SRCS_host_mach_ool = mach_ipc/test/host_ool.c $(MACH_FAKE_SRCS)
HOST_DEFS_host_mach_ool = -iquote l4k/vm/test/include

# The command line of a boot module.
HOST_TESTS += build/host/host_boot_line
HOST_SRCS_host_boot_line = mach_ipc/test/host_boot_line.c mach_ipc/kern/boot_line.c

# A boot module of GNU Mach's kind (sys_boot_module.py); and what it must not be.
MODULE_OBJS = $(addprefix build/place/mach_ipc/test/,boot_module.o boot_module_start.o) \
	$(SERVER_LIB_OBJS)
KERNEL_DEPS += build/place/mach_ipc/test/boot_module.d

.PHONY: mach-tests
mach-tests: $(addprefix build/mach-test/,module.elf pie.elf dynamic.elf) \
	$(addprefix build/machnative/,kernel.mb boot.cpio)

build/mach-test/module.elf: $$(MODULE_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(NATIVE_LDFLAGS) $^ -o $@

build/mach-test/pie.elf: $$(MODULE_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -nostdlib -pie --no-dynamic-linker -z noexecstack -e _start $^ -o $@

build/mach-test/dynamic.elf: $$(MODULE_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -nostdlib -shared -z noexecstack $(filter %/string.o,$^) -o $@.so
	$(Q)$(LD) -nostdlib -z noexecstack -e _start --dynamic-linker=none $^ $@.so -o $@

# The fuzzer over the message parser and the translation of rights, and a program that runs it for a
# fixed number of inputs from a fixed seed.
MACH_FUZZ_RUNS ?= 20000
MACH_FUZZ_SRCS := mach_ipc/test/fuzz_message.c $(MACH_FAKE_SRCS)

build/host/fuzz_message: $(MACH_FUZZ_SRCS) build/host/.flags
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)clang -iquote l4k/vm/test/include -std=gnu11 -O1 -g -fno-omit-frame-pointer \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(WARNINGS) -I. \
		$(MACH_FUZZ_SRCS) -o $@

build/host/host_mach_fuzz: build/host/fuzz_message mach_ipc/test/fuzz.sh
	@printf '#!/bin/sh\nRUNS=$(MACH_FUZZ_RUNS) exec mach_ipc/test/fuzz.sh build/host/fuzz_message\n' >$@
	@chmod +x $@
