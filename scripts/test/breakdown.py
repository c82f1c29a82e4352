#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Break getpid down in some configurations: the phases must sum to the table's figure, in all and
in the kernel; and one RPC of a native path, in which no phase of IPC may be missing. The JSON and the
CSV must say the same. Reports as KTAP.

usage: breakdown.py CONFIG|CONFIG:BENCH ...
"""
import csv
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD, ROOT  # noqa: E402


def command(name, *words):
    """(exit status, lines) of one of our scripts."""
    done = subprocess.run([os.path.join(ROOT, "scripts", name), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def from_table(report, config):
    """The row's getpid in a table of one boot, or None."""
    out = os.path.join(BUILD, "tests", f"breakdown-{config}")
    status, lines = command("table", "--rows", config, "--boots", "1", "--out", out)
    report.test(f"{config} is measured", status == 0, f"status {status}", lines)
    if status:
        return None
    with open(os.path.join(out, "table.json"), encoding="utf-8") as file:
        return json.load(file)["rows"][0]["getpid"]


def broken_down(report, config, bench):
    """The breakdown as its JSON has it, sums and CSV compared; or None."""
    status, lines = command("breakdown", config, bench)
    report.test(f"{config}: {bench} is broken down", status == 0, f"status {status}", lines)
    if status:
        return None
    path = os.path.join(ROOT, next(line for line in lines if line.endswith("breakdown.json")))
    with open(path, encoding="utf-8") as file:
        table = json.load(file)
    with open(os.path.splitext(path)[0] + ".csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for part in ("phases", "functions"):
        report.equal(f"{config}: the {part} sum to the loop's count",
                     sum(one["loop_insn"] for one in table[part]), table["loop_insn"])
    for one in table["phases"]:
        report.equal(f"{config}: {one['phase']} is the same in the CSV",
                     sum(int(row["loop_insn"]) for row in rows if row["phase"] == one["phase"]),
                     one["loop_insn"])
    return table


# What every IPC does, whatever its path.
IPC_PHASES = ("entry", "rights and names", "checks", "switch", "exit")


def check_native(report, config, bench):
    """One RPC of a native path."""
    table = broken_down(report, config, bench)
    if not table:
        return
    spent = {one["phase"]: one["loop_kernel"] for one in table["phases"]}
    report.equal(f"{config}: no phase is missing",
                 [phase for phase in IPC_PHASES if not spent.get(phase)], [])


def check(report, config):
    """One configuration of the table."""
    figure = from_table(report, config)
    table = broken_down(report, config, "getpid")
    if not table or not figure:
        return
    report.equal(f"{config}: getpid is the table's", table["insn"], figure["insn"])
    report.equal(f"{config}: its kernel part is the table's",
                 round(table["loop_kernel"] / table["iterations"]), figure["kernel"])


def main():
    report = Report()
    for word in sys.argv[1:]:
        config, _, bench = word.partition(":")
        if bench:
            check_native(report, config, bench)
        else:
            check(report, config)
    report.end()


if __name__ == "__main__":
    main()
