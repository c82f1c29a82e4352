#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the validation program in real Linux under the cycle model, on skylake and on the machine
file of a recorded host: every loop must have a figure, loops of known length exactly their
instructions. Reports as KTAP.

usage: validate.py
"""
import os
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                os.path.dirname(os.path.abspath(__file__))]

import data  # noqa: E402
from l4k import calibration, cycles, guest, rows, validation  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD, ROOT, Missing  # noqa: E402
from l4k.measure import Unsound  # noqa: E402

INITRAMFS = os.path.join(BUILD, "bench", "validate.cpio")
RECORDED = os.path.join(BUILD, "tests", "recorded.ini")
TRACE = os.path.join(ROOT, "bench", "model", "traces", "rep.trace")
LOOPS, CALLS = 15, 6


def write_machine():
    """The machine file of a host that was measured once."""
    template = guest.read(os.path.join(cycles.MACHINES, "skylake.ini"))
    found = calibration.parse(data.text("calibrate.jsonl"))
    values, absent = calibration.values_of(found, calibration.keys_of(template))
    os.makedirs(os.path.dirname(RECORDED), exist_ok=True)
    with open(RECORDED, "w", encoding="utf-8") as file:
        file.write(calibration.machine_file(found, values, absent, template, "recorded"))


def check_loop(report, line, lines, machine):
    """One loop on one machine."""
    try:
        figure = validation.predicted(line, lines, machine)
        report.test(f"{line['bench']} on {machine} has a figure", figure["cycles"] > 0, f"{figure}")
    except Unsound as unsound:
        report.test(f"{line['bench']} on {machine} has a figure", False, str(unsound))
    if line["kind"] == "call":
        return
    counted = {(one["region"], one["by"]["user"]["insn"]) for one in lines
               if one["machine"] == machine and one["region"] in (line["region"],
                                                                  line["overhead"])}
    report.equal(f"{line['bench']} on {machine} has its instructions", counted,
                 {(line["region"], line["insn"]), (line["overhead"], line["overhead_insn"])})


def main():
    report = Report()
    write_machine()
    replay = subprocess.run([os.path.join(BUILD, "model", "replay"), RECORDED, TRACE], check=False,
                            capture_output=True, text=True)
    report.test("the model takes a calibrated machine file", replay.returncode == 0 and
                '"machine": "recorded"' in replay.stdout, replay.stderr.strip())
    row = next(row for row in rows.ROWS if row.config == "linux")
    try:
        run, lines = cycles.boot(row, "qemu64", rows.SPREAD[0], ["skylake", RECORDED], [],
                                 initrd=INITRAMFS)
    except (guest.Failed, Missing, Unsound) as error:
        report.test("a good run", False, str(error))
        report.end()
    kinds = [line["kind"] for line in run.log.results]
    report.test("a good run", (kinds.count("loop"), kinds.count("call")) == (LOOPS, CALLS),
                f"{kinds}")
    for line in run.log.results:
        for machine in ("skylake", "recorded"):
            check_loop(report, line, lines, machine)
    report.end()


if __name__ == "__main__":
    main()
