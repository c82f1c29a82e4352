#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the IPC benchmark with the counting plugin and hold its figures against the limits.

usage: sys_ipc_cost.py

One way, in kernel instructions, -cpu max: at most 56 between address spaces and 54 within one on
the fast path (0 to 6 words), at most 300 on the slow path. Speaks KTAP.
"""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import guest, guest_log, measure  # noqa: E402

CPU = "max"
FAST_WORDS = 6
LIMITS = {"inter_as": 56, "intra_as": 54}
SLOW = 300
PASSAGES = {f"{space}_{leg}{way}" for space in LIMITS for leg in ("call", "reply")
            for way in ("", "_slow")}


def figures():
    kernel, initrd = guest.boot_files("l4native")
    run = guest.run(guest.Guest("l4native", CPU, kernel, initrd, "bench", plugin=["bursts=1"]))
    if run.outcome != guest_log.OK:
        sys.exit(run.message)
    return measure.ipc(run)


def limit(case):
    slow = case["case"].endswith("_slow") or case["words"] > FAST_WORDS
    return SLOW if slow else LIMITS[case["case"][:8]]


def main():
    cases = figures()
    bad = 0
    print("KTAP version 1")
    print(f"1..{len(PASSAGES)}")
    for number, name in enumerate(sorted(PASSAGES), 1):
        mine = [case for case in cases if case["case"] == name]
        over = [case for case in mine if case["kernel"] > limit(case)]
        words = {case["words"] for case in mine}
        good = mine and not over and set(range(FAST_WORDS + 1)) <= words and 63 in words
        what = ", ".join(f"{case['words']} words: {case['kernel']}" for case in over or mine)
        print(f"{'ok' if good else 'not ok'} {number} {name} # {what}")
        bad |= not good
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
