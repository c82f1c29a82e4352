/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests of the model: machine files, recorded traces with hand-worked cycles, loops and scans
 * of known misses, write buffer, translation buffers, predictor. Run from the root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/trace.h"

#define P133 "bench/machines/p133.ini"
#define SKYLAKE "bench/machines/skylake.ini"
#define TRACES "bench/model/traces/"
#define CODE UINT64_C(0x400000)
#define DATA UINT64_C(0x600000)
#define LINE 32
#define PAGE 4096

/* --- Machine files --- */

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static struct machine machine_of(const char *path)
{
    struct machine machine;
    char error[512] = "";

    if (!machine_read(&machine, path, error, sizeof(error)))
        fail_msg("%s", error);
    return machine;
}

static unsigned int lines_in(const char *text, const char *end)
{
    unsigned int n = 0;

    for (; text < end; text++)
        n += *text == '\n';
    return n;
}

/* p133 with the passage `old` replaced must be refused: `wanted` is said of the line `after` lines
 * behind the passage, or of the last line if `after` is negative. */
static void refused(const char *old, const char *new, int after, const char *wanted)
{
    static char changed[70000];
    char *text = file_text(P133), *at = strstr(text, old), error[512] = "", full[512];
    struct machine machine;
    unsigned int line;

    assert_non_null(at);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    line = after < 0 ? lines_in(changed, changed + strlen(changed)) :
                       lines_in(text, at) + 1 + after;
    snprintf(full, sizeof(full), "m.ini:%u: %s", line, wanted);
    free(text);
    assert_false(machine_parse(&machine, "m.ini", changed, error, sizeof(error)));
    if (strcmp(error, full))
        fail_msg("\"%s\", not \"%s\"", error, full);
}

static void machine_files(void **state)
{
    struct machine p133 = machine_of(P133), skylake = machine_of(SKYLAKE);

    (void)state;
    assert_string_equal(p133.name, "p133");
    assert_int_equal(p133.cost[OP_SYSCALL], 48 * TICKS);
    assert_int_equal(p133.l1d.size, 8192);
    assert_int_equal(p133.l3.size, 0);
    assert_int_equal(p133.stlb.entries, 0);
    assert_int_equal(skylake.cost[OP_ALU], 35);
    assert_int_equal(skylake.l3.ways, 16);
    assert_true(skylake.global_pages);
}

static void machine_errors(void **state)
{
    static const char *const cycles = "[base] nop: not cycles (at most two decimal places)";
    static const char *const range = "[machine] mhz: not a number from 1 to 10000";
    char error[512];
    struct machine machine;

    (void)state;
    refused("mhz = 133 ", "mhz = fast ", 0, range);
    refused("mhz = 133 ", "mhz = 0 ", 0, range);
    refused("mhz = 133 ", "mhz = 133 MHz ", 0, range);
    refused("mhz = 133 ", "mhz ", 0, "[machine] mhz: not 'key = value'");
    refused("mhz = 133 ", "mhz = 133\ncolour = grey\n", 1, "[machine] colour: no such key");
    refused("pairing = pentium", "pairing = maybe", 0,
            "[machine] pairing: neither none nor pentium");
    refused("nop = 1 ", "nop = 1.234 ", 0, cycles);
    refused("nop = 1 ", "nop = -1 ", 0, cycles);
    refused("nop = 1 ", "nop = 1. ", 0, cycles);
    refused("nop = 1 ", "nop = ", 0, cycles);
    refused("name = p133", "name = P 133", 0,
            "[machine] name: not a name of at most 95 of a-z 0-9 _ - . : =");
    refused("[base]", "[bass]", 0, "[machine] bass: no such section");
    refused("[base]", "[base", 0, "[machine] [base: not a section");
    refused("entries = 64 ", "entries = 65 ", 0,
            "[dtlb] entries: entries / ways is not a power of two");
    refused("size = 262144", "size = 262000", 0,
            "[l2] size: size / (line * ways) is not a power of two");
    assert_false(machine_read(&machine, "nowhere.ini", error, sizeof(error)));
    assert_string_equal(error, "nowhere.ini: No such file or directory");
}

/* A key that stands twice: the message names both lines. */
static void machine_duplicate(void **state)
{
    static const char text[] = "[machine]\nname = a\n\nname = b\n";
    struct machine machine;
    char error[512];

    (void)state;
    assert_false(machine_parse(&machine, "m.ini", text, error, sizeof(error)));
    assert_string_equal(error, "m.ini:4: [machine] name: already given in line 2");
}

/* A key that is taken out is missed by name, with the file's last line. */
static void machine_missing(void **state)
{
    (void)state;
    refused("syscall = 48", "#", -1, "[privileged] syscall: missing at the end of the file");
    refused("latency = 13", "#", -1, "[l2] latency: missing at the end of the file");
    refused("pcid = no", "#", -1, "[flush] pcid: missing at the end of the file");
}

/* --- What a model says --- */

/* The number behind "key" in the part of the line that begins at "place" ("total": the first). */
static double number_of(const char *line, const char *place, const char *key)
{
    char pattern[64];
    const char *at = line;

    if (strcmp(place, "total")) {
        snprintf(pattern, sizeof(pattern), "\"%s\": {", place);
        at = strstr(line, pattern);
        assert_non_null(at);
    }
    snprintf(pattern, sizeof(pattern), "\"%s\": ", key);
    at = strstr(at, pattern);
    if (!at)
        fail_msg("no %s", key);
    return strtod(at + strlen(pattern), NULL);
}

static void expect(const char *line, const char *place, const char *key, double wanted)
{
    double seen = number_of(line, place, key);

    if (seen != wanted)
        fail_msg("%s %s is %.2f, not %.2f: %s", place, key, seen, wanted, line);
}

/* --- Traces --- */

static char *replayed(const char *path, const char *machine_path)
{
    static const struct model_places places;
    struct machine machine = machine_of(machine_path);
    FILE *trace = fopen(path, "r"), *out;
    char *text = NULL, error[512] = "";
    size_t size;

    assert_non_null(trace);
    out = open_memstream(&text, &size);
    assert_non_null(out);
    if (!trace_replay(trace, &machine, &places, out, error, sizeof(error)))
        fail_msg("%s: %s", path, error);
    fclose(trace);
    fclose(out);
    return text;
}

/* A trace holds its own expectations: "#expect PLACE KEY NUMBER", worked out beside its events. */
static void check_trace(const char *path)
{
    char *text = replayed(path, P133), line[512], place[16], key[32];
    FILE *trace = fopen(path, "r");
    unsigned int n = 0;
    double wanted;

    assert_null(strstr(text, "error"));
    assert_non_null(trace);
    while (fgets(line, sizeof(line), trace)) {
        if (sscanf(line, "#expect %15s %31s %lf", place, key, &wanted) != 3)
            continue;
        expect(text, place, key, wanted);
        n++;
    }
    assert_true(n > 0);
    fclose(trace);
    free(text);
}

static void traces(void **state)
{
    static const char *const names[] = { "pairing", "fault", "interrupt", "writes", "syscall",
                                         "cr3", "rep", "pairs_of_memory", "nested",
                                         "prefixes" };
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), TRACES "%s.trace", names[i]);
        check_trace(path);
    }
}

/* On a machine with global pages the kernel's translation outlives the write of CR3. */
static void global_pages(void **state)
{
    char *text = replayed(TRACES "cr3.trace", SKYLAKE);

    (void)state;
    expect(text, "total", "itlb_misses", 0);
    expect(text, "total", "dtlb_misses", 2);
    free(text);
}

/* Steps of the trace "syscall", whose costs stand beside its events. */
static void steps(void **state)
{
    static const struct model_places places;
    struct machine machine = machine_of(P133);
    FILE *trace = fopen(TRACES "syscall.trace", "r"), *memory;
    char *seen = NULL, error[512] = "";
    size_t size;

    (void)state;
    assert_non_null(trace);
    memory = open_memstream(&seen, &size);
    assert_non_null(memory);
    assert_true(trace_steps(trace, &machine, &places, 4, 1, memory, error, sizeof(error)));
    fclose(memory);
    fclose(trace);
    assert_string_equal(seen,
                        "0 400000 2 next 0 1 0 0 0 0 0 0 0 0 0 0\n"
                        /* 24, 5, 48 and 3 */
                        "0 ffffffff80001000 3 trap 0 1 1 0 1 0 0 2400 0 500 0 5100\n"
                        "8000 ffffffff80001003 3 next 0 1 0 0 0 0 0 0 0 0 0 0\n"
                        "8000 400002 2 leave 0 1 0 0 0 100 0 0 0 0 0 2700\n"
                        "10800 400004 2 next 0 1 0 0 0 0 0 0 0 0 0 0\n"
                        "10800 400002 2 jump 0 1 0 0 0 100 400 0 0 0 0 0\n"
                        "11300 400004 2 next 0 1 0 0 0 0 0 0 0 0 0 0\n"
                        "11300 400002 2 jump 0 1 0 0 0 100 0 0 0 0 0 0\n"
                        "11400 400004 2 next 0 1 0 0 0 0 0 0 0 0 0 0\n"
                        "11400 400006 7 next 0 0 0 0 0 0 400 0 0 0 0 0\n"); /* the marker */
    free(seen);
}

static void bad_traces(void **state)
{
    static const char *const bad[] = { "x 400000", "x zz 90", "x 400000 9", "r 1 2", "r 1 2 0",
                                       "walk 1 c", "mode 8", "cr3", "y 1", "vector 1 100" };
    static const struct model_places places;
    struct machine machine = machine_of(P133);
    char error[128], text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FILE *in, *out = fopen("/dev/null", "w");

        snprintf(text, sizeof(text), "# first\n%s\n", bad[i]);
        in = fmemopen(text, strlen(text), "r");
        if (trace_replay(in, &machine, &places, out, error, sizeof(error)))
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(error, "line 2 is not an event");
        fclose(in);
        fclose(out);
    }
}

/* --- Streams --- */

static const uint8_t load[] = { 0x8b, 0x07 }, store[] = { 0x89, 0x07 }, nop[] = { 0x90 },
                     jne_back[] = { 0x75, 0xfc }, /* to two before */
                     open1[] = { 0x0f, 0x1f, 0x80, 1, 1, 0x34, 0x4c },
                     close1[] = { 0x0f, 0x1f, 0x80, 1, 2, 0x34, 0x4c };

static const struct model_places no_places;

#define MAX_INSNS 16384
static struct model_insn insns[MAX_INSNS];
static unsigned int n_insns;
static struct model *model;
static FILE *out;
static char *text;
static size_t text_size;

static void start(const struct machine *machine)
{
    n_insns = 0;
    out = open_memstream(&text, &text_size);
    assert_non_null(out);
    model = model_new(machine, NULL, "test", out);
    assert_non_null(model);
}

static int stop(void **state)
{
    (void)state;
    if (model)
        model_free(model);
    if (out)
        fclose(out);
    free(text);
    model = NULL;
    out = NULL;
    text = NULL;
    return 0;
}

static void exec(uint64_t addr, const uint8_t *bytes, size_t size)
{
    struct model_insn *insn = &insns[n_insns++ % MAX_INSNS];

    model_describe(&no_places, insn, addr, bytes, size, MODE_64);
    model_exec(model, insn);
}

#define EXEC(addr, bytes) exec(addr, bytes, sizeof(bytes))

/* A loop of an access and a branch: `n` turns, `stride` bytes on in each. */
static void loop(const uint8_t *bytes, unsigned int n, uint64_t stride)
{
    for (unsigned int i = 0; i < n; i++) {
        exec(CODE, bytes, 2);
        model_access(model, DATA + i * stride, DATA + i * stride, 4, bytes == store, false);
        EXEC(CODE + 2, jne_back);
    }
}

static void open_region(void)
{
    EXEC(CODE - sizeof(open1), open1);
}

static void close_region(void)
{
    EXEC(CODE + 4, close1);
    fflush(out);
    assert_null(strstr(text, "error"));
}

static void empty_region(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    EXEC(CODE - 14, open1);
    EXEC(CODE - 7, close1);
    fflush(out);
    expect(text, "total", "insn", 0);
    expect(text, "total", "cycles", 0);
}

/* The sum of the parts is the cycles, in all places; checked on a stream with everything in it. */
static void parts_add_up(void **state)
{
    static const char *const parts[] = { "base", "branch", "icache", "dcache", "tlb",
                                         "write_buffer", "privileged" };
    static const char *const names[] = { "total", "user", "stub", "kernel", "server" };
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    start(&machine);
    open_region();
    loop(load, 1000, 100);
    loop(store, 1000, 4100);
    close_region();
    for (unsigned int place = 0; place < 5; place++) {
        double sum = 0;

        for (unsigned int i = 0; i < 7; i++)
            sum += number_of(text, names[place], parts[i]);
        assert_true((long)(sum * TICKS + 0.5) ==
                    (long)(number_of(text, names[place], "cycles") * TICKS + 0.5));
    }
    assert_true(number_of(text, "total", "cycles") > 1000);
}

static void loop_in_l1(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    loop(load, 1, 0);
    EXEC(CODE + 4, nop);
    open_region();
    loop(load, 1000, 0);
    close_region();
    expect(text, "total", "insn", 2000);
    expect(text, "total", "loads", 1000);
    expect(text, "total", "l1d_read_misses", 0);
    expect(text, "total", "l1i_misses", 0);
    expect(text, "total", "dcache", 0);
}

/* 128 KB in lines through 8 KB: each is a miss in every round, but then found in the 256 KB of the
 * second level. In the first round page tables have driven some lines out of there. */
static void scan_of_lines(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    loop(load, 4096, LINE);
    loop(load, 4096, LINE);
    EXEC(CODE + 4, nop);
    open_region();
    loop(load, 4096, LINE);
    close_region();
    expect(text, "total", "loads", 4096);
    expect(text, "total", "l1d_read_misses", 4096);
    expect(text, "total", "dcache", 4096 * 13);
}

/* 256 pages through 64 entries; four references each, whose tables are in no cache for long. */
static void scan_of_pages(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    loop(load, 256, PAGE + LINE);
    EXEC(CODE + 4, nop);
    open_region();
    loop(load, 256, PAGE + LINE);
    close_region();
    expect(text, "total", "dtlb_misses", 256);
    expect(text, "total", "itlb_misses", 0);
    expect(text, "total", "walk_references", 4 * 256);
    assert_true(number_of(text, "total", "tlb") >= 256 * (5 + 4 * 2));
}

/* 64 pages fit into 64 entries of 4 ways. */
static void pages_that_fit(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    loop(load, 64, PAGE);
    EXEC(CODE + 4, nop);
    open_region();
    loop(load, 64, PAGE);
    close_region();
    expect(text, "total", "dtlb_misses", 0);
    expect(text, "total", "tlb", 0);
}

/* A larger buffer takes the same stores without a wait. */
static void larger_write_buffer(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    machine.buffer_entries = 64;
    start(&machine);
    loop(load, 1, 0);
    EXEC(CODE + 4, nop);
    open_region();
    loop(store, 64, LINE);
    close_region();
    expect(text, "total", "l1d_write_misses", 63);
    expect(text, "total", "write_buffer", 0);
}

/* Two buffers: stores that miss come out at the rate of the drain. 100 lines in one page (so 63
 * after it) would wait for memory; each is 12 cycles after the other. */
static void small_write_buffer(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    loop(load, 1, 0);
    EXEC(CODE + 4, nop);
    loop(load, 1, 0); /* the branch is known */
    EXEC(CODE + 4, nop);
    open_region();
    loop(store, 64, LINE);
    close_region();
    /* 63 drains of 12; the last two overlap with what follows. Time in base and branch counts
     * towards them. */
    assert_true(number_of(text, "total", "cycles") >= (63 - 2) * 12);
    assert_true(number_of(text, "total", "cycles") <= 63 * 12 + 16);
}

/* A write-through cache sends every store to the buffer, hit or not. */
static void write_through(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    machine.l1d.write_back = 0;
    start(&machine);
    loop(load, 1, 0);
    EXEC(CODE + 4, nop);
    open_region();
    loop(store, 100, 0);
    close_region();
    expect(text, "total", "l1d_write_misses", 0);
    assert_true(number_of(text, "total", "write_buffer") > 0);
}

/* Dirty lines that are driven out are written. */
static void dirty_victims(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    machine.l1d.write_allocate = 1;
    machine.buffer_entries = 256;
    start(&machine);
    loop(store, 512, LINE); /* 16 KB: the first half is driven out */
    EXEC(CODE + 4, nop);
    open_region();
    loop(load, 256, LINE); /* and drives out the second */
    close_region();
    expect(text, "total", "l1d_read_misses", 256);
    assert_true(number_of(text, "total", "write_buffer") > 0);
}

/* A copy of 128 bytes between two aligned places touches four lines, however many turns it takes. */
static void lines_of_copy(void **state)
{
    static const uint8_t rep_movsq[] = { 0xf3, 0x48, 0xa5 };
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    start(&machine);
    EXEC(CODE - sizeof(open1) - 1, nop);
    open_region();
    EXEC(CODE, nop);
    for (unsigned int i = 0; i < 16; i++) {
        EXEC(CODE + 1, rep_movsq);
        model_access(model, DATA + 8 * i, DATA + 8 * i, 8, false, false);
        model_access(model, DATA + 4096 + 8 * i, DATA + 4096 + 8 * i, 8, true, false);
    }
    close_region();
    expect(text, "total", "exceptions", 0);
    expect(text, "total", "insn", 2);
    expect(text, "total", "base", 0.25 + 1 + 18 + 4 * 2); /* nop; string, rep_start, rep_line */
}

/* First in, first out differs from least recently used: a line that is used between misses. */
static void replacement(void **state)
{
    static const uint64_t way = 4096; /* bytes of one way */
    struct machine machine = machine_of(P133);

    (void)state;
    for (int fifo = 0; fifo <= 1; fifo++) {
        machine.l1d.fifo = fifo;
        start(&machine);
        exec(CODE, load, 2);
        for (unsigned int i = 0; i < 5; i++) /* so that no page tables are read later */
            model_access(model, DATA + i * way + 2048, DATA + i * way + 2048, 4, false, false);
        open_region();
        exec(CODE, load, 2);
        for (unsigned int i = 0; i < 4; i++) { /* 0, i, 0, i + 1, 0 ... */
            model_access(model, DATA, DATA, 4, false, false);
            model_access(model, DATA + (i + 1) * way, DATA + (i + 1) * way, 4, false, false);
        }
        EXEC(CODE + 2, close1);
        fflush(out);
        /* lru: the line at DATA stays; fifo: it goes with every second newcomer */
        expect(text, "total", "l1d_read_misses", fifo ? 6 : 5);
        stop(NULL);
    }
}

/* Three lines of one set in two ways conflict; 512 lines in turn do not fit into 256; all were new
 * once. */
static void reasons(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    assert_true(model_give_reasons(model));
    EXEC(CODE, load);
    for (unsigned int i = 0; i < 4; i++) /* the pages are known */
        model_access(model, DATA + i * PAGE + 2048, DATA + i * PAGE + 2048, 4, false, false);
    open_region();
    EXEC(CODE, load);
    for (unsigned int i = 0; i < 9; i++)
        model_access(model, DATA + i % 3 * PAGE, DATA + i % 3 * PAGE, 4, false, false);
    EXEC(CODE + 2, close1);
    fflush(out);
    expect(text, "total", "l1d_read_misses", 9);
    expect(text, "total", "l1d_compulsory", 3);
    expect(text, "total", "l1d_conflict", 6);
    expect(text, "total", "l1d_capacity", 0);
    stop(NULL);
    start(&machine);
    assert_true(model_give_reasons(model));
    loop(load, 512, LINE);
    EXEC(CODE + 4, nop);
    open_region();
    loop(load, 512, LINE);
    close_region();
    expect(text, "total", "l1d_read_misses", 512);
    expect(text, "total", "l1d_capacity", 512);
    expect(text, "total", "l1d_conflict", 0);
    expect(text, "total", "l1d_compulsory", 0);
    expect(text, "total", "l1i_misses", 0);
}

/* With identifiers of address spaces and no flush, a return to a space finds its translations. */
static void spaces(void **state)
{
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    start(&machine);
    model_cr3(model, 1, true);
    loop(load, 8, PAGE);
    EXEC(CODE + 4, nop);
    model_cr3(model, 2, true);
    loop(load, 8, PAGE);
    EXEC(CODE + 4, nop);
    model_cr3(model, 1, true);
    open_region();
    loop(load, 8, PAGE);
    close_region();
    expect(text, "total", "dtlb_misses", 0);
    expect(text, "total", "walks", 0);
}

/* Calls and returns: a return stack knows where each goes, a target buffer only the last. */
static void returns(void **state)
{
    static const uint8_t call[] = { 0xe8, 0, 0, 0, 0 }, ret[] = { 0xc3 };
    struct machine machine = machine_of(P133);
    double missed[2];

    (void)state;
    for (int stack = 0; stack <= 1; stack++) {
        machine.return_stack = stack ? 16 : 0;
        start(&machine);
        open_region();
        for (unsigned int i = 0; i < 10; i++) {
            EXEC(CODE, call);
            EXEC(CODE + 64, ret);
            EXEC(CODE + 5, call);
            EXEC(CODE + 64, ret);
            EXEC(CODE + 10, jne_back);
        }
        EXEC(CODE + 12, close1);
        fflush(out);
        missed[stack] = number_of(text, "total", "mispredicts");
        stop(NULL);
    }
    /* Without: both calls and the branch once, it once more in the end, every return. */
    assert_true(missed[0] == 2 + 2 + 20);
    assert_true(missed[1] == 2 + 2);
}

/* An access that crosses a line is two, and is misaligned; one that crosses a page needs two
 * translations. Physical addresses differ from virtual ones. */
static void crossings(void **state)
{
    static const uint64_t elsewhere = 0x100000;
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    EXEC(CODE, load);
    open_region();
    EXEC(CODE, load);
    model_access(model, DATA + LINE - 4, DATA + elsewhere + LINE - 4, 8, false, false);
    EXEC(CODE + 2, close1);
    fflush(out);
    expect(text, "total", "loads", 2);
    expect(text, "total", "l1d_read_misses", 2);
    expect(text, "total", "dtlb_misses", 1);
    expect(text, "total", "base", 1 + 3);
    stop(NULL);
    start(&machine);
    EXEC(CODE, load);
    open_region();
    EXEC(CODE, load);
    model_access(model, DATA + PAGE - 4, DATA + PAGE - 4, 8, false, false);
    EXEC(CODE + 2, close1);
    fflush(out);
    expect(text, "total", "loads", 2);
    expect(text, "total", "dtlb_misses", 2);
}

/* Of a miss, 70 per cent are waited for: 215 from memory, then 12 from the second level. */
static void visible_share(void **state)
{
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    start(&machine);
    EXEC(CODE, load);
    model_access(model, DATA + 256, DATA + 256, 4, false, false);
    open_region();
    EXEC(CODE, load);
    model_access(model, DATA, DATA, 4, false, false);
    EXEC(CODE + 2, close1);
    fflush(out);
    expect(text, "total", "dcache", 0.7 * 215);
    stop(NULL);
    start(&machine);
    EXEC(CODE, load);
    for (unsigned int i = 0; i < 16; i++) /* drives the first of them out of 8 ways */
        model_access(model, DATA + i * PAGE, DATA + i * PAGE, 4, false, false);
    open_region();
    EXEC(CODE, load);
    model_access(model, DATA, DATA, 4, false, false);
    EXEC(CODE + 2, close1);
    fflush(out);
    expect(text, "total", "dcache", 8.4);
}

/* With write-back, stores that hit do not reach the buffer. */
static void stores_that_hit(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    loop(load, 1, 0);
    EXEC(CODE + 4, nop);
    open_region();
    loop(store, 100, 0);
    close_region();
    expect(text, "total", "stores", 100);
    expect(text, "total", "l1d_write_misses", 0);
    expect(text, "total", "write_buffer", 0);
}

/* Of two pages of one table, the second's walk reads the leaf alone. */
static void walk_cache(void **state)
{
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    start(&machine);
    EXEC(CODE, load);
    open_region();
    EXEC(CODE, load);
    model_access(model, DATA, DATA, 4, false, false);
    model_access(model, DATA + PAGE, DATA + PAGE, 4, false, false);
    model_access(model, DATA + (1 << 21), DATA + (1 << 21), 4, false, false);
    EXEC(CODE + 2, close1);
    fflush(out);
    expect(text, "total", "walks", 3);
    expect(text, "total", "walk_references", 4 + 1 + 4);
}

/* A write of CR4 drops global pages, too; another space finds them until then. */
static void global_entries(void **state)
{
    static const uint8_t mov_cr4[] = { 0x0f, 0x22, 0xe0 };
    static const uint64_t kernel = UINT64_C(0xffffffff80000000);
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    start(&machine);
    EXEC(kernel, load);
    model_access(model, kernel, 0, 4, false, false);
    model_cr3(model, 7, false);
    EXEC(kernel + 2, open1);
    EXEC(kernel + 9, load);
    model_access(model, kernel, 0, 4, false, false);
    EXEC(kernel + 11, close1);
    fflush(out);
    expect(text, "total", "walks", 0);
    rewind(out);
    EXEC(kernel + 18, open1);
    EXEC(kernel + 25, mov_cr4);
    EXEC(kernel + 28, load);
    model_access(model, kernel, 0, 4, false, false);
    EXEC(kernel + 30, close1);
    fflush(out);
    expect(text, "total", "tlb_flushes", 1);
    expect(text, "total", "itlb_misses", 1);
    expect(text, "total", "dtlb_misses", 1);
}

/* Without global pages, a write of CR3 drops the kernel's translations on a machine that has
 * identifiers of address spaces, too. */
static void no_global_entries(void **state)
{
    static const uint64_t kernel = UINT64_C(0xffffffff80000000);
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    machine.global_pages = 0;
    start(&machine);
    EXEC(kernel, load);
    model_access(model, kernel, 0, 4, false, false);
    model_cr3(model, 0, false);
    EXEC(kernel + 2, open1);
    EXEC(kernel + 9, load);
    model_access(model, kernel, 0, 4, false, false);
    EXEC(kernel + 11, close1);
    fflush(out);
    expect(text, "total", "walks", 1); /* the data's entry comes from the second-level buffer */
    expect(text, "total", "itlb_misses", 1);
    expect(text, "total", "dtlb_misses", 1);
}

/* A branch that is taken every second time is learnt from history only. */
static void branch_history(void **state)
{
    struct machine machine = machine_of(SKYLAKE);

    (void)state;
    for (int bits = 0; bits <= 12; bits += 12) {
        machine.history_bits = bits;
        start(&machine);
        EXEC(CODE, nop);
        for (unsigned int i = 0; i < 1200; i++) {
            if (i == 200) {
                EXEC(CODE - 7, open1);
                EXEC(CODE, nop);
            }
            EXEC(CODE + 4, jne_back);
            EXEC(i & 1 ? CODE + 2 : CODE + 6, nop);
        }
        EXEC(CODE + 7, close1);
        fflush(out);
        if (bits)
            expect(text, "total", "mispredicts", 0);
        else
            assert_true(number_of(text, "total", "mispredicts") >= 500);
        stop(NULL);
    }
}

static void errors(void **state)
{
    struct machine machine = machine_of(P133);

    (void)state;
    start(&machine);
    EXEC(CODE, close1);
    EXEC(CODE + 7, open1);
    EXEC(CODE + 14, open1);
    model_finish(model);
    fflush(out);
    assert_string_equal(text, "{\"error\": \"region 1 closed but not open\"}\n"
                              "{\"error\": \"region 1 opened inside region 1\"}\n"
                              "{\"error\": \"region 1 never closed\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_files),
        cmocka_unit_test(machine_errors),
        cmocka_unit_test(machine_duplicate),
        cmocka_unit_test(machine_missing),
        cmocka_unit_test(traces),
        cmocka_unit_test(global_pages),
        cmocka_unit_test(steps),
        cmocka_unit_test(bad_traces),
        cmocka_unit_test_teardown(empty_region, stop),
        cmocka_unit_test_teardown(parts_add_up, stop),
        cmocka_unit_test_teardown(loop_in_l1, stop),
        cmocka_unit_test_teardown(scan_of_lines, stop),
        cmocka_unit_test_teardown(scan_of_pages, stop),
        cmocka_unit_test_teardown(pages_that_fit, stop),
        cmocka_unit_test_teardown(larger_write_buffer, stop),
        cmocka_unit_test_teardown(small_write_buffer, stop),
        cmocka_unit_test_teardown(write_through, stop),
        cmocka_unit_test_teardown(dirty_victims, stop),
        cmocka_unit_test_teardown(lines_of_copy, stop),
        cmocka_unit_test_teardown(replacement, stop),
        cmocka_unit_test_teardown(reasons, stop),
        cmocka_unit_test_teardown(spaces, stop),
        cmocka_unit_test_teardown(returns, stop),
        cmocka_unit_test_teardown(crossings, stop),
        cmocka_unit_test_teardown(visible_share, stop),
        cmocka_unit_test_teardown(stores_that_hit, stop),
        cmocka_unit_test_teardown(walk_cache, stop),
        cmocka_unit_test_teardown(global_entries, stop),
        cmocka_unit_test_teardown(no_global_entries, stop),
        cmocka_unit_test_teardown(branch_history, stop),
        cmocka_unit_test_teardown(errors, stop),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
