# SPDX-License-Identifier: BSD-2-Clause
"""What the harness takes from the sources and binaries: addresses, log words, symbols."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")


class Missing(Exception):
    """Something that a run needs is not there; the text is one line for people."""


def defines(header):
    """The plain numbers and strings that `header`, a path from the root, defines."""
    values = {}
    with open(os.path.join(ROOT, header), encoding="utf-8") as file:
        for line in file:
            match = re.match(r'#define\s+(\w+)\s+(?:"([^"]*)"|(0x[0-9a-fA-F]+|\d+))\s*(?:/\*|$)',
                             line)
            if match:
                name, text, number = match.groups()
                values[name] = text if number is None else int(number, 0)
    return values


def symbols(elf):
    """Name -> address of the symbols of an ELF file."""
    if not os.path.exists(elf):
        raise Missing(f"{os.path.relpath(elf, ROOT)} has not been built")
    output = subprocess.run([os.environ.get("NM", "nm"), elf], check=True, capture_output=True,
                            text=True).stdout
    table = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) == 3:
            table[words[2]] = int(words[0], 16)
    return table


def product(config, name):
    """Path of a build product of a configuration."""
    return os.path.join(BUILD, config, name)
