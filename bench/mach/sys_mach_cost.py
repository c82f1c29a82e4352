#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the Mach benchmark with the counting plugin and hold its figures against GNU Mach's.

usage: sys_mach_cost.py [--run DIRECTORY]

A figure is instructions of the whole operation, user and kernel. GNU Mach's were counted by QEMU, which
counts every iteration of a `rep` string instruction, so ours do here. Zeroing and copying of a page
in faults is left out on both sides: the limits are what remains. Every row of bench.h has to be there,
and a copy-on-write fault costs the same whatever the object's size. Speaks KTAP.
"""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import guest, guest_log  # noqa: E402

# Beside the zeroing or the copying of the page: GNU Mach's figure less the iterations of that.
WITHOUT_PAGE = {"zero-fill fault": 1929, "copy-on-write fault, 64 pages": 5364,
                "copy-on-write fault, 1024 pages": 5364}
# One copy-on-write fault beside another: collapsing shadows may make a few instructions of difference.
SAME_COST = 1.02


def expected():
    """The names of the benchmark's rows."""
    with open(os.path.join(ROOT, "bench/mach/bench.h"), encoding="utf-8") as file:
        return re.findall(r'\brow\(\d+, "([^"]+)"', file.read())


def boot():
    kernel, initrd = guest.boot_files("machnative")
    run = guest.run(guest.Guest("machnative", "qemu64", kernel, initrd, "bench", plugin=[]))
    if run.outcome != guest_log.OK:
        sys.exit(run.message)
    return run.directory


def lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def figures(directory):
    """(name, ours, limit) of each row."""
    counts = {}
    for line in lines(os.path.join(directory, "insn.jsonl")):
        entry = json.loads(line)
        if "insn" in entry and "region" in entry:
            sums = counts.setdefault(entry["region"], [0, 0])
            sums[0] += entry["insn"]
            sums[1] += entry["repeats"]
    for line in lines(os.path.join(directory, "serial.log")):
        if not line.startswith("@l4k {"):
            continue
        row = json.loads(line[5:])
        if "mach" not in row:
            continue
        insn, repeats = counts[row["region"]]
        if row["mach"] in WITHOUT_PAGE:
            yield row["mach"], insn / row["iterations"], WITHOUT_PAGE[row["mach"]]
        else:
            yield row["mach"], (insn + repeats) / row["iterations"], row["gnumach_ndebug"]


def main():
    directory = sys.argv[2] if sys.argv[1:2] == ["--run"] else boot()
    rows = list(figures(directory))
    bad = 0
    measured = {name: ours for name, ours, _ in rows}
    missing = [name for name in expected() if name not in measured]
    print("KTAP version 1")
    print(f"1..{len(rows) + 2}")
    for number, (name, ours, limit) in enumerate(rows, 1):
        good = not limit or ours <= limit
        against = f"GNU Mach {limit}, {ours / limit:.2f}" if limit else "no peer"
        print(f"{'ok' if good else 'not ok'} {number} {name} # {ours:.0f} ({against})")
        bad |= not good
    good = not missing
    print(f"{'ok' if good else 'not ok'} {len(rows) + 1} every row is there # {', '.join(missing)}")
    bad |= not good
    small, large = (measured.get(f"copy-on-write fault, {pages} pages", 0) for pages in (64, 1024))
    good = 0 < large <= small * SAME_COST
    print(f"{'ok' if good else 'not ok'} {len(rows) + 2} copy-on-write is independent of the object's "
          f"size # {small:.0f}, {large:.0f}")
    bad |= not good
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
