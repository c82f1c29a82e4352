# SPDX-License-Identifier: BSD-2-Clause
"""Series of model cycles for the plots: one cost against something that varies.

What varies is a parameter of the benchmark (processes, KiB) or a value of the machine. Each series
is one CSV file, a line for each figure; the columns after the parameters are those of FIGURE.
"""
import csv
import dataclasses
import io

from l4k import cycles, guest, rows
from l4k.cycles import PARTS

MAIN = rows.MACHINES[0]
MACHINES_AT_ONCE = 8  # that one boot's plugin takes
ABOUT = ["counter", "cpu", "qemu", "commit", "boots", "config"]
FIGURE = ["insn", "cycles", "min", "max", *PARTS]

L1_BYTES = [4096, 8192, 16384, 32768, 65536]
WAYS = [1, 2, 4, 8]
TLB_ENTRIES = [8, 16, 32, 64, 128, 256]


def _variants():
    """[(what varies, its value, machine)]. All entries and ways are those of instructions; a Pentium's
    data buffer has twice as many entries, and a quarter as many for large pages."""
    return [("l1_kib", size // 1024, f"{MAIN}:l1i.size={size}:l1d.size={size}")
            for size in L1_BYTES] + \
        [("l1_ways", ways, f"{MAIN}:l1i.ways={ways}:l1d.ways={ways}") for ways in WAYS] + \
        [("tlb_entries", n, f"{MAIN}:itlb.entries={n}:dtlb.entries={2 * n}:"
                            f"dtlb.large_entries={n // 4}:dtlb.large_ways={min(4, n // 4)}")
         for n in TLB_ENTRIES]


VARIANTS = _variants()
VARIED_BENCHES = ["getpid", "pipe"]
REASON_BENCHES = ["getpid", "open_close"]
NATIVE = ["l4native", "machnative"]  # no rows, but have IPC after dirtied caches


@dataclasses.dataclass
class Series:
    """A file of the plots' data: its name, the parameters' columns and those of a figure."""
    name: str
    parameters: list
    columns: list
    lines: list = dataclasses.field(default_factory=list)

    def text(self):
        """The whole CSV file."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*ABOUT, *self.parameters, *self.columns])
        writer.writerows(self.lines)
        return out.getvalue()


def empty():
    """The series, nothing measured yet."""
    return [Series("context_switch", ["processes", "kib"], FIGURE),
            Series("dirtied", ["call", "kib"], FIGURE),
            Series("caches", ["varied", "value", "bench"], FIGURE),
            Series("misses", ["bench", "place"], list(cycles.REASONS))]


def _figure(one):
    """A figure's cells."""
    return [*(one[name] for name in FIGURE[:4]), *(one["breakdown"][part] for part in PARTS)]


def boots(row, cpu, spread):
    """The guests to boot for one row and one of rows.SPREAD: by parameters, by machines (as many as
    fit in a boot), by reasons of misses."""
    def spec(machines, benches, *words):
        one = rows.guest(row, cpu, *spread)
        one.append += f" bench={','.join(benches)}"
        one.timeout = 300
        return cycles.under(one, machines, words=words)
    machines = [machine for _, _, machine in VARIANTS]
    return [spec([MAIN], ["context_switch", "dirtied"])] + \
        [spec(machines[i:i + MACHINES_AT_ONCE], VARIED_BENCHES)
         for i in range(0, len(machines), MACHINES_AT_ONCE)] + \
        [spec([MAIN], REASON_BENCHES, "reasons=1")]


def native_boots(config, cpu, spread):
    """The same for one of NATIVE: by parameters alone."""
    kernel, initrd = guest.boot_files(config)
    return [cycles.under(guest.Guest(config, cpu, kernel, initrd, "bench=dirtied", spread[0],
                                     plugin=[], timeout=300), [MAIN])]


def collect(series, about, figures):
    """Add one configuration's figures to the series. `figures`: for each of boots(), or of
    native_boots(), what cycles.summarise() gives; `about`: the cells of ABOUT."""
    by_name = {one.name: one for one in series}
    with_parameters, *others = figures
    for bench, of_machine in with_parameters.items():
        name, *parameters = bench.split("-")
        by_name[name].lines.append([*about, *parameters, *_figure(of_machine[MAIN])])
    if others:
        _collect_row(by_name["caches"], by_name["misses"], about, *others)


def _collect_row(caches, misses, about, *figures):
    """What only a row has."""
    *varied, reasons = figures
    for what, value, machine in VARIANTS:
        for bench in VARIED_BENCHES:
            one = next(boot[bench][machine] for boot in varied if machine in boot[bench])
            caches.lines.append([*about, what, value, bench, *_figure(one)])
    for bench, of_machine in reasons.items():
        for place, of_place in of_machine[MAIN]["by"].items():
            misses.lines.append([*about, bench, place,
                                 *(of_place["misses"][reason] for reason in cycles.REASONS)])
