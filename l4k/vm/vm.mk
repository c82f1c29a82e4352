# SPDX-License-Identifier: BSD-2-Clause
# The VM core: sources for the kernel, and its tests on the host.

VM_CORE_SRCS := $(addprefix l4k/vm/,vm_page.c vm_object.c vm_shadow.c vm_map_tree.c vm_entry.c \
	vm_map.c vm_map_ops.c vm_map_fork.c vm_map_copy.c vm_share.c vm_fault.c vm_copy.c)
VM_SRCS := $(VM_CORE_SRCS) l4k/vm/pmap.c

# Host tests: the machine-independent part over a fake pmap, and again over pmap.c on a simulated
# processor.
VM_FAKE_SRCS := $(VM_CORE_SRCS) l4k/vm/test/fake.c
HOST_TESTS += build/host/host_vm build/host/host_vm_random build/host/host_vm_x86 \
	build/host/host_pmap
HOST_SRCS_host_vm = l4k/vm/test/host_vm.c l4k/vm/test/fake_pmap.c $(VM_FAKE_SRCS)
HOST_SRCS_host_vm_random = l4k/vm/test/host_vm_random.c l4k/vm/test/fake_pmap.c $(VM_FAKE_SRCS)
HOST_SRCS_host_vm_x86 = l4k/vm/test/host_vm_random.c l4k/vm/test/fake_x86.c l4k/vm/pmap.c \
	$(VM_FAKE_SRCS)
HOST_DEFS_host_vm = -iquote l4k/vm/test/include
HOST_DEFS_host_vm_random = -iquote l4k/vm/test/include
HOST_DEFS_host_vm_x86 = -iquote l4k/vm/test/include -iquote l4k/vm/test/x86
HOST_SRCS_host_pmap = l4k/vm/test/host_pmap.c l4k/vm/test/fake_x86.c l4k/vm/pmap.c $(VM_FAKE_SRCS)
HOST_DEFS_host_pmap = $(HOST_DEFS_host_vm_x86)
