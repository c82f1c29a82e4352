# SPDX-License-Identifier: BSD-2-Clause
"""Reads what a guest printed on its serial line and judges how its run ended.

The words are those of l4k/abi/guest_log.h. Four ways to fail read differently, in the message and
in the exit status: FAILED (an assertion, a test or a non-zero status), HUNG (no end within the
time limit), CRASHED (a kernel panic, a triple fault, QEMU itself failing) and TRUNCATED (the run
ended without its begin or end marker).
"""
import dataclasses
import json
import re

from l4k.layout import defines

OK, FAILED, HUNG, CRASHED, TRUNCATED = 0, 1, 3, 4, 5

WORDS = defines("l4k/abi/guest_log.h")
LINUX_PANIC = "Kernel panic - not syncing"


@dataclasses.dataclass
class Log:
    """A guest's log, read."""
    program: str = None  # of the begin marker
    ended: bool = False
    status: int = None  # of the end marker
    panic: str = None
    asserts: list = dataclasses.field(default_factory=list)
    results: list = dataclasses.field(default_factory=list)
    malformed: list = dataclasses.field(default_factory=list)
    planned: int = None  # tests, by KTAP's plan
    passed: list = dataclasses.field(default_factory=list)
    failed: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)


def _read_test(log, line):
    """A KTAP line at the outermost level."""
    plan = re.match(r"1\.\.(\d+)\b", line)
    if plan:
        log.planned = (log.planned or 0) + int(plan[1])
    test = re.match(r"(not )?ok \d+(?: -)? ?(.*)", line)
    if test and test[1]:
        log.failed.append(test[2])
    elif test and re.search(r"# SKIP", test[2], re.IGNORECASE):
        log.skipped.append(test[2])
    elif test:
        log.passed.append(test[2])


def _read_end(log, text):
    """The words after the end marker: the program's name and its status."""
    match = re.fullmatch(r"(\S+) status=(\d+)", text.strip())
    if match and match[1] == log.program:
        log.ended, log.status = True, int(match[2])
    else:
        log.malformed.append("end marker: " + text.strip())


def _read_result(log, text):
    """The JSON of a result line."""
    try:
        log.results.append(json.loads(text))
    except ValueError:
        log.malformed.append(text)


def parse(text):
    """Read a whole serial log."""
    log = Log()
    for line in text.replace("\r", "").split("\n"):
        if line.startswith(WORDS["LOG_BEGIN"]):
            log.program = line[len(WORDS["LOG_BEGIN"]):].strip()
        elif line.startswith(WORDS["LOG_END"]):
            _read_end(log, line[len(WORDS["LOG_END"]):])
        elif line.startswith(WORDS["LOG_PANIC"]):
            log.panic = log.panic or line[len(WORDS["LOG_PANIC"]):]
        elif line.startswith(WORDS["LOG_ASSERT"]):
            log.asserts.append(line[len(WORDS["LOG_ASSERT"]):])
        elif line.startswith(WORDS["LOG_RESULT"]):
            _read_result(log, line[len(WORDS["LOG_RESULT"]):])
        elif LINUX_PANIC in line:
            log.panic = log.panic or line[line.index(LINUX_PANIC):]
        else:
            _read_test(log, line)
    return log


def _judge_tests(log):
    """Outcome of the KTAP part of a run that ended with status 0."""
    if log.failed:
        return FAILED, f"test failed: {log.failed[0]} ({len(log.failed)} in all)"
    ran = len(log.passed) + len(log.skipped)
    if log.planned is not None and ran != log.planned:
        return TRUNCATED, f"missing marker: {log.planned} tests were planned, {ran} reported"
    return OK, "ok"


def judge(log, timed_out=None, qemu_status=0, triple_fault=False):
    """(outcome, message) of a run. `timed_out` is the limit in seconds if it was reached."""
    if log.panic:
        return CRASHED, f"guest crashed: {log.panic}"
    if triple_fault:
        return CRASHED, "guest crashed: triple fault"
    if log.asserts:
        return FAILED, f"assertion failed: {log.asserts[0]}"
    if timed_out is not None and not log.ended:
        where = "in " + log.program if log.program else "before its begin marker"
        return HUNG, f"guest hung: no end after {timed_out} s, {where}"
    if qemu_status:
        return CRASHED, f"QEMU failed with status {qemu_status}"
    if log.program is None:
        return TRUNCATED, f"missing marker: no '{WORDS['LOG_BEGIN'].strip()}'"
    if not log.ended:
        return TRUNCATED, f"missing marker: no '{WORDS['LOG_END'].strip()}' of {log.program}"
    if log.malformed:
        return TRUNCATED, f"damaged log: {log.malformed[0]}"
    if log.status:
        return _judge_tests(log) if log.failed else \
            (FAILED, f"{log.program} ended with status {log.status}")
    return _judge_tests(log)
