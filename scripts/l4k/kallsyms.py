# SPDX-License-Identifier: BSD-2-Clause
"""The functions of the real Linux kernel, by address.

Debian keeps its kernel's symbols in a package of a gigabyte; the kernel tells them itself. A guest
of one program (bench/linux/kallsyms.c) prints its /proc/kallsyms on the serial line, booted with
the row's options, without a random base; it is booted once for each kernel image, and what it said
is kept as build/linux/symbols-VERSION-CHECKSUM: a line "ADDRESS NAME" for each function.
"""
import hashlib
import os
import re
import sys

from l4k import guest, guest_log, linux, rows
from l4k.layout import BUILD, ROOT, Missing
from l4k.measure import Unsound

INITRAMFS = os.path.join(BUILD, "bench", "kallsyms.cpio")
KERNEL_HIGH = 0xffffffff << 32  # what the guest leaves out of an address


def path_of(image):
    """Where the functions of a kernel image are kept."""
    with open(image, "rb") as file:
        checksum = hashlib.sha256(file.read()).hexdigest()[:8]
    return os.path.join(linux.DIRECTORY, f"symbols-{linux.version(image)}-{checksum}")


def parse(serial):
    """[(address, name)] that the guest printed. Unsound if lines are lost."""
    found = [(KERNEL_HIGH | int(match[1], 16), match[2])
             for match in re.finditer(r"^([0-9a-f]{8}) (\S+)\r?$", serial, re.MULTILINE)]
    said = [line["symbols"] for line in guest_log.parse(serial).results if "symbols" in line]
    if said != [len(found)]:
        raise Unsound(f"the guest has {said} symbols, {len(found)} came over the serial line")
    return found


def _boot(row, cpu):
    """What a guest with the row's kernel and options says."""
    if not os.path.exists(INITRAMFS):
        raise Missing(f"{os.path.relpath(INITRAMFS, ROOT)} has not been built: make trace")
    spec = rows.guest(row, cpu, *rows.SPREAD[0])
    spec.initrd, spec.plugin, spec.config = INITRAMFS, None, f"{row.config}-symbols"
    print(f"booting {row.config} (-cpu {cpu}) for its kernel's symbols", file=sys.stderr,
          flush=True)
    run = guest.run_well(spec)
    return parse(guest.read(os.path.join(run.directory, "serial.log")))


def of_row(row, cpu):
    """[(address, name)] of the functions of a row's kernel, by address; empty, and a line on
    standard error, if that kernel does not tell them."""
    path = path_of(linux.fetch())
    if not os.path.exists(path):
        found = sorted(_boot(row, cpu))
        os.makedirs(linux.DIRECTORY, exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("".join(f"{address:x} {name}\n" for address, name in found))
        os.rename(path + ".new", path)
    lines = [line.split() for line in guest.read(path).splitlines()]
    if not lines:
        print(f"{row.config}: the kernel has no /proc/kallsyms: its functions are addresses",
              file=sys.stderr)
    return [(int(address, 16), name) for address, name in lines]
