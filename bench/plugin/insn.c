/* SPDX-License-Identifier: BSD-2-Clause */
/* The QEMU plugin that counts guest instructions between markers.
 *
 *     -plugin build/bench/insn.so,out=FILE[,class=NAME:LO-HI][,probe=NAME:ADDR]
 *         [,functions=FILE][,bursts=1]
 *
 * This file only connects the counting core (count.c) to QEMU; arguments and output are described
 * in bench/README.md. Callbacks use one counter for one virtual CPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin/count.h"
#include "bench/plugin/function.h"
#include "bench/plugin/qemu_plugin_v1.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_API;

static struct counter *counter;
static struct function_table functions;
static FILE *output;

static void on_insn(unsigned int vcpu, void *data)
{
    (void)vcpu;
    counter_exec(counter, data);
}

/* QEMU calls back for loads and stores alike, whatever was asked for: tell them apart here. */
static void on_rep_access(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *data)
{
    const struct count_insn *insn = data;

    (void)vcpu;
    (void)vaddr;
    if (qemu_plugin_mem_is_store(info) == !!(insn->flags & INSN_REP_STORES))
        counter_rep_access(counter, 1u << qemu_plugin_mem_size_shift(info));
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const struct count_insn *known =
            counter_describe(counter, qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_data(insn),
                             qemu_plugin_insn_size(insn));

        if (!known) {
            fprintf(stderr, "l4k insn plugin: out of memory\n");
            exit(EXIT_FAILURE);
        }
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)known);
        if (known->flags & INSN_REP)
            qemu_plugin_register_vcpu_mem_cb(insn, on_rep_access, QEMU_PLUGIN_CB_NO_REGS,
                                             QEMU_PLUGIN_MEM_RW, (void *)known);
    }
}

static void on_end(uint64_t id, void *data)
{
    (void)id;
    (void)data;
    counter_finish(counter);
    fclose(output);
}

static int refuse(const char *why)
{
    fprintf(stderr, "l4k insn plugin: %s\n", why);
    return 1;
}

/* The table of functions, if one was asked for; false, and one line in `error`. */
static bool load_functions(const char *path, char *error, size_t error_size)
{
    FILE *in;
    bool good;

    if (path[0] == '\0')
        return true;
    in = fopen(path, "r");
    if (!in) {
        snprintf(error, error_size, "cannot read %.300s: %s", path, strerror(errno));
        return false;
    }
    good = function_table_read(&functions, in, error, error_size);
    fclose(in);
    return good;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_plugin_host *host,
                                           int argc, char **argv)
{
    static struct count_config config;
    static char error[512];

    if (host->version.min > QEMU_PLUGIN_API || host->version.cur < QEMU_PLUGIN_API)
        return refuse("this QEMU does not serve version 1 of the plugin interface");
    if (!host->system_emulation || strcmp(host->target_name, "x86_64"))
        return refuse("only qemu-system-x86_64 can be counted");
    if (!count_config_parse(&config, argc, argv, error, sizeof(error)))
        return refuse(error);
    if (!load_functions(config.functions, error, sizeof(error)))
        return refuse(error);
    output = fopen(config.out, "w");
    if (!output) {
        snprintf(error, sizeof(error), "cannot write %.300s: %s", config.out, strerror(errno));
        return refuse(error);
    }
    counter = counter_new(&config, output);
    if (!counter || (config.functions[0] && !counter_use_functions(counter, &functions)))
        return refuse("out of memory");
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
