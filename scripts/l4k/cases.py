# SPDX-License-Identifier: BSD-2-Clause
"""Configurations and benchmarks as they are named on a command line, and what to boot for them.

A configuration is a row of the table or a native one. A benchmark is one of bench/linux; of
l4native a case and its words (inter_as-0), of machnative a row ("RPC, header only" or
rpc-header-only).
"""
import os
import re

from l4k import breakdown, guest, rows
from l4k.layout import ROOT, Missing

NATIVE = {"l4native": "", "machnative": "bench"}  # configuration -> words that start its benchmark


def linux_benches():
    """Names of the Linux benchmarks."""
    with open(os.path.join(ROOT, "bench", "linux", "main.c"), encoding="utf-8") as file:
        return re.findall(r"&bench_(\w+)", file.read())


def find(config, bench):
    """(the table's row, or None for a native configuration; the benchmark's name as a word).
    Missing if there is no such thing; of a native benchmark only its run can tell."""
    known = {row.config: row for row in rows.ROWS}
    if config in NATIVE:
        return None, breakdown.slug(bench)
    if config not in known:
        raise Missing(f"no configuration {config}; there are {', '.join([*known, *NATIVE])}")
    if bench not in linux_benches():
        raise Missing(f"{config} has no benchmark {bench}; there are "
                      f"{', '.join(linux_benches())}")
    return known[config], bench


def specify(row, config, bench, cpu):
    """What to boot."""
    if row:
        spec = rows.guest(row, cpu, *rows.SPREAD[0])
        spec.append += f" bench={bench}"
        return spec
    kernel, initrd = guest.boot_files(config)
    return guest.Guest(config, cpu, kernel, initrd, NATIVE[config], plugin=[])


def choose(config, bench, run):
    """The operation that was asked for, of a run. Missing if there is none."""
    found = breakdown.operations(run.log.results)
    if bench not in found:
        raise Missing(f"{config} has no benchmark {bench}; there are {', '.join(found)}")
    return found[bench]
