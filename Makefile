# SPDX-License-Identifier: BSD-2-Clause
# The build. Each component's fragment says what it consists of; this file says how it is made.
# Every product is below build/. `make help` lists what to ask for.

CONFIGS = mono l4linux l4linux-tramp mklinux-kern mklinux-user l4native machnative
CONFIG ?= l4linux

# CROSS_COMPILE=x86_64-linux-gnu- takes another GCC; CC=clang, clang. HOSTCC builds the tests that
# run on this machine.
ifeq ($(origin CC),default)
CC = $(CROSS_COMPILE)gcc
endif
LD = $(CROSS_COMPILE)ld
NM = $(CROSS_COMPILE)nm
OBJCOPY = $(CROSS_COMPILE)objcopy
HOSTCC ?= gcc

# Debugging information names no directory of this machine: what a guest boots has the same bytes
# wherever it is built. Its size is in the guest's memory, and so in the figures.
ANYWHERE = -ffile-prefix-map=$(CURDIR)=.

# V=1 shows the commands.
ifeq ($(V),)
Q = @
say = @printf '  %-7s %s\n' '$(1)' '$(2)'
endif

.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

.PHONY: all table check boot iso gdb help clean

all:

help:
	@echo 'make table               measure every row, print the table, write results/'
	@echo 'make plots               results/plots/: measure what they need, draw them (SVG, PNG)'
	@echo 'make report              results/report.html: all of results/ on one page, in one file'
	@echo 'make breakdown           where CONFIG spends the instructions of BENCH (getpid)'
	@echo 'make trace               one BENCH (getpid) in CONFIG from start to end, and a flame graph'
	@echo 'make calibrate           measure this machine: a machine file of the cycle model, host'
	@echo 'make validate            the cycle model beside this machine: loops, Linux system calls'
	@echo 'make speed               what the cycle model costs this machine'
	@echo 'make check               run all tests'
	@echo 'make                     build every kernel and its boot archive'
	@echo 'make boot CONFIG=NAME    boot a configuration on this terminal; leave: Ctrl-A X'
	@echo 'make gdb CONFIG=NAME     stop at the kernel'"'"'s entry in gdb'
	@echo 'make iso                 build/l4k.iso: GRUB, BIOS and UEFI, an entry per configuration'
	@echo 'make clean               remove build/'
	@echo
	@echo 'CONFIG: linux $(CONFIGS)'
	@echo 'COUNTER=model, insn, or tsc: hardware cycles, where KVM boots the kernels (table)'
	@echo 'CC=clang, CROSS_COMPILE=x86_64-linux-gnu-, CPU=MODEL (measuring, boot, gdb), ACCEL=tcg (boot)'
	@echo 'APPEND=WORDS for the guest (boot, gdb); LINUX_IMAGE=FILE: a bzImage for Debian'"'"'s; V=1'

# Installs or names the Debian packages that are missing, before anything else is looked at; those of
# the tests only for `check`.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
SETUP := $(filter check,$(MAKECMDGOALS))
$(shell [ build/.setup$(SETUP) -nt scripts/packages.txt ] || \
	{ scripts/setup $(SETUP) >&2 && mkdir -p build && touch build/.setup$(SETUP); })
ifneq ($(.SHELLSTATUS),0)
$(error set-up failed)
endif
endif

include l4k/l4k.mk
include personality/personality.mk
include bench/bench.mk
include bench/model/model.mk
include bench/host/host.mk

-include $(sort $(KERNEL_DEPS) $(patsubst %.o,%.d,$(SERVER_OBJS) $(SERVER_LIB_OBJS)))
# A source that is no more, named by an old dependency file, rebuilds what was made of it.
%.c: ;
%.S: ;
-include build/kernel/asm_offsets.d build/kernel/mach_offsets.d $(wildcard build/host/*.d)

# What a machine loads to run a configuration.
bootable = build/$(1)/kernel.elf build/$(1)/boot.cpio

all: $(foreach c,$(CONFIGS),$(call bootable,$(c)))

# Programs that test something on this machine, each named in scripts/tests.txt.
CHECK_PROGRAMS = $(sort $(HOST_TESTS) $(HOST_SCRIPTS) $(BENCH_HOST_TESTS) $(SERVER_TESTS:%=build/server-test/%))

check: all iso $(call bootable,sys_boot) build/lines/kernel.elf bench-tests model-tests mach-tests \
    host-programs linux-tests $(CHECK_PROGRAMS)
	$(Q)CHECK_PROGRAMS='$(CHECK_PROGRAMS)' scripts/runtests

boot: $(if $(filter linux,$(CONFIG)),bench-initramfs,$(call bootable,$(CONFIG)))
	$(Q)scripts/boot $(CONFIG) $(APPEND)

gdb: $(call bootable,$(CONFIG))
	$(Q)scripts/gdb $(CONFIG) $(APPEND)

iso: build/l4k.iso

build/l4k.iso: scripts/iso $(foreach c,$(CONFIGS),$(call bootable,$(c)))
	$(call say,ISO,$@)
	$(Q)scripts/iso $@ $(CONFIGS)

clean:
	rm -rf build
