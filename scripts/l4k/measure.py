# SPDX-License-Identifier: BSD-2-Clause
"""From the plugin's counts and the guest's descriptions to figures of one operation.

A benchmark's loop and the loop without the operation run several times in a boot, and a row is
booted several times. The figure of a boot is the median of its repetitions; the row's figure is
the median of its boots, min and max are the least and the greatest of them. All are whole
instructions: differences are divided by the iterations and rounded half up.
"""
import dataclasses
import statistics


class Unsound(Exception):
    """The counts contradict what a run should have done; the text is one line for people."""


CLASSES = ("user", "stub", "kernel", "server")


@dataclasses.dataclass
class Figure:
    """One operation's cost. `by` sums to `insn`. Counts of probes are per loop."""
    name: str
    insn: int
    by: dict
    least: int  # of the repetitions
    greatest: int
    rep_bytes: int
    iterations: int
    calls: int  # system calls that a loop makes, or None where that is no fixed number
    dispatches: int  # calls that the server took up, or None where there is no server
    reflected: int  # calls that trapped and were sent on by the kernel


def divide(number, by):
    """Nearest whole number, halves up."""
    return (2 * number + by) // (2 * by)


def check_counts(counts):
    """The plugin must have had nothing to complain of."""
    for line in counts:
        if "error" in line:
            raise Unsound(f"counting plugin: {line['error']}")


def occurrences(counts, region):
    """Lines of the closed occurrences of a region, in order."""
    return [line for line in counts if line.get("region") == region and "insn" in line]


def overhead_of(name, lines):
    """The occurrence to subtract. The loop without the operation makes no calls, so most of its
    occurrences must agree; the rest are those that a timer interrupt fell in."""
    median = statistics.median_low([line["insn"] for line in lines])
    agreeing = [line for line in lines if line["insn"] == median]
    if 2 * len(agreeing) <= len(lines):
        raise Unsound(f"{name}: the loop overhead is not stable: "
                      f"{[line['insn'] for line in lines]}")
    return agreeing[0]


def _split(total, parts):
    """Divided parts that sum to the divided total: rounding goes to the largest."""
    largest = max(parts, key=lambda name: parts[name])
    parts[largest] += total - sum(parts.values())
    return parts


def _dispatches(bench, lines):
    """Calls that the server took up in each loop, which must be those that the loop made."""
    if "dispatch" not in lines[0]["probes"]:
        return None
    taken = [line["probes"]["dispatch"] for line in lines]
    expected = bench["iterations"] * bench["calls"]
    if bench["calls"] >= 0 and any(number != expected for number in taken):
        raise Unsound(f"{bench['bench']}: the loop makes {expected} calls, the server took up "
                      f"{', '.join(str(number) for number in taken)}")
    return taken[-1]


def figure(bench, counts):
    """The figure of one benchmark in one boot; `bench` is the guest's description of it."""
    name, n = bench["bench"], bench["iterations"]
    lines = occurrences(counts, bench["region"])
    empty = occurrences(counts, bench["overhead"])
    for found, region in ((lines, bench["region"]), (empty, bench["overhead"])):
        if len(found) != bench["repetitions"]:
            raise Unsound(f"{name}: region {region} was closed {len(found)} times, "
                          f"not {bench['repetitions']}")
    base = overhead_of(name, empty)
    middle = statistics.median_low([line["insn"] for line in lines])
    chosen = next(line for line in lines if line["insn"] == middle)
    insn = divide(middle - base["insn"], n)
    by = {part: divide(chosen["by"].get(part, 0) - base["by"].get(part, 0), n)
          for part in CLASSES}
    costs = [divide(line["insn"] - base["insn"], n) for line in lines]
    return Figure(name, insn, _split(insn, by), min(costs), max(costs),
                  divide(chosen["rep_bytes"], n), n,
                  n * bench["calls"] if bench["calls"] >= 0 else None,
                  _dispatches(bench, lines), chosen["probes"].get("reflect", 0))


def figures(run):
    """Name -> figure, of one run of the Linux benchmark program."""
    check_counts(run.counts)
    benches = [line for line in run.log.results if "bench" in line]
    if not benches:
        raise Unsound("the guest described no benchmark")
    return {bench["bench"]: figure(bench, run.counts) for bench in benches}


@dataclasses.dataclass
class Summary:
    """A benchmark's figure over the boots of a row."""
    figure: Figure  # of the median boot
    least: int
    greatest: int
    least_repetition: int
    greatest_repetition: int


def summarise(boots):
    """Name -> Summary, from the figures of each boot."""
    summaries = {}
    for name in boots[0]:
        of_boots = [boot[name] for boot in boots]
        median = statistics.median_low([one.insn for one in of_boots])
        summaries[name] = Summary(
            next(one for one in of_boots if one.insn == median),
            min(one.insn for one in of_boots), max(one.insn for one in of_boots),
            min(one.least for one in of_boots), max(one.greatest for one in of_boots))
    return summaries


def ipc_case(line, counts, cpu):
    """One IPC case: the kernel burst between the two places that the guest names. Most of a
    region's bursts are alike; the others held a timer interrupt."""
    low, high = int(line["from"], 16), int(line["to"], 16)
    bursts = [entry["burst"] for entry in counts
              if entry.get("region") == line["region"] and "burst" in entry
              and int(entry["burst"]["from"], 16) == low and int(entry["burst"]["to"], 16) == high]
    what = f"{line['ipc']} of {line['words']} words, -cpu {cpu}"
    if not bursts:
        raise Unsound(f"{what}: the kernel was never entered from {line['from']} to {line['to']}")
    common = max(bursts, key=lambda burst: (burst["n"], -burst["insn"]))
    if 2 * common["n"] <= line["iterations"]:
        raise Unsound(f"{what}: only {common['n']} of {line['iterations']} passages were alike")
    users = [entry["by"]["user"] for entry in occurrences(counts, line["region"])]
    if not users:
        raise Unsound(f"{what}: region {line['region']} was never closed")
    return {"case": line["ipc"], "words": line["words"], "cpu": cpu, "kernel": common["insn"],
            "user": divide(statistics.median_low(users), line["iterations"])}


def ipc(run):
    """All IPC cases of one run of the native benchmark."""
    check_counts(run.counts)
    lines = [line for line in run.log.results if "ipc" in line]
    if not lines:
        raise Unsound("the guest described no IPC case")
    return [ipc_case(line, run.counts, run.guest.cpu) for line in lines]
