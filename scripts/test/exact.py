#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the tiny guest (tiny.S) in QEMU: the counting plugin must be exact, and the runner must tell
a hang, a crash, a missing marker and a failed assertion apart. Reports as KTAP.

usage: exact.py
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import guest, guest_log  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD  # noqa: E402

TURNS = 1000

# Region: (what it is, instructions, bytes and further turns of repeat instructions, restarted
# instructions). QEMU executes a repeat instruction once more than it has iterations.
REGIONS = {
    1: ("an empty region", 0, 0, 0, 0),
    2: ("a loop of known length", 1 + 2 * TURNS, 0, 0, 0),
    3: ("rep stosl of 256 words and a nop", 2, 1024, 256, 0),
    4: ("rep movsb of 100 bytes and a nop", 2, 100, 100, 0),
    5: ("rep stosb of nothing and a nop", 2, 0, 0, 0),
    6: ("a faulting instruction, its handler of two, and its restart", 3, 0, 0, 1),
    7: ("a loop between two readings of the time-stamp counter", 2 * TURNS + 4, 0, 0, 0),
}

# Command line: (how the run ends, outcome, words of the message).
ENDINGS = {
    "h": ("a hung guest", guest_log.HUNG, "hung"),
    "t": ("a triple fault", guest_log.CRASHED, "triple fault"),
    "k": ("a kernel panic", guest_log.CRASHED, "nothing works"),
    "m": ("no begin marker", guest_log.TRUNCATED, "missing marker"),
    "u": ("no end marker", guest_log.TRUNCATED, "missing marker"),
    "a": ("a failed assertion", guest_log.FAILED, "two and two"),
}


def boot(mode):
    """A run of the tiny guest; its command line says what it is to do."""
    return guest.run(guest.Guest("tiny", kernel=os.path.join(BUILD, "bench", "tiny.elf"),
                                 append=mode, plugin=["bursts=1"], timeout=5))


def main():
    report = Report()
    run = boot("c")
    report.equal("a good run", (run.outcome, len(run.counts)), (guest_log.OK, len(REGIONS)))
    counts = {line.get("region"): line for line in run.counts}
    for region, (what, *wanted) in REGIONS.items():
        line = counts.get(region, {})
        report.equal(what, [line.get(key) for key in
                            ("insn", "rep_bytes", "repeats", "restarted")], wanted)
    for mode, (what, outcome, words) in ENDINGS.items():
        run = boot(mode)
        report.equal(what, (run.outcome, words in run.message), (outcome, True))
    report.end()


if __name__ == "__main__":
    main()
