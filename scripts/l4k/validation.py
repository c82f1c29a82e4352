# SPDX-License-Identifier: BSD-2-Clause
"""The model's prediction beside the real measurement, of build/bench/validate on both sides.

A line of the program (bench/host/validate.c) describes a loop and holds the time-stamp counter's
ticks of each repetition: of a chain of additions that takes known core cycles, of the loop, of the
loop without the operation. Real figures are core cycles of one operation, least and median of the
repetitions; the model's is its median repetition, as everywhere (cycles.py), in hundredths.
"""
import statistics

from l4k import cycles
from l4k.measure import Unsound

# A kernel entry and the return of the least call take some hundred cycles, with every mitigation
# about two thousand; what takes more was sent to somebody else.
INTERCEPTED = 4000
UNSTEADY = 1.25  # median to least repetition


def real(line):
    """{"min", "median"}: core cycles of one operation on the host."""
    try:
        chain, loop, empty = zip(*line["ticks"])
        per_tick = line["chain"] / min(chain)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise Unsound(f"{line.get('bench', 'a loop')}: its ticks cannot be read") from None
    return {what: round((of(loop) - min(empty)) * per_tick / line["iterations"], 2)
            for what, of in (("min", min), ("median", statistics.median))}


def _check_length(line, seen, what):
    """The instructions of a loop of known length must be those of every repetition; interrupts are
    the kernel's."""
    wanted = line[what]
    counted = sorted({one["by"]["user"]["insn"] for one in seen})
    if wanted and counted != [wanted]:
        raise Unsound(f"{line['bench']}: {wanted} instructions, the model counted {counted}")


def predicted(line, lines, machine):
    """{"cycles", "insn", "breakdown"} of one operation by the model."""
    mine = [one for one in lines if one.get("machine") == machine]
    loops = [one for one in mine if one["region"] == line["region"]]
    empty = [one for one in mine if one["region"] == line["overhead"]]
    if len(loops) != line["repetitions"] or len(empty) != line["repetitions"]:
        raise Unsound(f"{line['bench']}: {len(loops)} loops on {machine}, not "
                      f"{line['repetitions']}")
    _check_length(line, loops, "insn")
    _check_length(line, empty, "overhead_insn")
    loop, base, n = cycles.median(loops), cycles.median(empty), line["iterations"]
    return {"cycles": round((loop["cycles"] - base["cycles"]) / n, 2),
            "insn": round((loop["insn"] - base["insn"]) / n, 2),
            "breakdown": {part: round((loop["breakdown"][part] - base["breakdown"][part]) / n, 2)
                          for part in cycles.PARTS}}


def join(host, guests, machine):
    """[{"bench", "what", "kind", "real", "model": {row: figure}}] from the host's lines and, of
    each row, (the guest's lines, the model's)."""
    joined = []
    for line in host:
        model = {}
        for row, (described, lines) in guests.items():
            mine = [one for one in described if one["bench"] == line["bench"]]
            if len(mine) != 1:
                raise Unsound(f"{row}: {line['bench']} ran {len(mine)} times")
            model[row] = predicted(mine[0], lines, machine)
        joined.append({"bench": line["bench"], "what": line["what"], "kind": line["kind"],
                       "real": real(line), "model": model})
    return joined


def intercepted(joined):
    """What the least system call says of how the host makes them, or None."""
    least = min((one["real"]["min"], one["bench"]) for one in joined if one["kind"] == "call")
    if least[0] <= INTERCEPTED:
        return None
    return (f"The host's cheapest system call, {least[1]}, took {least[0]:.0f} cycles: more than "
            "entering a kernel takes, so somebody intercepts them (a sandbox, a tracer), and the "
            "real figures are not those of a kernel.")


def unsteady(joined):
    """Which real figures varied, or None: the least of them may still be a disturbed one."""
    varied = [f"{one['bench']} {one['real']['median'] / one['real']['min']:.1f}" for one in joined
              if one["real"]["median"] > UNSTEADY * one["real"]["min"] > 0]
    if not varied:
        return None
    return ("Unsteady on this host, the median so many times the least: " + ", ".join(varied) +
            ". Somebody else used what these need.")


def _ratio(model, measured):
    return f"{model / measured:.2f}" if measured else "-"


def _aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]),
                                *(cell.rjust(width) for cell, width in
                                  zip(row[2:], widths[2:]))]).rstrip() for row in rows)


def tables(joined, machine):
    """(of the loops, of the system calls): text. Loops are the same in every row."""
    names = list(joined[0]["model"])
    loops = [["loop", "operation", "real", "median", f"model:{machine}", "ratio"]]
    calls = [["call", "", "real", "median", *(word for name in names for word in (name, "ratio"))]]
    for one in joined:
        of_rows = [one["model"][name]["cycles"] for name in names]
        row = [one["bench"], one["what"], f"{one['real']['min']:.2f}",
               f"{one['real']['median']:.2f}"]
        if one["kind"] == "loop":
            loops.append([*row, f"{of_rows[0]:.2f}", _ratio(of_rows[0], one["real"]["min"])])
        else:
            calls.append([*row, *(word for model in of_rows for word in
                                  (f"{model:.2f}", _ratio(model, one["real"]["min"])))])
    return _aligned(loops), _aligned(calls)
