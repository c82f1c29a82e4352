/* SPDX-License-Identifier: BSD-2-Clause */
/* The QEMU plugin that models cycles.
 *
 *     -plugin build/model/cycles.so,machine=FILE[,machine=FILE]...,cycles=FILE,out=FILE
 *         [,mode=auto|exact|api][,bits=64|32][,reasons=1][,trace=FILE]
 *         [,class=...][,probe=...][,bursts=1]
 *
 * This file only connects the model, one for each machine, and the counting core (bench/plugin) to
 * QEMU; arguments and output are described in bench/model/README.md. Until the first marker only
 * translation is looked at; then QEMU forgets its code and everything is translated anew with
 * callbacks. Callbacks run in the thread of the one virtual CPU.
 *
 * Mode `exact` uses functions that QEMU's binary exports though they are no part of its plugin
 * interface: privilege level, CR3, page tables and vectors are then those of the guest. Mode `api`
 * does without. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/model.h"
#include "bench/plugin/count.h"
#include "bench/plugin/qemu_plugin_v1.h"

#define MAX_MACHINES 8
#define MAX_LENGTH 15
#define HASH_SIZE 65536
#define VECTORS 256

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_API;

/* An instruction as both cores know it. */
struct known {
    struct model_insn model;
    const struct count_insn *count;
    uint8_t bytes[MAX_LENGTH];
    uint8_t mode; /* enum decode_mode */
    bool odd;     /* our decoder and QEMU disagree about its length */
    struct known *next;
};

/* glib's GByteArray */
struct byte_array {
    uint8_t *data;
    unsigned int length;
};

/* QEMU's functions of mode `exact`; numbers of registers are those of QEMU's gdb stub. */
static struct {
    void *(*get_cpu)(int index);
    int (*read_register)(void *cpu, struct byte_array *bytes, int number);
    void (*memory)(uint64_t addr, void *buffer, uint64_t length, bool write);
    void (*dump_state)(void *cpu, FILE *out, int flags);
    struct byte_array *(*new_array)(void);
    struct byte_array *(*set_size)(struct byte_array *array, unsigned int length);
    struct byte_array *scratch;
} qemu;

enum { GDB_CS = 18, GDB_CR0 = 27, GDB_CR3 = 29, GDB_CR4 = 30, GDB_EFER = 32 };

static struct {
    const char *machines[MAX_MACHINES];
    unsigned int n_machines;
    const char *cycles, *trace;
    bool want_exact, forbid_exact, reasons;
    enum decode_mode bits;
} words = { .bits = MODE_64 };

static struct counter *counter;
static struct model *models[MAX_MACHINES];
static struct model_places places;
static struct known *hash[HASH_SIZE];
static FILE *insn_out, *cycles_out, *trace_out;
static bool exact, instrumented;

/* What the instruction that ran last did, to be looked at when the next one runs. */
static const struct known *changed_space;

static void give_up(const char *why)
{
    fprintf(stderr, "l4k cycles plugin: %s\n", why);
    exit(EXIT_FAILURE);
}

/* --- Mode exact: what QEMU's binary exports --- */

static bool find_functions(void)
{
    qemu.get_cpu = (void *(*)(int))dlsym(RTLD_DEFAULT, "qemu_get_cpu");
    qemu.read_register = (int (*)(void *, struct byte_array *, int))
        dlsym(RTLD_DEFAULT, "x86_cpu_gdb_read_register");
    qemu.memory = (void (*)(uint64_t, void *, uint64_t, bool))
        dlsym(RTLD_DEFAULT, "cpu_physical_memory_rw");
    qemu.dump_state = (void (*)(void *, FILE *, int))dlsym(RTLD_DEFAULT, "x86_cpu_dump_state");
    qemu.new_array = (struct byte_array *(*)(void))dlsym(RTLD_DEFAULT, "g_byte_array_new");
    qemu.set_size = (struct byte_array *(*)(struct byte_array *, unsigned int))
        dlsym(RTLD_DEFAULT, "g_byte_array_set_size");
    if (!qemu.get_cpu || !qemu.read_register || !qemu.memory || !qemu.dump_state ||
        !qemu.new_array || !qemu.set_size)
        return false;
    qemu.scratch = qemu.new_array();
    return true;
}

static uint64_t read_register(int number)
{
    uint64_t value = 0;

    qemu.set_size(qemu.scratch, 0);
    qemu.read_register(qemu.get_cpu(0), qemu.scratch, number);
    memcpy(&value, qemu.scratch->data,
           qemu.scratch->length < sizeof(value) ? qemu.scratch->length : sizeof(value));
    return value;
}

/* A general register, by the processor's number. Only right before a block's first instruction. */
static uint64_t read_general(unsigned int number)
{
    static const uint8_t gdb_numbers[8] = { 0, 2, 3, 1, 7, 6, 4, 5 };

    return read_register(number < 8 ? gdb_numbers[number] : (int)number);
}

#define CR0_PG (UINT64_C(1) << 31)
#define CR4_PGE (UINT64_C(1) << 7)
#define EFER_LMA (UINT64_C(1) << 10)
#define PTE_PRESENT 1
#define PTE_LARGE (1 << 7)
#define PTE_GLOBAL (1 << 8)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)

/* Intel SDM vol. 3, 4.5: four-level paging. Without paging an address translates to itself. */
static bool walk_tables(uint64_t vaddr, struct model_walk *walk)
{
    uint64_t table = read_register(GDB_CR3) & PTE_FRAME, entry = 0;

    walk->references = 0;
    for (int level = 3; level >= 0; level--) {
        unsigned int shift = 12 + 9 * level;
        uint64_t at = table + (vaddr >> shift & 511) * sizeof(entry);

        qemu.memory(at, &entry, sizeof(entry), false);
        walk->reference[walk->references++] = at;
        if (!(entry & PTE_PRESENT))
            return false;
        table = entry & PTE_FRAME;
        if (level == 0 || (level < 3 && entry & PTE_LARGE)) {
            walk->shift = shift;
            walk->frame = table >> shift << shift;
            walk->global = entry & PTE_GLOBAL && read_register(GDB_CR4) & CR4_PGE;
            return true;
        }
    }
    return false;
}

static void trace_walk(uint64_t vaddr, const struct model_walk *walk)
{
    fprintf(trace_out, "walk %" PRIx64 " %x %d %" PRIx64, vaddr, walk->shift, walk->global,
            walk->frame);
    for (unsigned int i = 0; i < walk->references; i++)
        fprintf(trace_out, " %" PRIx64, walk->reference[i]);
    fputs("\n", trace_out);
}

static bool on_walk(void *data, uint64_t vaddr, struct model_walk *walk)
{
    bool known = true;

    (void)data;
    if (!(read_register(GDB_CR0) & CR0_PG))
        *walk = (struct model_walk){ .shift = 21, .frame = vaddr >> 21 << 21 };
    else
        known = read_register(GDB_EFER) & EFER_LMA && walk_tables(vaddr, walk);
    if (known && trace_out)
        trace_walk(vaddr, walk);
    return known;
}

static int on_ring(void *data)
{
    int ring = read_register(GDB_CS) & 3;

    (void)data;
    if (trace_out)
        fprintf(trace_out, "ring %d\n", ring);
    return ring;
}

/* The base of the interrupt descriptor table, from QEMU's text. */
static bool idt_base(uint64_t *base)
{
    static char text[16384];
    FILE *file = fmemopen(text, sizeof(text) - 1, "w");
    const char *at;

    if (!file)
        return false;
    qemu.dump_state(qemu.get_cpu(0), file, 0);
    fclose(file);
    at = strstr(text, "\nIDT=");
    return at && sscanf(at + 5, "%" SCNx64, base) == 1;
}

/* Intel SDM vol. 3, 6.14.1: the offset in a 64-bit gate. 0 if its page is not there. */
static uint64_t handler_of(uint64_t idt, int vector)
{
    struct model_walk walk;
    uint64_t at = idt + 16 * vector;
    uint32_t gate[4];

    if (!walk_tables(at, &walk))
        return 0;
    qemu.memory(walk.frame + (at & ((UINT64_C(1) << walk.shift) - 1)), gate, sizeof(gate), false);
    return (uint64_t)gate[2] << 32 | (gate[1] & 0xffff0000) | (gate[0] & 0xffff);
}

static int find_vector(const uint64_t *handlers, uint64_t addr)
{
    for (int i = 0; i < VECTORS; i++)
        if (handlers[i] == addr)
            return i;
    return -1;
}

static int on_vector(void *data, uint64_t addr)
{
    static uint64_t handlers[VECTORS];
    int vector = find_vector(handlers, addr);
    uint64_t idt;

    (void)data;
    if (vector < 0 && read_register(GDB_EFER) & EFER_LMA && idt_base(&idt)) {
        for (int i = 0; i < VECTORS; i++)
            handlers[i] = handler_of(idt, i);
        vector = find_vector(handlers, addr);
    }
    if (vector >= 0 && trace_out)
        fprintf(trace_out, "vector %" PRIx64 " %x\n", addr, vector);
    return vector;
}

/* The mode of the code that is being translated. */
static enum decode_mode decode_mode(void)
{
    return !exact ? words.bits : read_register(GDB_EFER) & EFER_LMA ? MODE_64 : MODE_32;
}

/* --- Address-space changes, seen when the next instruction runs --- */

static uint64_t operand_address(const struct model_insn *insn)
{
    const struct decoded *d = &insn->d;
    uint64_t addr = (int64_t)d->displacement;

    if (d->rip_relative)
        addr += insn->addr + d->length;
    if (d->base != NO_REGISTER)
        addr += read_general(d->base);
    if (d->index != NO_REGISTER)
        addr += read_general(d->index) << d->scale;
    return addr;
}

static void change_space(const struct known *known)
{
    uint64_t value = 0;

    if (known->model.d.op == OP_INVLPG) {
        if (!exact)
            return; /* which page cannot be told */
        value = operand_address(&known->model);
        for (unsigned int i = 0; i < words.n_machines; i++)
            model_invlpg(models[i], value);
    } else {
        value = exact ? read_register(GDB_CR3) : 0;
        for (unsigned int i = 0; i < words.n_machines; i++)
            model_cr3(models[i], value, false);
    }
    if (trace_out)
        fprintf(trace_out, known->model.d.op == OP_INVLPG ? "invlpg %" PRIx64 "\n" :
                                                            "cr3 %" PRIx64 " 0\n", value);
}

/* --- Execution --- */

static void start_all(uint64_t id);
static uint64_t plugin_id;

static void trace_bytes(FILE *out, const struct known *known)
{
    for (unsigned int i = 0; i < known->model.d.length; i++)
        fprintf(out, "%02x", known->bytes[i]);
}

static void trace_insn(const struct known *known)
{
    static uint8_t mode = MODE_64;

    if (known->mode != mode)
        fprintf(trace_out, "mode %d\n", 16 << known->mode);
    mode = known->mode;
    fprintf(trace_out, "x %" PRIx64 " ", known->model.addr);
    trace_bytes(trace_out, known);
    fputs("\n", trace_out);
}

/* Complain once of an instruction about whose length we and QEMU disagree. QEMU cuts those that
 * fault when they are translated (the FPU's while CR0.TS is set): what follows them does not run. */
static void check_length(struct known *known)
{
    static struct known *odd;
    bool completed = odd && known->model.addr == odd->model.addr + odd->model.d.length;
    struct known *last = odd;

    odd = known->odd ? known : NULL;
    if (!completed)
        return;
    last->odd = false;
    fprintf(cycles_out, "{\"error\": \"undecoded ");
    trace_bytes(cycles_out, last);
    fprintf(cycles_out, "\"}\n");
}

static void on_insn(unsigned int vcpu, void *data)
{
    struct known *known = data;
    const struct decoded *d = &known->model.d;

    (void)vcpu;
    if (!instrumented && !(d->flags & D_OPEN))
        return;
    if (!instrumented) {
        instrumented = true;
        qemu_plugin_reset(plugin_id, start_all);
    }
    if (changed_space) {
        change_space(changed_space);
        changed_space = NULL;
    }
    check_length(known);
    counter_exec(counter, known->count);
    for (unsigned int i = 0; i < words.n_machines; i++)
        model_exec(models[i], &known->model);
    if (trace_out)
        trace_insn(known);
    if ((d->op == OP_MOVE_CR3 && d->flags & D_WRITES_CR) || d->op == OP_INVLPG)
        changed_space = known;
}

static void on_access(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *data)
{
    const struct known *known = data;
    const struct qemu_plugin_hwaddr *where;
    unsigned int size = 1u << qemu_plugin_mem_size_shift(info);
    bool store = qemu_plugin_mem_is_store(info), device;
    uint64_t paddr;

    (void)vcpu;
    if (!instrumented)
        return;
    if (known->count->flags & INSN_REP && store == !!(known->count->flags & INSN_REP_STORES))
        counter_rep_access(counter, size);
    where = qemu_plugin_get_hwaddr(info, vaddr);
    device = where && qemu_plugin_hwaddr_is_io(where);
    paddr = where ? qemu_plugin_hwaddr_phys_addr(where) : vaddr;
    for (unsigned int i = 0; i < words.n_machines; i++)
        model_access(models[i], vaddr, paddr, size, store, device);
    if (trace_out)
        fprintf(trace_out, "%c %" PRIx64 " %" PRIx64 " %x\n",
                store ? device ? 'W' : 'w' : device ? 'R' : 'r', vaddr, paddr, size);
}

/* --- Translation --- */

static struct known *describe(uint64_t addr, const uint8_t *bytes, size_t size)
{
    struct known **bucket = &hash[(addr ^ addr >> 16) % HASH_SIZE], *known;
    enum decode_mode mode = decode_mode();
    struct decoded d;

    for (known = *bucket; known; known = known->next)
        if (known->model.addr == addr && known->model.d.length == size &&
            !memcmp(known->bytes, bytes, size))
            return known;
    known = calloc(1, sizeof(*known));
    if (!known || size > MAX_LENGTH)
        give_up("out of memory");
    decode(&d, bytes, size, mode);
    known->mode = mode;
    known->odd = d.length != size;
    model_describe(&places, &known->model, addr, bytes, size, mode);
    memcpy(known->bytes, bytes, size);
    known->count = counter_describe(counter, addr, bytes, size);
    if (!known->count)
        give_up("out of memory");
    known->next = *bucket;
    *bucket = known;
    return known;
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct known *known = describe(qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_data(insn),
                                       qemu_plugin_insn_size(insn));

        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS, known);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, known);
    }
}

/* Before the first marker: only blocks that hold one get callbacks, and then all of them, since
 * what follows the marker in its block counts already. */
static void on_translate_quietly(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct decoded d;

        if (qemu_plugin_insn_size(insn) != 7)
            continue;
        decode(&d, qemu_plugin_insn_data(insn), 7, words.bits);
        if (d.flags & D_OPEN) {
            on_translate(id, tb);
            return;
        }
    }
}

static void on_end(uint64_t id, void *data)
{
    (void)id;
    (void)data;
    counter_finish(counter);
    fclose(insn_out);
    for (unsigned int i = 0; i < words.n_machines; i++)
        model_finish(models[i]);
    fclose(cycles_out);
    if (trace_out)
        fclose(trace_out);
}

static void start_all(uint64_t id)
{
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
}

/* --- Start --- */

static bool our_word(const char *word)
{
    if (!strncmp(word, "machine=", 8) && words.n_machines < MAX_MACHINES)
        words.machines[words.n_machines++] = word + 8;
    else if (!strncmp(word, "cycles=", 7))
        words.cycles = word + 7;
    else if (!strncmp(word, "trace=", 6))
        words.trace = word + 6;
    else if (!strcmp(word, "mode=exact"))
        words.want_exact = true;
    else if (!strcmp(word, "mode=api"))
        words.forbid_exact = true;
    else if (!strcmp(word, "reasons=1") || !strcmp(word, "reasons=on"))
        words.reasons = true;
    else if (!strcmp(word, "bits=32"))
        words.bits = MODE_32;
    else
        return !strcmp(word, "mode=auto") || !strcmp(word, "bits=64");
    return true;
}

static FILE *open_output(const char *path, char *error, size_t error_size)
{
    FILE *file = fopen(path, "w");

    if (!file)
        snprintf(error, error_size, "cannot write %.300s: %s", path, strerror(errno));
    return file;
}

/* The counter's classes tell the model's places. */
static void take_places(const struct count_config *config)
{
    for (unsigned int i = CLASS_FIRST_GIVEN; i < config->n_classes; i++) {
        if (!strcmp(config->classes[i].name, "stub")) {
            places.stub_lo = config->classes[i].lo;
            places.stub_hi = config->classes[i].hi;
        } else if (!strcmp(config->classes[i].name, "server")) {
            places.server_lo = config->classes[i].lo;
            places.server_hi = config->classes[i].hi;
        }
    }
}

static bool make_models(char *error, size_t error_size)
{
    static struct machine machine;
    static const struct model_env env = { .walk = on_walk, .vector = on_vector, .ring = on_ring };

    for (unsigned int i = 0; i < words.n_machines; i++) {
        if (!machine_read(&machine, words.machines[i], error, error_size))
            return false;
        models[i] = model_new(&machine, exact ? &env : NULL, exact ? "exact" : "api", cycles_out);
        if (!models[i] || (words.reasons && !model_give_reasons(models[i]))) {
            snprintf(error, error_size, "out of memory");
            return false;
        }
    }
    return true;
}

static bool start(int argc, char **argv, char *error, size_t error_size)
{
    static struct count_config config;
    char *rest[64];
    int n = 0;

    for (int i = 0; i < argc && n < 64; i++)
        if (!our_word(argv[i]))
            rest[n++] = argv[i];
    if (!count_config_parse(&config, n, rest, error, error_size))
        return false;
    exact = !words.forbid_exact && find_functions();
    snprintf(error, error_size, "%s",
             !words.n_machines ? "argument machine=FILE is missing" :
             !words.cycles ? "argument cycles=FILE is missing" :
             words.want_exact && !exact ? "mode=exact needs a QEMU that exports its functions" :
             words.trace && words.n_machines > 1 ? "a trace is made for one machine" : "");
    if (error[0])
        return false;
    take_places(&config);
    insn_out = open_output(config.out, error, error_size);
    cycles_out = insn_out ? open_output(words.cycles, error, error_size) : NULL;
    trace_out = cycles_out && words.trace ? open_output(words.trace, error, error_size) : NULL;
    if (!cycles_out || (words.trace && !trace_out))
        return false;
    counter = counter_new(&config, insn_out);
    return counter && make_models(error, error_size);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_plugin_host *host,
                                           int argc, char **argv)
{
    static char error[512];

    snprintf(error, sizeof(error),
             "only qemu-system-x86_64 with version 1 of the plugin interface");
    plugin_id = id;
    if (host->version.min > QEMU_PLUGIN_API || host->version.cur < QEMU_PLUGIN_API ||
        !host->system_emulation || strcmp(host->target_name, "x86_64") ||
        !start(argc, argv, error, sizeof(error))) {
        fprintf(stderr, "l4k cycles plugin: %s\n", error);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate_quietly);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
