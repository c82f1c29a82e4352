# SPDX-License-Identifier: BSD-2-Clause
"""Counter tsc: from recorded serial logs to figures and tables, and every log that gives none."""
import csv
import io
import json
import tempfile
import unittest

import data
from l4k import guest, guest_log, report_tsc, rows, tsc
from l4k.layout import Missing
from l4k.measure import Unsound

ROWS = {row.config: row for row in rows.ROWS}


class Logs(unittest.TestCase):
    """A directory of logs."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def put(self, config, recorded="tsc-linux.log", change=lambda text: text):
        """A recorded log, after `change`, as that of a configuration."""
        with open(tsc.log_path(self.directory, config), "w", encoding="utf-8",
                  newline="") as file:
            file.write(change(data.text(recorded)))

    def read(self, config):
        return tsc.read_log(ROWS[config], self.directory)

    def refuse(self, words, recorded="tsc-linux.log", change=lambda text: text, error=Missing):
        self.put("linux", recorded, change)
        with self.assertRaises(error) as caught:
            self.read("linux")
        self.assertRegex(str(caught.exception), f"linux.log: {words}")
        self.assertNotIn("\n", str(caught.exception))


class Figures(Logs):
    def test_good(self):
        self.put("linux")
        self.put("mono", "tsc-mono.log")
        linux, mono = self.read("linux"), self.read("mono")
        self.assertEqual(linux.machine, {"processor": "AMD EPYC", "hypervisor": "KVMKVMKVM",
                                         "invariant": True})
        self.assertEqual(linux.bench["getpid"], {"ticks": 356, "min": 355, "max": 493,
                                                 "iterations": 1000, "calls": 1})
        self.assertEqual([mono.bench[name]["ticks"] for name in mono.bench], [1, 89, 120])

    def test_boots(self):
        boots = [({"processor": "p"}, {"x": {"ticks": ticks, "min": ticks - 1, "max": ticks + 2,
                                             "iterations": 5, "calls": 1}})
                 for ticks in (30, 10, 20)]
        found = tsc.summarise(ROWS["mono"], "mono", boots)
        self.assertEqual((found.boots, found.bench["x"]),
                         (3, {"ticks": 20, "min": 9, "max": 32, "iterations": 5, "calls": 1}))

    def test_under_kvm(self):
        def run(name, outcome, message="ok"):
            return guest.Run(guest.Guest("linux"), "nowhere", outcome, message,
                             guest_log.parse(data.text(name)), [])
        self.assertEqual(tsc.of_run(run("tsc-mono.log", guest_log.OK))[1]["getpid"]["ticks"], 89)
        with self.assertRaisesRegex(tsc.Refused, "self-test refused: CPUID says TCG"):
            tsc.of_run(run("tsc-refused.log", guest_log.FAILED, "status 2"))
        with self.assertRaisesRegex(guest.Failed, "hung"):
            tsc.of_run(run("tsc-truncated.log", guest_log.HUNG, "guest hung"))


class Refusals(Logs):
    def test_self_test_refused(self):
        self.refuse("the self-test refused: CPUID says TCGTCGTCGTCG", "tsc-refused.log")

    def test_not_passed(self):
        self.refuse("the self-test did not pass",
                    change=lambda text: text.replace('"passed": true', '"passed": false'))

    def test_no_self_test(self):
        self.refuse("no self-test .*: boot it with the word counter=tsc", "linux.log")

    def test_truncated(self):
        self.refuse("missing marker: no '@l4k-end'", "tsc-truncated.log", error=Unsound)

    def test_begun_again(self):
        self.refuse("a run begins before", "tsc-truncated.log",
                    lambda text: text + "\n" + data.text("tsc-linux.log"), error=Unsound)

    def test_no_ticks(self):
        self.refuse("getpid: no ticks", error=Unsound,
                    change=lambda text: text.replace('"ticks": "getpid"', '"ticks": "other"'))

    def test_lost_repetition(self):
        self.refuse("null: ticks of 7 loops and 6 without", error=Unsound,
                    change=lambda text: text.replace('"overhead": [104, ', '"overhead": ['))

    def test_two_machines(self):
        self.put("linux")
        self.put("mono", change=lambda text: text.replace("AMD EPYC", "another"))
        with self.assertRaisesRegex(tsc.Refused, "linux is of AMD EPYC .*, mono is of another"):
            tsc.same_machine([self.read("linux"), self.read("mono")])
        tsc.same_machine([self.read("linux")] * 2)

    def test_names(self):
        with self.assertRaisesRegex(Missing, "there is no log"):
            tsc.check_logs(self.directory)
        self.put("plan9")
        with self.assertRaisesRegex(Missing, "plan9.log is of no row"):
            tsc.check_logs(self.directory)


class Report(Logs):
    def setUp(self):
        super().setUp()
        self.put("linux")
        self.put("mono", "tsc-mono.log")
        self.measured = [self.read("linux"), self.read("mono")]
        self.about = report_tsc.About(logs="there")

    def test_text(self):
        text = report_tsc.text(self.measured, self.about, ["l4linux: missing: that"])
        self.assertRegex(text, r"(?m)^monolithic reference +89 +0\.25 +1\.00 +89 +95 ")
        for words in ("getpid(), tsc", "AMD EPYC", "hypervisor KVMKVMKVM", "not core cycles",
                      "noise", "No plugin sees", "logs in there", "l4linux: missing: that"):
            self.assertIn(words, text.replace("\n", " "))
        self.assertNotIn("insn", text)

    def test_kvm(self):
        text = report_tsc.text(self.measured, report_tsc.About("host", "7.2", "abc"))
        self.assertIn("KVM, -cpu host, QEMU 7.2, commit abc.", text.replace("\n", " "))

    def test_json(self):
        table = json.loads(report_tsc.table_json(self.measured, self.about))
        self.assertEqual((table["counter"], table["processor"], table["logs"]),
                         ("tsc", "AMD EPYC", "there"))
        self.assertEqual(table["rows"][1]["bench"]["write"]["ticks"], 120)

    def test_csv(self):
        lines = list(csv.DictReader(io.StringIO(report_tsc.csv_text(self.measured, self.about))))
        self.assertEqual(len(lines), 6)
        self.assertEqual([lines[4][key] for key in ("counter", "config", "bench", "ticks", "cpu")],
                         ["tsc", "mono", "getpid", "89", ""])
