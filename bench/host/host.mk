# SPDX-License-Identifier: BSD-2-Clause
# The program that measures this machine's processor. Included by the root Makefile after
# bench/model/model.mk.

HOST_OUT := build/bench
CALIBRATE := $(HOST_OUT)/calibrate
CALIBRATE_OBJ := $(addprefix $(HOST_OUT)/bench/host/,calibrate.o cpuid.o timer.o chain.o cache.o \
    tlb.o branch.o classes.o syscall.o)

.PHONY: calibrate host-programs
host-programs: $(CALIBRATE)

$(HOST_OUT)/bench/host/%.o: bench/host/%.c
	$(Q)mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -c $< -o $@

$(CALIBRATE): $(CALIBRATE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -static $^ -o $@

calibrate: $(CALIBRATE)
	$(Q)scripts/calibrate-host

-include $(CALIBRATE_OBJ:.o=.d)
