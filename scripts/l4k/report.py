# SPDX-License-Identifier: BSD-2-Clause
"""Writes the measured table: for people, as JSON and as CSV (formats: bench/README.md)."""
import csv
import dataclasses
import io
import json
import textwrap

from l4k import report_model, rows
from l4k.measure import CLASSES
from l4k.text import aligned, ratio, spread

COUNTER = "insn"

WIDTH = 100

CAPTION = [
    "insn: guest instructions, counted by our QEMU plugin between markers in the benchmark program; a "
    "repeated string instruction counts once. They hide address-space switches, ring crossings, "
    "cache and TLB misses. The table is for -cpu {cpu}, QEMU {qemu}, commit {commit}, always under "
    "emulation (TCG). The loop around an operation is subtracted. A figure is the median over "
    "{boots} with different clocks and stack offsets; the percentage behind it is how far the boot "
    "that is farthest lies from it.",
    "The paper's figures are cycles of a Pentium 133 (Haertig et al., SOSP 1997); only ratios "
    "compare. Our server does less than Linux and has no mitigations: read the ratio to mono "
    "beside the ratio to linux. In our rows the kernel itself resolves anonymous, copy-on-write "
    "and resident page faults (in the L4Linux of the paper they went to the server): so read "
    "page_fault, fork and fork_exec. \"patched\" says whether the call's site was patched to the "
    "stub; the other sites trap.",
]
IPC_TITLE = "IPC one way, kernel instructions"
IPC_NOTE = (
    "inter: between two address spaces; intra: within one; slow: kept off the fast path, as more "
    f"than {rows.IPC_SHORT} words always are; those beyond are copied by one repeated instruction, "
    "which counts once")
STANDING_NOTE = "the others between address spaces, measured by us in the same way"


@dataclasses.dataclass
class About:
    """What all figures of a table have in common."""
    cpu: str
    qemu: str
    commit: str
    boots: int


@dataclasses.dataclass
class Measured:
    """A row of the table, measured. `insn`: benchmark -> measure.Summary; `model`: benchmark ->
    machine -> cycles.py's figure, empty where only instructions were counted."""
    row: rows.Row
    label: str
    insn: dict
    model: dict


def row_json(measured):
    """A row of table.json."""
    getpid = measured.insn["getpid"].figure
    return {
        "config": measured.row.config, "label": measured.label,
        "paper_cycles": measured.row.paper_cycles,
        "getpid": {"insn": getpid.insn, **getpid.by, "dispatches": getpid.dispatches,
                   "calls": getpid.calls,
                   "patched": getpid.by["stub"] > 0 and getpid.reflected == 0,
                   **report_model.entries(measured.model.get("getpid", {}))},
        "bench": {name: {"insn": one.figure.insn, "min": one.least, "max": one.greatest,
                         **report_model.short_entries(measured.model.get(name, {}))}
                  for name, one in measured.insn.items()},
    }


def table_json(measured, ipc, about):
    """The whole of table.json."""
    return {"counter": COUNTER, "cpu": about.cpu, "qemu": about.qemu, "commit": about.commit,
            "boots": about.boots, "rows": [row_json(one) for one in measured], "ipc": ipc}


def of_json(table):
    """([Measured], About) of a table.json: as much as the model's tables need, `insn` is empty."""
    measured = []
    for row in rows.ROWS:
        for one in table["rows"]:
            if one["config"] == row.config:
                found = {name: {key.removeprefix("model:"): figure
                                for key, figure in of_bench.items() if key.startswith("model:")}
                         for name, of_bench in {**one["bench"], "getpid": one["getpid"]}.items()}
                measured.append(Measured(row, one["label"], {},
                                         {name: figures for name, figures in found.items()
                                          if figures}))
    return measured, About(table["cpu"], table["qemu"], table["commit"], table["boots"])


def _base(table, config):
    """getpid's instructions in the row to compare with."""
    return next((row["getpid"]["insn"] for row in table["rows"] if row["config"] == config), None)


def getpid_lines(table):
    """What one getpid costs in instructions, and who executes them."""
    linux, mono = _base(table, "linux"), _base(table, "mono")
    lines = [["getpid()", "insn", "/linux", "/mono", *CLASSES, "patched"]]
    for row in table["rows"]:
        getpid = row["getpid"]
        stubbed = getpid["stub"] > 0
        lines.append([rows.short_label(row["label"]), str(getpid["insn"]),
                      ratio(getpid["insn"], linux), ratio(getpid["insn"], mono),
                      *(str(getpid[part]) for part in CLASSES),
                      ("yes" if getpid["patched"] else "no") if stubbed else "-"])
    return lines


def bench_lines(table):
    """Every benchmark in every row."""
    names = list(dict.fromkeys(name for row in table["rows"] for name in row["bench"]))
    lines = [["instructions of each", *(row["config"] + "    " for row in table["rows"])]]
    for name in names:
        lines.append([name, *(spread(row["bench"][name], "insn") if name in row["bench"] else
                              "-    " for row in table["rows"])])
    return lines


def _bytes_table(measured):
    """What repeat instructions moved, since each of them counts once; empty if there is nothing."""
    names = [name for name in measured[0].insn
             if any(one.insn[name].figure.rep_bytes for one in measured if name in one.insn)]
    if not names:
        return ""
    lines = [["bytes of repeat instructions", *(one.row.config for one in measured)]]
    for name in names:
        lines.append([name, *(str(one.insn[name].figure.rep_bytes) if name in one.insn else "-"
                              for one in measured)])
    return aligned(lines)


def cpu_models(table):
    """CPU models of the IPC figures, in the order of their runs."""
    return list(dict.fromkeys(one["cpu"] for one in table["ipc"]))


def _ipc_columns(table, cases, cpus):
    """Cells for each number of words; neighbours with the same figures share a column."""
    found = {(one["case"], one["words"], one["cpu"]): str(one["kernel"]) for one in table["ipc"]}
    columns, first = [], None
    for words in sorted({one["words"] for one in table["ipc"]}):
        cells = ["/".join(found.get((case, words, cpu), "-") for cpu in cpus) for case in cases]
        if columns and columns[-1][1:] == cells:
            columns[-1][0] = f"{first}-{words}"
        else:
            first = words
            columns.append([str(words), *cells])
    return columns


def ipc_lines(table):
    """A line for each case; the figures of the CPU models beside each other."""
    cpus = cpu_models(table)
    cases = list(dict.fromkeys(one["case"] for one in table["ipc"]))
    names = ["words"] + [case.replace("_as_", " ").replace("_slow", ", slow") for case in cases]
    return list(zip(names, *_ipc_columns(table, cases, cpus)))


def standing_lines(table):
    """Our worst figures against the targets, and the peers', measured in the same way."""
    cpus = cpu_models(table)
    lines = [["IPC one way, worse of call and reply", *(f"-cpu {cpu}" for cpu in cpus), "target"]]
    for name, belongs, target in rows.IPC_TARGETS:
        worst = [max((one["kernel"] for one in table["ipc"] if one["cpu"] == cpu and belongs(one)),
                     default=None) for cpu in cpus]
        met = "" if worst[0] is None else ", met" if worst[0] <= target else ", MISSED"
        lines.append([name, *("-" if one is None else str(one) for one in worst),
                      f"at most {target}{met}"])
    for name, insn in rows.IPC_PEERS:
        lines.append([name, insn, *[""] * len(cpus)])
    return lines


def captions(about):
    """What the instructions are; what the paper's figures are, and our limits."""
    boots = "1 boot" if about.boots == 1 else f"{about.boots} boots"
    return [part.format(cpu=about.cpu, qemu=about.qemu, commit=about.commit, boots=boots)
            for part in CAPTION]


def text(table, measured, about, missing=()):
    """The table for people; `missing`: lines that say what is not in it and why."""
    parts, model = [], []
    if measured:
        parts += [*report_model.tables(measured), aligned(getpid_lines(table)),
                  aligned(bench_lines(table)), _bytes_table(measured)]
        model = report_model.captions(measured)
    if table["ipc"]:
        parts += [f"{IPC_TITLE}, -cpu {'/'.join(cpu_models(table))}\n" +
                  aligned(ipc_lines(table)) + "\n" + textwrap.fill(IPC_NOTE, WIDTH),
                  aligned(standing_lines(table)) + f"\n({STANDING_NOTE})"]
    parts.append("\n".join(missing))
    parts.append("\n".join(textwrap.fill(part, WIDTH) for part in model + captions(about)))
    return "\n\n".join(filter(None, parts)) + "\n"


def csv_text(measured, about):
    """Instructions: one line for each benchmark of each row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["counter", "cpu", "qemu", "commit", "config", "bench", "insn", *CLASSES,
                     "min", "max", "min_repetition", "max_repetition", "rep_bytes", "iterations",
                     "calls", "dispatches", "reflected"])
    for of_row in measured:
        for name, one in of_row.insn.items():
            fig = one.figure
            cells = [COUNTER, about.cpu, about.qemu, about.commit, of_row.row.config, name, fig.insn,
                     *(fig.by[part] for part in CLASSES), one.least, one.greatest,
                     one.least_repetition, one.greatest_repetition, fig.rep_bytes, fig.iterations,
                     fig.calls, fig.dispatches, fig.reflected]
            writer.writerow(["" if cell is None else cell for cell in cells])
    return out.getvalue()


def dump(table):
    """table.json as it is written."""
    return json.dumps(table, indent=1) + "\n"
