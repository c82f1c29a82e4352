# SPDX-License-Identifier: BSD-2-Clause
"""From the cycle model's lines to figures and tables, and every contradiction that must be noticed."""
import csv
import io
import json
import unittest

import data
from l4k import cycles, layout, measure, report, report_model, rows
from l4k.measure import Unsound


def model_run(change=None, machines=("p133", "skylake"), counts="linux.jsonl"):
    """A recorded run with the lines of models whose instructions take 2 and 3 cycles."""
    lines = data.counts(counts)
    modelled = [line for price, name in enumerate(machines, 2)
                for line in data.model(lines, name, price)]
    if change:
        change(modelled)
    return data.run("linux.log", lines, modelled=modelled)


class Figures(unittest.TestCase):
    def refuse(self, words, change):
        with self.assertRaises(Unsound) as caught:
            cycles.figures(model_run(change))
        self.assertIn(words, str(caught.exception))

    def test_every_machine(self):
        getpid = cycles.figures(model_run())["getpid"]
        self.assertEqual({name: one["cycles"] for name, one in getpid.items()},
                         {"p133": 618, "skylake": 927})
        self.assertEqual(getpid["p133"]["insn"], 309)
        self.assertEqual(getpid["p133"]["breakdown"],
                         {**dict.fromkeys(cycles.PARTS, 0), "base": 309, "dcache": 309})

    def test_places_and_parts_sum(self):
        for figures in cycles.figures(model_run(counts="server.jsonl")).values():
            for one in figures.values():
                self.assertEqual(sum(one["breakdown"].values()), one["cycles"])
                self.assertEqual(sum(of["cycles"] for of in one["by"].values()), one["cycles"])

    def test_median_of_repetitions(self):
        def change(lines):
            slow = [line for line in lines if line["region"] == 4 and line["machine"] == "p133"]
            for line in slow[:3]:
                line["cycles"] += 1e6
                line["breakdown"]["tlb"] += 1e6
        self.assertEqual(cycles.figures(model_run(change))["getpid"]["p133"]["cycles"], 618)

    def test_shared_regions(self):
        """Benchmarks with parameters have a region in common: their occurrences are in the order
        of their descriptions."""
        run = model_run()
        run.log.results = [{**line, "repetitions": repetitions, "bench": name}
                           for line in run.log.results if line["bench"] == "getpid"
                           for name, repetitions in (("first", 3), ("second", 4))]
        self.assertEqual([one["p133"]["cycles"] for one in cycles.figures(run).values()],
                         [618, 618])

    def test_missing_loop(self):
        self.refuse("the counting plugin disagree", lambda lines: lines.remove(
            next(line for line in lines if line["region"] == 4)))

    def test_other_instructions(self):
        def change(lines):
            lines[3]["insn"] += 1
        self.refuse("model:p133 and the counting plugin disagree about instructions", change)

    def test_model_error(self):
        self.refuse("model: undecoded 0f", lambda lines: lines.append({"error": "undecoded 0f"}))

    def test_spread_of_boots(self):
        def slower(lines):
            for line in lines:
                if line["region"] == 4:
                    line["cycles"] += 5000
        boots = [cycles.figures(model_run(change)) for change in (slower, None, None)]
        one = cycles.summarise(boots, "qemu64")["getpid"]["p133"]
        self.assertEqual([one[key] for key in ("cycles", "min", "max", "cpu")],
                         [618, 618, 623, "qemu64"])


class Machines(unittest.TestCase):
    def test_clock(self):
        self.assertEqual(cycles.mhz("p133"), 133)

    def test_variant(self):
        path = cycles.machine_path("p133:l1d.size=16384:l1d.ways=4")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("name = p133:l1d.size=16384:l1d.ways=4\n", text)
        self.assertEqual(text.count("size = 16384\n"), 1)

    def test_refusals(self):
        with self.assertRaisesRegex(layout.Missing, "no machine file bench/machines/vax.ini"):
            cycles.machine_path("vax")
        with self.assertRaisesRegex(layout.Missing, "p133.ini has no key l1d.colour"):
            cycles.machine_path("p133:l1d.colour=9")


class Report(unittest.TestCase):
    def setUp(self):
        self.measured = []
        for config, counts in (("linux", "linux.jsonl"), ("l4linux", "server.jsonl")):
            row = next(row for row in rows.ROWS if row.config == config)
            run = model_run(counts=counts)
            self.measured.append(report.Measured(
                row, row.label, measure.summarise([measure.figures(run)]),
                cycles.summarise([cycles.figures(run)], "qemu64")))
        self.about = report.About("qemu64", "7.2.22", "abc", 1)
        self.table = report.table_json(self.measured, [], self.about)

    def test_text(self):
        text = report.text(self.table, self.measured, self.about)
        self.assertRegex(text, r"^getpid\(\), model:p133 +cycles +us ")
        self.assertRegex(text, r"L4Linux +308 +2\.32 +0\.50 +- +154 +0\.50 +526 +3\.95 +2\.36\n")
        self.assertRegex(text, r"L4Linux +308 +0\.50 +- +154 +0 +0 +154 +0 +0 +0\n")
        self.assertRegex(text, r"getpid\(\), model:skylake +cycles")
        self.assertIn("A 64-bit kernel on a Pentium's memory system is invented", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_json(self):
        getpid = json.loads(report.dump(self.table))["rows"][0]["getpid"]
        self.assertEqual([getpid["model:p133"][key] for key in ("cycles", "insn", "cpu", "mode")],
                         [618, 309, "qemu64", "exact"])
        self.assertEqual(getpid["model:skylake"]["cycles"], 927)

    def test_csv(self):
        lines = list(csv.DictReader(io.StringIO(
            report_model.csv_text(self.measured, self.about))))
        self.assertEqual(len(lines), 2 * 3 * 2 * 5)
        for line in lines:
            self.assertEqual(sum(int(line[part]) for part in cycles.PARTS), int(line["cycles"]))
        of_server = [line["cycles"] for line in lines
                     if (line["config"], line["bench"], line["place"]) ==
                     ("l4linux", "getpid", "server")]
        self.assertEqual(of_server, ["60", "90"])


if __name__ == "__main__":
    unittest.main()
