# SPDX-License-Identifier: BSD-2-Clause
"""Writes the table of counter tsc, in files of its own: for people, as JSON and as CSV (formats:
bench/README.md)."""
import csv
import dataclasses
import io
import json
import textwrap

from l4k import rows
from l4k.report import WIDTH
from l4k.text import aligned, ratio, spread

COUNTER = "tsc"

CAPTION = (
    "tsc: ticks of the time-stamp counter of {processor}, {how}, read by the benchmark program "
    "around each loop after a self-test. Ticks are not core cycles where the core's clock "
    "varies{varies}. The loop around an operation is subtracted; a figure is the median repetition "
    "of the median boot ({boots}), the percentage how far the farthest repetition of all boots lies "
    "from it: the noise of the host and of interrupts is in that. No plugin sees these runs, so nothing proves that each "
    "call was dispatched to its server. The paper's figures are of a Pentium 133 (Haertig et al., "
    "SOSP 1997); only ratios compare. {source}")


@dataclasses.dataclass
class About:
    """Where all figures come from: QEMU with its `-cpu` and our commit, or recorded logs."""
    cpu: str = None
    qemu: str = None
    commit: str = None
    logs: str = None  # directory


def _getpid_table(measured):
    """What one getpid costs."""
    def ticks(config):
        """The figure of the row to compare with, or None."""
        return next((one.bench["getpid"]["ticks"] for one in measured
                     if one.row.config == config and "getpid" in one.bench), None)
    linux, mono, paper = ticks("linux"), ticks("mono"), rows.ROWS[0].paper_cycles
    lines = [["getpid(), tsc", "ticks", "/linux", "/mono", "min", "max", "paper: cycles", "/Linux"]]
    for one in measured:
        if "getpid" in one.bench:
            figure, published = one.bench["getpid"], one.row.paper_cycles
            lines.append([rows.short_label(one.label), str(figure["ticks"]),
                          ratio(figure["ticks"], linux), ratio(figure["ticks"], mono),
                          str(figure["min"]), str(figure["max"]), str(published or "-"),
                          ratio(published, paper)])
    return aligned(lines)


def _bench_table(measured):
    """Every benchmark in every row."""
    names = list(dict.fromkeys(name for one in measured for name in one.bench))
    lines = [["ticks of each, tsc", *(one.row.config + "    " for one in measured)]]
    for name in names:
        lines.append([name, *(spread(one.bench[name], "ticks") if name in one.bench else "-    "
                              for one in measured)])
    return aligned(lines)


def _source(about):
    """Where the figures come from."""
    if about.logs:
        return f"From the serial logs in {about.logs}, which do not tell the kernels' commit."
    return f"KVM, -cpu {about.cpu}, QEMU {about.qemu}, commit {about.commit}."


def text(measured, about, missing=()):
    """The table for people; `missing`: lines that say what is not in it and why."""
    machine, boots = measured[0].machine, sorted({one.boots for one in measured})
    told = CAPTION.format(
        processor=machine["processor"] or "an unnamed processor",
        how=f"under the hypervisor {machine['hypervisor']}" if machine["hypervisor"] else
        "no hypervisor between",
        varies="" if machine["invariant"] else
        "; CPUID does not promise that the counter's own rate is constant",
        boots="1 boot" if boots == [1] else f"{'/'.join(map(str, boots))} boots",
        source=_source(about))
    return "\n\n".join(filter(None, [_getpid_table(measured), _bench_table(measured),
                                     "\n".join(missing),
                                     textwrap.fill(told, WIDTH)])) + "\n"


def table_json(measured, about):
    """tsc.json as it is written."""
    table = {"counter": COUNTER, **measured[0].machine, **dataclasses.asdict(about),
             "rows": [{"config": one.row.config, "label": one.label,
                       "paper_cycles": one.row.paper_cycles, "boots": one.boots,
                       "bench": one.bench} for one in measured]}
    return json.dumps(table, indent=1) + "\n"


def csv_text(measured, about):
    """One line for each benchmark of each row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    figure = ["ticks", "min", "max", "iterations", "calls"]
    writer.writerow(["counter", "processor", "hypervisor", "invariant", "cpu", "qemu", "commit",
                     "config", "boots", "bench", *figure])
    for one in measured:
        for name, found in one.bench.items():
            machine = one.machine
            cells = [COUNTER, machine["processor"], machine["hypervisor"],
                     int(machine["invariant"]), about.cpu, about.qemu, about.commit,
                     one.row.config, one.boots, name, *(found[key] for key in figure)]
            writer.writerow(["" if cell is None else cell for cell in cells])
    return out.getvalue()
