# SPDX-License-Identifier: BSD-2-Clause
"""What the guest's code consists of: pieces of functions with the phase that each belongs to, from
the symbols and line tables of what is booted. The counting plugin takes them as its functions."""
import collections
import dataclasses
import functools
import os
import re
import subprocess

from l4k import phases
from l4k.layout import BUILD, ROOT, Missing, defines, product

BENCH = os.path.join(BUILD, "bench", "bench-linux")
OPTIMISED = re.compile(r"\.(cold|part|isra|constprop|lto_priv)\b.*")


@dataclasses.dataclass(frozen=True)
class Piece:
    """All instructions of one function that are part of one phase. `via` is the function inlined
    there that makes them part of it, or ""."""
    phase: str
    function: str
    via: str
    path: str
    kernel: bool = False  # in the kernel, and not the server's

    @property
    def label(self):
        """As the plugin and people name it."""
        inner = f"{self.via} in {self.function}" if self.via else self.function
        return f"{self.phase}: {inner}" + (f" ({self.path})" if "." in self.path[2:] else "")


# `label`: in assembly, known to one file only: a place in the function before it, if nothing calls it.
Symbol = collections.namedtuple("Symbol", "low high name label", defaults=[False])
Range = collections.namedtuple("Range", "low high entry piece")


def _tool(name, *words, text=None):
    """Lines that one of the binutils prints."""
    command = [os.environ.get(name.upper(), name), *words]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True,
                              input=text).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"{command[0]} failed: {error}") from None


def text_symbols(elf):
    """The functions of an ELF file by address; one without a size ends where the next begins."""
    if not os.path.exists(elf):
        raise Missing(f"{os.path.relpath(elf, ROOT)} has not been built")
    found = {}
    for words in map(str.split, _tool("nm", "-n", "-S", "--defined-only", elf)):
        if words[-2] not in "tTwWi" or len(words) not in (3, 4):
            continue
        low, size = int(words[0], 16), int(words[1], 16) if len(words) == 4 else 0
        if low not in found or size > found[low][0] or found[low][1].startswith("__"):
            found[low] = (size, words[-1], words[-2] == "t" and not size)
    lows = sorted(found)
    symbols = []
    for low, following in zip(lows, lows[1:] + [None]):
        size, name, label = found[low]
        high = low + size if size else following
        if high:
            symbols.append(Symbol(low, min(high, following or high), name, label))
    return symbols


def instructions(elf):
    """[(address, text)] of an ELF file's code."""
    found = []
    for line in _tool("objdump", "-d", "--no-show-raw-insn", elf):
        match = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if match:
            found.append((int(match[1], 16), match[2]))
    return found


def frames(elf, addresses):
    """Address -> [(function, path, line)] of the line table, what is inlined first."""
    output = _tool("addr2line", "-a", "-f", "-i", "-e", elf,
                   text="".join(f"{address:x}\n" for address in addresses))
    table, current, name = {}, None, None
    for line in output:
        if line.startswith("0x"):
            current, name = table.setdefault(int(line, 16), []), None
        elif name is None:
            name = line
        else:
            path, _, number = line.split(" (disc")[0].rpartition(":")
            current.append((name, _relative(path), int(number) if number.isdigit() else 0))
            name = None
    return table


@functools.lru_cache(maxsize=None)
def _relative(path):
    """A source's path from the root."""
    return os.path.relpath(path, ROOT) if os.path.isabs(path) else os.path.normpath(path)


@functools.lru_cache(maxsize=None)
def _check_lines(path):
    """Lines of a source that check something."""
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return phases.check_lines(file.read())
    except FileNotFoundError:
        return frozenset()


def piece_of(symbol, chain, text):
    """The piece that an instruction of a kernel's function belongs to; `chain` is its frames."""
    name = OPTIMISED.sub("", symbol)
    path = chain[-1][1] if chain else "??"
    if path.endswith(".S"):
        return Piece(phases.of_assembly(path, symbol, text), symbol, "", path)
    inner, inner_path, line = chain[0] if chain else (name, path, 0)
    if phases.CHECKED.match(inner_path) and line in _check_lines(inner_path):
        return Piece("checks", name, "" if len(chain) < 2 else inner, path)
    for depth, (function, where, _) in enumerate(chain):
        outer = depth == len(chain) - 1
        phase = phases.of_function(where, name if outer else function)
        if phase is not phases.INHERIT:
            return Piece(phase, name, "" if outer else function, path)
    return Piece("other", name, "", path)


def kernel_ranges(elf, server=(0, 0)):
    """Ranges of a kernel; `server`: where a collocated server's code is."""
    symbols = text_symbols(elf)
    code = instructions(elf)
    chains = frames(elf, [address for address, _ in code])
    ranges, at = [], 0
    for symbol in symbols:
        while at < len(code) and code[at][0] < symbol.low:
            at += 1
        while at < len(code) and code[at][0] < symbol.high:
            address, text = code[at]
            at += 1
            high = min(code[at][0], symbol.high) if at < len(code) else symbol.high
            if server[0] <= address < server[1]:
                piece = _plain("server", symbol.name, chains[address])
            else:
                piece = dataclasses.replace(piece_of(symbol.name, chains[address], text),
                                            kernel=True)
            ranges.append(Range(address, high, address == symbol.low, piece))
    return _joined(ranges)


def _plain(phase, name, chain):
    """A function outside the kernel."""
    return Piece(phase, OPTIMISED.sub("", name), "", chain[-1][1] if chain else "??")


def _joined(ranges):
    """Neighbours of one piece as one range."""
    joined = []
    for one in ranges:
        last = joined[-1] if joined else None
        if last and last.piece == one.piece and last.high == one.low and not one.entry:
            joined[-1] = last._replace(high=one.high)
        else:
            joined.append(one)
    return joined


def program_ranges(elf, phase):
    """Ranges of a program, function by function; of the server, what places it is apart."""
    symbols = text_symbols(elf)
    chains = frames(elf, [symbol.low for symbol in symbols])
    ranges = []
    for symbol in symbols:
        piece = _plain(phase, symbol.name, chains[symbol.low])
        if piece.function == "overhead":  # a benchmark's empty loop: subtracted from its loop
            piece = dataclasses.replace(piece, function="loop")
        if phase == "server" and piece.path.startswith("personality/place/"):
            piece = dataclasses.replace(piece, phase="placement")
        ranges.append(Range(symbol.low, symbol.high, True, piece))
    return ranges


def of_row(config, placement):
    """Ranges of all that runs in a configuration; `placement` is a row's, or "native"."""
    layout = defines("l4k/abi/layout.h")
    stub = layout["STUB_BASE"], layout["STUB_BASE"] + layout["STUB_SIZE"]
    ranges = [Range(*stub, False, Piece("stub", "stub", "", "stub"))]
    if placement == "native":
        return ranges + program_ranges(product(config, "root.elf"), "user program") + \
            kernel_ranges(product(config, "kernel.elf"))
    ranges += program_ranges(BENCH, "user program")
    if placement == "linux":
        return ranges
    kernel = product(config, "kernel.elf")
    if placement == "user":
        return ranges + program_ranges(product(config, "server.elf"), "server") + \
            kernel_ranges(kernel)
    bounds = {name: int(low, 16) for low, _, name in
              (words.split() for words in _tool("nm", kernel) if "__server_text_" in words)}
    return ranges + kernel_ranges(kernel, (bounds["__server_text_start"],
                                           bounds["__server_text_end"]))


def table(ranges):
    """The plugin's file (bench/plugin/function.h)."""
    return "".join(f"{one.low:x} {one.high:x} {'e' if one.entry else '-'} {one.piece.label}\n"
                   for one in sorted(ranges, key=lambda one: one.low))
