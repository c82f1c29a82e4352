#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot calls after dirtied caches under the cycle model, twice: both give the same figures; without
writes a call costs what the plain benchmark says, with writes it never costs less. Reports as KTAP.

usage: dirtied.py CONFIG ...
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import breakdown, cases, cycles, guest, rows, series  # noqa: E402
from l4k.ktap import Report  # noqa: E402

CPU = "qemu64"
CALLS = {"l4native": ["ipc"], "machnative": ["mach_msg"]}  # others: those of the Linux program
KIB = [0, 2, 4, 8, 16, 32, 64, 128, 256]
# The plain benchmark of each call, and the per cent that may be between their cycles. Programs lie
# elsewhere; the native partners are written in C and so touch more pages, each of which is a walk
# after a switch: four in l4native, 208 of its 1277 cycles.
PLAIN = {"getpid": ("getpid", 15), "pipe": ("pipe", 10), "mach_msg": ("rpc-header-only", 10),
         "ipc": ("inter_as-1", 35)}
SYSTEM = 1  # per cent: the same of the instructions that are not the program's
SAVED = 1  # per cent of the cycles that writes may save, by the jump of the loop without any


def boot(config, plain=False):
    """A run under the model of one machine; of a native configuration, dirtied or the plain
    benchmark, of a row both."""
    if config in series.NATIVE:
        spec = series.native_boots(config, CPU, rows.SPREAD[0])[0]
        if plain:
            spec.append = cases.NATIVE[config]
    else:
        row = next(row for row in rows.ROWS if row.config == config)
        spec = cycles.under(rows.guest(row, CPU, *rows.SPREAD[0]), [series.MAIN])
        spec.append += " bench=getpid,pipe,dirtied"
    run = guest.run_well(spec)
    cycles.check(run.cycles)
    return run


def costs(run):
    """{benchmark: (cycles, instructions of the system) of one operation}."""
    def total(region):
        """The median occurrence's cycles and instructions of the system."""
        line = cycles.median([line for line in run.cycles if line["region"] == region])
        return line["cycles"], line["insn"] - line["by"]["user"]["insn"]
    return {name: tuple(number / one.iterations for number in total(one.region))
            for name, one in breakdown.operations(run.log.results).items()}


def within(seen, wanted, percent):
    """Is a number near another?"""
    return abs(seen - wanted) * 100 <= wanted * percent


def check_call(report, name, of_kib, plain, bound):
    """One call: the figures by KiB; (cycles, instructions of the system) of the plain benchmark."""
    report.equal(f"{name}: each KiB is measured", list(of_kib), KIB)
    none = of_kib[0]
    system = none["insn"] - none["by"]["user"]["insn"]
    report.test(f"{name}: without writes the system's instructions are the plain benchmark's",
                within(system, plain[1], SYSTEM), f"{system}, not {plain[1]:.0f}")
    report.test(f"{name}: without writes its cycles are near the plain benchmark's",
                within(none["cycles"], plain[0], bound), f"{none['cycles']}, not {plain[0]:.0f}")
    less = [f"{kib} KiB: {one['cycles']}" for kib, one in of_kib.items()
            if one["cycles"] * 100 < none["cycles"] * (100 - SAVED)]
    report.test(f"{name}: with writes it costs no less", not less,
                f"{none['cycles']} without, {', '.join(less)}")


def check(report, config):
    """One configuration."""
    runs = [boot(config) for _ in range(2)]
    report.test(f"{config}: two runs give the same", runs[0].cycles == runs[1].cycles,
                "they differ")
    plain = costs(boot(config, plain=True) if config in series.NATIVE else runs[0])
    calls = {}
    for bench, of_machine in cycles.figures(runs[0]).items():
        name, *parameters = bench.split("-")
        if name == "dirtied":
            calls.setdefault(parameters[0], {})[int(parameters[1])] = of_machine[series.MAIN]
    report.equal(f"{config}: calls", list(calls), CALLS.get(config, ["getpid", "pipe"]))
    for call, of_kib in calls.items():
        bench, bound = PLAIN[call]
        check_call(report, f"{config}: {call}", of_kib, plain[bench], bound)


def main():
    report = Report()
    for config in sys.argv[1:]:
        check(report, config)
    report.end()


if __name__ == "__main__":
    main()
