# SPDX-License-Identifier: BSD-2-Clause
"""From the steps of a replayed trace (bench/model/trace.h) to the story of one operation.

The call stack is told by how each instruction was reached. A call enters a function; a return leads
to the frame below which its address was left behind. Below the frame that trapped or was interrupted
stands what the kernel does, below that another context that the kernel lets run, until one of them
comes back to where a frame above was left. So one operation is one nest, whoever works for it.
"""
import collections
import dataclasses
import statistics

from l4k.cycles import PARTS, TICKS
from l4k.functions import Symbol
from l4k.measure import Unsound
from l4k.names import KERNEL

# `space` is an address space's name, `ticks` are hundredths of a cycle, one number for each part.
Step = collections.namedtuple("Step", "clock address length arrival space insn misses ticks")
Turn = collections.namedtuple("Turn", "offset end ticks")  # of the file of steps; its cost
MISSES = ("l1i", "l1d", "tlb")
ROOT_FRAME, CALLED, ENTERED, SWITCHED = "root", "called", "entered", "switched"


def parse(line):
    """A line of the replay."""
    clock, address, length, arrival, space, insn, *rest = line.split()
    numbers = tuple(map(int, rest))
    return Step(int(clock), int(address, 16), int(length), arrival, space, int(insn),
                numbers[:3], numbers[3:])


# --- Turns of the loop ---

def turns(file, iterations):
    """[Turn], and the ticks of all. `file` holds the replay of one repetition. A turn begins with
    the first instruction of the program that runs once in each, and ends before it runs again; the
    last is not whole. Unsound if there is no such instruction."""
    seen, offset, last = {}, 0, None
    for line in file:
        clock, address, _ = line.split(" ", 2)
        if len(address) < 16 and (of := seen.setdefault(address, [])) is not None \
                and parse(line).insn:
            of.append((offset, int(clock)))
            if len(of) > iterations:
                seen[address] = None
        offset += len(line)
        last = line
    if last is None:
        raise Unsound("the replay has no steps")
    last = parse(last)
    for starts in seen.values():
        if starts and len(starts) == iterations:
            return [Turn(at, end, after - before)
                    for (at, before), (end, after) in zip(starts, starts[1:])], \
                last.clock + sum(last.ticks)
    raise Unsound("no instruction of the program runs once in each turn")


def typical(found):
    """Index of the turn whose cycles are the median; the first of those alike."""
    middle = statistics.median_low([turn.ticks for turn in found])
    return next(i for i, turn in enumerate(found) if turn.ticks == middle)


def steps_of(file, turn):
    """The steps of a turn."""
    file.seek(turn.offset)
    return [parse(line) for line in file.read(turn.end - turn.offset).splitlines()]


# --- The call stack ---

@dataclasses.dataclass(eq=False)
class Frame:
    """A function that runs or waits. `back`: the addresses, in address space `space`, at which the
    frame below it would go on."""
    kind: str
    place: str
    symbol: Symbol
    back: tuple
    space: str
    labels: set = dataclasses.field(default_factory=set)  # other symbols it consists of

    def holds(self, place, symbol):
        """Is an instruction there one of this function's?"""
        return self.place == place and (self.symbol.name == symbol.name or
                                        symbol.name in self.labels)


class Stack:
    """Who called whom, from the outermost frame on."""

    def __init__(self, names):
        self.names = names
        self.frames = []
        self.last = None  # step
        self.entered = False  # a function, with the last step

    def step(self, step):
        """Follow one instruction. True if a function is entered with it: by a call, by a change of
        place, or else at its first instruction."""
        last, self.last = self.last, step
        self.entered = False
        if last is None:
            self._push(ROOT_FRAME, step, (), step.space)
        else:
            getattr(self, "_" + step.arrival)(step, last)
        return self.entered

    def _where(self, step):
        """(place, function). What has no name is called after its address; there execution stays in
        one function until it calls, returns or leaves."""
        place = self.names.place(step.address)
        symbol = self.names.find(step.address, step.space)
        if symbol:
            return place, symbol
        top = self.frames[-1] if self.frames else None
        if step.arrival in ("next", "jump") and top and top.place == place and \
                top.symbol.name.startswith("0x"):
            return place, top.symbol
        return place, Symbol(step.address, step.address + 1, f"{step.address:#x}")

    def _push(self, kind, step, back, space):
        place, symbol = self._where(step)
        self.frames.append(Frame(kind, place, symbol, back, space))
        self.entered = kind in (CALLED, ENTERED) or step.address == symbol.low

    def _replace(self, step):
        """The function that runs has become another, with the same way back."""
        place, symbol = self._where(step)
        top = self.frames[-1]
        self.frames[-1] = Frame(top.kind, place, symbol, top.back, top.space)
        self.entered = step.address == symbol.low

    def _unwind(self, step, kinds):
        """Return to where a frame of these kinds would. False if none would return to there."""
        for depth in range(len(self.frames) - 1, 0, -1):
            frame = self.frames[depth]
            if frame.kind in kinds and step.address in frame.back and \
                    (step.address >= KERNEL or frame.space == step.space):
                del self.frames[depth:]
                return True
        return False

    def _next(self, step, _last):
        """What follows without a jump is the same function, under whatever label."""
        place, symbol = self._where(step)
        if not self.frames[-1].holds(place, symbol):
            self.frames[-1].labels.add(symbol.name)

    def _jump(self, step, last):
        place, symbol = self._where(step)
        top = self.frames[-1]
        if top.holds(place, symbol):
            return
        if symbol.label and place == top.place:
            top.labels.add(symbol.name)
        elif place == top.place:
            self._replace(step)
        elif self._unwind(step, (ENTERED,)) or self._back_to(place, symbol, step.space):
            return
        elif top.kind == SWITCHED and step.address != symbol.low:  # back to where it came from
            self._replace(step)
        else:
            self._push(CALLED, step, (), last.space)

    def _back_to(self, place, symbol, space):
        """Return to a frame of a function in an address space. False if there is none."""
        for depth in range(len(self.frames) - 1, 0, -1):
            if self.frames[depth - 1].holds(place, symbol) and self.frames[depth].space == space:
                del self.frames[depth:]
                return True
        return False

    def _call(self, step, last):
        """A call into the midst of the function that calls only leaves an address on the stack."""
        place, symbol = self._where(step)
        if not self.frames[-1].holds(place, symbol) or step.address == symbol.low:
            self._push(CALLED, step, (last.address + last.length,), last.space)

    def _return(self, step, last):
        if self._unwind(step, (CALLED, ENTERED)):
            return
        place, symbol = self._where(step)
        if step.address == symbol.low:  # a jump by way of the stack
            self._jump(step, last)
        elif not self.frames[-1].holds(place, symbol):  # to a caller that was never seen
            if self.frames[-1].kind == CALLED:
                self.frames.pop()
            if not self.frames[-1].holds(place, symbol):
                self._replace(step)

    def _trap(self, step, last):
        self._push(ENTERED, step, (last.address + last.length,), last.space)

    def _event(self, step, last):
        self._push(ENTERED, step, (last.address, last.address + last.length), last.space)

    def _leave(self, step, last):
        if self._unwind(step, (ENTERED,)):
            return
        if step.address >= KERNEL:
            self._resume(step, last)
            return
        if any(frame.kind == ENTERED and step.address in frame.back for frame in self.frames):
            self.names.forked(step.space)
        self.names.starts(step.address, step.space)
        self._push(SWITCHED, step, (), step.space)

    def _resume(self, step, last):
        """The kernel goes on elsewhere in itself than where it was interrupted."""
        for depth in range(len(self.frames) - 1, 0, -1):
            if self.frames[depth].kind == ENTERED:
                del self.frames[depth:]
                break
        self._jump(step, last)


# --- Passages ---

@dataclasses.dataclass
class Passage:
    """Successive instructions of one function. `path`: [(place, function)] from the outermost
    frame on; `entered`: it begins with the function's first instruction."""
    path: tuple
    entered: bool
    insn: int = 0
    misses: list = dataclasses.field(default_factory=lambda: [0] * len(MISSES))
    ticks: list = dataclasses.field(default_factory=lambda: [0] * len(PARTS))

    @property
    def place(self):
        """Where."""
        return self.path[-1][0]

    @property
    def function(self):
        """Its name."""
        return self.path[-1][1]

    def add(self, step):
        """Count an instruction."""
        self.insn += step.insn
        self.misses = [a + b for a, b in zip(self.misses, step.misses)]
        self.ticks = [a + b for a, b in zip(self.ticks, step.ticks)]

    @property
    def most(self):
        """The part that took most of the cycles, or "-"."""
        largest = max(self.ticks)
        return PARTS[self.ticks.index(largest)].replace("_", " ") if largest else "-"


def passages(steps, names):
    """The story of successive steps."""
    stack, out, running = Stack(names), [], None
    for step in steps:
        entered = stack.step(step)
        if stack.frames[-1] is not running or entered:
            path = tuple((frame.place, frame.symbol.name) for frame in stack.frames)
            out.append(Passage(path, entered))
        running = stack.frames[-1]
        out[-1].add(step)
    return out


def total(story, ticks):
    """All passages as one. Unsound if they do not sum to what the turn took."""
    all_ = Passage((("", "all"),), True)
    for one in story:
        all_.add(one)
    if sum(all_.ticks) != ticks:
        raise Unsound(f"the lines sum to {sum(all_.ticks)} ticks, the turn took {ticks}")
    return all_


def folded(story):
    """Ticks of each path, in the order of their first entry."""
    stacks = {}
    for one in story:
        stacks[one.path] = stacks.get(one.path, 0) + sum(one.ticks)
    return stacks


# --- Output ---

FUNCTION_WIDTH = 45


def _named(passage):
    """The function, marked if it only goes on."""
    return ("" if passage.entered else "< ") + passage.function


def _indented(story):
    """The functions, indented by their depth: by less at each level if names would find no room."""
    named = [(_named(one), len(one.path) - 1) for one in story]
    level = 2 if all(len(name) + 2 * depth <= FUNCTION_WIDTH for name, depth in named) else 1
    return [" " * max(0, min(level * depth, FUNCTION_WIDTH - len(name))) + name
            for name, depth in named]


def text(story, all_, caption):
    """For people: a line for each passage."""
    rows = [f"{'where':7} {'function':{FUNCTION_WIDTH}} {'insn':>6} {'cycles':>10} {'most':12} "
            f"{'L1I':>4} {'L1D':>4} {'TLB':>4}"]
    for one, function in zip([*story, all_], _indented([*story, all_])):
        rows.append(f"{one.place:7} {function:{FUNCTION_WIDTH}} {one.insn:6} "
                    f"{sum(one.ticks) / TICKS:10.2f} {one.most:12} " +
                    " ".join(f"{number or '-':>4}" for number in one.misses))
    return "\n".join(rows) + f"\n\n{caption}\n"


def as_json(story, all_, about):
    """What trace.json holds; `about` is what the run was."""
    def costs(one):
        return {"insn": one.insn, "cycles": sum(one.ticks) / TICKS,
                **{part: ticks / TICKS for part, ticks in zip(PARTS, one.ticks)},
                "misses": dict(zip(MISSES, one.misses))}
    return {**about, **costs(all_),
            "lines": [{"place": one.place, "function": one.function, "depth": len(one.path) - 1,
                       "entered": one.entered, **costs(one)} for one in story]}


def as_folded(stacks):
    """Folded stacks, one a line: PLACE:FUNCTION;... CYCLES."""
    return "".join(f"{';'.join(f'{place}:{name}' for place, name in path)} {ticks / TICKS:.2f}\n"
                   for path, ticks in stacks.items())
