# SPDX-License-Identifier: BSD-2-Clause
"""The phase map: which code is which phase, and that nothing gets lost on the way to the table."""
import csv
import io
import os
import subprocess
import unittest

from l4k import breakdown, functions, phases
from l4k.functions import Piece, Range
from l4k.layout import ROOT
from l4k.measure import Unsound

ENTRY = Piece("entry", "enter", "", "l4k/ipc/x.S", True)
CHECK = Piece("checks", "send", "find", "mach_ipc/x.c", True)
LOOP = Piece("user program", "loop", "", "bench/linux/x.c")
PIECES = {piece.label: piece for piece in (ENTRY, CHECK, LOOP)}
OPERATION = breakdown.Operation("getpid", 4, 5, 10, "getpid()", 10)


def source(path):
    """A file of the tree."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def region(number, parts, user, dispatches=10):
    """The plugin's lines of one occurrence; `parts`: [(label, insn, entries)]."""
    total = sum(insn for _, insn, _ in parts)
    yield {"region": number, "insn": total, "by": {"user": user, "kernel": total - user},
           "probes": {"dispatch": dispatches}}
    for label, insn, entries in parts:
        yield {"region": number, "function": {"name": label, "insn": insn, "entries": entries}}


def recorded(loops=(0, 7, 0), **options):
    """Counts of a loop that ran once for each of `loops`: instructions more than usual."""
    lines = []
    for more in loops:
        lines += region(4, [(LOOP.label, 40, 0), (ENTRY.label, 100, 10),
                            (CHECK.label, 50 + more, 0)], 40, **options)
        lines += region(5, [(LOOP.label, 30, 0)], 30)
    return lines


class Sums(unittest.TestCase):
    def test_phases(self):
        result = breakdown.break_down(OPERATION, recorded(), PIECES)
        self.assertEqual((result.insn, result.kernel), (160, 150))
        self.assertEqual(result.totals(),
                         [("user program", 10, 0), ("entry", 100, 100), ("checks", 50, 50)])
        self.assertEqual([(line.label, line.insn, line.entries) for line in result.lines],
                         [(LOOP.label, 10, 0), (ENTRY.label, 100, 10), (CHECK.label, 50, 0)])

    def test_no_overhead(self):
        bare = breakdown.Operation("rpc", 4, None, 10, "RPC")
        self.assertEqual(breakdown.break_down(bare, recorded(), PIECES).insn, 190)

    def test_what_is_in_no_function(self):
        lines = list(region(4, [("?user", 1, 0), ("?kernel", 2, 0), (ENTRY.label, 3, 1)], 1))
        bare = breakdown.Operation("rpc", 4, None, 1, "RPC")
        self.assertEqual(breakdown.break_down(bare, lines, PIECES).totals(),
                         [("user program", 1, 0), ("entry", 3, 3), ("other", 2, 2)])

    def refuse(self, words, lines, operation=OPERATION):
        with self.assertRaises(Unsound) as caught:
            breakdown.break_down(operation, lines, PIECES)
        self.assertIn(words, str(caught.exception))

    def test_lost_function(self):
        lines = recorded()
        lines.remove(next(line for line in lines
                          if line.get("function", {}).get("name") == CHECK.label))
        self.refuse("functions sum to 140, the count is 190", lines)

    def test_wrong_place(self):
        lines = recorded()
        for line in lines:
            if line["region"] == 4 and "by" in line:
                line["by"] = {"user": 50, "kernel": 140}
        self.refuse("in the kernel", lines)

    def test_lost_dispatch(self):
        self.refuse("makes 10 calls, the server took up 9", recorded(dispatches=9))

    def test_missing_region(self):
        self.refuse("never closed", list(region(5, [(LOOP.label, 30, 0)], 30)))

    def test_plugin_error(self):
        self.refuse("counting plugin", recorded() + [{"error": "region 4 never closed"}])


class Operations(unittest.TestCase):
    def test_names(self):
        found = breakdown.operations([
            {"bench": "pipe", "what": "pipe", "region": 20, "overhead": 21, "iterations": 200,
             "repetitions": 7, "calls": -1},
            {"mach": "RPC, 1024 B echo", "region": 5, "iterations": 1000},
            {"ipc": "inter_as_call_slow", "words": 8, "region": 70, "iterations": 500},
            {"ipc": "inter_as_reply_slow", "words": 8, "region": 70, "iterations": 500}])
        self.assertEqual(list(found), ["pipe", "rpc-1024-b-echo", "inter_as_slow-8"])
        self.assertIsNone(found["pipe"].dispatches)
        self.assertIsNone(found["rpc-1024-b-echo"].overhead)


class Output(unittest.TestCase):
    def setUp(self):
        self.result = breakdown.break_down(OPERATION, recorded(), PIECES)

    def test_text(self):
        text = breakdown.text(self.result, "caption")
        lines = [line.split() for line in text.splitlines()]
        self.assertIn("find in send (mach_ipc/x.c) 5 31.2".split(), lines)
        self.assertIn("enter (l4k/ipc/x.S) 10 62.5 1".split(), lines)
        self.assertIn("checks 5 31.2 5 33.3".split(), lines)
        self.assertIn("all 16 100.0 15 100.0".split(), lines)

    def test_json_and_csv(self):
        table = breakdown.as_json(self.result, {"config": "mono"})
        self.assertEqual((table["insn"], table["loop_insn"], table["loop_kernel"]), (16, 160, 150))
        self.assertEqual(sum(one["loop_insn"] for one in table["phases"]), 160)
        self.assertEqual(sum(one["loop_insn"] for one in table["functions"]), 160)
        rows = list(csv.DictReader(io.StringIO(breakdown.as_csv(self.result, {"config": "mono"}))))
        self.assertEqual(sum(int(row["loop_insn"]) for row in rows), 160)
        self.assertEqual(rows[2]["function"], "find in send (mach_ipc/x.c)")


class Phases(unittest.TestCase):
    SOURCE = """\
/* if (comment) return NULL; */
    if (size < 4 ||
        size % 8)
        return MACH_SEND_MSG_TOO_SMALL;
    if (kr != KERN_SUCCESS) {
        free(m);
        return kr;
    }
    if (dead)
        return MACH_MSG_SUCCESS;
    if (found)
        use(found);
    assert(m->kind != 0);
    if (!ok)
        return KERN_SUCCESS;
    else if (!next(m))
        kr = MACH_SEND_INVALID_TYPE;
    if (wanted) {
        if (!there)
            return NULL;
    }
    if (s == t)
        return search(s);
"""

    def test_check_lines(self):
        self.assertEqual(phases.check_lines(self.SOURCE), {2, 3, 5, 13, 16, 19})

    def test_every_phase_is_printed(self):
        named = {rule[-1] for rule in phases.FUNCTIONS + phases.ASSEMBLY}
        self.assertEqual(named - {phases.INHERIT} - set(phases.PHASES), set())

    def test_all_that_is_named_exists(self):
        sources = {os.path.relpath(os.path.join(where, name), ROOT)
                   for part in ("l4k", "mach_ipc", "personality/place")
                   for where, _, names in os.walk(os.path.join(ROOT, part)) for name in names}
        for of_path, of_name, _ in phases.FUNCTIONS:
            found = [path for path in sources if of_path.fullmatch(path)]
            self.assertTrue(found, of_path.pattern)
            text = "".join(source(path) for path in found)
            for name in of_name.pattern.split("|"):
                self.assertTrue(name == phases.ANY or f"{name}(" in text, name)

    def test_assembly(self):
        fast = "l4k/ipc/fastpath.S", "syscall_entry_wrmsr"
        for text, phase in (("mov    %rsp,0x1d8d9(%rip)", "entry"), ("jae    10", "checks"),
                            ("mov    (%rcx,%r11,8),%rcx", "rights and names"),
                            ("mov    %rcx,%cr3", "switch"), ("wrmsr", "switch"),
                            ("mov    %rsp,0xf0(%r11)", "queue"), ("sysretq", "exit"),
                            ("ud2", "fast path")):
            self.assertEqual(phases.of_assembly(*fast, text), phase, text)
        self.assertEqual(phases.of_assembly("elsewhere.S", "f", "nop"), "other")


class Pieces(unittest.TestCase):
    def test_inlined(self):
        chain = [("list_empty", "l4k/lib/list.h", 0), ("space_lookup", "mach_ipc/space.h", 0),
                 ("kmsg_copyin", "mach_ipc/copyin.c", 0)]
        self.assertEqual(functions.piece_of("kmsg_copyin.cold", chain, "nop"),
                         Piece("rights and names", "kmsg_copyin", "space_lookup",
                               "mach_ipc/copyin.c"))
        self.assertEqual(functions.piece_of("kmsg_copyin", chain[2:], "nop").label,
                         "copy in: kmsg_copyin (mach_ipc/copyin.c)")
        self.assertEqual(functions.piece_of("f", [], "nop").phase, "other")

    def test_neighbours_are_joined(self):
        joined = functions._joined([Range(1, 2, True, ENTRY), Range(2, 4, False, ENTRY),
                                    Range(4, 5, True, ENTRY), Range(5, 6, False, CHECK)])
        self.assertEqual([one[:3] for one in joined],
                         [(1, 4, True), (4, 5, True), (5, 6, False)])
        self.assertEqual(functions.table(joined[:1]), "1 4 e entry: enter (l4k/ipc/x.S)\n")


class CommandLine(unittest.TestCase):
    def refuse(self, *words):
        done = subprocess.run([os.path.join(ROOT, "scripts", "breakdown"), *words],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1))
        return done.stderr

    def test_unknown(self):
        self.assertIn("no configuration nonsense; there are linux",
                      self.refuse("nonsense", "getpid"))
        self.assertIn("mono has no benchmark nonsense; there are null",
                      self.refuse("mono", "nonsense"))


if __name__ == "__main__":
    unittest.main()
