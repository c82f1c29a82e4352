# SPDX-License-Identifier: BSD-2-Clause
# The cycle model: its QEMU plugin, its replay of traces, its tests. Included by the root Makefile
# after bench/bench.mk, whose variables it uses.

MODEL_OUT := build/model
MODEL_PLUGIN := $(MODEL_OUT)/cycles.so
MODEL_CORE := $(addprefix bench/model/,decode.c machine.c cache.c shadow.c tlb.c branch.c memory.c \
    model.c report.c)
MODEL_PLUGIN_SRC := $(MODEL_CORE) bench/model/qemu.c bench/plugin/count.c
MODEL_PLUGIN_OBJ := $(MODEL_PLUGIN_SRC:%.c=$(MODEL_OUT)/%.pic.o)
MODEL_HEADERS := $(wildcard bench/model/*.h) bench/marker.h

.PHONY: model model-tests trace
model: $(MODEL_PLUGIN) $(MODEL_OUT)/replay
model-tests: $(MODEL_OUT)/host_model $(MODEL_OUT)/host_decode $(MODEL_PLUGIN) $(MODEL_OUT)/replay \
    $(BENCH_KALLSYMS)

$(MODEL_OUT):
	$(Q)mkdir -p $@

$(MODEL_OUT)/%.pic.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -fPIC -fvisibility=hidden -c $< -o $@

$(MODEL_PLUGIN): $(MODEL_PLUGIN_OBJ)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -shared $^ -ldl -o $@

$(MODEL_OUT)/replay: bench/model/replay.c bench/model/trace.c $(MODEL_CORE) $(MODEL_HEADERS) \
    | $(MODEL_OUT)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(filter-out -MMD -MP,$(BENCH_FLAGS)) $(filter %.c,$^) -o $@

$(MODEL_OUT)/host_model: bench/model/host_model.c bench/model/trace.c $(MODEL_CORE) \
    $(MODEL_HEADERS) | $(MODEL_OUT)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(filter-out -MMD -MP,$(BENCH_FLAGS)) $(SANITIZE) $(filter %.c,$^) -lcmocka -o $@

$(MODEL_OUT)/host_decode: bench/model/host_decode.c bench/model/decode.c $(MODEL_HEADERS) \
    | $(MODEL_OUT)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(filter-out -MMD -MP,$(BENCH_FLAGS)) $(SANITIZE) $(filter %.c,$^) -lcmocka -o $@

# --- One operation from start to end ---
trace: model $(BENCH_INITRAMFS) $(BENCH_KALLSYMS) $(if $(filter $(CONFIGS),$(CONFIG)),\
    build/$(CONFIG)/kernel.elf build/$(CONFIG)/boot.cpio)
	$(Q)scripts/trace '$(CONFIG)' '$(BENCH)' $(if $(MACHINE),--machine '$(MACHINE)') \
	    $(if $(CPU),--cpu $(CPU)) $(if $(NTH),--nth $(NTH))

-include $(MODEL_PLUGIN_OBJ:.o=.d)
