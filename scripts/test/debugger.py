#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""`make gdb` stops each configuration at the kernel's entry with symbols. Reports as KTAP.

usage: debugger.py CONFIG ...
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k.ktap import Report  # noqa: E402
from l4k.layout import ROOT  # noqa: E402

STOPPED = re.compile(r"^Temporary breakpoint 1, boot_main \(.*\) at l4k/\S+:\d+$", re.MULTILINE)


def main():
    report = Report()
    for config in sys.argv[1:]:
        done = subprocess.run([os.path.join(ROOT, "scripts", "gdb"), config], cwd=ROOT,
                              env={**os.environ, "GDB_ARGS": "-batch -nx"}, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        report.test(f"{config} stops at boot_main", STOPPED.search(done.stdout),
                    f"status {done.returncode}", done.stdout.splitlines())
    report.end()


if __name__ == "__main__":
    main()
