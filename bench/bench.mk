# SPDX-License-Identifier: BSD-2-Clause
# The measuring half: counting plugin, benchmark program, its initramfs, their tests, the table.
# Included by the root Makefile; paths are from the root. TABLE_CONFIGS are those whose
# kernels the table needs (scripts/l4k/rows.py).

# Everything here runs on the host or is an ordinary Linux program: the host's compiler.
HOSTCC ?= gcc
PYTHON ?= /usr/bin/python3
BENCH_OUT := build/bench
BENCH_FLAGS := -std=gnu11 -O2 -g $(ANYWHERE) -Wall -Wextra -Werror -I. -MMD -MP
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

BENCH_PLUGIN := $(BENCH_OUT)/insn.so
BENCH_INITRAMFS := $(BENCH_OUT)/initramfs.cpio
BENCH_TINY := $(BENCH_OUT)/tiny.elf
BENCH_HOST_TESTS := $(BENCH_OUT)/host_count $(BENCH_OUT)/host_tsc

.PHONY: plugin bench-initramfs bench-tests table plots breakdown report speed
plugin: $(BENCH_PLUGIN)
bench-initramfs: $(BENCH_INITRAMFS)
bench-tests: $(BENCH_HOST_TESTS) $(BENCH_TINY) $(BENCH_PLUGIN) $(BENCH_INITRAMFS)

$(BENCH_OUT):
	$(Q)mkdir -p $@

# --- Counting plugin ---
BENCH_PLUGIN_SRC := bench/plugin/insn.c bench/plugin/count.c bench/plugin/function.c
BENCH_PLUGIN_OBJ := $(BENCH_PLUGIN_SRC:%.c=$(BENCH_OUT)/%.pic.o)

$(BENCH_OUT)/%.pic.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -fPIC -fvisibility=hidden -c $< -o $@

$(BENCH_PLUGIN): $(BENCH_PLUGIN_OBJ)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -shared $^ -o $@

$(BENCH_OUT)/host_count: bench/plugin/host_count.c bench/plugin/count.c \
    bench/plugin/function.c bench/plugin/count.h bench/plugin/function.h \
    bench/marker.h | $(BENCH_OUT)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(filter-out -MMD -MP,$(BENCH_FLAGS)) $(SANITIZE) $(filter %.c,$^) -lcmocka -o $@

$(BENCH_OUT)/host_tsc: bench/linux/host_tsc.c bench/linux/tsc_judge.c bench/linux/tsc.h \
    | $(BENCH_OUT)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(filter-out -MMD -MP,$(BENCH_FLAGS)) $(SANITIZE) $(filter %.c,$^) -lcmocka -o $@

# --- The Linux programs, one binary for every row ---
BENCH_LINUX_SRC := $(addprefix bench/linux/,main.c counter_check.c null.c getpid.c getppid.c \
    write.c read.c stat.c open_close.c signal_install.c pipe.c fork.c fork_exec.c page_fault.c mmap.c \
    context_switch.c dirtied.c tsc.c tsc_judge.c dirtied_pipe.c)
BENCH_LINUX_OBJ := $(BENCH_LINUX_SRC:%.c=$(BENCH_OUT)/%.o)

$(eval $(call flags_stamp,$(BENCH_OUT)/.flags,$(HOSTCC) $(BENCH_FLAGS)))

$(BENCH_OUT)/bench/linux/%.o: bench/linux/%.c $(BENCH_OUT)/.flags
	$(Q)mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -c $< -o $@

$(BENCH_OUT)/bench-linux: $(BENCH_LINUX_OBJ)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -static $^ -o $@

$(BENCH_OUT)/hello: $(BENCH_OUT)/bench/linux/hello.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -static $^ -o $@

$(BENCH_INITRAMFS): $(BENCH_OUT)/bench-linux $(BENCH_OUT)/hello scripts/mkinitramfs
	$(call say,CPIO,$@)
	$(Q)scripts/mkinitramfs $@ --devices init=$(BENCH_OUT)/bench-linux hello=$(BENCH_OUT)/hello

# --- What tells the functions of the real Linux kernel, for traces ---
BENCH_KALLSYMS := $(BENCH_OUT)/kallsyms.cpio

$(BENCH_OUT)/kallsyms: $(BENCH_OUT)/bench/linux/kallsyms.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -static $^ -o $@

$(BENCH_KALLSYMS): $(BENCH_OUT)/kallsyms scripts/mkinitramfs
	$(call say,CPIO,$@)
	$(Q)scripts/mkinitramfs $@ --devices init=$(BENCH_OUT)/kallsyms

# --- A guest of a few instructions, to test plugin and runner ---
$(BENCH_TINY): scripts/test/tiny.S scripts/test/tiny.ld | $(BENCH_OUT)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -m32 -c -nostdlib -ffreestanding $< -o $(BENCH_OUT)/tiny.o
	$(Q)ld -m elf_i386 --no-warn-rwx-segments -T scripts/test/tiny.ld $(BENCH_OUT)/tiny.o -o $@

# --- The table ---
TABLE_CONFIGS := $(filter-out machnative,$(CONFIGS))
BENCH_KERNELS := $(foreach config,$(TABLE_CONFIGS),build/$(config)/kernel.elf \
    build/$(config)/boot.cpio)

# COUNTER=insn counts instructions alone, COUNTER=tsc reads hardware's cycles under KVM;
# MACHINE=NAME,... takes other machines of the cycle model.
TABLE_NEEDS := $(BENCH_PLUGIN) build/model/cycles.so $(BENCH_INITRAMFS) $(BENCH_KERNELS)
make_table = scripts/table $(if $(CPU),--cpu $(CPU)) $(if $(COUNTER),--counter $(COUNTER)) \
    $(if $(MACHINE),--machine $(MACHINE))

table: $(TABLE_NEEDS)
	$(Q)$(make_table)

# For what is made of the table: measured if there is none, and kept even if a row is missing in it.
results/table.json results/model.csv &: | $(TABLE_NEEDS)
	$(Q)$(make_table)
.PRECIOUS: results/table.json results/model.csv

# --- Plots ---
plots: results/plots/captions.json

results/plots/captions.json: results/model.csv scripts/plots scripts/l4k/plots.py \
    scripts/l4k/series.py $(wildcard bench/plots/*.gp bench/machines/*.ini) $(TABLE_NEEDS) \
    build/machnative/kernel.elf build/machnative/boot.cpio
	$(Q)scripts/plots $(if $(CPU),--cpu $(CPU))

# --- Where the instructions of one operation go ---
BENCH ?= getpid

breakdown: $(BENCH_PLUGIN) $(BENCH_INITRAMFS) $(if $(filter $(CONFIGS),$(CONFIG)),\
    build/$(CONFIG)/kernel.elf build/$(CONFIG)/boot.cpio)
	$(Q)scripts/breakdown '$(CONFIG)' '$(BENCH)' $(if $(CPU),--cpu $(CPU))

# --- What the cycle model costs the host ---
speed: build/model/cycles.so $(BENCH_INITRAMFS)
	$(Q)bench/model/speed.py

# --- One page of all results ---
report: results/table.json results/plots/captions.json $(BENCH_PLUGIN) $(BENCH_INITRAMFS) \
    $(BENCH_KERNELS)
	$(Q)scripts/report --breakdowns

-include $(BENCH_PLUGIN_OBJ:.o=.d) $(BENCH_LINUX_OBJ:.o=.d) $(BENCH_OUT)/bench/linux/hello.d \
    $(BENCH_OUT)/bench/linux/kallsyms.d
