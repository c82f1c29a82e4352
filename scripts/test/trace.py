#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Trace getpid in every row, twice: one nested story, whose lines sum to the whole and name what
must have run; the same text both times; a flame graph of all of it. Reports as KTAP.

usage: trace.py
"""
import glob
import json
import os
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import cycles, rows  # noqa: E402
from l4k.guest import read  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD, ROOT  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
PLACES = {"linux": ["program", "kernel"], "kernel": ["program", "kernel", "server"],
          "user": ["program", "kernel", "server"]}
REAL = ["entry_SYSCALL_64", "do_syscall_64", "__x64_sys_getpid"]
OURS = ["server_syscall", "sys_getpid"]


def trace(report, config):
    """The run's directory, or None."""
    done = subprocess.run([os.path.join(ROOT, "scripts", "trace"), config, "getpid"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    lines = done.stdout.splitlines()
    report.test(f"{config}: getpid is traced", done.returncode == 0, f"status {done.returncode}",
                lines)
    return None if done.returncode else os.path.join(ROOT, os.path.dirname(lines[-1]))


def check_sums(report, config, table):
    """Every figure of the lines sums to that of the whole."""
    for figure in ("insn", "cycles", *cycles.PARTS):
        report.equal(f"{config}: {figure} of the lines",
                     round(100 * sum(line[figure] for line in table["lines"])),
                     round(100 * table[figure]))
    for miss, count in table["misses"].items():
        report.equal(f"{config}: {miss} misses of the lines",
                     sum(line["misses"][miss] for line in table["lines"]), count)


def check_story(report, row, lines):
    """It begins and ends in the program's loop, goes down place by place, and names functions."""
    ends = [(line["place"], line["function"], line["depth"]) for line in (lines[0], lines[-1])]
    report.equal(f"{row.config}: begins and ends in the loop", ends, [("program", "loop", 0)] * 2)
    first = {}
    for line in lines:
        first.setdefault(line["place"], line["depth"])
    depths = [first.get(place, -1) for place in PLACES[row.placement]]
    report.test(f"{row.config}: {', '.join(PLACES[row.placement])} are one nest",
                depths == sorted(depths) and depths[0] == 0, f"depths {depths}")
    entered = [line["function"] for line in lines if line["entered"]]
    wanted = REAL if row.placement == "linux" else OURS
    report.test(f"{row.config}: enters {', '.join(wanted)} in this order",
                [name for name in entered if name in wanted] == wanted, "it does not", entered)
    unnamed = [line["function"] for line in lines if line["function"].startswith("0x")]
    report.equal(f"{row.config}: functions without a name", unnamed, [])


def check_graph(report, config, directory, table):
    """The graph is XML and holds each function; the folded stacks hold all cycles."""
    root = xml.etree.ElementTree.fromstring(read(os.path.join(directory, "flame.svg")))
    titles = {one.text.split(": ")[0] for one in root.iter(SVG + "title")}
    wanted = {f"{line['function']} ({line['place']})" for line in table["lines"]}
    report.equal(f"{config}: boxes of the flame graph", titles - {"all"}, wanted)
    costs = [float(line.rsplit(" ", 1)[1]) for line in
             read(os.path.join(directory, "stacks.folded")).splitlines()]
    report.equal(f"{config}: cycles of the folded stacks", round(100 * sum(costs)),
                 round(100 * table["cycles"]))


def check(report, row):
    """One row."""
    directory, again = trace(report, row.config), trace(report, row.config)
    if not directory or not again:
        return
    for name in ("trace.txt", "flame.svg"):
        one, other = (read(os.path.join(where, name)) for where in (directory, again))
        report.test(f"{row.config}: {name} twice", one and one == other, "they differ")
    table = json.loads(read(os.path.join(directory, "trace.json")))
    widths = [len(line) for line in read(os.path.join(directory, "trace.txt")).splitlines()]
    report.test(f"{row.config}: fits 100 columns", max(widths) <= 100, f"takes {max(widths)}")
    check_sums(report, row.config, table)
    check_story(report, row, table["lines"])
    check_graph(report, row.config, directory, table)


def main():
    report = Report()
    for row in rows.ROWS:
        check(report, row)
    report.equal("recorded traces left", glob.glob(os.path.join(BUILD, "trace-*")), [])
    report.end()


if __name__ == "__main__":
    main()
