#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Break getpid down in some configurations: the phases must sum to the table's figure, in all and
in the kernel. Reports as KTAP.

usage: breakdown.py CONFIG ...
"""
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


def check(report, config):
    """One configuration."""
    figure = from_table(report, config)
    status, lines = command("breakdown", config, "getpid")
    report.test(f"{config}: getpid is broken down", status == 0, f"status {status}", lines)
    if status or not figure:
        return
    path = next(line for line in lines if line.endswith("breakdown.json"))
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        table = json.load(file)
    for part in ("phases", "functions"):
        report.equal(f"{config}: the {part} sum to the loop's count",
                     sum(one["loop_insn"] for one in table[part]), table["loop_insn"])
    report.equal(f"{config}: getpid is the table's", table["insn"], figure["insn"])
    report.equal(f"{config}: its kernel part is the table's",
                 round(table["loop_kernel"] / table["iterations"]), figure["kernel"])


def main():
    report = Report()
    for config in sys.argv[1:]:
        check(report, config)
    report.end()


if __name__ == "__main__":
    main()
