# SPDX-License-Identifier: BSD-2-Clause
"""Counter tsc: ticks of the processor's time-stamp counter, which the benchmark program reads
itself (counter=tsc, bench/linux/tsc.h) and shows only after its self-test.

The figure of a boot is (median loop - median loop without the operation) / iterations; the row's
figure is that of its median boot. Min and max are the extreme repetitions of all boots, each less
its boot's median overhead. Figures are whole ticks, rounded half up.
"""
import dataclasses
import os
import statistics

from l4k import guest, guest_log, kvm, rows
from l4k.guest_log import WORDS
from l4k.layout import Missing
from l4k.measure import Unsound, divide

WORD = "counter=tsc"
END = "\n" + WORDS["LOG_END"]


class Refused(Missing):
    """There are no hardware cycles here; the text is one line for people."""


@dataclasses.dataclass
class Measured:
    """A row. `bench`: name -> {"ticks", "min", "max", "iterations", "calls"}; `machine`: the
    self-test's "processor", "hypervisor" ("" for none) and "invariant"."""
    row: rows.Row
    label: str
    machine: dict
    boots: int
    bench: dict


def specify(row, cpu, spread):
    """What to boot for one run of a row."""
    spec = rows.guest(row, cpu, *spread)
    spec.append += f" {WORD}"
    spec.plugin, spec.kvm = None, True
    return spec


def _first_to_boot(wanted, cpu):
    """What to boot of the first row that has all it needs, or None; the others tell what they miss
    when their turn comes."""
    for row in wanted:
        try:
            return specify(row, cpu, rows.SPREAD[0])
        except Missing:
            continue
    return None


def probe(wanted, cpu):
    """Refused if KVM does not boot the first of the rows here."""
    why = kvm.absent()
    spec = None if why else _first_to_boot(wanted, cpu)
    if spec:
        why = kvm.probe(guest.boot_words(spec))
    if why:
        raise Refused(f"KVM does not boot this here ({why}): hardware cycles need KVM or a PC; "
                      "COUNTER=model gives cycles of a described machine")


def _check_refusal(log):
    """Refused if the program has refused."""
    for line in log.results:
        if "tsc_refused" in line:
            raise Refused(f"the self-test refused: {line['tsc_refused']}")


def _self_test(log):
    """The self-test of a log, which must have passed."""
    _check_refusal(log)
    found = next((line["tsc_self_test"] for line in log.results if "tsc_self_test" in line), None)
    if found is None:
        raise Refused(f"no self-test of the time-stamp counter: boot it with the word {WORD}")
    if not found["passed"]:
        raise Refused("the self-test did not pass")
    return found


def _figure(bench, line):
    """One benchmark in one boot; `bench` is its description, `line` its ticks."""
    loop, overhead, n = line["loop"], line["overhead"], bench["iterations"]
    if not len(loop) == len(overhead) == bench["repetitions"]:
        raise Unsound(f"{bench['bench']}: ticks of {len(loop)} loops and {len(overhead)} without "
                      f"the operation, not {bench['repetitions']}")
    base = statistics.median_low(overhead)
    return {"ticks": divide(statistics.median_low(loop) - base, n),
            "min": divide(min(loop) - base, n), "max": divide(max(loop) - base, n),
            "iterations": n, "calls": bench["calls"]}


def figures(log):
    """(machine, {bench: figure}) of a log that ended well; Refused without a self-test."""
    test = _self_test(log)
    ticks = {line["ticks"]: line for line in log.results if "ticks" in line and "loop" in line}
    benches = [line for line in log.results if "bench" in line]
    if not benches:
        raise Unsound("the guest described no benchmark")
    for bench in benches:
        if bench["bench"] not in ticks:
            raise Unsound(f"{bench['bench']}: no ticks")
    return ({key: test[key] for key in ("processor", "hypervisor", "invariant")},
            {bench["bench"]: _figure(bench, ticks[bench["bench"]]) for bench in benches})


def summarise(row, label, boots):
    """Measured, from what figures() gave for each boot."""
    bench = {}
    for name in boots[0][1]:
        of_boots = [found[name] for _, found in boots]
        bench[name] = {**of_boots[0],
                       "ticks": statistics.median_low([one["ticks"] for one in of_boots]),
                       "min": min(one["min"] for one in of_boots),
                       "max": max(one["max"] for one in of_boots)}
    return Measured(row, label, boots[0][0], len(boots), bench)


def of_run(run):
    """figures() of a boot. A refusal is told as such, though the program ends with a status."""
    _check_refusal(run.log)
    if run.outcome != guest_log.OK:
        raise guest.Failed(run)
    return figures(run.log)


def log_path(directory, config):
    """Where the log of a configuration is, recorded on hardware."""
    return os.path.join(directory, f"{config}.log")


def _first_run(text):
    """A recorded log up to the end line of its first run: the machine then boots again."""
    start = text.find(END)
    end = text.find("\n", start + len(END)) if start >= 0 else -1
    return text if end < 0 else text[:end]


def read_log(row, directory):
    """Measured, from the serial log of one boot on hardware."""
    path = log_path(directory, row.config)
    text = _first_run(guest.read(path).replace("\r", ""))
    if text.count(WORDS["LOG_BEGIN"]) > 1:
        raise Unsound(f"{path}: a run begins before the one before it has ended")
    log = guest_log.parse(text)
    outcome, message = guest_log.judge(log)
    try:
        _check_refusal(log)
        if outcome != guest_log.OK:
            raise Unsound(message)
        return summarise(row, row.label, [figures(log)])
    except (Refused, Unsound) as error:
        raise type(error)(f"{path}: {error}") from None


def check_logs(directory):
    """Missing if no configuration has a log there, or a log there is of no configuration."""
    names = sorted(name for name in os.listdir(directory) if name.endswith(".log")) \
        if os.path.isdir(directory) else []
    if not names:
        raise Missing(f"there is no log in {directory}; they are named CONFIG.log")
    known = [row.config for row in rows.ROWS]
    for name in names:
        if name[:-len(".log")] not in known:
            raise Missing(f"{os.path.join(directory, name)} is of no row; there are "
                          f"{', '.join(known)}")


def same_machine(measured):
    """Refused unless the rows are of one machine: others do not compare."""
    machines = list({str(one.machine): one for one in measured}.values())
    if len(machines) > 1:
        raise Refused("rows of different machines do not compare: " + ", ".join(
            f"{one.row.config} is of {one.machine['processor'] or 'an unnamed processor'} "
            f"({one.machine['hypervisor'] or 'no hypervisor'})" for one in machines))
