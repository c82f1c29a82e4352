# SPDX-License-Identifier: BSD-2-Clause
"""Which function an address is in, and in which place: program, stub, kernel, server."""
import bisect
import os
import subprocess

from l4k import functions, kallsyms, rows
from l4k.functions import Symbol
from l4k.layout import BUILD, product

EXECUTED = os.path.join(BUILD, "bench", "hello")  # what fork_exec runs, at the program's addresses
KERNEL = 1 << 63
VDSO = Symbol(0x7f << 40, 1 << 47, "vdso")  # real Linux: code of a static program that is not its own


class Table:
    """Functions by address."""

    def __init__(self, symbols):
        self.symbols = sorted(symbols)
        self.lows = [symbol.low for symbol in self.symbols]

    def find(self, address):
        """The function, or None."""
        at = bisect.bisect(self.lows, address) - 1
        if at >= 0 and address < self.symbols[at].high:
            return self.symbols[at]
        return None


class Names:
    """All that runs in a configuration. `spans`: [(place, low, high)] that are neither kernel nor
    program by their half. Two programs share addresses once a process has executed another: which
    of them runs in an address space is told by run()."""

    def __init__(self, spans, tables, executed=None, entry=None):
        self.spans = spans
        self.tables = tables
        self.executed = executed  # a table, or None
        self.entry = entry        # ... and where that program starts
        self.running = set()      # address spaces in which it runs

    def place(self, address):
        """program, stub, kernel or server."""
        for place, low, high in self.spans:
            if low <= address < high:
                return place
        return "kernel" if address >= KERNEL else "program"

    def find(self, address, space):
        """The function's Symbol; None: not known."""
        if space in self.running and self.place(address) == "program":
            return self.executed.find(address)
        for table in self.tables:
            found = table.find(address)
            if found:
                return found
        return None

    def starts(self, address, space):
        """The kernel has begun a new program at an address, if it is the executed one's start."""
        if address == self.entry:
            self.running.add(space)

    def forked(self, space):
        """A process goes on as a copy of its parent, in an address space of its own."""
        self.running.discard(space)


def clean(symbols):
    """Functions under the names of their sources, without what the compiler split off."""
    return [symbol._replace(name=functions.OPTIMISED.sub("", symbol.name)) for symbol in symbols]


def _bounded(listing):
    """Symbols of [(address, name)]: each ends where the next begins. Of names for one address that
    without underscores counts, then that of a system call."""
    by_address = {}
    for address, name in sorted(listing, key=lambda one: (
            one[0], one[1].startswith("_"), not one[1].startswith("__x64_"), one[1])):
        by_address.setdefault(address, name)
    lows = sorted(by_address)
    return [Symbol(low, high, by_address[low]) for low, high in zip(lows, lows[1:] + [1 << 64])]


def _entry(elf):
    """An ELF file's first instruction."""
    head = subprocess.run(["readelf", "-h", elf], check=True, capture_output=True,
                          text=True).stdout
    return int(head.split("Entry point address:")[1].split()[0], 16)


def _spans(words):
    """Places of the counting plugin's words."""
    for word in words:
        if word.startswith("class="):
            name, span = word[len("class="):].split(":")
            low, high = span.split("-")
            yield name, int(low, 16), int(high, 16)


def of(row, config, cpu):
    """The Names of a row, or (row None) of a native configuration."""
    def table(elf):
        return Table(clean(functions.text_symbols(elf)))
    if not row:
        return Names([], [table(product(config, "root.elf")), table(product(config, "kernel.elf"))])
    tables = [table(functions.BENCH)]
    executed, entry = table(EXECUTED), _entry(EXECUTED)
    if row.placement == "linux":
        kernel = Table(clean(_bounded(kallsyms.of_row(row, cpu))))
        return Names([], [*tables, kernel, Table([VDSO])], executed, entry)
    spans = list(_spans(rows.guest(row, cpu, *rows.SPREAD[0]).plugin))
    stubs = [Symbol(low, high, place) for place, low, high in spans if place == "stub"]
    tables += [table(product(config, "kernel.elf")), Table(stubs)]
    if row.placement == "user":
        tables.append(table(product(config, "server.elf")))
    return Names(spans, tables, executed, entry)
