#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""The server is one and the same in every row: each links the same object files, and has every
function of them, of the same size. Reports as KTAP.

usage: same_server.py
"""
import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import rows  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD, ROOT, product, symbols  # noqa: E402

PLACED_BY = {"kernel": os.path.join(BUILD, "server", "collocated.map")}  # else server.map


def server_objects(link_map):
    """The server's object files that a link took, in order: a LOAD line of its map for each."""
    with open(link_map, encoding="utf-8") as file:
        return re.findall(r"^LOAD (build/server/personality/server/\S+\.o)$", file.read(),
                          re.MULTILINE)


def functions(elf, low=0, high=1 << 64):
    """(name, size) -> how many functions of an ELF file between two addresses have them."""
    found = collections.Counter()
    words = subprocess.run(["nm", "-S", "--defined-only", elf], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    for line in map(str.split, words):
        if len(line) == 4 and line[2] in "tT" and low <= int(line[0], 16) < high:
            found[line[3], int(line[1], 16)] += 1
    return found


def linked_functions(row):
    """Those of a row's image, where the server is."""
    if row.placement == "user":
        return functions(product(row.config, "server.elf"))
    kernel = product(row.config, "kernel.elf")
    table = symbols(kernel)
    return functions(kernel, table["__server_text_start"], table["__server_text_end"])


def main():
    report = Report()
    ours = [row for row in rows.ROWS if row.placement != "linux"]
    maps = {row.config: server_objects(PLACED_BY.get(row.placement,
                                                     product(row.config, "server.map")))
            for row in ours}
    first = maps[ours[0].config]
    report.test(f"the server has objects ({len(first)})", len(first) > 10)
    wanted = sum((functions(os.path.join(ROOT, path)) for path in first), collections.Counter())
    for row in ours:
        report.equal(f"{row.config} links the same objects", maps[row.config], first)
        lost = wanted - linked_functions(row)
        report.test(f"{row.config} has all {sum(wanted.values())} functions, of the same sizes",
                    not lost, f"{len(lost)} differ", [str(one) for one in lost])
    report.end()


if __name__ == "__main__":
    main()
