# SPDX-License-Identifier: BSD-2-Clause
"""The story of one operation: who called whom, from how each instruction was reached."""
import io
import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree
from unittest import mock

import data
from test_commands import Commands
from l4k import flame, kallsyms, linux, names, rows, trace
from l4k.functions import Symbol
from l4k.layout import ROOT
from l4k.measure import Unsound

SVG = "{http://www.w3.org/2000/svg}"
K = 0xffffffff80000000
SERVER = 0x700000000000
HERE, THERE = "5000", "6000"  # address spaces

PROGRAM = [Symbol(0x400000, 0x401000, "_start"), Symbol(0x401000, 0x402000, "loop"),
           Symbol(0x402000, 0x403000, "getpid")]
SERVING = [Symbol(SERVER, SERVER + 0x100, "serve"), Symbol(SERVER + 0x100, SERVER + 0x200, "answer")]
KERNEL = [Symbol(K, K + 0x10, "entry"), Symbol(K + 0x10, K + 0x20, "within", True),
          Symbol(K + 0x20, K + 0x100, "exit"), Symbol(K + 0x100, K + 0x200, "f"),
          Symbol(K + 0x200, K + 0x300, "g"), Symbol(K + 0x300, K + 0x400, "thunk")]
EXECUTED = [Symbol(0x401000, 0x402000, "hello")]


def known(kernel=None):
    """Names of the above."""
    return names.Names([("server", SERVER, SERVER + 0x1000)],
                       [names.Table(one) for one in (PROGRAM, SERVING,
                                                     KERNEL if kernel is None else kernel)],
                       names.Table(EXECUTED), 0x401000)


def step(arrival, address, space=HERE, length=2, insn=1):
    """A step that costs a cycle."""
    return trace.Step(0, address, length, arrival, space, insn, (0, 0, 0), (100,) + (0,) * 6)


def story(*steps, **options):
    """["DEPTH function" ...], "<" before what goes on."""
    return [f"{len(one.path) - 1} {'' if one.entered else '<'}{one.function}"
            for one in trace.passages(steps, known(**options))]


ENTRY = [step("next", 0x402000), step("trap", K)]


class Recorded(unittest.TestCase):
    """A call to a server of its own, from data/steps.txt."""

    def setUp(self):
        self.file = io.StringIO(data.text("steps.txt"))
        self.turns, self.ticks = trace.turns(self.file, 3)
        self.story = trace.passages(trace.steps_of(self.file, self.turns[0]), known())

    def test_turns(self):
        self.assertEqual(self.ticks, 20600)
        self.assertEqual([turn.ticks for turn in self.turns], [19200, 800])
        self.assertEqual(trace.typical(self.turns), 1)
        self.assertEqual(trace.typical([*self.turns, self.turns[0]]), 0)

    def test_no_turn(self):
        with self.assertRaisesRegex(Unsound, "no instruction of the program runs once in each"):
            trace.turns(io.StringIO(data.text("steps.txt")), 4)
        with self.assertRaisesRegex(Unsound, "no steps"):
            trace.turns(io.StringIO(), 4)

    def test_story(self):
        self.assertEqual(
            [(one.place, len(one.path), one.function, one.entered, one.insn, sum(one.ticks))
             for one in self.story],
            [("program", 1, "loop", True, 1, 100), ("program", 2, "getpid", True, 1, 100),
             ("kernel", 3, "entry", True, 2, 7800), ("server", 4, "serve", False, 1, 3200),
             ("server", 5, "answer", True, 1, 100), ("server", 4, "serve", False, 1, 100),
             ("kernel", 5, "entry", True, 1, 4900), ("program", 2, "getpid", False, 1, 2800),
             ("program", 1, "loop", False, 1, 100)])

    def test_sums(self):
        all_ = trace.total(self.story, 19200)
        self.assertEqual((all_.insn, all_.misses, all_.most), (10, [1, 1, 1], "privileged"))
        with self.assertRaisesRegex(Unsound, "sum to 19200 ticks, the turn took 19201"):
            trace.total(self.story, 19201)

    def test_text(self):
        lines = trace.text(self.story, trace.total(self.story, 19200), "caption").splitlines()
        self.assertEqual(max(map(len, lines)), len(lines[0]))
        self.assertEqual(lines[4].split(), "server < serve 1 32.00 privileged - 1 -".split())
        self.assertEqual(lines[4].index("<"), 8 + 6)
        self.assertEqual(lines[10].split(), "all 10 192.00 privileged 1 1 1".split())
        self.assertEqual(lines[-1], "caption")

    def test_deep(self):
        deep = trace.Passage((("kernel", "f" * 40),) * 5, True)
        self.assertEqual(trace._indented([deep]), [" " * 4 + "f" * 40])

    def test_json(self):
        table = trace.as_json(self.story, trace.total(self.story, 19200), {"config": "x"})
        self.assertEqual((table["insn"], table["cycles"], table["privileged"]), (10, 192, 150))
        self.assertEqual(sum(line["cycles"] for line in table["lines"]), 192)
        self.assertEqual([line["depth"] for line in table["lines"]], [0, 1, 2, 3, 4, 3, 4, 1, 0])

    def test_folded(self):
        lines = trace.as_folded(trace.folded(self.story)).splitlines()
        self.assertEqual(lines[0], "program:loop 2.00")
        self.assertEqual(lines[3], "program:loop;program:getpid;kernel:entry;server:serve 33.00")
        self.assertEqual(sum(float(line.split()[-1]) for line in lines), 192)

    def test_flame(self):
        picture = flame.svg(trace.folded(self.story), "a < b", ["caption"], "cycles", 100)
        root = xml.etree.ElementTree.fromstring(picture)
        boxes = {one.find(SVG + "title").text.split(": ")[0]: one for one in root.iter(SVG + "g")}
        self.assertEqual(list(boxes), ["all", "loop (program)", "getpid (program)",
                                       "entry (kernel)", "serve (server)", "answer (server)"])
        self.assertIn("192.00 cycles, 100.0 %, 2.00 its own",
                      boxes["loop (program)"].find(SVG + "title").text)
        widths = {name: float(one.find(SVG + "rect").get("width")) for name, one in boxes.items()}
        self.assertAlmostEqual(widths["all"], flame.WIDTH - 2 * flame.MARGIN)
        self.assertAlmostEqual(widths["getpid (program)"], widths["all"] * 190 / 192, places=1)


class Stack(unittest.TestCase):
    """How a stack follows each kind of arrival."""

    def test_tail_call(self):
        self.assertEqual(story(*ENTRY, step("call", K + 0x100), step("jump", K + 0x200),
                               step("return", K + 2)),
                         ["0 getpid", "1 entry", "2 f", "2 g", "1 <entry"])

    def test_labels(self):
        """What is fallen into or jumped to within an assembly file is no function; what is called
        is one."""
        self.assertEqual(story(*ENTRY, step("next", K + 0x12), step("jump", K + 0x4),
                               step("jump", K + 0x10), step("next", K + 0x20),
                               step("jump", K + 0x22)), ["0 getpid", "1 entry"])
        self.assertEqual(story(*ENTRY, step("call", K + 0x10), step("return", K + 2)),
                         ["0 getpid", "1 entry", "2 within", "1 <entry"])

    def test_split_function(self):
        """What the compiler split off is the same function."""
        self.assertEqual(names.clean([Symbol(1, 2, "f.cold"), Symbol(2, 3, "f.part.0")]),
                         [Symbol(1, 2, "f"), Symbol(2, 3, "f")])

    def test_retpoline(self):
        """A call into the midst of the caller leaves only an address; a return to a function's
        first instruction is a jump."""
        self.assertEqual(story(*ENTRY, step("call", K + 0x300), step("call", K + 0x310),
                               step("return", K + 0x200), step("return", K + 2)),
                         ["0 getpid", "1 entry", "2 thunk", "2 g", "1 <entry"])

    def test_recursion(self):
        self.assertEqual(story(*ENTRY, step("call", K + 0x100), step("call", K + 0x100),
                               step("return", K + 0x102), step("return", K + 2)),
                         ["0 getpid", "1 entry", "2 f", "3 f", "2 <f", "1 <entry"])

    def test_unseen_caller(self):
        """A switch of stacks inside the kernel comes back into functions that were never entered,
        and then to those that were."""
        self.assertEqual(story(*ENTRY, step("call", K + 0x100), step("call", K + 0x200),
                               step("return", K + 0x340), step("return", K + 2)),
                         ["0 getpid", "1 entry", "2 f", "3 g", "2 <thunk", "1 <entry"])

    def test_fault(self):
        """An instruction that faults is taken up again."""
        self.assertEqual(story(step("next", 0x401010), step("event", K),
                               step("leave", 0x401010, insn=0), step("next", 0x401012)),
                         ["0 <loop", "1 entry", "0 <loop"])

    def test_fault_in_the_kernel(self):
        self.assertEqual(story(*ENTRY, step("event", K + 0x100), step("leave", K + 2)),
                         ["0 getpid", "1 entry", "2 f", "1 <entry"])
        self.assertEqual(story(*ENTRY, step("event", K + 0x100), step("leave", K + 0x204)),
                         ["0 getpid", "1 entry", "2 f", "1 <g"])

    def test_fork(self):
        """The child goes on where its parent will, but in another address space."""
        self.assertEqual(story(*ENTRY, step("leave", 0x402002, THERE), step("trap", K, THERE),
                               step("leave", 0x402002)),
                         ["0 getpid", "1 entry", "2 <getpid", "3 entry", "0 <getpid"])

    def test_exec(self):
        """Another program runs at the same addresses, until the space is another child's."""
        self.assertEqual(story(*ENTRY, step("leave", 0x401000, THERE), step("trap", K, THERE),
                               step("leave", 0x402002, THERE)),
                         ["0 getpid", "1 entry", "2 hello", "3 entry", "4 <getpid"])

    def test_stub(self):
        """A jump to another place goes below, one back comes back."""
        self.assertEqual(story(step("next", 0x402000), step("jump", SERVER + 8),
                               step("jump", 0x402006)),
                         ["0 getpid", "1 serve", "0 <getpid"])

    def test_stub_of_another(self):
        """What the kernel lets go on in the midst of a stub jumps back to a caller never seen."""
        self.assertEqual(story(*ENTRY, step("leave", SERVER + 4, THERE),
                               step("jump", 0x402002, THERE)),
                         ["0 getpid", "1 entry", "2 <serve", "2 <getpid"])

    def test_sent_to_the_stub(self):
        """The kernel sends the caller to code of its own space, which jumps back by itself."""
        self.assertEqual(story(*ENTRY, step("leave", SERVER), step("trap", K),
                               step("leave", SERVER + 2), step("jump", 0x402002)),
                         ["0 getpid", "1 entry", "2 serve", "3 entry", "2 <serve", "0 <getpid"])

    def test_no_names(self):
        """A kernel that tells no symbols: functions are called after where they were entered."""
        self.assertEqual(story(*ENTRY, step("jump", K + 0x40), step("call", K + 0x100),
                               step("next", K + 0x102), step("return", K + 0x42), kernel=[]),
                         ["0 getpid", f"1 {K:#x}", f"2 {K + 0x100:#x}", f"1 <{K:#x}"])


class Kallsyms(unittest.TestCase):
    def test_parse(self):
        found = kallsyms.parse(data.text("kallsyms.log"))
        self.assertEqual(len(found), 6)
        self.assertEqual(names._bounded(found),
                         [Symbol(0xffffffff81000000, 0xffffffff81000080, "startup_64"),
                          Symbol(0xffffffff81000080, 0xffffffff81c00000, "__x64_sys_getpid"),
                          Symbol(0xffffffff81c00000, 1 << 64, "entry_SYSCALL_64")])

    def test_lost_line(self):
        with self.assertRaisesRegex(Unsound, "5 came over"):
            kallsyms.parse(data.text("kallsyms.log").replace("81000080 __x", "8100oops\n"))

    def test_none(self):
        """A kernel without /proc/kallsyms: one line, no functions."""
        with tempfile.TemporaryDirectory() as where, \
                mock.patch.object(linux, "DIRECTORY", where), \
                mock.patch.object(linux, "fetch", lambda: "bzImage"), \
                mock.patch.object(kallsyms, "path_of", lambda _: os.path.join(where, "symbols")), \
                mock.patch.object(kallsyms, "_boot", lambda *_: []), \
                mock.patch("sys.stderr", io.StringIO()) as said:
            self.assertEqual(kallsyms.of_row(rows.ROWS[0], "qemu64"), [])
        self.assertEqual(said.getvalue(), "linux: the kernel has no /proc/kallsyms: its functions "
                                          "are addresses\n")


class CommandLine(Commands):
    """Bad input, and guests that do not end well."""

    def outcome(self, status, words, *arguments, **fake):
        done = self.run_script("trace", *arguments, **fake)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertIn(words, done.stderr.splitlines()[-1])
        return done.stderr

    def refuse(self, words, *arguments):
        self.assertEqual(self.outcome(2, words, *arguments).count("\n"), 1)

    def test_bad_input(self):
        self.refuse("no configuration plan9; there are linux", "plan9", "getpid")
        self.refuse("mono has no benchmark x; there are null", "mono", "x")
        self.refuse("no machine file bench/machines/vax.ini", "linux", "getpid", "--machine", "vax")
        self.refuse("reads NAME:SECTION.KEY=VALUE", "linux", "getpid", "--machine", "p133:l1d")
        self.refuse("invalid int value: 'x'", "linux", "getpid", "--nth", "x")
        self.refuse("required: bench", "linux")

    def test_bad_guest(self):
        self.outcome(1, "assertion failed", "linux", "getpid", FAKE_LOG="assert.log")
        self.outcome(4, "crashed", "linux", "getpid", FAKE_LOG="linux-panic.log")
        self.outcome(5, "missing marker", "linux", "getpid", FAKE_LOG="hung.log")

    def test_make(self):
        done = subprocess.run(["make", "-n", "trace", "CONFIG=mono", "BENCH=null", "NTH=3",
                               "MACHINE=skylake", "CPU=max"], cwd=ROOT, capture_output=True,
                              text=True, check=False)
        self.assertIn("scripts/trace 'mono' 'null' --machine 'skylake' --cpu max --nth 3",
                      " ".join(done.stdout.replace("\\\n", " ").split()))


if __name__ == "__main__":
    unittest.main()
