#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Does the self-test of the Mach path reach each place that refuses?

Boots a kernel compiled without optimisation (build/lines/kernel.elf) with `selftest`, and asks QEMU
for the instructions that it translated: a block is translated when it is first executed. Each line
of mach_ipc/ that names an error must have all its instructions among them. Speaks KTAP.
"""
import collections
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import guest, guest_log  # noqa: E402
from l4k.layout import product  # noqa: E402

TRANSLATED = ["-d", "cpu_reset,in_asm", "-dfilter", "0xffffffff80000000..0xffffffffffffffff"]


def error_names():
    """Those of the ABI, those of MIG and of devices."""
    with open(os.path.join(ROOT, "l4k", "abi", "mach.h"), encoding="utf-8") as file:
        body = re.search(r"kern_return \{(.*?)\}", file.read(), re.DOTALL)[1]
    names = re.findall(r"^\s*(\w+) = (?!0,)", body, re.MULTILINE)
    return re.compile(r"\b(?:MIG_\w+|D_(?:WOULD|NO_)\w+|%s)\b" % "|".join(names))


def refusing_lines():
    """{(file, number): text}, comments left out."""
    names, found = error_names(), {}
    for path in glob.glob(os.path.join(ROOT, "mach_ipc", "**", "*.c"), recursive=True):
        if os.sep + "test" + os.sep in path:
            continue
        with open(path, encoding="utf-8") as file:
            code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), file.read(),
                          flags=re.DOTALL)
        for number, line in enumerate(code.splitlines(), 1):
            if names.search(line) and not line.startswith("#"):
                found[os.path.relpath(path, ROOT), number] = line.strip()
    return found


def executed(kernel):
    """Addresses of the instructions that the self-test executed."""
    run = guest.run(guest.Guest("lines", "qemu64", kernel, product("machnative", "boot.cpio"),
                                "selftest", extra=TRANSLATED))
    if run.outcome != guest_log.OK:
        sys.exit(run.message)
    log = guest.read(os.path.join(run.directory, "qemu.log"))
    return {int(a, 16) for a in re.findall(r"^0x([0-9a-f]+):", log, re.MULTILINE)}


def instructions(kernel):
    """{(file, line): [address, ...]} of all that the kernel is made of."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", kernel], check=True,
                          capture_output=True, text=True).stdout
    addresses = re.findall(r"^ *([0-9a-f]+):\t", text, re.MULTILINE)
    places = subprocess.run(["addr2line", "-e", kernel], input="\n".join(addresses), check=True,
                            capture_output=True, text=True).stdout.splitlines()
    lines = collections.defaultdict(list)
    for address, place in zip(addresses, places, strict=True):
        path, number = re.match(r"(.*?):(\d+|\?)", place).groups()
        if number != "?":
            lines[os.path.relpath(path, ROOT), int(number)].append(int(address, 16))
    return lines


def statement(lines, path, line):
    """The instructions of a line, or of the one before if its own are put down to that."""
    return next(lines[path, n] for n in range(line, 0, -1) if (path, n) in lines)


def main():
    kernel = product("lines", "kernel.elf")
    if not os.path.exists(kernel):
        sys.exit(f"{os.path.relpath(kernel, ROOT)} has not been built")
    lines, done = instructions(kernel), executed(kernel)
    places = sorted(refusing_lines().items())
    print("KTAP version 1")
    print(f"1..{len(places)}")
    bad = not places
    for number, ((path, line), text) in enumerate(places, 1):
        good = done.issuperset(statement(lines, path, line))
        print(f"{'ok' if good else 'not ok'} {number} {path}:{line} {text}")
        bad |= not good
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
