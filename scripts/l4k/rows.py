# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the table, as data: configurations, labels, the paper's figures, the spread.

The paper is Haertig et al., "The Performance of mu-Kernel-Based Systems", SOSP 1997, table 2:
getpid in cycles of a Pentium 133.
"""
import dataclasses
import os

from l4k import linux
from l4k.guest import Guest, boot_files
from l4k.layout import BUILD, ROOT, Missing, defines, product, symbols

INITRAMFS = os.path.join(BUILD, "bench", "initramfs.cpio")
LINUX_OPTIONS = "console=ttyS0 quiet panic=-1 rdinit=/init acpi=off nokaslr"
CANONICAL_END = 1 << 47


def fast(one):
    """Does an entry of table.json's "ipc" stand for the fast path?"""
    return one["words"] <= IPC_SHORT and not one["case"].endswith("_slow")


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table. `placement` tells where the server is found: "linux" (there is none),
    "kernel" (collocated) or "user" (a task of its own)."""
    config: str
    label: str
    paper_cycles: int
    placement: str
    linux_options: str = ""
    timeout: int = 90


ROWS = [
    Row("linux", "Linux", 223, "linux", linux_options="mitigations=off"),
    Row("linux-defaults", "Linux, default mitigations", None, "linux"),
    Row("mono", "monolithic reference", None, "kernel"),
    Row("l4linux", "L4Linux", 526, "user"),
    Row("l4linux-tramp", "L4Linux (trampoline)", 753, "user"),
    Row("mklinux-kern", "MkLinux in-kernel", 2050, "kernel"),
    Row("mklinux-user", "MkLinux user", 14710, "user"),
]



def short_label(label):
    """A row's name in a table; a variant of the row above is indented."""
    _, comma, variant = label.partition(", ")
    return "  " + variant if comma else label


PAPER_MHZ = 133

# Machines of the cycle model that the table is made for; the first one's is the main column.
MACHINES = ["p133", "skylake"]

# Boots of each row: (RTC base, stack offset in bytes).
SPREAD = [
    ("2026-01-01T00:00:00", 0),
    ("2026-01-01T00:00:01", 64),
    ("2026-02-03T04:05:06", 720),
    ("2026-07-01T12:00:00", 2064),
    ("2027-11-30T23:59:59", 4128),
]

# IPC one way, kernel instructions, call and reply alike: what we are to reach, and what others take
# between address spaces; theirs we measured in the same way (QEMU 7.2 TCG).
IPC_SHORT = 6  # words that travel in registers; more take the slow path
IPC_TARGETS = [
    ("between address spaces, 0 to 6 words", lambda one: fast(one) and "inter" in one["case"], 56),
    ("within one address space, 0 to 6 words",
     lambda one: fast(one) and "intra" in one["case"], 54),
    ("slow path, 0 to 63 words", lambda one: not fast(one), 300),
]
IPC_PEERS = [
    ("Pistachio amd64, its fast path mended", "74-77"),
    ("NOVA, call / reply, 1 word", "155 / 120"),
    ("seL4, mitigations off, call / reply", "193 / 219"),
]

# Native IPC: boots of the configuration `l4native`, on each of these CPU models.
IPC_CONFIG = "l4native"
IPC_CPUS = ["max", "qemu64"]


def _class(name, low, high):
    """The plugin's word for a range of addresses."""
    return f"class={name}:{low:x}-{high:x}"


def _server_words(row):
    """The plugin's words that tell where the server is and where it takes up a call."""
    layout = defines("l4k/abi/layout.h")
    kernel = symbols(product(row.config, "kernel.elf"))
    try:
        if row.placement == "kernel":
            words = [_class("server", kernel["__server_text_start"], kernel["__server_text_end"]),
                     f"probe=dispatch:{kernel['server_syscall']:x}"]
        else:
            server = symbols(product(row.config, "server.elf"))
            words = [_class("server", layout["SERVER_BASE"], CANONICAL_END),
                     f"probe=dispatch:{server['server_syscall']:x}"]
    except KeyError as missing:
        raise Missing(f"{row.config}: no symbol {missing}") from None
    words.append(_class("stub", layout["STUB_BASE"], layout["STUB_BASE"] + layout["STUB_SIZE"]))
    if "syscall_reflect" in kernel:
        words.append(f"probe=reflect:{kernel['syscall_reflect']:x}")
    return words


def guest(row, cpu, rtc, stackpad):
    """What to boot for one run of a row. Missing if something has not been built or fetched."""
    if not os.path.exists(INITRAMFS):
        raise Missing(f"{os.path.relpath(INITRAMFS, ROOT)} has not been built: "
                      "make bench-initramfs")
    words = f"stackpad={stackpad}"
    if row.placement == "linux":
        return Guest(row.config, cpu, linux.fetch(), INITRAMFS,
                     " ".join(filter(None, [LINUX_OPTIONS, row.linux_options, words])), rtc,
                     plugin=[], timeout=row.timeout)
    kernel, initrd = boot_files(row.config)
    return Guest(row.config, cpu, kernel, initrd, words, rtc, plugin=_server_words(row),
                 timeout=row.timeout)


def ipc_guest(cpu):
    """The native IPC benchmark."""
    kernel, initrd = boot_files(IPC_CONFIG)
    return Guest(IPC_CONFIG, cpu, kernel, initrd, "", plugin=["bursts=1"])
