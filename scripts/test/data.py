# SPDX-License-Identifier: BSD-2-Clause
"""The recorded logs and counts in data/, for the tests."""
import json
import os

from l4k import cycles, guest, guest_log

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def text(name):
    """A recorded file, as it is."""
    with open(os.path.join(DATA, name), encoding="utf-8", newline="") as file:
        return file.read()


def counts(name):
    """Recorded lines of the plugin."""
    return [json.loads(line) for line in text(name).splitlines()]


def run(log, lines, cpu="qemu64", modelled=()):
    """A run as guest.run() gives it, from recorded files; `modelled`: the cycle model's lines."""
    return guest.Run(guest.Guest("recorded", cpu), "nowhere", guest_log.OK, "ok",
                     guest_log.parse(text(log)), lines, list(modelled))


EVENTS = ("l1i_misses", "l1d_read_misses", "l1d_write_misses", "itlb_misses", "dtlb_misses",
          "walk_references")


def _counts(insn, price):
    """The members of one place: each instruction takes one cycle of issue and `price` - 1 of
    D-cache; one in a thousand misses there."""
    parts = dict.fromkeys(cycles.PARTS, 0.0)
    parts.update(base=float(insn), dcache=float((price - 1) * insn))
    return {"insn": insn, "cycles": float(price * insn), "breakdown": parts,
            "events": {**dict.fromkeys(EVENTS, 0), "l1d_read_misses": insn // 1000}}


def model(lines, machine="p133", price=2):
    """What a model that takes `price` cycles for each instruction says of the plugin's `lines`."""
    return [{"region": line["region"], "machine": machine, "mode": "exact",
             **_counts(line["insn"], price),
             "by": {place: _counts(line["by"].get(place, 0), price) for place in cycles.CLASSES}}
            for line in lines if "insn" in line]
