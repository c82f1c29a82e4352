#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""What the cycle model costs the host: real Linux with and without it, as a table.

usage: speed.py

User seconds of QEMU, the same benchmarks in both; a boot that does next to nothing after the first
marker is subtracted, so that what is left is the instrumented part. A measurement of this host, not a
test: what else it does moves the figures.
"""
import os
import resource
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import cycles, guest, rows  # noqa: E402

LINUX = rows.ROWS[0]
BENCHES = ["pipe", "fork", "fork_exec", "page_fault", "mmap", "open_close", "stat",
           "context_switch", "dirtied"]


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


def instrumented(boot, everything, with_boot, with_everything):
    """How many times as long the part after the first marker takes, as text."""
    part = everything - boot
    return f"{(with_everything - with_boot) / part:.1f}" if part > 0.05 * boot else "too noisy"


def main():
    """Prints a line for each number of machines."""
    boot, everything = seconds([], ["null"]), seconds([], BENCHES)
    line = "{:<16} {:>7} {:>14} {:>13} {:>19}"
    print(line.format("user seconds", "booting", "and benchmarks", "booting, times",
                      "instrumented, times"))
    print(line.format("no plugin", f"{boot:.1f}", f"{everything:.1f}", "1.0", "1.0"))
    for number in range(1, len(rows.MACHINES) + 1):
        machines = rows.MACHINES[:number]
        with_boot, with_everything = seconds(machines, ["null"]), seconds(machines, BENCHES)
        print(line.format(", ".join(machines), f"{with_boot:.1f}", f"{with_everything:.1f}",
                          f"{with_boot / boot:.1f}", instrumented(boot, everything, with_boot,
                                                                  with_everything)), flush=True)


if __name__ == "__main__":
    main()
