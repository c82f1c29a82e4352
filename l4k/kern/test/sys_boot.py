#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Boot the sys_boot kernel with several amounts of memory, and have it fail on purpose.

usage: sys_boot.py

A deliberate failure must end in a panic line, a backtrace that names the function that failed, and
for a fault the registers. Speaks KTAP.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
MEMORY = ["64", "512", "3500", "5G"]
TIMEOUT = 60

# Word -> what the log must show, in this order.
FAILURES = {
    "panic": [r"@l4k-panic on purpose", r"backtrace:", r"#0 .* fail_on_purpose", r"kernel_main\+",
              r"boot_main\+"],
    "assert": [r"@l4k-panic assertion failed: l4k/kern/test/sys_boot.c:\d+: how == NULL",
               r"backtrace:", r"fail_on_purpose", r"kernel_main\+"],
    "fault": [r"@l4k-panic exception 14", r"rip ffffffff8[0-9a-f]{7} cs 0008", r"rsp ffffffff8",
              r"cr2 0000123456789000", r"#0 .* fail_on_purpose", r"#1 .* kernel_main\+"],
    "stack": [r"@l4k-panic exception 8", r"backtrace:", r"#0 .* overflow_stack",
              r"#1 .* overflow_stack"],
}


def boot(word, memory="512", cpu="max"):
    """What the guest printed; its end is the machine's reset."""
    build = os.path.join(ROOT, "build", "sys_boot")
    run = subprocess.run(
        ["qemu-system-x86_64", "-M", "pc", "-cpu", cpu, "-m", memory, "-nodefaults", "-display",
         "none", "-no-reboot", "-serial", "stdio", "-kernel", os.path.join(build, "kernel.elf"),
         "-initrd", os.path.join(build, "boot.cpio"), "-append", word, "-icount",
         "shift=0,sleep=off"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=True)
    return run.stdout.decode(errors="replace").replace("\r", "")


def boots_with(memory):
    log = boot("check", memory)
    return log, "@l4k-end sys_boot status=0" in log


def fails_with(word):
    log, at = boot(word), 0
    for wanted in FAILURES[word]:
        match = re.compile(wanted).search(log, at)
        if not match:
            return log + f"no /{wanted}/ here\n", False
        at = match.end()
    return log, True


def main():
    tests = [(f"boots with -m {memory}", lambda m=memory: boots_with(m)) for memory in MEMORY]
    tests += [(f"last word of: {word}", lambda w=word: fails_with(w)) for word in FAILURES]
    failures = 0
    print(f"KTAP version 1\n1..{len(tests)}", flush=True)
    for number, (name, test) in enumerate(tests, 1):
        try:
            log, passed = test()
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            log, passed = str(error), False
        print(f"{'ok' if passed else 'not ok'} {number} {name}", flush=True)
        if not passed:
            failures += 1
            print("".join(f"# {line}\n" for line in log.splitlines()[-30:]), flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
