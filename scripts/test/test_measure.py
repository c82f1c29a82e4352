# SPDX-License-Identifier: BSD-2-Clause
"""From recorded counts to figures and tables, and every contradiction that must be noticed."""
import csv
import io
import json
import unittest

import data
from l4k import measure, report, rows
from l4k.measure import Unsound


def linux(change=None, log="linux.log", counts="linux.jsonl"):
    """Figures of a recorded run, after `change` of its counts."""
    lines = data.counts(counts)
    if change:
        change(lines)
    return measure.figures(data.run(log, lines))


class Figures(unittest.TestCase):
    def refuse(self, words, change, **what):
        with self.assertRaises(Unsound) as caught:
            linux(change, **what)
        self.assertIn(words, str(caught.exception))

    def test_linux(self):
        getpid = linux()["getpid"]
        self.assertEqual(getpid.insn, 309)
        self.assertEqual(getpid.by, {"user": 4, "stub": 0, "kernel": 305, "server": 0})
        self.assertEqual((getpid.calls, getpid.dispatches), (1000, None))

    def test_server(self):
        figures = linux(counts="server.jsonl")
        self.assertEqual(figures["getpid"].by,
                         {"user": 4, "stub": 20, "kernel": 100, "server": 30})
        self.assertEqual(figures["getpid"].dispatches, 1000)
        self.assertEqual(figures["getpid"].reflected, 0)
        self.assertEqual(figures["write"].reflected, 500)

    def test_division_rounds_half_up(self):
        self.assertEqual([measure.divide(n, 4) for n in (5, 6, 7, 8)], [1, 2, 2, 2])

    def test_split_sums(self):
        self.assertEqual(measure._split(10, {"user": 3, "kernel": 6}), {"user": 3, "kernel": 7})

    def test_lost_dispatch(self):
        def change(lines):
            next(line for line in lines if line["region"] == 4)["probes"]["dispatch"] = 999
        self.refuse("makes 1000 calls, the server took up 999", change, counts="server.jsonl")

    def test_unstable_overhead(self):
        def change(lines):
            for number, line in enumerate(line for line in lines if line["region"] == 5):
                line["insn"] += number
        self.refuse("overhead is not stable", change)

    def test_one_disturbed_overhead(self):
        def change(lines):
            next(line for line in lines if line["region"] == 5)["insn"] += 5000
        self.assertEqual(linux(change)["getpid"].insn, 309)

    def test_missing_occurrence(self):
        def change(lines):
            lines.remove(next(line for line in lines if line["region"] == 4))
        self.refuse("region 4 was closed 6 times, not 7", change)

    def test_missing_region(self):
        self.refuse("closed 0 times", list.clear)

    def test_plugin_error(self):
        self.refuse("opened inside", lambda lines: lines.append(
            {"error": "region 6 opened inside region 4"}))

    def test_no_benchmark(self):
        self.refuse("described no benchmark", None, log="ktap-good.log")


class Spread(unittest.TestCase):
    def test_median_and_range_of_boots(self):
        def slower(by):
            def change(lines):
                for line in lines:
                    if line["region"] == 4:
                        line["insn"] += by * 1000
                        line["by"]["kernel"] += by * 1000
            return change
        boots = [linux(slower(by)) for by in (6, 0, 2)]
        summary = measure.summarise(boots)["getpid"]
        self.assertEqual((summary.figure.insn, summary.least, summary.greatest), (311, 309, 315))
        self.assertEqual(sum(summary.figure.by.values()), 311)


class Ipc(unittest.TestCase):
    def test_common_burst(self):
        run = data.run("ipc.log", data.counts("ipc.jsonl"), "max")
        self.assertEqual(measure.ipc(run), [{"case": "inter_as_call", "words": 6, "cpu": "max",
                                             "kernel": 54, "user": 13}])

    def test_no_such_passage(self):
        with self.assertRaisesRegex(Unsound, "never entered from 0x400100"):
            measure.ipc(data.run("ipc.log", data.counts("ipc.jsonl")[:1], "max"))

    def test_too_few_alike(self):
        lines = data.counts("ipc.jsonl")
        lines[1]["burst"]["n"] = 50
        with self.assertRaisesRegex(Unsound, "only 50 of 100"):
            measure.ipc(data.run("ipc.log", lines, "max"))


class Report(unittest.TestCase):
    def setUp(self):
        def row(config):
            return next(row for row in rows.ROWS if row.config == config)
        self.measured = [
            report.Measured(row("linux"), "Linux", measure.summarise([linux()]), {}),
            report.Measured(row("l4linux"), "L4Linux",
                            measure.summarise([linux(counts="server.jsonl")]), {})]
        self.ipc = measure.ipc(data.run("ipc.log", data.counts("ipc.jsonl"), "max"))
        self.about = report.About("qemu64", "7.2.22", "abc", 1)
        self.table = report.table_json(self.measured, self.ipc, self.about)

    def text(self, *missing):
        return report.text(self.table, self.measured, self.about, missing)

    def test_json(self):
        table = json.loads(report.dump(self.table))
        self.assertEqual(list(table), ["counter", "cpu", "qemu", "commit", "boots", "rows", "ipc"])
        self.assertEqual(table["rows"][1]["getpid"],
                         {"insn": 154, "user": 4, "stub": 20, "kernel": 100, "server": 30,
                          "dispatches": 1000, "calls": 1000, "patched": True})
        self.assertEqual(table["rows"][1]["bench"]["getpid"],
                         {"insn": 154, "min": 154, "max": 154})
        self.assertEqual(table["rows"][0]["paper_cycles"], 223)

    def test_text(self):
        text = self.text()
        self.assertRegex(text, r"L4Linux +154 +0\.50 +- +4 +20 +100 +30 +yes")
        self.assertIn("-cpu qemu64, QEMU 7.2.22", text)
        self.assertRegex(text, r"words +6\ninter call +54\n")
        self.assertRegex(text, r"between address spaces, 0 to 6 words +54 +at most 56, met\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertNotIn("bytes of repeat", text)
        self.assertNotIn("model:", text)

    def test_text_has_bytes_of_repeat_instructions(self):
        self.measured[0].insn["write"].figure.rep_bytes = 64
        self.assertRegex(self.text(), r"bytes of repeat instructions +linux +l4linux\nwrite +64 +0\n")

    def test_text_says_what_missed_its_target_and_what_is_missing(self):
        self.table["ipc"][0]["kernel"] = 57
        text = self.text("mono: missing: hung")
        self.assertIn("at most 56, MISSED", text)
        self.assertIn("\nmono: missing: hung\n", text)

    def test_spread_is_rounded_up(self):
        self.table["rows"][0]["bench"]["write"].update(insn=1000, min=989, max=1002)
        self.assertRegex(self.text(), r"\nwrite +1000  2% +161\n")

    def test_csv(self):
        lines = list(csv.DictReader(io.StringIO(report.csv_text(self.measured, self.about))))
        self.assertEqual(len(lines), 6)
        self.assertEqual([line["insn"] for line in lines if line["bench"] == "getpid"],
                         ["309", "154"])


if __name__ == "__main__":
    unittest.main()
