# SPDX-License-Identifier: BSD-2-Clause
"""Finds out whether this machine's KVM boots a guest: the device may be there and still not do so."""
import os
import subprocess
import time

from l4k.guest_log import WORDS

DEVICE = os.environ.get("KVM_DEVICE", "/dev/kvm")
PROBE_SECONDS = 5


def verdict(text, ended):
    """What the probe's output so far says: "" the guest's program has begun, a reason why it never
    will, None it is too early to tell."""
    lines = [line.strip() for line in text.splitlines() if "warning:" not in line]
    for line in lines:
        if line.startswith(("KVM internal error", WORDS["LOG_PANIC"].strip())):
            return line
    if any(line.startswith(WORDS["LOG_BEGIN"]) for line in lines):
        return ""
    return (lines or ["QEMU ended"])[-1] if ended else None


def absent():
    """Why there is no KVM to be tried; "" if there is."""
    if not os.path.exists(DEVICE):
        return f"there is no {DEVICE}"
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return f"no permission for {DEVICE}"
    return ""


def probe(words):
    """"" if QEMU's `words` boot a guest under KVM, or why they do not. The probe's guest is ended."""
    why = absent()
    if why:
        return why
    process = subprocess.Popen(words + ["-accel", "kvm", "-serial", "stdio", "-monitor", "none"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    os.set_blocking(process.stdout.fileno(), False)
    text, why, end = b"", None, time.monotonic() + PROBE_SECONDS
    try:
        while why is None and time.monotonic() < end:
            ended = process.poll() is not None
            text += process.stdout.read() or b""
            why = verdict(text.decode(errors="replace"), ended)
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    return f"no program began within {PROBE_SECONDS} s" if why is None else why
