# SPDX-License-Identifier: BSD-2-Clause
"""From what build/bench/calibrate measured on a host to a machine file of the cycle model.

The program's lines are JSON objects (bench/host/calibrate.h); all its figures are core cycles. A
curve is a list of (size, cycles). Every value of the file says where it comes from: measured, from
CPUID, or from the template, bench/machines/skylake.ini, where a user program cannot measure it.
"""
import json
import math
import statistics

from l4k.curves import Noisy, levels, line_of, settle, ways_of

TEMPLATE = "skylake"
LEVELS = 4  # first, second, third, memory
CALM = {"chain": 1.05, "wide": 1.25}  # the most that a median may be of the least sample
DRIFT = 1.03  # of the clock in the run
MAX_CYCLES = 100000  # of the model


def parse(text):
    """The program's lines by subject. ValueError if one is no JSON object or nothing known."""
    found = {"clock": {}, "class": {}, "copied": [], "call": {}, "cache": [], "tlb": []}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            one = json.loads(line)
            subject = next(iter(one))
        except (ValueError, TypeError, StopIteration):
            raise ValueError(f"line {number} is no JSON object: {line[:60]}") from None
        if subject == "class":
            found["class"][one["class"]] = one["cycles"]
        elif subject in ("clock", "call"):
            found[subject][one[subject]] = one
        elif subject in ("copied", "cache", "tlb"):
            found[subject].append(one)
        elif subject == "processor":
            found.update(one)
        elif subject in ("latency", "same_set", "pairs", "stores", "pages", "branch"):
            found[subject] = one[subject]
        else:
            raise ValueError(f"line {number} has an unknown subject: {subject}")
    missing = [name for name in ("processor", "latency", "same_set", "pairs", "stores", "pages",
                                 "branch") if name not in found]
    missing += [name for name in ("begin", "end") if name not in found["clock"]]
    if missing:
        raise ValueError(f"no {', '.join(missing)} in what calibrate printed")
    return found


def check_calm(found):
    """Noisy if loops of known length did not always take their time: a chain, which others on this
    processor disturb, and independent additions, which suffer from a neighbour in the same core."""
    clocks = found["clock"]
    for when, clock in clocks.items():
        for loop, most in CALM.items():
            ratio = clock[loop]["median"] / min(one[loop]["least"] for one in clocks.values())
            if ratio > most:
                raise Noisy(f"the host is too noisy: additions ({loop}, {when}) took {ratio:.2f} "
                            "times their least time")
    rates = [clock["cycles_per_tick"] for clock in clocks.values()]
    if max(rates) > DRIFT * min(rates):
        raise Noisy("the host is too noisy: its clock changed by "
                    f"{max(rates) / min(rates) - 1:.0%} during the measurement")


# --- Values ---

def _cycles(number):
    """As machine files have it: two places, none of them 0."""
    return f"{min(max(0, number), MAX_CYCLES):.2f}".rstrip("0").rstrip(".")


class Values(dict):
    """(section, key) -> (text, source)"""

    def cycles(self, section, key, number, source="measured"):
        self[section, key] = (_cycles(number), source)

    def number(self, section, key, number, source):
        self[section, key] = (str(number), source)


def _classes(values, classes):
    """Prices of instructions: throughputs."""
    for name in ("nop", "move_extend", "lea", "alu", "alu_load", "alu_rmw", "shift_cl", "setcc",
                 "cmov", "bit_test", "bit_scan", "double_shift", "multiply", "divide", "exchange",
                 "cmpxchg", "xadd", "push", "pop", "push_memory", "pushf", "convert", "string",
                 "loop", "fp", "simd", "pause"):
        values.cycles("base", name, classes[name])
    three = [classes[name] for name in ("move", "load", "store")]
    values.cycles("base", "move", statistics.mean(three), "measured: mean of register, load and "
                  "store, " + ", ".join(_cycles(one) for one in three))
    values.cycles("base", "popf", classes["pushf_popf"] - classes["pushf"])
    two = [classes["jump_taken"], classes["jump_not_taken"]]
    values.cycles("base", "jump", statistics.mean(two), "measured: mean of taken and not taken, " +
                  ", ".join(_cycles(one) for one in two))
    values.cycles("base", "jump_indirect", classes["lea_jump_indirect"] - classes["lea"])
    half = classes["call_return"] / 2
    values.cycles("base", "call", half, "measured: half of call and return")
    values.cycles("base", "return", half, "measured: half of call and return")
    values.cycles("base", "call_indirect", classes["call_indirect_return"] - half)
    values.cycles("base", "fence", classes["mfence"],
                  f"measured: mfence; lfence {_cycles(classes['lfence'])}")
    values.cycles("base", "lock", classes["lock_alu_rmw"] - classes["alu_rmw"])
    values.cycles("privileged", "rdtsc", classes["rdtsc"])
    values.cycles("privileged", "cpuid", classes["cpuid"])


def _strings(values, copied, line):
    """A copy touches two lines for each line that it copies."""
    first, last = copied[0], copied[-1]
    price = (last["cycles"] - first["cycles"]) / (2 * (last["copied"] - first["copied"]) / line)
    source = f"measured: rep movsb of {first['copied']} and {last['copied']} bytes"
    values.cycles("base", "rep_line", price, source)
    values.cycles("base", "rep_start", first["cycles"] - 2 * first["copied"] / line * price, source)


def _entry(values, calls, template):
    """Entering and leaving the kernel: at most what the cheapest call takes."""
    bound = min(call["least"] for call in calls.values())
    pair = [float(template["privileged", key]) for key in ("syscall", "sysret")]
    for key, price in zip(("syscall", "sysret"), pair):
        if sum(pair) <= bound:
            values.cycles("privileged", key, price, f"as {TEMPLATE}.ini; bound of the pair, "
                          f"measured: {bound:.0f}, a whole call")
        else:
            values.cycles("privileged", key, price * bound / sum(pair),
                          f"measured: a share of {bound:.0f}, a whole call")


def _cache(found, level, kind):
    return next((cache for cache in found["cache"]
                 if cache["cache"] == level and cache["kind"] in (kind, "unified")), {})


def _checked(values, section, key, measured, said):
    """A small number that is measured and that CPUID says, too."""
    if measured is None:
        if said:
            values.number(section, key, said, "CPUID; no step was seen")
    else:
        values.number(section, key, measured, "measured" if measured == said else
                      f"measured; CPUID says {said or 'nothing'}")


def _first_level(values, found, capacity):
    said = _cache(found, 1, "data")
    _checked(values, "l1d", "line", line_of(found["pairs"]), said.get("line"))
    line = int(values.get(("l1d", "line"), ("64",))[0])
    measured = ways_of(found["same_set"])
    size, ways, source, how = settle(capacity, said.get("size"), measured or said.get("ways"), line)
    values.number("l1d", "size", size, source)
    _checked(values, "l1d", "ways", measured, said.get("ways"))
    if measured != ways:
        values.number("l1d", "ways", ways, how if not measured else
                      f"fits the sets; measured: {measured}; CPUID says {said.get('ways')}")
    said = _cache(found, 1, "instruction")
    if said:
        size, ways, source, how = settle(None, said["size"], said["ways"], said["line"])
        values.number("l1i", "size", size, source)
        values.number("l1i", "ways", ways, how)
        values.number("l1i", "line", said["line"], "CPUID")
    return line


def _stores(stores, size):
    """(bytes, cycles for a line) of the largest working set that is not above `size`."""
    return max((one for one in stores if one[0] <= size), default=stores[0])


def _lower_levels(values, found, plateaus, line):
    """Second and third level, memory. A line that is stored to drives out another one, which goes
    to the second level: the model charges that apart from fetching the line. Returns the sections
    of what was not seen."""
    *caches, (memory, _) = plateaus[1:]
    below, driven_out = plateaus[0][1], 0
    for number, (latency, capacity) in enumerate(caches, 2):
        section, said = f"l{number}", _cache(found, number, "unified")
        size, ways, source, how = settle(capacity, said.get("size"), said.get("ways"),
                                         said.get("line", line))
        values.number(section, "size", size, source)
        values.number(section, "ways", ways, how)
        values.number(section, "line", said.get("line", line), "CPUID" if said else
                      "as the first level's")
        values.cycles(section, "latency", latency)
        middle, stored = _stores(found["stores"], math.sqrt(below * capacity))
        driven_out = driven_out or stored / 2
        values.cycles(section, "drain", stored - driven_out, "measured: a line stored to in "
                      f"{middle} bytes {_cycles(stored)}, less {_cycles(driven_out)}")
        below = capacity
    largest, stored = found["stores"][-1]
    values.cycles("memory", "latency", memory)
    values.cycles("memory", "drain", stored - driven_out, "measured: a line stored to in "
                  f"{largest} bytes {_cycles(stored)}, less {_cycles(driven_out)}")
    return [f"l{number}" for number in (2, 3) if number > len(caches) + 1]


def tlb_curve(found):
    """What a load in a page of its own takes more than one in a line beside the others, above the
    first level's latency."""
    base = found["latency"][0][1]
    return [(pages, base + max(0, spread - dense)) for pages, spread, dense in found["pages"]]


def _said_tlb(found, name, pages):
    return next((tlb for tlb in found["tlb"] if tlb["tlb"] == name and tlb["pages"] == pages), {})


def _buffer(values, found, name, measured):
    """Entries and ways of a translation buffer; large pages by CPUID alone."""
    said = _said_tlb(found, name, "small")
    if said or measured:
        entries, ways, source, how = settle(measured, said.get("entries"), said.get("ways"))
        values.number(name, "entries", entries, source)
        values.number(name, "ways", ways, how)
    said = _said_tlb(found, name, "large")
    if said and name != "stlb":
        entries, ways, source, how = settle(None, said["entries"], said["ways"])
        values.number(name, "large_entries", entries, source)
        values.number(name, "large_ways", ways, how)


def _tlbs(values, found, template, plateaus):
    """Buffers and walks. The model charges the reading of the leaf beside the walk's base; in a
    chain over many pages the leaf is in the second level. Returns the sections that are not
    there."""
    found_levels = levels(tlb_curve(found), 3, last_flat=False)
    if len(found_levels) < 2:
        raise Noisy("the host is too noisy: no end of the first translation buffer was seen")
    base = found["latency"][0][1]
    _buffer(values, found, "itlb", None)
    _buffer(values, found, "dtlb", found_levels[0][1])
    if len(found_levels) == 3:
        _buffer(values, found, "stlb", found_levels[1][1])
        values.cycles("stlb", "latency", found_levels[1][0] - base)
    walk = found_levels[-1][0] - base
    table = int(template["visible", "data"]) / 100 * plateaus[1][0]
    values.cycles("walk", "base", walk - table, f"measured: {_cycles(walk)} at "
                  f"{found['pages'][-1][0]} pages, less {_cycles(table)} for a leaf in l2")
    return [] if len(found_levels) == 3 else ["stlb"]


def values_of(found, template):
    """(Values, sections to leave out) of a host. `template` is keys_of() the template file."""
    check_calm(found)
    values = Values()
    clock = found["clock"]["begin"]
    values.number("machine", "mhz", round(clock["tsc_mhz"] * clock["cycles_per_tick"]),
                  f"measured: {clock['tsc_mhz']:.0f} MHz of the counter times "
                  f"{clock['cycles_per_tick']:.3f}")
    plateaus = levels(found["latency"], LEVELS)
    if len(plateaus) < 2:
        raise Noisy("the host is too noisy: no end of the first data cache was seen")
    line = _first_level(values, found, plateaus[0][1])
    absent = _lower_levels(values, found, plateaus, line)
    absent += _tlbs(values, found, template, plateaus)
    _classes(values, found["class"])
    _strings(values, found["copied"], line)
    _entry(values, found["call"], template)
    branch = found["branch"]
    values.cycles("branch", "mispredict", 2 * (branch["random"] - branch["alike"]),
                  "measured: one branch of two")
    for key in ("global_pages", "pcid"):
        values["flush", key] = ("yes" if found[key] else "no", "CPUID")
    return values, absent


# --- The file ---

def keys_of(text):
    """{(section, key): value} of a machine file."""
    keys, section = {}, ""
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = line[1:line.index("]")]
        elif "=" in line:
            key, value = line.split("=", 1)
            keys[section, key.strip()] = value.strip()
    return keys


def _header(found):
    name = found["processor"] or found["vendor"]
    where = f", under the hypervisor {found['hypervisor']}" if found["hypervisor"] else ""
    return [
        "# SPDX-License-Identifier: BSD-2-Clause",
        "# A host, as scripts/calibrate-host measured it (bench/model/README.md):",
        f"# {name}, family {found['family']} model {found['model']} stepping {found['stepping']}"
        f"{where}.",
        "# Its core is out of order; the model's is not: prices of instructions are throughputs.",
        f"# `as {TEMPLATE}.ini`: a user program cannot measure it; see there."]


def machine_file(found, values, absent, template, name):
    """The text of a machine file: the template's keys in its order, with their sources."""
    lines, section = _header(found), ""
    for line in template.splitlines():
        code = line.split("#")[0].strip()
        if code.startswith("["):
            section = code[1:code.index("]")]
            if section not in absent:
                lines += ["", code]
        elif "=" in code and section not in absent:
            key, value = (word.strip() for word in code.split("=", 1))
            if (section, key) == ("machine", "name"):
                lines.append(f"name = {name}")
                continue
            value, source = values.get((section, key), (value, f"as {TEMPLATE}.ini"))
            lines.append(f"{key} = {value}".ljust(27) + f"# {source}")
    return "\n".join(lines) + "\n"


def table(found, values, absent):
    """What was found, for people."""
    rows = [(f"[{section}] {key}", value, source)
            for (section, key), (value, source) in values.items()]
    rows += [(f"[{section}]", "none", "not seen") for section in absent]
    rows += [(f"{name}()", _cycles(call["least"]), f"measured; median {_cycles(call['median'])}")
             for name, call in found["call"].items()]
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return "\n".join(f"{key.ljust(widths[0])}  {value.rjust(widths[1])}  {source}"
                     for key, value, source in rows)
