# SPDX-License-Identifier: BSD-2-Clause
"""Writes the measured table: for people, as JSON and as CSV (formats: bench/README.md)."""
import csv
import io
import json
import textwrap

from l4k import rows
from l4k.measure import CLASSES

COUNTER = "insn"

WIDTH = 100

CAPTION = [
    "Guest instructions, counted by our QEMU plugin between markers in the benchmark program; a "
    "repeated string instruction counts once. Instructions are not cycles: they hide address-space "
    "switches, ring crossings, cache and TLB misses. The table is for -cpu {cpu}, QEMU {qemu}, "
    "commit {commit}, always under emulation (TCG). The loop around an operation is subtracted. A "
    "figure is the median over {boots} with different clocks and stack offsets; the percentage "
    "behind it is how far the boot that is farthest lies from it.",
    "The paper's figures are cycles of a Pentium 133 (Haertig et al., SOSP 1997); only ratios "
    "compare. Our server does less than Linux and has no mitigations: read the ratio to mono "
    "beside the ratio to linux. In our rows the kernel itself resolves anonymous, copy-on-write "
    "and resident page faults (in the L4Linux of the paper they went to the server): so read "
    "page_fault, fork and fork_exec. \"patched\" says whether the call's site was patched to the "
    "stub; the other sites trap.",
]


def ratio(number, base):
    """Two decimals, or a dash where there is nothing to compare."""
    return f"{number / base:.2f}" if number and base else "-"


def _aligned(lines):
    """Columns as wide as they need; the first to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] +
                               [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
                     .rstrip() for line in lines)


def row_json(row, label, summaries):
    """A row of table.json."""
    getpid = summaries["getpid"].figure
    return {
        "config": row.config, "label": label, "paper_cycles": row.paper_cycles,
        "getpid": {"insn": getpid.insn, **getpid.by, "dispatches": getpid.dispatches,
                   "calls": getpid.calls,
                   "patched": getpid.by["stub"] > 0 and getpid.reflected == 0},
        "bench": {name: {"insn": one.figure.insn, "min": one.least, "max": one.greatest}
                  for name, one in summaries.items()},
    }


def table_json(json_rows, ipc, cpu, qemu, commit):
    """The whole of table.json."""
    return {"counter": COUNTER, "cpu": cpu, "qemu": qemu, "commit": commit, "rows": json_rows,
            "ipc": ipc}


def _base(table, config):
    """getpid's instructions in the row to compare with."""
    return next((row["getpid"]["insn"] for row in table["rows"] if row["config"] == config), None)


def _label(row):
    """A row's name; a variant of the row above is indented."""
    _, comma, variant = row["label"].partition(", ")
    return "  " + variant if comma else row["label"]


def _getpid_table(table):
    """The main table: what one getpid costs in each row, and who executes it."""
    linux, mono = _base(table, "linux"), _base(table, "mono")
    paper = next((row["paper_cycles"] for row in table["rows"] if row["config"] == "linux"), 223)
    lines = [["getpid()", "insn", "/linux", "/mono", *CLASSES, "patched", "paper: cycles",
              "/Linux"]]
    for row in table["rows"]:
        getpid = row["getpid"]
        stubbed = getpid["stub"] > 0
        lines.append([_label(row), str(getpid["insn"]), ratio(getpid["insn"], linux),
                      ratio(getpid["insn"], mono), *(str(getpid[part]) for part in CLASSES),
                      ("yes" if getpid["patched"] else "no") if stubbed else "-",
                      str(row["paper_cycles"] or "-"), ratio(row["paper_cycles"], paper)])
    return _aligned(lines)


def _spread(one):
    """The figure, and the distance of the farthest boot in whole percent, rounded up."""
    far = max(one["max"] - one["insn"], one["insn"] - one["min"])
    percent = f"{-(-100 * far // one['insn'])}%" if far and one["insn"] else ""
    return f"{one['insn']} {percent:>3}"


def _bench_table(table):
    """Every benchmark in every row."""
    names = list(dict.fromkeys(name for row in table["rows"] for name in row["bench"]))
    lines = [["instructions of each", *(row["config"] + "    " for row in table["rows"])]]
    for name in names:
        lines.append([name, *(_spread(row["bench"][name]) if name in row["bench"] else "-    "
                              for row in table["rows"])])
    return _aligned(lines)


def _bytes_table(measured):
    """What repeat instructions moved, since each of them counts once; empty if there is nothing."""
    names = [name for name in measured[0][1]
             if any(summaries[name].figure.rep_bytes for _, summaries in measured
                    if name in summaries)] if measured else []
    if not names:
        return ""
    lines = [["bytes of repeat instructions", *(config for config, _ in measured)]]
    for name in names:
        lines.append([name, *(str(summaries[name].figure.rep_bytes) if name in summaries else "-"
                              for _, summaries in measured)])
    return _aligned(lines)


def _cpus(table):
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


def _ipc_table(table):
    """A line for each case; the figures of the CPU models beside each other."""
    cpus = _cpus(table)
    cases = list(dict.fromkeys(one["case"] for one in table["ipc"]))
    names = ["words"] + [case.replace("_as_", " ").replace("_slow", ", slow") for case in cases]
    return (f"IPC one way, kernel instructions, -cpu {'/'.join(cpus)}\n" +
            _aligned(list(zip(names, *_ipc_columns(table, cases, cpus)))) +
            "\ninter: between two address spaces; intra: within one; slow: kept off the fast path, "
            f"as more\nthan {rows.IPC_SHORT} words always are; those beyond are copied by one "
            "repeated instruction, which counts once")


def _standing(table):
    """Our worst figures against the targets, and the peers', measured in the same way."""
    cpus = _cpus(table)
    lines = [["IPC one way, worse of call and reply", *(f"-cpu {cpu}" for cpu in cpus), "target"]]
    for name, belongs, target in rows.IPC_TARGETS:
        worst = [max((one["kernel"] for one in table["ipc"] if one["cpu"] == cpu and belongs(one)),
                     default=None) for cpu in cpus]
        met = "" if worst[0] is None else ", met" if worst[0] <= target else ", MISSED"
        lines.append([name, *("-" if one is None else str(one) for one in worst),
                      f"at most {target}{met}"])
    for name, insn in rows.IPC_PEERS:
        lines.append([name, insn, *[""] * len(cpus)])
    return (_aligned(lines) +
            "\n(the others between address spaces, measured by us in the same way)")


def _caption(**values):
    """What the figures are, and their limits."""
    return "\n".join(textwrap.fill(part.format(**values), WIDTH) for part in CAPTION)


def text(table, measured, boots, missing=()):
    """The table for people; `measured` is a list of (config, summaries), `missing` of lines that
    say what is not in it and why."""
    parts = []
    if table["rows"]:
        parts += [_getpid_table(table), _bench_table(table), _bytes_table(measured)]
    if table["ipc"]:
        parts += [_ipc_table(table), _standing(table)]
    parts.append("\n".join(missing))
    parts.append(_caption(cpu=table["cpu"], qemu=table["qemu"], commit=table["commit"],
                          boots="1 boot" if boots == 1 else f"{boots} boots"))
    return "\n\n".join(filter(None, parts)) + "\n"


def csv_text(measured, cpu, qemu, commit):
    """One line for each benchmark of each row; `measured` is a list of (config, summaries)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["counter", "cpu", "qemu", "commit", "config", "bench", "insn", *CLASSES,
                     "min", "max", "min_repetition", "max_repetition", "rep_bytes", "iterations",
                     "calls", "dispatches", "reflected"])
    for config, summaries in measured:
        for name, one in summaries.items():
            fig = one.figure
            cells = [COUNTER, cpu, qemu, commit, config, name, fig.insn,
                     *(fig.by[part] for part in CLASSES), one.least, one.greatest,
                     one.least_repetition, one.greatest_repetition, fig.rep_bytes, fig.iterations,
                     fig.calls, fig.dispatches, fig.reflected]
            writer.writerow(["" if cell is None else cell for cell in cells])
    return out.getvalue()


def dump(table):
    """table.json as it is written."""
    return json.dumps(table, indent=1) + "\n"
