# SPDX-License-Identifier: BSD-2-Clause
"""Model cycles: boots rows with the model's plugin and makes figures of what it wrote.

The rules are measure.py's: the figure of a boot is the median of its repetitions less the loop
without the operation, the row's figure is that of its median boot, min and max are the extreme
boots. Cycles are whole: parts are rounded so that they sum to the cycles. Formats:
bench/model/README.md.
"""
import json
import os
import statistics

from l4k import guest, guest_log, rows
from l4k.layout import BUILD, ROOT, Missing
from l4k.measure import CLASSES, Unsound, divide

PLUGIN = os.path.join(BUILD, "model", "cycles.so")
MACHINES = os.path.join(ROOT, "bench", "machines")
LOCAL = os.path.join(BUILD, "machines")  # what scripts/calibrate-host writes
VARIANTS = os.path.join(BUILD, "model", "machines")
PARTS = ("base", "branch", "icache", "dcache", "tlb", "write_buffer", "privileged")
TICKS = 100  # in a cycle: the plugin's resolution


class Failed(Exception):
    """A run did not end well; `outcome` is guest_log's."""

    def __init__(self, run):
        super().__init__(f"{run.message} (see {os.path.relpath(run.directory, ROOT)})")
        self.outcome = run.outcome


def _variant(path, changes):
    """A copy of a machine file with other values: ["l1d.size=16384", ...]. They are part of its
    machine's name."""
    section, done, lines = "", set(), []
    wanted = dict(change.split("=", 1) for change in changes)
    for line in guest.read(path).splitlines():
        key = line.split("=")[0].strip()
        if line.startswith("["):
            section = line[1:line.index("]")]
        elif f"{section}.{key}" in wanted:
            done.add(f"{section}.{key}")
            line = f"{key} = {wanted[f'{section}.{key}']}"
        elif (section, key) == ("machine", "name"):
            line = ":".join([line.split("#")[0].rstrip(), *changes])
        lines.append(line)
    if done != set(wanted):
        raise Missing(f"{path} has no key {', '.join(sorted(set(wanted) - done))}")
    out = os.path.join(VARIANTS, os.path.basename(path)[:-4] + ":" + ":".join(changes) + ".ini")
    os.makedirs(VARIANTS, exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return out


def machine_path(name):
    """A machine file by the name of a machine (`host`: what make calibrate wrote), or by its path.
    "NAME:SECTION.KEY=VALUE:..." is a variant of it."""
    name, *changes = name.split(":")
    if changes:
        return _variant(machine_path(name), changes)
    paths = [name] if os.path.sep in name else \
        [os.path.join(directory, name + ".ini") for directory in (MACHINES, LOCAL)]
    path = next((path for path in paths if os.path.exists(path)), None)
    if path is None:
        raise Missing(f"there is no machine file {os.path.relpath(paths[0], ROOT)}" +
                      (": make calibrate writes that of this host" if name == "host" else ""))
    return path


def boot(row, cpu, spread, machines, benches, mode="auto", words=(), initrd=None):
    """Boot a row once under the model: (run, the model's lines). `words` are further ones for the
    plugin; `initrd` is booted instead of the benchmark program's."""
    if not os.path.exists(PLUGIN):
        raise Missing("build/model/cycles.so has not been built: make model")
    spec = rows.guest(row, cpu, *spread)
    where = guest.new_directory(f"{row.config}-{cpu.split(',')[0]}-cycles")
    words = [f"out={where}/insn.jsonl", f"cycles={where}/cycles.jsonl", f"mode={mode}", *words,
             *(f"machine={machine_path(name)}" for name in machines), *spec.plugin]
    spec.plugin = None
    spec.append = f"{spec.append} bench={','.join(benches)}"
    spec.extra = ["-plugin", ",".join([PLUGIN, *words])]
    spec.initrd = initrd or spec.initrd
    run = guest.run(spec)
    if run.outcome != guest_log.OK:
        raise Failed(run)
    lines = [json.loads(line) for line in guest.read(f"{where}/cycles.jsonl").splitlines()]
    for line in lines:
        if "error" in line:
            raise Unsound(f"model: {line['error']}")
    return run, lines


def _ticks(cycles):
    return round(cycles * TICKS)


def median(lines):
    return sorted(lines, key=lambda line: line["cycles"])[(len(lines) - 1) // 2]


def _rounded(total, parts):
    """Ticks as whole cycles that sum to `total`: rounding goes to the largest."""
    whole = {name: divide(ticks, TICKS) for name, ticks in parts.items()}
    largest = max(whole, key=lambda name: whole[name])
    whole[largest] += total - sum(whole.values())
    return whole


def _difference(line, base, n, part):
    """Ticks of one operation."""
    return divide(_ticks(line[part]) - _ticks(base[part]), n)


def _breakdown(total, line, base, n):
    return _rounded(total, {part: divide(_ticks(line["breakdown"][part]) -
                                         _ticks(base["breakdown"][part]), n) for part in PARTS})


def _places(total, line, base, n):
    """Cycles of each place, with their breakdown; they sum to `total`."""
    cycles = _rounded(total, {place: _difference(line["by"][place], base["by"][place], n, "cycles")
                              for place in CLASSES})
    return {place: {"insn": divide(line["by"][place]["insn"] - base["by"][place]["insn"], n),
                    "cycles": cycles[place],
                    **_breakdown(cycles[place], line["by"][place], base["by"][place], n),
                    "misses": _misses(line["by"][place], base["by"][place], n)}
            for place in CLASSES}


def _misses(line, base, n):
    """Events of one operation, to two places."""
    return {name: divide(100 * (line["events"][name] - base["events"][name]), n) / 100
            for name in line["events"]
            if name.endswith("misses") or name in ("walk_references", "mispredicts")}


def figure(bench, lines, machine):
    """One benchmark on one machine in one boot; `bench` is the guest's description of it."""
    mine = [line for line in lines if line.get("machine") == machine]
    loops = [line for line in mine if line["region"] == bench["region"]]
    empty = [line for line in mine if line["region"] == bench["overhead"]]
    if len(loops) != bench["repetitions"] or len(empty) != bench["repetitions"]:
        raise Unsound(f"{bench['bench']}: {len(loops)} loops on {machine}, not "
                      f"{bench['repetitions']}")
    line, base, n = median(loops), median(empty), bench["iterations"]
    cycles = divide(_ticks(line["cycles"]) - _ticks(base["cycles"]), n * TICKS)
    return {"cycles": cycles, "insn": divide(line["insn"] - base["insn"], n),
            "mode": line["mode"], "breakdown": _breakdown(cycles, line, base, n),
            "by": _places(cycles, line, base, n), "misses": _misses(line, base, n)}


def measure(row, cpu, machines, benches, spread, mode="auto"):
    """{bench: {machine: figure}} of a row over its boots; each figure has its min, max and cpu."""
    boots = []
    for one in spread:
        run, lines = boot(row, cpu, one, machines, benches, mode)
        described = [line for line in run.log.results if "bench" in line]
        names = list(dict.fromkeys(line["machine"] for line in lines if "machine" in line))
        boots.append({bench["bench"]: {name: figure(bench, lines, name) for name in names}
                      for bench in described})
    return {bench: {name: _of_boots([boot[bench][name] for boot in boots], cpu)
                    for name in boots[0][bench]} for bench in boots[0]}


def _of_boots(figures, cpu):
    cycles = [one["cycles"] for one in figures]
    middle = statistics.median_low(cycles)
    chosen = next(one for one in figures if one["cycles"] == middle)
    return {**chosen, "min": min(cycles), "max": max(cycles), "cpu": cpu}
