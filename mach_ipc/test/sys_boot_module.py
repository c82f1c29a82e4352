#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot programs as GNU Mach's boot modules, by Multiboot and command lines, good ones and bad ones.

usage: sys_boot_module.py

A good run says what it should, in this order, and ends well. A bad one ends with one line of the
kernel's that names what is wrong, and does not hang. Speaks KTAP.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from l4k import guest, guest_log  # noqa: E402
from l4k.ktap import Report  # noqa: E402

MODULE = "build/mach-test/module.elf"
PORTS = "${host-port} ${device-port}"
ACTIONS = "$(task-create) $(task-resume)"
QUOTED = "'${host-port}' '${device-port}' '$(task-create)' '$(task-resume)'"

# Name -> QEMU's -initrd, what the log must show.
GOOD = {
    "GNU Mach's command line": (
        f"{MODULE} {QUOTED}",
        [r"argv 0 <module\.elf>\nargv 1 <1>\nargv 2 <2>\nok 3", "by the console device\n"]),
    "without quotes, words of its own": (
        f"{MODULE} {PORTS} -x 'two words' ${{kernel-command-line}} {ACTIONS}",
        [r"argv 3 <-x>\nargv 4 <two words>\nargv 5 <\S+ test>\nok"]),
    "the native Mach program": (
        f"build/machnative/root.elf {QUOTED}", [r"@l4k-begin mach\n", "ok 1 port: "]),
    "two modules": (
        f"{MODULE} {PORTS} stay {ACTIONS},{MODULE} {PORTS} second {ACTIONS}",
        [r"module\.elf stays\n", r"argv 3 <second>\nok"]),
    "a module that is not started": (
        f"{MODULE} {PORTS} first $(task-create),{MODULE} {PORTS} second {ACTIONS}",
        [r"boot module 0: module\.elf is not started: no \$\(task-resume\)\n",
         r"argv 3 <second>\nok"]),
}

# Name -> -initrd, the kernel's last word.
BAD = {
    "no module": (None, "no boot module: start the kernel with a program or a boot.cpio as module"),
    "unknown value": (f"{MODULE} {PORTS} ${{x}} {ACTIONS}",
                      "boot module 0: command line: unknown: ${x}"),
    "unknown action": (f"{MODULE} {PORTS} $(x) {ACTIONS}",
                       "boot module 0: command line: unknown: $(x)"),
    "unended value": (f"{MODULE} {ACTIONS} ${{host-port",
                      "boot module 0: command line: not ended: ${host-port"),
    "unended quote": (f"{MODULE} {PORTS} {ACTIONS} 'x",
                      "boot module 0: command line: a quote is not ended: 'x"),
    "too long": (f"{MODULE} {PORTS} {ACTIONS} {'x' * 512}",
                 "boot module 0: its command line is longer than 511 characters"),
    "no task-create": (f"{MODULE} {PORTS} $(task-resume)",
                       "boot module 0: no task to load it: module.elf lacks $(task-create)"),
    "no task-resume": (f"{MODULE} {PORTS} $(task-create)",
                       "no boot module is started: none has $(task-resume)"),
    "no words": (MODULE, "boot module 0: no task to load it: module.elf lacks $(task-create)"),
    "no ELF image": (f"README.md {QUOTED}", "boot module 0 is no ELF image"),
    "an archive as second module": (
        f"{MODULE} {QUOTED},build/machnative/boot.cpio", "boot module 1 is no ELF image"),
    "position-independent": (
        f"build/mach-test/pie.elf {QUOTED}", "boot module 0 is a position-independent ELF image; "
        "it must be linked at fixed addresses"),
    "dynamically linked": (
        f"build/mach-test/dynamic.elf {QUOTED}", "boot module 0 is a dynamically linked ELF image"),
    "32 bits": (f"build/machnative/kernel.mb {QUOTED}",
                "boot module 0 is an ELF image, but not of 64 bits for x86-64"),
}


def boot(initrd, kernel="kernel.mb"):
    """A run of it. The kernel's line has the native Mach program run all its tests."""
    return guest.run(guest.Guest("machnative", kernel=f"build/machnative/{kernel}", initrd=initrd,
                                 append="test"))


def missing(run, wanted):
    """The first of the patterns that is not in the log behind those before it, or None."""
    text, at = guest.read(os.path.join(run.directory, "serial.log")).replace("\r", ""), 0
    for pattern in wanted:
        match = re.compile(pattern).search(text, at)
        if not match:
            return pattern
        at = match.end()
    return None


def main():
    report = Report()
    for name, (initrd, wanted) in GOOD.items():
        run = boot(initrd)
        why = run.message if run.outcome != guest_log.OK else missing(run, wanted)
        report.test(name, why is None, why, [run.directory])
    for name, (initrd, panic) in BAD.items():
        run = boot(initrd)
        report.equal(f"refused: {name}", run.log.panic, panic)
    run = boot(MODULE, "kernel.elf")  # by PVH
    report.equal("refused: a loader without command lines", run.log.panic,
                 "boot module 0: command line: missing")
    report.end()


if __name__ == "__main__":
    main()
