/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of QEMU's TCG plugin interface, version 1, that our plugins use.
 *
 * Debian packages QEMU without a header for its plugins, so the functions are declared here from
 * the interface's documentation. Every structure is opaque but the one that QEMU hands to
 * qemu_plugin_install(), of which only the leading members are named. Callbacks run in the thread
 * of the virtual CPU; an instruction's callback runs before the instruction. */
#ifndef BENCH_PLUGIN_QEMU_PLUGIN_V1_H
#define BENCH_PLUGIN_QEMU_PLUGIN_V1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_API 1
#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;   /* a block being translated */
struct qemu_plugin_insn; /* an instruction of it, valid only inside the translation callback */

/* What QEMU says of itself. `min` and `cur` bound the interface versions it serves. */
struct qemu_plugin_host {
    const char *target_name; /* "x86_64" */
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
};

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W = 2, QEMU_PLUGIN_MEM_RW = 3 };

/* Defined by the plugin: the version it wants, and its start. Non-zero from install: not loaded. */
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_plugin_host *host,
                                           int argc, char **argv);

/* Translation: the callback may look at the block and ask for callbacks at execution. */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/* Execution. A memory callback runs after the access; `info` is opaque but for its size. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            void (*cb)(unsigned int vcpu, void *data),
                                            enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*cb)(unsigned int vcpu, uint32_t info, uint64_t vaddr,
                                                 void *data),
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
                                      void *data);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);

/* Where an access went: only inside its callback. NULL if QEMU cannot tell. */
struct qemu_plugin_hwaddr;
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *hwaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *hwaddr);

/* Forget all callbacks and all translated code, then call `cb`, which may register others. That
 * happens when the block that runs has ended. */
void qemu_plugin_reset(uint64_t id, void (*cb)(uint64_t id));

/* When QEMU ends in good order. */
void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data), void *data);

#endif
