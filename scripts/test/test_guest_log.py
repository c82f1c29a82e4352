# SPDX-License-Identifier: BSD-2-Clause
"""Every way for a guest's run to end, from recorded logs."""
import unittest

import data
from l4k import guest_log
from l4k.guest_log import CRASHED, FAILED, HUNG, OK, TRUNCATED


def judge(name, **how):
    return guest_log.judge(guest_log.parse(data.text(name)), **how)


class Judge(unittest.TestCase):
    def check(self, verdict, outcome, words):
        self.assertEqual(verdict[0], outcome, verdict[1])
        self.assertIn(words, verdict[1])

    def test_good_benchmark(self):
        self.check(judge("linux.log"), OK, "ok")

    def test_good_tests(self):
        self.check(judge("ktap-good.log"), OK, "ok")

    def test_hung(self):
        self.check(judge("hung.log", timed_out=60), HUNG, "no end after 60 s, in bench")

    def test_hung_before_begin(self):
        self.check(judge("silent.log", timed_out=60), HUNG, "before its begin marker")

    def test_ended_but_not_reset(self):
        self.check(judge("linux.log", timed_out=60), OK, "ok")

    def test_panic(self):
        self.check(judge("panic.log"), CRASHED, "page fault at")

    def test_panic_that_hangs(self):
        self.check(judge("panic.log", timed_out=60), CRASHED, "page fault at")

    def test_linux_panic(self):
        self.check(judge("linux-panic.log"), CRASHED, "Attempted to kill init")

    def test_triple_fault(self):
        self.check(judge("hung.log", triple_fault=True), CRASHED, "triple fault")

    def test_qemu_failure(self):
        self.check(judge("silent.log", qemu_status=1), CRASHED, "QEMU failed with status 1")

    def test_missing_begin(self):
        self.check(judge("silent.log"), TRUNCATED, "@l4k-begin")

    def test_end_without_begin(self):
        self.check(judge("no-begin.log"), TRUNCATED, "@l4k-begin")

    def test_missing_end(self):
        self.check(judge("hung.log"), TRUNCATED, "@l4k-end")

    def test_damaged(self):
        self.check(judge("damaged.log"), TRUNCATED, "damaged log")

    def test_assertion(self):
        self.check(judge("assert.log"), FAILED, "read.c:24: fd >= 0")

    def test_status(self):
        self.check(judge("status.log"), FAILED, "status 3")

    def test_failed_test(self):
        self.check(judge("ktap-fail.log"), FAILED, "free # freed twice")

    def test_unfulfilled_plan(self):
        self.check(judge("ktap-short.log"), TRUNCATED, "3 tests were planned, 1 reported")

    def test_outcomes_differ(self):
        self.assertEqual(len({OK, FAILED, HUNG, CRASHED, TRUNCATED}), 5)


class Parse(unittest.TestCase):
    def test_results(self):
        log = guest_log.parse(data.text("linux.log"))
        self.assertEqual([line["bench"] for line in log.results], ["null", "getpid", "write"])
        self.assertEqual(log.program, "bench")

    def test_ktap(self):
        log = guest_log.parse(data.text("ktap-good.log"))
        self.assertEqual((log.passed, log.skipped), (["alloc", "map"], ["free # SKIP no memory"]))
