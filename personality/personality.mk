# SPDX-License-Identifier: BSD-2-Clause
# The Linux personality: the server, compiled once for all rows, its host tests, its Linux test
# programs.
SERVER_SRCS := alloc cpio device elf exec file fork fs futex inode main memory misc path pipe poll \
	process regular sigframe signal syscall thread time tty
# l4k.mk's rule makes them: one object of each file, linked into every row.
SERVER_OBJS := $(SERVER_SRCS:%=build/server/personality/server/%.o)

.PHONY: server
server: $(SERVER_OBJS)

# Host tests: the server's own sources over a placement of byte arrays, under sanitizers.
SERVER_TESTS := host_cpio host_elf host_file host_path host_process host_signal
SERVER_TEST_CFLAGS := -std=gnu11 -O1 -g -fno-strict-aliasing -fno-builtin -Wall -Wextra \
	-Werror -I. -fsanitize=address,undefined -fno-sanitize-recover=all

build/server-test/server/%.o: personality/server/%.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(SERVER_TEST_CFLAGS) -MMD -MP -c $< -o $@

build/server-test/%.o: personality/server/test/%.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(SERVER_TEST_CFLAGS) -MMD -MP -c $< -o $@

$(SERVER_TESTS:%=build/server-test/%): build/server-test/%: build/server-test/%.o \
		build/server-test/place_test.o $(SERVER_SRCS:%=build/server-test/server/%.o)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(SERVER_TEST_CFLAGS) $^ -lcmocka -o $@

.SECONDARY: $(SERVER_SRCS:%=build/server-test/server/%.o) $(SERVER_TESTS:%=build/server-test/%.o) \
	build/server-test/place_test.o

.PHONY: check-server
check-server: $(SERVER_TESTS:%=build/server-test/%)
	@set -e; for t in $^; do echo "== $$t"; ./$$t; done

# Linux programs that test a system from inside: they run on Linux and on ours alike.
LINUX_TESTS := sys_hello_glibc sys_hello_musl sys_hello_pie sys_calls_glibc sys_calls_musl \
	sys_hostile_glibc
LINUX_TEST_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -I.
MUSL_GCC ?= musl-gcc

build/linux-test/%_glibc: personality/test/%.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(LINUX_TEST_CFLAGS) -static -o $@ $<

build/linux-test/%_pie: personality/test/%.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(LINUX_TEST_CFLAGS) -static-pie -o $@ $<

build/linux-test/%_musl: personality/test/%.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_GCC) $(LINUX_TEST_CFLAGS) -static -o $@ $<

.PHONY: linux-tests
linux-tests: $(LINUX_TESTS:%=build/linux-test/%)

-include $(wildcard build/server-test/*.d build/server-test/server/*.d)
