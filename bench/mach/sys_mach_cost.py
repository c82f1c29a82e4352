#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the Mach benchmark with the counting plugin and hold its figures against GNU Mach's.

usage: sys_mach_cost.py [--run DIRECTORY]

A figure is instructions of the whole operation, user and kernel. GNU Mach's were counted by QEMU, which
counts every iteration of a `rep` string instruction, so ours do here. Zeroing and copying of a page
in faults is left out on both sides: the limits are what remains. Speaks KTAP.
"""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import guest, guest_log  # noqa: E402

# Beside the zeroing or the copying of the page: GNU Mach's figure less the iterations of that.
WITHOUT_PAGE = {"zero-fill fault": 1929, "copy-on-write fault, 64 pages": 5364,
                "copy-on-write fault, 1024 pages": 5364}


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
    print("KTAP version 1")
    print(f"1..{len(rows)}")
    for number, (name, ours, limit) in enumerate(rows, 1):
        good = not limit or ours <= limit
        against = f"GNU Mach {limit}, {ours / limit:.2f}" if limit else "no peer"
        print(f"{'ok' if good else 'not ok'} {number} {name} # {ours:.0f} ({against})")
        bad |= not good
    sys.exit(1 if bad or not rows else 0)


if __name__ == "__main__":
    main()
