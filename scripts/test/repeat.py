#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Measure the table twice, one boot for each row: both must give the same integers.
Reports as KTAP.

usage: repeat.py
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import rows  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD, ROOT  # noqa: E402


def measure(number):
    """(exit status, lines, table.json)."""
    out = os.path.join(BUILD, "tests", f"repeat-{number}")
    done = subprocess.run([os.path.join(ROOT, "scripts", "table"), "--boots", "1", "--out", out],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    with open(os.path.join(out, "table.json"), encoding="utf-8") as file:
        return done.returncode, done.stdout.splitlines(), json.load(file)


def main():
    report = Report()
    tables = []
    for number in (1, 2):
        status, lines, table = measure(number)
        report.test(f"run {number} measures every row", status == 0, f"status {status}", lines)
        tables.append({row["config"]: row for row in table["rows"]})
        tables[-1][rows.IPC_CONFIG] = table["ipc"]
    for config in [row.config for row in rows.ROWS] + [rows.IPC_CONFIG]:
        seen = [table.get(config) for table in tables]
        report.test(f"{config}: two runs give the same integers", seen[0] and seen[0] == seen[1],
                    "they differ", [str(one) for one in seen])
    report.end()


if __name__ == "__main__":
    main()
