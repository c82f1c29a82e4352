# SPDX-License-Identifier: BSD-2-Clause
"""What the plots show: data that come from the table, and what to see in each.

A plot NAME is bench/plots/NAME.gp over plots/NAME.csv. getpid and mcpi are made from model.csv, the
others are series.py's.
"""
import csv
import io
import os

from l4k import rows, series
from l4k.cycles import PARTS
from l4k.layout import Missing

CONFIGS = [row.config for row in rows.ROWS if row.config != "linux-defaults"]
MEMORY = ["icache", "dcache", "tlb", "write_buffer"]
MAIN = f"model:{series.MAIN}"
PARTNER = "Cycles of the model p133, -cpu {cpu}, {boots}, QEMU {qemu}, commit {commit}."

# name: (title, what to see)
PLOTS = {
    "getpid": (
        "getpid() by row, and the paper's",
        "Each bar is a row's cost as a ratio to Linux's, stacked by where the model's cycles go; the "
        "hatched bar beside it is the paper's ratio. Look at which colours grow: translation "
        "buffers and privileged instructions where the address space changes twice, issue and both "
        "caches where a message is built. The right panel has another scale."),
    "context_switch": (
        "Context switch against the working set",
        "lmbench's method: a token goes round a ring of processes, each of which reads its array; one "
        "process that passes the token and reads its one array alone is subtracted. Look for where "
        "a curve turns up: two processes outgrow the 8 KiB L1 at 4 KiB each and stay in the 256 "
        "KiB L2, which four outgrow at 64 KiB each and sixteen at 16. The dip at 16 KiB is the "
        "lone process's: from there its array does not fit the L1 either. Linux lies high at 0 KiB "
        "already: its switch executes more than three times the others' instructions, and I-cache "
        "misses are the largest part of its cycles. In mklinux-user the pipe calls alone already "
        "leave the caches cold, so that a switch adds little, or less than nothing."),
    "dirtied": (
        "A call after dirtied caches",
        "Before each call, or before each answer, somebody adds to a word in each line of so "
        "many KiB; the same writes alone are subtracted. Upper left the program itself does, "
        "before getpid(): a call served by another address space has more lines and pages to "
        "lose. In the other panels a partner in another address space does, before it answers: "
        "through pipes, or by the two native IPC paths alone. Lower right is what that adds to "
        "a round trip: least to the short path of l4native. Of 256 KiB, 4000 to 5000 cycles are "
        "page walks in every configuration: the partner's 64 pages, dropped at each switch. The "
        "rest is what caller and kernel find gone, data first, in long paths code, too: so "
        "Linux and mklinux-user lose most. A peak at 8 KiB is where the writes just fit the L1 "
        "and the call alone drives them out. Near 256 KiB, the size of the direct-mapped L2, it "
        "counts which pages the partner got: what runs before in the same boot moves mono's "
        "addition there by a third. Scales differ."),
    "mcpi": (
        "Memory cycles per instruction",
        "After Chen and Bershad (SOSP 1993): cycles that wait for memory, over all instructions of "
        "the operation; left bars the program's own share, right bars the system's (stub, kernel "
        "and server). Look at which colour grows from mono to the rows with a server: a change of "
        "address space shows as TLB, a long path as I-cache. Scales differ."),
    "caches": (
        "Cost against cache size, associativity and TLB entries",
        "One value of p133 varies, all else stays. A curve that falls tells what a row lacks: larger "
        "caches help the long paths of mklinux-user and of a pipe, and a flat curve fits in already; "
        "more TLB entries help nobody whose translations are dropped at each switch."),
    "misses": (
        "Conflict, capacity and compulsory misses of one call",
        "Misses of one operation in the first-level caches; a bar is named after who executes. "
        "Conflict: a cache of the same size without sets would have hit; capacity: it would not; "
        "compulsory: the line was never seen. A path that fits has none. What page walks read is "
        "not among them: mcpi has it as TLB."),
}
NAMES = list(PLOTS)


def read_table(path):
    """The lines of the main machine in model.csv. Missing if there are none."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = [line for line in csv.DictReader(file) if line["counter"] == MAIN]
    except FileNotFoundError:
        lines = []
    if not any(line["config"] == "linux" for line in lines):
        raise Missing(f"{path} has no figures of Linux on {series.MAIN}: make table")
    return lines


def _text(head, lines):
    """A CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    return out.getvalue()


ABOUT = ["counter", "cpu", "qemu", "commit"]


def _getpid(table):
    """Each row's getpid beside Linux's and the paper's."""
    mine = {line["config"]: line for line in table
            if (line["bench"], line["place"]) == ("getpid", "all")}
    paper = {row.config: row.paper_cycles for row in rows.ROWS}
    return _text(["config", *ABOUT, "cycles", "linux_cycles", *PARTS, "paper_ratio"],
                 [[config, *(mine[config][key] for key in ABOUT), mine[config]["cycles"],
                   mine["linux"]["cycles"], *(mine[config][part] for part in PARTS),
                   f"{paper[config] / paper['linux']:.2f}" if paper[config] else ""]
                  for config in CONFIGS if config in mine])


def _mcpi(table):
    """Each benchmark's memory cycles per instruction, the user's share and the system's."""
    lines = []
    for whole in table:
        if whole["place"] != "all" or whole["config"] not in CONFIGS or whole["bench"] == "null":
            continue
        of_user = next(line for line in table if line["place"] == "user" and
                       (line["config"], line["bench"]) == (whole["config"], whole["bench"]))
        user = [int(of_user[part]) for part in MEMORY]
        system = [int(whole[part]) - mine for part, mine in zip(MEMORY, user)]
        for side, share in (("user", user), ("system", system)):
            lines.append([whole["config"], *(whole[key] for key in ABOUT), whole["bench"], side,
                          *(f"{ticks / int(whole['insn']):.4f}" for ticks in share)])
    return _text(["config", *ABOUT, "bench", "side", *MEMORY], lines)


def derived(table):
    """[(name, CSV text)] of the plots that are made from the table."""
    return [("getpid", _getpid(table)), ("mcpi", _mcpi(table))]


def _where(path):
    """What the figures of a CSV file are."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            line = next(csv.DictReader(file))
    except (FileNotFoundError, StopIteration):
        raise Missing(f"{path} has no figures: make plots") from None
    if not set(ABOUT) <= set(line):
        raise Missing(f"{path} does not say what its figures are: make plots")
    boots = int(line.get("boots") or len(rows.SPREAD))
    return PARTNER.format(cpu=line["cpu"], qemu=line["qemu"], commit=line["commit"],
                          boots="1 boot" if boots == 1 else f"the median of {boots} boots")


def captions(directory):
    """The content of captions.json."""
    return {name: {"title": title, "see": f"{see} {_where(os.path.join(directory, name + '.csv'))}",
                   "data": name + ".csv"} for name, (title, see) in PLOTS.items()}
