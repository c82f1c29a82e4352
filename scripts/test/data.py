# SPDX-License-Identifier: BSD-2-Clause
"""The recorded logs and counts in data/, for the tests."""
import json
import os

from l4k import guest, guest_log

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def text(name):
    """A recorded file, as it is."""
    with open(os.path.join(DATA, name), encoding="utf-8", newline="") as file:
        return file.read()


def counts(name):
    """Recorded lines of the plugin."""
    return [json.loads(line) for line in text(name).splitlines()]


def run(log, lines, cpu="qemu64"):
    """A run as guest.run() gives it, from recorded files."""
    return guest.Run(guest.Guest("recorded", cpu), "nowhere", guest_log.OK, "ok",
                     guest_log.parse(text(log)), lines)
