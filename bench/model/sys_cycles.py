#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the tiny guest (scripts/test/tiny.S) under the cycle model: figures that can be worked out by
hand, the same twice, the same again from a recorded trace; and what the plugin refuses. KTAP.

usage: sys_cycles.py
"""
import filecmp
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import guest, guest_log  # noqa: E402
from l4k.layout import BUILD  # noqa: E402

OUT = os.path.join(BUILD, "model", "test")
P133 = os.path.join(ROOT, "bench", "machines", "p133.ini")
TURNS = 1000

# Region: (what it is, instructions, base, branch, privileged), on p133.
REGIONS = {
    1: ("an empty region", 0, 0, 0, 0),
    # mov 1; each turn dec and jnz together 1; mispredicted when first taken and at the end
    2: ("a loop of known length", 1 + 2 * TURNS, 1 + TURNS, 2 * 4, 0),
    # 4, 8 and a prefix to start, a cycle for each further turn; nop 1
    3: ("rep stosl of 256 words and a nop", 2, 4 + 8 + 1 + 256 + 1, 0, 0),
    4: ("rep movsb of 100 bytes and a nop", 2, 4 + 8 + 1 + 100 + 1, 0, 0),
    5: ("rep stosb of nothing and a nop", 2, 4 + 8 + 1 + 1, 0, 0),
    # fld1 3; exception 42, clts 10, iret within a ring 10
    6: ("a faulting instruction, its handler and its restart", 3, 3, 0, 42 + 10 + 10),
    # two rdtsc of 20 around mov eax,esi and mov ecx together, and the loop
    7: ("a loop between two readings of the time-stamp counter", 2 * TURNS + 4, 1 + TURNS, 2 * 4,
        2 * 20),
}


def boot(name, *words):
    """Run the tiny guest; (run, path of the model's lines, path of the counter's)."""
    where = os.path.join(OUT, name)
    os.makedirs(where, exist_ok=True)
    paths = [os.path.join(where, file) for file in ("cycles.jsonl", "insn.jsonl")]
    plugin = ",".join([guest.MODEL_PLUGIN, f"cycles={paths[0]}", f"out={paths[1]}", "bits=32", *words])
    run = guest.run(guest.Guest("tiny", kernel=os.path.join(BUILD, "bench", "tiny.elf"),
                                append="c", timeout=10, extra=["-plugin", plugin]))
    return run, *paths


def lines_of(path):
    return [json.loads(line) for line in guest.read(path).splitlines()]


class Report:
    """KTAP, one line for each check."""

    def __init__(self, planned):
        self.number, self.failed = 0, 0
        print(f"KTAP version 1\n1..{planned}")

    def check(self, what, seen, wanted):
        self.number += 1
        good = seen == wanted
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} {what}"
              f"{'' if good else f' # {seen}, not {wanted}'}", flush=True)


def refusal(*words):
    """What QEMU says when the plugin does not start, which it must not."""
    plugin = ",".join([guest.MODEL_PLUGIN, f"cycles={OUT}/refused", f"out={OUT}/refused.insn", *words])
    done = subprocess.run([guest.QEMU, *guest.MACHINE, "-S", "-plugin", plugin], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    return done.stderr if done.returncode else "it ran"


def check_figures(report):
    trace = os.path.join(OUT, "trace")
    run, path, counted = boot("first", f"machine={P133}", f"trace={trace}")
    lines = lines_of(path)
    report.check("a good run", (run.outcome, len(lines)), (guest_log.OK, len(REGIONS)))
    by_region = {line.get("region"): line for line in lines}
    for region, (what, insn, base, branch, privileged) in REGIONS.items():
        line = by_region.get(region, {"breakdown": {}})
        report.check(what, [line.get("insn"), *(line["breakdown"].get(part) for part in
                                                ("base", "branch", "privileged"))],
                     [insn, base, branch, privileged])
    report.check("the same instructions as the counter's",
                 [line["insn"] for line in lines], [line["insn"] for line in lines_of(counted)])
    report.check("the parts sum to the cycles",
                 [round(sum(line["breakdown"].values()), 2) for line in lines],
                 [line["cycles"] for line in lines])
    again = boot("second", f"machine={P133}")[1]
    report.check("the same twice", filecmp.cmp(path, again, shallow=False), True)
    replayed = subprocess.run([os.path.join(BUILD, "model", "replay"), P133, trace], check=False,
                              capture_output=True, text=True).stdout
    report.check("the same from the recorded trace",
                 replayed.replace('"mode": "trace"', f'"mode": "{lines[0]["mode"]}"'),
                 guest.read(path))


def check_modes(report):
    """Privilege levels and walks cannot be told by address in this guest: only instructions are
    compared. Two machines in one run do not disturb one another."""
    lines = lines_of(boot("api", f"machine={P133}", "mode=api")[1])
    report.check("mode api", [(line["mode"], line["insn"]) for line in lines],
                 [("api", insn) for _, insn, *_ in REGIONS.values()])
    other = P133.replace("p133", "skylake")
    lines = lines_of(boot("both", f"machine={P133}", f"machine={other}")[1])
    alone = lines_of(os.path.join(OUT, "first", "cycles.jsonl"))
    report.check("two machines at once", [line for line in lines if line["machine"] == "p133"],
                 alone)


def check_refusals(report):
    report.check("no machine", "machine=FILE is missing" in refusal(), True)
    bad = os.path.join(OUT, "bad.ini")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("[machine]\nname = bad\nmhz = many\n")
    report.check("a wrong key by file, line and name",
                 f"{bad}:3: [machine] mhz: " in refusal(f"machine={bad}"), True)
    report.check("an unknown word", "'colour=grey'" in
                 refusal(f"machine={P133}", "colour=grey"), True)


def main():
    report = Report(1 + len(REGIONS) + 4 + 2 + 3)
    check_figures(report)
    check_modes(report)
    check_refusals(report)
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
