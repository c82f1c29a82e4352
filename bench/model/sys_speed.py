#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""What the cycle model costs the host: real Linux with and without it. KTAP.

usage: sys_speed.py

User seconds of QEMU, the same benchmarks in both; a boot that does next to nothing after the first
marker is subtracted, so that what is left is the instrumented part.
"""
import os
import resource
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import cycles, guest, rows  # noqa: E402
from l4k.ktap import Report  # noqa: E402

LINUX = rows.ROWS[0]
BENCHES = ["pipe", "fork", "fork_exec", "page_fault", "mmap", "open_close", "stat"]
MOST = 60       # times what the instrumented part takes without the model, with all machines
MOST_BOOT = 2   # times what a boot to the first marker takes


def seconds(machines, benches):
    """User seconds of QEMU for a boot of real Linux under these machines, or without a plugin."""
    spec = rows.guest(LINUX, "qemu64", *rows.SPREAD[0])
    spec.append += f" bench={','.join(benches)}"
    spec.timeout = 300
    if machines:
        cycles.under(spec, machines)
    else:
        spec.plugin = None
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    guest.run_well(spec)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    report = Report()
    boot, everything = seconds([], ["null"]), seconds([], BENCHES)
    print(f"# without: {boot:.1f} s for booting, {everything:.1f} s with the benchmarks")
    for number in range(1, len(rows.MACHINES) + 1):
        machines = rows.MACHINES[:number]
        with_boot, with_everything = seconds(machines, ["null"]), seconds(machines, BENCHES)
        times = (with_everything - with_boot) / (everything - boot)
        name = ", ".join(machines)
        print(f"# {name}: {with_boot:.1f} s, {with_everything:.1f} s; {times:.1f} times")
        report.test(f"{name}: booting takes at most {MOST_BOOT} times as long",
                    with_boot <= MOST_BOOT * boot, f"{with_boot / boot:.1f} times")
        report.test(f"{name}: the instrumented part takes at most {MOST} times as long",
                    0 < times <= MOST, f"{times:.1f} times")
    report.end()


if __name__ == "__main__":
    main()
