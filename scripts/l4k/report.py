# SPDX-License-Identifier: BSD-2-Clause
"""Writes the measured table: for people, as JSON and as CSV (formats: bench/README.md)."""
import csv
import io
import json

from l4k.measure import CLASSES

COUNTER = "insn"

CAPTION = """\
Guest instructions, counted by our QEMU plugin between markers in the benchmark program; a
repeated string instruction counts once. Instructions are not cycles: they hide address-space
switches, ring crossings, cache and TLB misses. Every figure here is for -cpu {cpu}, QEMU {qemu},
commit {commit}. The loop around an operation is subtracted. A figure is the median over
{boots} boots with different clocks and stack offsets; min and max are those of the boots.
The paper's figures are cycles of a Pentium 133 (Haertig et al., SOSP 1997); only ratios compare.
Our server does less than Linux and has no mitigations: read the ratio to mono beside the ratio to
linux. In our rows the kernel itself resolves anonymous, copy-on-write and resident page faults (in
the L4Linux of the paper they went to the server): so read page_fault, fork and fork_exec.
"patched" says whether the call's site was patched to the stub; the other sites trap."""


def ratio(number, base):
    return f"{number / base:.2f}" if number and base else "-"


def _aligned(lines):
    """Columns as wide as they need; the first to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] +
                               [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
                     for line in lines)


def row_json(row, label, summaries):
    """A row of table.json."""
    getpid = summaries["getpid"].figure
    return {
        "config": row.config, "label": label, "paper_cycles": row.paper_cycles,
        "getpid": {"insn": getpid.insn, **getpid.by, "dispatches": getpid.dispatches,
                   "calls": getpid.calls,
                   "patched": getpid.dispatches is not None and row.placement == "user" and
                   getpid.reflected == 0},
        "bench": {name: {"insn": one.figure.insn, "min": one.least, "max": one.greatest}
                  for name, one in summaries.items()},
    }


def table_json(rows, ipc, cpu, qemu, commit):
    return {"counter": COUNTER, "cpu": cpu, "qemu": qemu, "commit": commit, "rows": rows,
            "ipc": ipc}


def _base(table, config):
    """getpid's instructions in the row to compare with."""
    return next((row["getpid"]["insn"] for row in table["rows"] if row["config"] == config), None)


def _getpid_table(table):
    linux, mono = _base(table, "linux"), _base(table, "mono")
    paper = next((row["paper_cycles"] for row in table["rows"] if row["config"] == "linux"), 223)
    lines = [["getpid", "insn", "/linux", "/mono", *CLASSES, "min", "max", "patched",
              "paper: cycles", "/Linux"]]
    for row in table["rows"]:
        getpid, spread = row["getpid"], row["bench"]["getpid"]
        patched = "-" if getpid["dispatches"] is None else "yes" if getpid["patched"] else "no"
        lines.append([row["label"], str(getpid["insn"]), ratio(getpid["insn"], linux),
                      ratio(getpid["insn"], mono), *(str(getpid[part]) for part in CLASSES),
                      str(spread["min"]), str(spread["max"]), patched,
                      str(row["paper_cycles"] or "-"), ratio(row["paper_cycles"], paper)])
    return _aligned(lines)


def _spread(one):
    if one["min"] == one["max"]:
        return str(one["insn"])
    return f"{one['insn']} ({one['min']}-{one['max']})"


def _bench_table(table):
    names = list(dict.fromkeys(name for row in table["rows"] for name in row["bench"]))
    lines = [["instructions (min-max)", *(row["config"] for row in table["rows"])]]
    for name in names:
        lines.append([name, *(_spread(row["bench"][name]) if name in row["bench"] else "-"
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


def _ipc_table(table):
    lines = [["IPC one way", "words", "-cpu", "kernel insn", "user insn per round trip"]]
    for one in table["ipc"]:
        lines.append([one["case"], str(one["words"]), one["cpu"], str(one["kernel"]),
                      str(one["user"])])
    return _aligned(lines)


def text(table, measured, boots):
    """The table for people; `measured` is a list of (config, summaries)."""
    parts = []
    if table["rows"]:
        parts += [_getpid_table(table), _bench_table(table), _bytes_table(measured)]
    if table["ipc"]:
        parts.append(_ipc_table(table))
    parts.append(CAPTION.format(cpu=table["cpu"], qemu=table["qemu"], commit=table["commit"],
                                boots=boots))
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
    return json.dumps(table, indent=1) + "\n"
