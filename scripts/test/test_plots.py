# SPDX-License-Identifier: BSD-2-Clause
"""The plots' data and the drawing of every plot, from figures that are made up here."""
import csv
import io
import json
import os
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

from l4k import cycles, layout, plots, report, report_model, rows, series

SVG = "{http://www.w3.org/2000/svg}"
SCRIPT = os.path.join(layout.ROOT, "scripts", "plots")
ABOUT = ["model:p133", "qemu64", "7.2.22", "abc", 1]
NATIVE = {"l4native": "ipc", "machnative": "mach_msg"}
MISSES = {**dict.fromkeys(("l1i_misses", "l1d_read_misses"), 1.0),
          **dict.fromkeys(cycles.REASONS, 0.5)}


def figure(total):
    """A figure whose parts are seven equal shares of `total`, spent by the four places alike."""
    parts = dict.fromkeys(cycles.PARTS, total // 7)
    place = {"insn": 10, "cycles": total // 4, **dict.fromkeys(cycles.PARTS, total // 28),
             "misses": MISSES}
    return {"cycles": total, "insn": 40, "mode": "exact", "min": total, "max": total, "cpu": "x",
            "breakdown": parts, "misses": MISSES, "by": dict.fromkeys(cycles.CLASSES, place)}


def model_csv(benches):
    """A model.csv of every row."""
    measured = [report.Measured(row, row.label, {}, {
        bench: {"p133": figure(280 * number)} for bench in benches})
        for number, row in enumerate(rows.ROWS, 1)]
    return report_model.csv_text(measured, report.About("qemu64", "7.2.22", "abc", 5))


def all_series():
    """Every series, for every configuration."""
    found = series.empty()
    for number, config in enumerate(plots.CONFIGS, 1):
        parameters = {f"{name}-{kib}": {"p133": figure(280 * number + kib)}
                      for name in ("context_switch-2", "context_switch-4", "context_switch-8",
                                   "context_switch-16", "dirtied-getpid", "dirtied-pipe")
                      for kib in (0, 4, 64)}
        varied = {bench: {machine: figure(280 * number) for _, _, machine in series.VARIANTS}
                  for bench in series.VARIED_BENCHES}
        reasons = {bench: {"p133": figure(280)} for bench in series.REASON_BENCHES}
        series.collect(found, [*ABOUT, config], [parameters, varied, reasons])
    for config, call in NATIVE.items():
        parameters = {f"dirtied-{call}-{kib}": {"p133": figure(280 + kib)} for kib in (0, 4, 64)}
        series.collect(found, [*ABOUT, config], [parameters])
    return found


class Data(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "model.csv")

    def table(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        return plots.read_table(self.path)

    def test_getpid(self):
        lines = list(csv.DictReader(io.StringIO(
            dict(plots.derived(self.table(model_csv(["getpid"]))))["getpid"])))
        self.assertEqual([line["config"] for line in lines], plots.CONFIGS)
        self.assertEqual([line["paper_ratio"] for line in lines],
                         ["1.00", "", "2.36", "3.38", "9.19", "65.96"])
        self.assertEqual({line["linux_cycles"] for line in lines}, {"280"})

    def test_mcpi(self):
        lines = list(csv.DictReader(io.StringIO(
            dict(plots.derived(self.table(model_csv(["null", "getpid"]))))["mcpi"])))
        self.assertEqual(len(lines), 2 * len(plots.CONFIGS))
        linux = {line["side"]: float(line["dcache"]) for line in lines if line["config"] == "linux"}
        self.assertEqual(linux, {"user": 10 / 40, "system": (40 - 10) / 40})

    def test_no_table(self):
        for text in ("", model_csv(["getpid"]).replace(",linux,", ",vax,")):
            with self.assertRaisesRegex(layout.Missing, "no figures of Linux on p133: make table"):
                self.table(text)

    def test_series(self):
        switches, dirtied, caches, misses = all_series()
        configs = len(plots.CONFIGS)
        self.assertEqual(len(switches.lines), 12 * configs)
        self.assertEqual(len(dirtied.lines), 3 * (2 * configs + 2))
        self.assertEqual(len(caches.lines), 15 * 2 * configs)
        self.assertEqual(len(misses.lines), 2 * 4 * configs)
        for one in (switches, dirtied):
            head = one.text().splitlines()[0].split(",")
            self.assertTrue(all(len(line) == len(head) for line in one.lines))

    def test_dirtied_names_its_calls(self):
        lines = list(csv.DictReader(io.StringIO(all_series()[1].text())))
        calls = {}
        for line in lines:
            calls.setdefault(line["config"], []).append((line["call"], line["kib"]))
        kib = ("0", "4", "64")
        self.assertEqual(calls, {
            **{config: [(call, n) for call in ("getpid", "pipe") for n in kib]
               for config in plots.CONFIGS},
            **{config: [(call, n) for n in kib] for config, call in NATIVE.items()}})
        self.assertEqual(list(NATIVE), series.NATIVE)

    def test_machines_of_the_variants_are_files(self):
        for _, _, machine in series.VARIANTS:
            self.assertTrue(os.path.exists(cycles.machine_path(machine)))


class Drawing(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.plots = os.path.join(self.directory.name, "plots")
        os.mkdir(self.plots)
        benches = ["getpid", "getppid", "write", "read", "stat", "open_close", "signal_install",
                   "pipe", "fork", "fork_exec", "page_fault", "mmap"]
        self.write("model.csv", model_csv(benches))
        for one in all_series():
            self.write(f"plots/{one.name}.csv", one.text())

    def write(self, name, text):
        with open(os.path.join(self.directory.name, name), "w", encoding="utf-8") as file:
            file.write(text)

    def draw(self, **environment):
        return subprocess.run([SCRIPT, "--draw-only", "--results", self.directory.name],
                              capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, **environment})

    def test_every_plot_names_every_configuration(self):
        done = self.draw()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name in plots.NAMES:
            text = "".join(xml.parse(os.path.join(self.plots, name + ".svg")).getroot().itertext())
            for config in plots.CONFIGS:
                self.assertIn(config, text, name)
            for config in NATIVE:
                self.assertEqual(config in text, name == "dirtied", name)
            with open(os.path.join(self.plots, name + ".png"), "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
        with open(os.path.join(self.plots, "captions.json"), encoding="utf-8") as file:
            captions = json.load(file)
        self.assertEqual(list(captions), plots.NAMES)
        self.assertIn("commit abc", captions["dirtied"]["see"])

    def test_panels_of_dirtied(self):
        self.assertEqual(self.draw().returncode, 0)
        text = "".join(xml.parse(os.path.join(self.plots, "dirtied.svg")).getroot().itertext())
        for words in ("getpid(), the program dirties", "pipe round trip, the partner dirties",
                      "l4native: call and reply", "machnative: mach_msg",
                      "what the partner's writes add"):
            self.assertIn(words, text)

    def test_the_legend_is_one_line_above_the_panels(self):
        self.assertEqual(self.draw().returncode, 0)
        for name, legend in (("context_switch", plots.CONFIGS), ("caches", plots.CONFIGS),
                             ("dirtied", plots.CONFIGS),
                             ("mcpi", ["I-cache", "D-cache", "TLB", "write buffer"]),
                             ("misses", ["conflict", "capacity", "compulsory"])):
            heights = {}
            for group in xml.parse(os.path.join(self.plots, name + ".svg")).iter(SVG + "g"):
                at = re.match(r"translate\([^,]*,([^)]*)\)", group.get("transform", ""))
                text = "".join(group.itertext()).strip()
                if at and text:
                    heights.setdefault(text, []).append(float(at[1]))
            found = [heights.pop(text) for text in legend]
            self.assertEqual((len(found[0]), found), (1, [found[0]] * len(legend)), name)
            self.assertLess(found[0][0] + 10, min(min(of_text) for of_text in heights.values()),
                            name)

    def test_damaged_data(self):
        self.write("plots/dirtied.csv", "config,kib\nlinux,0\n")
        done = self.draw()
        self.assertEqual((done.returncode, len(done.stderr.strip().splitlines())), (2, 1),
                         done.stderr)

    def test_missing_data(self):
        os.unlink(os.path.join(self.plots, "misses.csv"))
        done = self.draw()
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "misses.csv has no figures: make plots")

    def test_no_gnuplot(self):
        done = self.draw(PATH="/nowhere")
        self.assertEqual(done.returncode, 2)
        self.assertIn("gnuplot cannot be run", done.stderr)


if __name__ == "__main__":
    unittest.main()
