# SPDX-License-Identifier: BSD-2-Clause
"""Prediction beside measurement: figures, contradictions that must be noticed, tables."""
import copy
import unittest

from l4k import cycles, validation
from l4k.measure import Unsound

LOOP = {"bench": "add", "what": "addition", "kind": "loop", "region": 2, "overhead": 3,
        "iterations": 100, "repetitions": 3, "insn": 102, "overhead_insn": 2, "chain": 3000,
        "ticks": [[1500, 60, 10], [1600, 61, 11], [3000, 90, 30]]}
CALL = {**LOOP, "bench": "getpid", "what": "getpid()", "kind": "call", "region": 40,
        "overhead": 41, "insn": 0, "overhead_insn": 0,
        "ticks": [[1500, 15010, 10], [1500, 15500, 10], [1500, 20000, 10]]}


def modelled(region, insn, *ticks):
    """The model's lines of a region's occurrences."""
    return [{"machine": "host", "region": region, "insn": insn, "cycles": one, "mode": "exact",
             "breakdown": {part: one if part == "base" else 0.0 for part in cycles.PARTS},
             "by": {"user": {"insn": insn}}} for one in ticks]


def guest():
    """({row: (described, lines)}) of a run that is sound."""
    lines = [*modelled(2, 102, 30.0, 25.5, 25.5), *modelled(3, 2, 0.5, 0.5, 0.5),
             *modelled(40, 30100, 40000.0, 39000.0, 39500.0),
             *modelled(41, 300, 100.0, 99.0, 100.0)]
    return {"linux": ([copy.deepcopy(LOOP), copy.deepcopy(CALL)], lines)}


class Figures(unittest.TestCase):
    def refuse(self, words, host, guests):
        with self.assertRaises(Unsound) as caught:
            validation.join(host, guests, "host")
        self.assertIn(words, str(caught.exception))

    def test_core_cycles(self):
        self.assertEqual(validation.real(LOOP), {"min": 1.0, "median": 1.02})
        self.assertEqual(validation.real(CALL), {"min": 300.0, "median": 309.8})

    def test_model(self):
        loop, call = validation.join([LOOP, CALL], guest(), "host")
        self.assertEqual(loop["model"]["linux"]["cycles"], 0.25)
        self.assertEqual(loop["model"]["linux"]["insn"], 1.0)
        self.assertEqual(loop["model"]["linux"]["breakdown"]["base"], 0.25)
        self.assertEqual(call["model"]["linux"]["cycles"], 394.0)

    def test_wrong_length(self):
        guests = guest()
        guests["linux"][1][1]["by"]["user"]["insn"] = 103
        self.refuse("add: 102 instructions, the model counted [102, 103]", [LOOP], guests)

    def test_interrupts_are_no_wrong_length(self):
        guests = guest()
        guests["linux"][1][1]["insn"] += 2000
        validation.join([LOOP], guests, "host")

    def test_lost_repetition(self):
        guests = guest()
        del guests["linux"][1][0]
        self.refuse("add: 2 loops on host, not 3", [LOOP], guests)

    def test_loop_that_did_not_run(self):
        self.refuse("linux: write ran 0 times", [{**CALL, "bench": "write"}], guest())

    def test_no_ticks(self):
        for ticks in ([], [[0, 1, 1]], None, [[1, 2]]):
            self.refuse("ticks cannot be read", [{**LOOP, "ticks": ticks}], guest())


class Text(unittest.TestCase):
    def setUp(self):
        guests = guest()
        guests["linux-defaults"] = guest()["linux"]
        self.joined = validation.join([LOOP, CALL], guests, "host")

    def test_tables(self):
        loops, calls = validation.tables(self.joined, "host")
        self.assertRegex(loops, r"real  median  model:host  ratio\nadd   addition   1\.00    1\.02"
                                r" +0\.25   0\.25$")
        self.assertRegex(calls, r"linux  ratio  linux-defaults  ratio\n"
                                r"getpid  getpid\(\)  300\.00  309\.80  394\.00   1\.31 +394\.00")

    def test_calls_that_somebody_intercepts(self):
        self.assertIsNone(validation.intercepted(self.joined))
        self.joined[1]["real"]["min"] = 5000.0
        self.assertRegex(validation.intercepted(self.joined), "getpid, took 5000 cycles")

    def test_figures_that_vary(self):
        self.assertIsNone(validation.unsteady(self.joined))
        self.joined[0]["real"] = {"min": 2.0, "median": 5.0}
        self.assertRegex(validation.unsteady(self.joined), r"least: add 2\.5\.")

    def test_nothing_measured(self):
        self.joined[0]["real"]["min"] = 0.0
        self.assertRegex(validation.tables(self.joined, "host")[0], r"0\.25 +-$")
