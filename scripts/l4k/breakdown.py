# SPDX-License-Identifier: BSD-2-Clause
"""From the plugin's counts by function to the phases of one operation.

All is exact: the counts of a loop sum to the plugin's count of the same region, and the difference
to the loop without the operation is kept as it is; only what is printed is divided.
"""
import csv
import dataclasses
import io
import re
import statistics
from fractions import Fraction

from l4k import measure, phases
from l4k.measure import Unsound


@dataclasses.dataclass(frozen=True)
class Operation:
    """What is broken down: a region of a run and the region to subtract, or None."""
    name: str
    region: int
    overhead: int
    iterations: int
    what: str
    dispatches: int = None  # calls that a loop makes, where that is a fixed number


@dataclasses.dataclass
class Line:
    """A piece of a function: what all iterations together executed of it, and how often it was
    entered (0: inlined, or never from its start)."""
    label: str
    phase: str
    kernel: bool
    insn: int
    entries: int


@dataclasses.dataclass
class Breakdown:
    """Lines in order of first entry; they sum to `insn`, which is the loop's count less the
    overhead's."""
    operation: Operation
    insn: int
    lines: list

    def per_operation(self, count):
        """Of one operation, exactly."""
        return Fraction(count, self.operation.iterations)

    def totals(self):
        """[(phase, instructions of the loop, those of them in the kernel)] of the phases that
        occur, in their order."""
        return [(phase, sum(line.insn for line in lines),
                 sum(line.insn for line in lines if line.kernel))
                for phase in phases.PHASES
                if (lines := [line for line in self.lines if line.phase == phase])]

    @property
    def kernel(self):
        """The kernel's instructions of the loop."""
        return sum(line.insn for line in self.lines if line.kernel)


def slug(name):
    """A name as one word: "RPC, 1024 B echo" is rpc-1024-b-echo."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")


def operations(results):
    """Name -> Operation, of the guest's description lines."""
    found = {}
    for line in results:
        if "bench" in line:
            one = Operation(line["bench"], line["region"], line["overhead"], line["iterations"],
                            line["what"], line["iterations"] * line["calls"]
                            if line["calls"] >= 0 else None)
        elif "mach" in line:
            one = Operation(slug(line["mach"]), line["region"], None, line["iterations"],
                            line["mach"])
        elif "ipc" in line:  # a region has a call and its reply
            case = line["ipc"].replace("_call", "").replace("_reply", "")
            one = Operation(f"{case}-{line['words']}", line["region"], None, line["iterations"],
                            f"{case}, call and reply, {line['words']} words")
        else:
            continue
        found[one.name] = one
    return found


def by_function(counts, region):
    """[(plain line, [function entries])] of each closed occurrence of a region. Unsound if an
    occurrence's functions do not sum to its count."""
    found = []
    for line in counts:
        if line.get("region") != region:
            continue
        if "insn" in line:
            found.append((line, []))
        elif "function" in line and found:
            found[-1][1].append(line["function"])
    for line, functions in found:
        total = sum(one["insn"] for one in functions)
        if total != line["insn"]:
            raise Unsound(f"region {region}: functions sum to {total}, the count is "
                          f"{line['insn']}")
    return found


def _median(found):
    """The occurrence whose count is the median; the first of those alike."""
    middle = statistics.median_low([line["insn"] for line, _ in found])
    return next(one for one in found if one[0]["insn"] == middle)


def _base(name, counts, region):
    """The occurrence to subtract, as measure.py chooses it."""
    found = by_function(counts, region)
    chosen = measure.overhead_of(name, [line for line, _ in found])
    return next(one for one in found if one[0] is chosen)


def _empty_line(label, pieces):
    """A line without counts; what the plugin found in no function begins with "?"."""
    if label in pieces:
        return Line(label, pieces[label].phase, pieces[label].kernel, 0, 0)
    phase = {"?user": "user program", "?stub": "stub", "?server": "server"}.get(label, "other")
    return Line(label, phase, label == "?kernel", 0, 0)


def break_down(operation, counts, pieces):
    """The Breakdown of an operation in one run; `pieces`: label -> functions.Piece."""
    measure.check_counts(counts)
    found = by_function(counts, operation.region)
    if not found:
        raise Unsound(f"{operation.name}: region {operation.region} was never closed")
    line, functions = _median(found)
    if line["insn"] and not functions:
        raise Unsound(f"{operation.name}: nothing was counted by function")
    if operation.dispatches not in (None, line["probes"].get("dispatch", operation.dispatches)):
        raise Unsound(f"{operation.name}: the loop makes {operation.dispatches} calls, the server "
                      f"took up {line['probes']['dispatch']}")
    base, base_functions = {"insn": 0, "by": {"kernel": 0}}, []
    if operation.overhead is not None:
        base, base_functions = _base(operation.name, counts, operation.overhead)
    table = {}
    for sign, part in ((1, functions), (-1, base_functions)):
        for one in part:
            entry = table.setdefault(one["name"], _empty_line(one["name"], pieces))
            entry.insn += sign * one["insn"]
            entry.entries += sign * one["entries"]
    result = Breakdown(operation, line["insn"] - base["insn"],
                       [entry for entry in table.values() if entry.insn])
    kernel = line["by"]["kernel"] - base["by"]["kernel"]
    if sum(entry.insn for entry in result.lines) != result.insn or result.kernel != kernel:
        raise Unsound(f"{operation.name}: the lines do not sum to {result.insn}, {kernel} of them "
                      "in the kernel")
    return result


# --- Output ---

def decimal(number):
    """At most two decimals."""
    if 0 < abs(number) < Fraction(1, 100):
        return "<0.01"
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def percent(part, whole):
    """With one decimal."""
    return f"{100 * part / whole:.1f}" if whole else "-"


def _columns(rows):
    """Aligned; the first column to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0])] +
                               [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])
                     .rstrip() for row in rows)


def _short(label):
    """A label without its phase."""
    return label.split(": ", 1)[-1]


def text(breakdown, caption):
    """For people: the functions of each phase, then the phases."""
    per, total = breakdown.per_operation, breakdown.insn
    rows = [["", "insn", "%", "entries"]]
    for phase, insn, _ in breakdown.totals():
        rows.append([phase, decimal(per(insn)), percent(insn, total), ""])
        rows += [["  " + _short(line.label), decimal(per(line.insn)), percent(line.insn, total),
                  decimal(per(line.entries)) if line.entries else ""]
                 for line in breakdown.lines if line.phase == phase]
    sums = [["phase", "insn", "% of all", "in the kernel", "% of that"]]
    totals = breakdown.totals() + [("all", total, breakdown.kernel)]
    for phase, insn, kernel in totals:
        sums.append([phase, decimal(per(insn)), percent(insn, total),
                     decimal(per(kernel)) if kernel else "",
                     percent(kernel, breakdown.kernel) if kernel else ""])
    return f"{_columns(rows)}\n\n{_columns(sums)}\n\n{caption}\n"


def as_json(breakdown, about):
    """What breakdown.json holds; `about` is what the run was."""
    per = breakdown.per_operation
    one = breakdown.operation
    return {**about, "bench": one.name, "what": one.what, "iterations": one.iterations,
            "insn": measure.divide(breakdown.insn, one.iterations), "loop_insn": breakdown.insn,
            "loop_kernel": breakdown.kernel,
            "phases": [{"phase": phase, "insn": float(per(insn)), "loop_insn": insn,
                        "loop_kernel": kernel}
                       for phase, insn, kernel in breakdown.totals()],
            "functions": [{"phase": line.phase, "function": _short(line.label),
                           "kernel": line.kernel, "insn": float(per(line.insn)),
                           "loop_insn": line.insn, "loop_entries": line.entries}
                          for line in breakdown.lines]}


def as_csv(breakdown, about):
    """What breakdown.csv holds: one line for each function of each phase."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*about, "bench", "iterations", "phase", "function", "kernel", "loop_insn",
                     "loop_entries"])
    for line in breakdown.lines:
        writer.writerow([*about.values(), breakdown.operation.name,
                         breakdown.operation.iterations, line.phase, _short(line.label),
                         int(line.kernel), line.insn, line.entries])
    return out.getvalue()
