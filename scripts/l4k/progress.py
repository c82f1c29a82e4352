# SPDX-License-Identifier: BSD-2-Clause
"""Says on standard error what is being done, for people who wait."""
import sys
import threading


class Progress:
    """One line that says what boots; line by line where standard error is no terminal."""

    def __init__(self, total):
        self.total, self.done = total, 0
        self.lock = threading.Lock()
        self.terminal = sys.stderr.isatty()

    def step(self, what):
        """One more boot begins."""
        with self.lock:
            self.done += 1
            line = f"[{self.done}/{self.total}] booting {what}"
            print(f"\r\033[K{line}" if self.terminal else line,
                  end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def note(self, line):
        """A line that stays."""
        with self.lock:
            print(("\r\033[K" if self.terminal else "") + line, file=sys.stderr, flush=True)

    def end(self):
        """Leave the line."""
        if self.terminal:
            self.note("")
