# SPDX-License-Identifier: BSD-2-Clause
"""Writes KTAP: a line for each test, the plan at the end."""
import sys


class Report:
    """A group of tests that runs in this process."""

    def __init__(self):
        self.number = self.failed = 0
        print("KTAP version 1", flush=True)

    def test(self, name, passed, why="", details=()):
        """One test. `why` is one line and `details` are lines that help if it failed."""
        self.number += 1
        self.failed += not passed
        reason = f" # {why}" if why and not passed else ""
        print(f"{'ok' if passed else 'not ok'} {self.number} {name}{reason}")
        if not passed:
            print("".join(f"# {line}\n" for line in details), end="")
        sys.stdout.flush()

    def equal(self, name, seen, wanted):
        """One test, passed if both are equal."""
        self.test(name, seen == wanted, f"{seen}, not {wanted}")

    def end(self):
        """Print the plan and leave, with status 0 if there were tests and all passed."""
        print(f"1..{self.number}", flush=True)
        sys.exit(0 if self.number and not self.failed else 1)
