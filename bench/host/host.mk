# SPDX-License-Identifier: BSD-2-Clause
# Programs that run on this machine's processor: `calibrate` measures it, `validate` runs here and
# as a guest. Included by the root Makefile after bench/model/model.mk.

HOST_OUT := build/bench
CALIBRATE := $(HOST_OUT)/calibrate
VALIDATE := $(HOST_OUT)/validate
VALIDATE_INITRAMFS := $(HOST_OUT)/validate.cpio
CALIBRATE_OBJ := $(addprefix $(HOST_OUT)/bench/host/,calibrate.o cpuid.o timer.o chain.o cache.o \
    tlb.o branch.o classes.o syscall.o)
VALIDATE_OBJ := $(addprefix $(HOST_OUT)/bench/host/,validate.o loops.o calls.o cpuid.o timer.o \
    chain.o)

.PHONY: calibrate validate host-programs
host-programs: $(CALIBRATE) $(VALIDATE_INITRAMFS)

$(HOST_OUT)/bench/host/%.o: bench/host/%.c
	$(Q)mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -c $< -o $@

$(CALIBRATE): $(CALIBRATE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -static $^ -o $@

$(VALIDATE): $(VALIDATE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -static $^ -o $@

$(VALIDATE_INITRAMFS): $(VALIDATE) scripts/mkinitramfs
	$(call say,CPIO,$@)
	$(Q)scripts/mkinitramfs $@ --devices init=$(VALIDATE)

calibrate: $(CALIBRATE)
	$(Q)scripts/calibrate-host

validate: $(VALIDATE_INITRAMFS) model bench-initramfs
	$(Q)scripts/validate

-include $(sort $(CALIBRATE_OBJ:.o=.d) $(VALIDATE_OBJ:.o=.d))
