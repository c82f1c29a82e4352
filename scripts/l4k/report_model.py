# SPDX-License-Identifier: BSD-2-Clause
"""The model's share of the table: cycles beside the paper's, where they go, and who spends them.

Rows are report.Measured, figures are cycles.py's; formats: bench/README.md. A table is made as
lines of cells, the first of which are its columns' names; `tables` aligns them.
"""
import csv
import io

from l4k import cycles, rows
from l4k.cycles import PARTS
from l4k.measure import CLASSES
from l4k.text import aligned, ratio, spread

TITLES = ["base", "branch", "I-cache", "D-cache", "TLB", "writes", "privil."]  # of PARTS

CAPTION = (
    "model:{machine}: cycles that a model of that machine counts (bench/machines/{machine}.ini, "
    "bench/model/README.md), not measured ones: comparisons stay within one machine file and one "
    "-cpu. Walks and privilege levels: mode {modes}. ")
CAPTION_OF = {
    "p133": "A 64-bit kernel on a Pentium's memory system is invented, and p133 has no global pages: a "
            "change of address space drops the kernel's translations, too, and every reference of "
            "a page walk is charged.",
    "skylake": "An in-order sum with the prices of an out-of-order core: it orders "
               "configurations, its absolute figures are not to be quoted.",
}
EXPLAIN = (
    "us: cycles / MHz. base: issue; branch: mispredicted; I-cache, D-cache: misses; TLB: page walks; "
    "writes: waiting for the write buffer; privil.: privileged instructions, entering and leaving the "
    "kernel.")


def machines(measured):
    """Names of the machines, the main one first; none if only instructions were counted."""
    return list(dict.fromkeys(name for one in measured for figures in one.model.values()
                              for name in figures))


def entries(figures):
    """Members of a row's "getpid" in table.json."""
    return {f"model:{name}": figure for name, figure in figures.items()}


def short_entries(figures):
    """Members of a benchmark in table.json; model.csv has the rest."""
    return {f"model:{name}": {key: figure[key] for key in
                              ("cycles", "insn", "min", "max", "mode", "cpu", "breakdown")}
            for name, figure in figures.items()}


def _figure(measured, config, machine):
    """getpid's figure in the row to compare with, or None."""
    return next((one.model["getpid"][machine] for one in measured
                 if one.row.config == config and "getpid" in one.model), None)


def _cycles(measured, config, machine):
    """The cycles of that figure, or None."""
    figure = _figure(measured, config, machine)
    return figure and figure["cycles"]


def _with_getpid(measured):
    """The rows that were measured under the model."""
    return [one for one in measured if "getpid" in one.model]


def paper_lines(measured, machine):
    """The main table: cycles beside the paper's."""
    clock = cycles.mhz(machine)
    linux, mono = (_cycles(measured, config, machine) for config in ("linux", "mono"))
    paper = next((row.paper_cycles for row in rows.ROWS if row.config == "linux"))
    linux_insn = (_figure(measured, "linux", machine) or {}).get("insn")
    lines = [[f"getpid(), model:{machine}", "cycles", "us", "/linux", "/mono", "insn", "/linux",
              "paper: cycles", "us", "/Linux"]]
    for one in _with_getpid(measured):
        figure, published = one.model["getpid"][machine], one.row.paper_cycles
        lines.append([rows.short_label(one.label), str(figure["cycles"]),
                      f"{figure['cycles'] / clock:.2f}", ratio(figure["cycles"], linux),
                      ratio(figure["cycles"], mono), str(figure["insn"]),
                      ratio(figure["insn"], linux_insn), str(published or "-"),
                      f"{published / rows.PAPER_MHZ:.2f}" if published else "-",
                      ratio(published, paper)])
    return lines


def parts_lines(measured, machine):
    """Where the cycles go."""
    linux, mono = (_cycles(measured, config, machine) for config in ("linux", "mono"))
    lines = [[f"getpid(), model:{machine}", "cycles", "/linux", "/mono", *TITLES]]
    for one in _with_getpid(measured):
        figure = one.model["getpid"][machine]
        lines.append([rows.short_label(one.label), str(figure["cycles"]),
                      ratio(figure["cycles"], linux), ratio(figure["cycles"], mono),
                      *(str(figure["breakdown"][part]) for part in PARTS)])
    return lines


def places_lines(measured, machine):
    """Who spends them."""
    lines = [[f"getpid(), model:{machine}", "cycles", *CLASSES, "L1I misses", "L1D", "TLB",
              "walk refs"]]
    for one in _with_getpid(measured):
        figure = one.model["getpid"][machine]
        misses = figure["misses"]
        lines.append([rows.short_label(one.label), str(figure["cycles"]),
                      *(str(figure["by"][place]["cycles"]) for place in CLASSES),
                      f"{misses['l1i_misses']:.0f}",
                      f"{misses['l1d_read_misses'] + misses['l1d_write_misses']:.0f}",
                      f"{misses['itlb_misses'] + misses['dtlb_misses']:.0f}",
                      f"{misses['walk_references']:.0f}"])
    return lines


def bench_lines(measured, machine):
    """Every benchmark in every row."""
    names = list(dict.fromkeys(name for one in measured for name in one.model))
    lines = [[f"cycles of each, model:{machine}", *(one.row.config + "    " for one in measured)]]
    for name in names:
        lines.append([name, *(spread(one.model[name][machine], "cycles") if name in one.model else
                              "-    " for one in measured)])
    return lines


def tables(measured):
    """The model's tables as text, main machine first."""
    parts = []
    for number, machine in enumerate(machines(measured)):
        parts += [paper_lines(measured, machine)] if number == 0 else []
        parts += [parts_lines(measured, machine)]
        parts += [places_lines(measured, machine),
                  bench_lines(measured, machine)] if number == 0 else []
    return [aligned(lines) for lines in parts]


def caption(machine, modes):
    """What figures of a machine are and are not; `modes`: those of the plugin that made them."""
    return CAPTION.format(machine=machine, modes=", ".join(sorted(modes))) + \
        CAPTION_OF.get(machine, "")


def captions(measured):
    """What the tables above are, and their limits."""
    found = [caption(machine, {figures[machine]["mode"] for one in measured
                               for figures in one.model.values()})
             for machine in machines(measured)]
    return [found[0] + " " + EXPLAIN, *found[1:]] if found else []


def _csv_row(about, config, bench, machine, place, figure):
    """One line of model.csv."""
    parts = figure.get("breakdown", figure)
    return [f"model:{machine}", about.cpu, about.qemu, about.commit, figure.get("mode", ""), config,
            bench, place, figure["insn"], figure["cycles"], *(parts[part] for part in PARTS),
            *figure["misses"].values(), figure.get("min", ""), figure.get("max", "")]


def csv_text(measured, about):
    """Model cycles: for each benchmark of each row on each machine a line for all of it (place
    "all", with the extreme boots) and one for each place. Empty but for its head if there are none."""
    found = [(one.row.config, bench, machine, figure) for one in measured
             for bench, figures in one.model.items() for machine, figure in figures.items()]
    events = list(found[0][3]["misses"]) if found else []
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["counter", "cpu", "qemu", "commit", "mode", "config", "bench", "place", "insn",
                     "cycles", *PARTS, *events, "min", "max"])
    for config, bench, machine, figure in found:
        writer.writerow(_csv_row(about, config, bench, machine, "all", figure))
        for place in CLASSES:
            writer.writerow(_csv_row(about, config, bench, machine, place, figure["by"][place]))
    return out.getvalue()
