#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Under emulation the benchmark program refuses to call ticks of the time-stamp counter cycles: QEMU's
by its name, and where the name is hidden by what it counts. Reports as KTAP.

usage: tsc.py CONFIG ...
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import guest, guest_log, rows  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.tsc import WORD  # noqa: E402

CPUS = {"qemu64": "CPUID says TCGTCGTCGTCG: QEMU's emulation (TCG), whose ticks are no cycles",
        "qemu64,-hypervisor": "this counts instructions"}


def boot(config, cpu):
    """A run with the counter, under emulation."""
    row = next(row for row in rows.ROWS if row.config == config)
    spec = rows.guest(row, cpu, *rows.SPREAD[0])
    spec.plugin = None
    spec.append += f" {WORD}"
    return guest.run(spec)


def check(report, config, cpu, words):
    """The program refuses with these words, its status says so, and no figure is in the log."""
    name, run = f"{config}, -cpu {cpu}", boot(config, cpu)
    results = run.log.results
    refusals = [line["tsc_refused"] for line in results if "tsc_refused" in line]
    report.test(f"{name}: refuses", len(refusals) == 1 and words in refusals[0], str(refusals))
    report.equal(f"{name}: ends with its status", (run.outcome, run.log.status),
                 (guest_log.FAILED, 2))
    report.equal(f"{name}: tells of its self-test",
                 [line["tsc_self_test"]["passed"] for line in results if "tsc_self_test" in line],
                 [False])
    report.equal(f"{name}: measures nothing",
                 [line for line in results if "bench" in line or "ticks" in line], [])


def main():
    if not sys.argv[1:]:
        sys.exit(__doc__.strip())
    report = Report()
    for config in sys.argv[1:]:
        for cpu, words in CPUS.items():
            check(report, config, cpu, words)
    report.end()


if __name__ == "__main__":
    main()
