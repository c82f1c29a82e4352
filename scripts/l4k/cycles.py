# SPDX-License-Identifier: BSD-2-Clause
"""Model cycles: boots rows with the model's plugin and makes figures of what it wrote.

The rules are measure.py's: the figure of a boot is the median of its repetitions less the loop
without the operation, the row's figure is that of its median boot, min and max are the extreme
boots. Cycles are whole: parts are rounded so that they sum to the cycles. Formats:
bench/model/README.md.
"""
import os
import re
import statistics

from l4k import guest, rows
from l4k.layout import BUILD, ROOT, Missing
from l4k.measure import CLASSES, Unsound, divide

MACHINES = os.path.join(ROOT, "bench", "machines")
LOCAL = os.path.join(BUILD, "machines")  # what scripts/calibrate-host writes
VARIANTS = os.path.join(BUILD, "model", "machines")
PARTS = ("base", "branch", "icache", "dcache", "tlb", "write_buffer", "privileged")
REASONS = tuple(f"{cache}_{reason}" for cache in ("l1i", "l1d")
                for reason in ("conflict", "capacity", "compulsory"))
TICKS = 100  # in a cycle: the plugin's resolution


def _variant(path, changes):
    """A copy of a machine file with other values: ["l1d.size=16384", ...]. They are part of its
    machine's name."""
    section, done, lines = "", set(), []
    if not all("=" in change for change in changes):
        raise Missing(f"a variant of {os.path.basename(path)} reads NAME:SECTION.KEY=VALUE, not "
                      f"NAME:{':'.join(changes)}")
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
        sought = paths[-1] if name == "host" else paths[0]
        raise Missing(f"there is no machine file {os.path.relpath(sought, ROOT)}" +
                      (": make calibrate writes that of this host" if name == "host" else ""))
    return path


def mhz(name):
    """Clock of a machine, from its file: cycles in a microsecond."""
    found = re.search(r"^mhz *= *(\d+)", guest.read(machine_path(name)), re.MULTILINE)
    if not found:
        raise Missing(f"the machine file of {name} has no mhz")
    return int(found[1])


def under(spec, machines, mode="auto", words=()):
    """The guest `spec`, which has the counting plugin, under the model; `words` are further ones for
    the model's plugin."""
    spec.machines = [machine_path(name) for name in machines]
    spec.plugin = [*spec.plugin, f"mode={mode}", *words]
    return spec


def run(spec, machines, mode="auto", words=()):
    """Boot a guest once under the model: (run, the model's lines)."""
    done = guest.run_well(under(spec, machines, mode, words))
    check(done.cycles)
    return done, done.cycles


def boot(row, cpu, spread, machines, benches, mode="auto", words=(), initrd=None):
    """Boot a row once under the model: (run, the model's lines). Without `benches` all that the
    program has; `initrd` is booted instead of the benchmark program's."""
    spec = rows.guest(row, cpu, *spread)
    if benches:
        spec.append = f"{spec.append} bench={','.join(benches)}"
    spec.initrd = initrd or spec.initrd
    return run(spec, machines, mode, words)


def check(lines):
    """The model must have had nothing to complain of."""
    for line in lines:
        if "error" in line:
            raise Unsound(f"model: {line['error']}")


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
            if name.endswith("misses") or name in ("walk_references", "mispredicts", *REASONS)}


def figure(bench, loops, empty):
    """One benchmark on one machine in one boot; `bench` is the guest's description of it, the others
    are the model's lines of its loop and of the loop without the operation."""
    for found in (loops, empty):
        if len(found) != bench["repetitions"]:
            raise Unsound(f"{bench['bench']}: the model saw {len(found)} loops, not "
                          f"{bench['repetitions']}")
    line, base, n = median(loops), median(empty), bench["iterations"]
    cycles = divide(_ticks(line["cycles"]) - _ticks(base["cycles"]), n * TICKS)
    return {"cycles": cycles, "insn": divide(line["insn"] - base["insn"], n),
            "mode": line["mode"], "breakdown": _breakdown(cycles, line, base, n),
            "by": _places(cycles, line, base, n), "misses": _misses(line, base, n)}


def _same_instructions(run):
    """Model and counter saw one run: each occurrence of a region has the same instructions."""
    counted = [(line["region"], line["insn"]) for line in run.counts if "insn" in line]
    for machine in dict.fromkeys(line["machine"] for line in run.cycles):
        if counted != [(line["region"], line["insn"]) for line in run.cycles
                       if line["machine"] == machine]:
            raise Unsound(f"model:{machine} and the counting plugin disagree about instructions")


def figures(run):
    """{bench: {machine: figure}} of a run. Benchmarks that share their regions (a benchmark with
    parameters) have the occurrences in the order of their descriptions."""
    check(run.cycles)
    _same_instructions(run)
    left = {}
    for line in run.cycles:
        left.setdefault((line["machine"], line["region"]), []).append(line)
    found = {}
    for bench in (line for line in run.log.results if "bench" in line):
        for machine in dict.fromkeys(line["machine"] for line in run.cycles):
            taken = []
            for region in (bench["region"], bench["overhead"]):
                lines = left.get((machine, region), [])
                taken.append(lines[:bench["repetitions"]])
                del lines[:bench["repetitions"]]
            found.setdefault(bench["bench"], {})[machine] = figure(bench, *taken)
    return found


def summarise(boots, cpu):
    """{bench: {machine: figure}} over the boots of a row: of the median boot, with min, max, cpu."""
    return {bench: {name: _of_boots([boot[bench][name] for boot in boots], cpu)
                    for name in boots[0][bench]} for bench in boots[0]}


def measure(row, cpu, machines, benches, spread, mode="auto", words=()):
    """Boot a row with each of `spread` and summarise."""
    return summarise([figures(boot(row, cpu, one, machines, benches, mode, words)[0])
                      for one in spread], cpu)


def _of_boots(of_boots, cpu):
    cycles = [one["cycles"] for one in of_boots]
    middle = statistics.median_low(cycles)
    chosen = next(one for one in of_boots if one["cycles"] == middle)
    return {**chosen, "min": min(cycles), "max": max(cycles), "cpu": cpu}
