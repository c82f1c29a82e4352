# SPDX-License-Identifier: BSD-2-Clause
"""From a host's measurements to a machine file: synthetic curves, recorded data, refusals."""
import copy
import json
import math
import os
import subprocess
import tempfile
import unittest

import data
from l4k import calibration, curves, cycles, guest
from l4k.curves import Noisy

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEMPLATE = guest.read(os.path.join(cycles.MACHINES, "skylake.ini"))
KB, MB = 1 << 10, 1 << 20


def sizes(first, last, steps):
    """Working sets from `first` to `last`, `steps` in an octave."""
    octaves = range(int(math.log2(last // first)))
    return [(first << octave) * (steps + step) // steps
            for octave in octaves for step in range(steps)] + [last]


def curve(caches, memory, softness=0.2, jitter=0.0, last=256 * MB):
    """Latencies of a machine with `caches`, [(size, cycles)]: more and more loads miss a cache from
    (1 - softness) of its size up to (1 + softness) of it."""
    points = []
    for number, size in enumerate(sizes(4 * KB, last, 4)):
        cycles_, slower = memory, None
        for capacity, latency in reversed(caches):
            slower = cycles_
            missing = (size / capacity - 1 + softness) / (2 * softness)
            missing = min(1, max(0, missing))
            cycles_ = missing * slower + (1 - missing) * latency
        points.append((size, cycles_ * (1 + jitter * (number * 7 % 5 - 2) / 2)))
    return points


class Knees(unittest.TestCase):
    def check(self, caches, memory, **shape):
        found = curves.levels(curve(caches, memory, **shape), calibration.LEVELS)
        self.assertEqual(len(found), len(caches) + 1)
        for (latency, capacity), (size, wanted) in zip(found, caches):
            self.assertLess(abs(math.log2(capacity / size)), 0.3, (capacity, size))
            self.assertAlmostEqual(latency / wanted, 1, delta=0.05)
        self.assertAlmostEqual(found[-1][0] / memory, 1, delta=0.05)
        self.assertIsNone(found[-1][1])

    def test_three_levels(self):
        self.check([(32 * KB, 4), (256 * KB, 12), (8 * MB, 42)], 240)
        self.check([(48 * KB, 5), (1280 * KB, 14), (24 * MB, 70)], 380)
        self.check([(32 * KB, 4), (1 * MB, 14), (32 * MB, 50)], 400, softness=0.4)

    def test_noise_of_some_per_cent(self):
        self.check([(32 * KB, 4), (512 * KB, 12), (8 * MB, 40)], 300, jitter=0.03)

    def test_fewer_levels(self):
        self.check([(32 * KB, 3), (2 * MB, 15)], 200)
        self.check([(64 * KB, 3)], 150)

    def test_no_level(self):
        noise = [(size, 10 * (1 + number % 3)) for number, size in
                 enumerate(sizes(4 * KB, MB, 4))]
        with self.assertRaisesRegex(Noisy, "no level part"):
            curves.levels(noise, calibration.LEVELS)

    def test_last_level_that_rises(self):
        rising = [(n, 4 if n <= 64 else 11 if n <= 1536 else 36 + (n - 1536) / 100)
                  for n in sizes(8, 8192, 8)]
        (first, reach), (second, second_reach), (last, end) = \
            curves.levels(rising, 3, last_flat=False)
        self.assertEqual((first, second, last, end), (4, 11, rising[-1][1], None))
        self.assertTrue(64 <= reach <= 72)
        self.assertLess(abs(math.log2(second_reach / 1536)), 0.3)

    def test_ways(self):
        self.assertEqual(curves.ways_of([(n, 4 if n <= 8 else 14) for n in range(1, 33)]), 8)
        self.assertEqual(curves.ways_of([(n, 5 if n <= 12 else 15) for n in range(1, 33)]), 12)
        self.assertIsNone(curves.ways_of([(n, 4) for n in range(1, 33)]))

    def test_line(self):
        self.assertEqual(curves.line_of([(8, 9), (16, 9), (32, 9.1), (64, 14), (128, 14)]), 64)
        self.assertEqual(curves.line_of([(8, 9), (16, 9), (32, 13.8), (64, 14)]), 32)
        self.assertIsNone(curves.line_of([(8, 9), (16, 9), (32, 9.1), (64, 9)]))


class Geometry(unittest.TestCase):
    def test_ways_that_fit(self):
        self.assertEqual(curves.fit_ways(512, 8), 8)
        self.assertEqual(curves.fit_ways(72, 72), 36)
        self.assertEqual(curves.fit_ways(30 * MB // 64, 20), 15)
        self.assertIsNone(curves.fit_ways(77 * 8192, 11))

    def test_cpuid_that_agrees_wins(self):
        self.assertEqual(curves.settle(36100, 32768, 8, 64)[:2], (32768, 8))

    def test_cpuid_that_disagrees_is_named(self):
        size, ways, source, how = curves.settle(11.2 * MB, 32 * MB, 16, 64)
        self.assertEqual((size, ways), (10 * MB, 20))
        self.assertIn("CPUID says 33554432", source)
        self.assertIn("CPUID says 16", how)

    def test_without_cpuid(self):
        self.assertEqual(curves.settle(1600, None, None)[:2], (1536, 6))

    def test_sets_that_never_fit(self):
        size, ways, *_ = curves.settle(None, 77 * 8192 * 64, 11, 64)
        self.assertEqual(size, 32 * MB)
        self.assertEqual((size // 64 // ways).bit_count(), 1)


class File(unittest.TestCase):
    def setUp(self):
        self.found = calibration.parse(data.text("calibrate.jsonl"))

    def file(self):
        """(keys, text) of the machine file of what was found."""
        values, absent = calibration.values_of(self.found, calibration.keys_of(TEMPLATE))
        text = calibration.machine_file(self.found, values, absent, TEMPLATE, "host")
        return calibration.keys_of(text), text

    def test_values(self):
        keys, _ = self.file()
        self.assertEqual(list(keys), list(calibration.keys_of(TEMPLATE)))
        wanted = {("machine", "name"): "host", ("machine", "mhz"): "3689",
                  ("base", "alu"): "0.25", ("base", "multiply"): "1",
                  ("l1d", "size"): "32768", ("l1d", "ways"): "8", ("l1d", "line"): "64",
                  ("l2", "size"): "1048576", ("dtlb", "entries"): "72", ("dtlb", "ways"): "36",
                  ("stlb", "entries"): "3072", ("branch", "mispredict"): "17",
                  ("privileged", "iret"):
                      calibration.keys_of(TEMPLATE)["privileged", "iret"]}
        self.assertEqual({key: keys[key] for key in wanted}, wanted)

    def test_every_value_has_its_source(self):
        _, text = self.file()
        for line in text.splitlines():
            if "=" in line and not line.startswith(("#", "name")):
                self.assertRegex(line, r"# (measured|CPUID|fits the sets|assumed|as skylake\.ini)")
            self.assertLessEqual(len(line), 100)
        self.assertIn("cpuid = 1", text)
        self.assertRegex(text, r"l3\]\nsize = \d+ +# measured: about \d+; CPUID says 33554432")

    def test_parts_that_were_not_seen(self):
        self.found["latency"] = curve([(32 * KB, 4), (1 * MB, 14)], 200)
        self.found["pages"] = [(n, 4 if n <= 64 else 30, 4) for n in sizes(8, 8192, 8)]
        keys, _ = self.file()
        sections = {section for section, _ in keys}
        self.assertIn("l2", sections)
        self.assertFalse({"l3", "stlb"} & sections)

    def test_processor_that_says_nothing(self):
        self.found["cache"], self.found["tlb"] = [], []
        keys, text = self.file()
        self.assertEqual(keys["l1d", "size"], "32768")
        self.assertEqual(keys["l1i", "size"], calibration.keys_of(TEMPLATE)["l1i", "size"])
        self.assertIn("# assumed: CPUID says nothing", text)

    def test_cheap_calls_bound_the_entry(self):
        for call in self.found["call"].values():
            call["least"] = 90
        keys, _ = self.file()
        template = calibration.keys_of(TEMPLATE)
        self.assertAlmostEqual(float(keys["privileged", "syscall"]) +
                               float(keys["privileged", "sysret"]), 90)
        self.assertAlmostEqual(float(keys["privileged", "syscall"]) /
                               float(keys["privileged", "sysret"]),
                               float(template["privileged", "syscall"]) /
                               float(template["privileged", "sysret"]), 2)

    def test_noise(self):
        for loop, words in (("chain", "additions (chain, end) took 1.50"),
                            ("wide", "additions (wide, end) took 1.50")):
            found = copy.deepcopy(self.found)
            found["clock"]["end"][loop]["median"] = 1.5 * found["clock"]["end"][loop]["least"]
            with self.assertRaises(Noisy) as caught:
                calibration.check_calm(found)
            self.assertIn(words, str(caught.exception))
        self.found["clock"]["end"]["cycles_per_tick"] *= 1.1
        with self.assertRaisesRegex(Noisy, "clock changed by 10%"):
            calibration.check_calm(self.found)


class Parse(unittest.TestCase):
    def test_damaged(self):
        text = data.text("calibrate.jsonl")
        for lines, words in ((text[:-20], "line .* is no JSON object"),
                             (text + '{"colour": "grey"}\n', "unknown subject: colour"),
                             ("7\n", "line 1 is no JSON object"),
                             ("", "no processor, latency, .*begin, end")):
            with self.assertRaisesRegex(ValueError, words):
                calibration.parse(lines)


class Command(unittest.TestCase):
    """scripts/calibrate-host over a stand-in for the program."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.program = os.path.join(directory.name, "calibrate")
        self.out = os.path.join(directory.name, "mine.ini")

    def run_over(self, script, *words):
        with open(self.program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(self.program, 0o755)
        return subprocess.run([os.path.join(SCRIPTS, "calibrate-host"), *(words or
                                                                          ("--out", self.out))],
                              env={**os.environ, "CALIBRATE": self.program}, check=False,
                              capture_output=True, text=True, timeout=60)

    def refuse(self, status, words, script, *options):
        done = self.run_over(script, *options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(words, done.stderr.splitlines()[-1])
        self.assertFalse(os.path.exists(self.out))

    def test_good(self):
        done = self.run_over(f"cat {os.path.join(data.DATA, 'calibrate.jsonl')}\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nname = mine\n", guest.read(self.out))
        self.assertRegex(done.stdout, r"\[l1d\] size +32768  CPUID; measured: about")

    def test_no_timer(self):
        self.refuse(6, "no counter here", "echo calibrate: no counter here >&2; exit 6\n")

    def test_failed(self):
        self.refuse(1, "no memory", "echo calibrate: no memory >&2; exit 1\n")

    def test_damaged(self):
        self.refuse(1, "line 1 is no JSON object", "echo nonsense\n")

    def test_noisy(self):
        lines = data.text("calibrate.jsonl").splitlines()
        for number, line in enumerate(lines):
            one = json.loads(line)
            if "clock" in one:
                one["wide"]["median"] *= 2
            lines[number] = json.dumps(one)
        self.refuse(7, "too noisy", "cat <<'END'\n" + "\n".join(lines) + "\nEND\n")

    def test_noisy_by_the_program(self):
        self.refuse(7, "too noisy", "echo the host is too noisy >&2; exit 7\n")

    def test_checked_in_file(self):
        self.refuse(2, "is checked in", "exit 1\n", "--out",
                    os.path.join(cycles.MACHINES, "skylake.ini"))

    def test_not_built(self):
        done = subprocess.run([os.path.join(SCRIPTS, "calibrate-host"), "--out", self.out],
                              env={**os.environ, "CALIBRATE": "/nowhere/calibrate"}, check=False,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("has not been built: make calibrate", done.stderr)


