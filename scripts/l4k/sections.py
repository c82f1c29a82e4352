# SPDX-License-Identifier: BSD-2-Clause
"""What the report page says: sections made of what results/ holds (formats: bench/README.md)."""
import dataclasses

from l4k import breakdown, cycles, page, phases, report, report_model, rows
from l4k.text import ratio

TITLE = "What a system call costs when the operating system is a server"
QUESTION = (
    "What does a system call cost when the operating system is a server, and where does the cost "
    "go? l4k puts one Linux server behind two IPC paths over one VM core, an L4-style and a "
    "Mach-style one, and beside them a real Linux kernel: the same unmodified program runs in "
    "each, in QEMU, on the same counter.")
LIMITS = [
    "Cycles of the tables are a model's, instructions are counted in an emulator: neither was "
    "measured on a processor. The emulator executes each instruction by itself, so what "
    "speculation or overlap would hide is not seen.",
    "Real Linux runs with acpi=off; its second line has its default mitigations, of which -cpu "
    "qemu64 needs few. Our kernel has none.",
    "A region counts everybody's instructions, interrupt handlers' included. The last close of a "
    "pipe or the rest of an exiting child may fall behind the marker.",
    "Runs are reproducible, which is not representative: hence the spread over boots.",
    "One CPU, no disk, no network, no page-out, one thread in each Linux process.",
]
BREAKDOWN = (
    "Which function is which phase is told by scripts/l4k/phases.py. A check is an instruction of "
    "a condition that refuses or of an assertion, by the compiler's line table; in assembly, a "
    "comparison with its jump. The phases of a configuration sum to its getpid().")
NO_VALIDATION = (
    "The model was not held against a real machine here: make validate does so, and writes "
    "results/validate.json.")


@dataclasses.dataclass
class Inputs:
    """What there is, parsed. `plots`: name -> (entry of captions.json, the SVG's bytes);
    `breakdowns`: those of getpid, configuration -> breakdown.json; `validation`: validate.json or
    None; `commits`: what it is -> set of commits."""
    table: dict
    plots: dict
    breakdowns: dict
    validation: dict
    commits: dict

    def __post_init__(self):
        self.measured, self.about = report.of_json(self.table)
        self.machines = report_model.machines(self.measured)


def _label(table, config):
    """A row's name."""
    return next((row["label"] for row in table["rows"] if row["config"] == config), config)


# --- The head ---

def _answer(inputs):
    """getpid of each row on the main machine, and its ratio to Linux."""
    machine, tiles = inputs.machines[0], []
    figures = {one.row.config: (one.label, one.model["getpid"][machine]["cycles"])
               for one in inputs.measured if "getpid" in one.model}
    linux = figures.get("linux", (None, None))[1]
    for label, number in figures.values():
        beside = f", {ratio(number, linux)} × Linux" if linux else ""
        tiles.append(page.element("li", page.element("span", label, class_="name"),
                                  page.element("b", f"{number:,}"),
                                  page.element("span", "cycles" + beside)))
    least = min(figures.values(), key=lambda one: one[1])
    most = max(figures.values(), key=lambda one: one[1])
    line = (f"The answer for the least system call, getpid(), in cycles of the machine model "
            f"{machine}: from {least[1]:,} ({least[0]}) to {most[1]:,} ({most[0]}).")
    return page.element("p", line), page.element("ul", *tiles, class_="answer")


def _differ(inputs):
    """A line if the inputs are not of one commit."""
    if len(set().union(*inputs.commits.values())) < 2:
        return ""
    return page.element("p", "These figures come from different commits: ", "; ".join(
        f"{what} {', '.join(one[:12] + '+' * one.endswith('+') for one in sorted(commits))}"
        for what, commits in inputs.commits.items()), ".", class_="differ")


def _gaps(inputs):
    """A line if rows of the table are missing."""
    there = {row["config"] for row in inputs.table["rows"]}
    gone = [row.config for row in rows.ROWS if row.config not in there]
    return page.element("p", f"Not in this table: {', '.join(gone)} (make table says why).",
                        class_="differ") if gone else ""


def head(inputs):
    """What stands above everything."""
    return page.join([page.element("p", QUESTION, class_="lead"), *_answer(inputs),
                      _gaps(inputs), _differ(inputs)], "\n")


# --- The tables ---

def _notes(*texts):
    """What a table's figures are."""
    return page.paragraphs(texts, "note")


def _cycles(inputs):
    """Sections of the model's tables."""
    measured, main = inputs.measured, inputs.machines[0]
    captions = dict(zip(inputs.machines, report_model.captions(measured)))
    paper = report.captions(inputs.about)[1]
    lines = report_model.paper_lines(measured, main)
    lines[0] = ["row", "cycles", "us", "/linux", "/mono", "insn", "/linux",
                "cycles", "us", "/Linux"]
    found = [
        page.section("The table", page.table(
            "table", "getpid(): cycles, beside the paper's", lines,
            groups=((1, ""), (4, f"model:{main}"), (2, "instructions"), (3, "paper, Pentium 133"))),
            _notes(captions[main], paper)),
        page.section("Where the cycles go", page.table(
            "parts", f"getpid() on model:{main}, by what takes the time",
            _renamed(report_model.parts_lines(measured, main)))),
        page.section("Who spends them", page.table(
            "places", f"getpid() on model:{main}, by where it is spent",
            _renamed(report_model.places_lines(measured, main)),
            groups=((2, ""), (4, "cycles in"), (4, "misses")))),
    ]
    for machine in inputs.machines[1:]:
        found.append(page.section(f"Another machine: {machine}", page.table(
            f"parts-{page.slug(machine)}", f"getpid() on model:{machine}",
            _renamed(report_model.parts_lines(measured, machine))), _notes(captions[machine])))
    found.append(page.section("Every operation", page.table(
        "operations", f"Cycles of each operation, model:{main}",
        _renamed(report_model.bench_lines(measured, main), "operation")),
        _notes("A percentage is how far the boot that is farthest lies from the median.")))
    return found


def _renamed(lines, name="row"):
    """The same lines; the first column has another name."""
    return [[name, *lines[0][1:]], *lines[1:]]


def _instructions(inputs):
    """The section of instructions."""
    table = inputs.table
    return page.section(
        "Instructions",
        page.table("instructions", "getpid(): instructions, and who executes them",
                   _renamed(report.getpid_lines(table))),
        page.table("instructions-operations", "Instructions of each operation",
                   _renamed(report.bench_lines(table), "operation")),
        _notes(report.captions(inputs.about)[0]))


def _ipc(inputs):
    """The section of IPC; none if it was not measured."""
    table = inputs.table
    if not table["ipc"]:
        return []
    models = "/".join(report.cpu_models(table))
    return [page.section(
        "IPC", page.table("ipc", f"{report.IPC_TITLE}, -cpu {models}", report.ipc_lines(table)),
        _notes(report.IPC_NOTE + "."),
        page.table("ipc-targets", "IPC one way: our worst case, and other kernels",
                   _renamed(report.standing_lines(table), "worse of call and reply")),
        _notes(report.STANDING_NOTE.capitalize() + "."))]


# --- The rest ---

def _plots(inputs):
    """The section of plots."""
    return page.section("Plots", *(
        page.figure(f"plot-{name}", svg, entry["title"], entry["see"], f"plots/{entry['data']}")
        for name, (entry, svg) in inputs.plots.items()))


def _phase_lines(inputs):
    """Phases by configuration, and their sum."""
    found = {config: {one["phase"]: one["insn"] for one in of["phases"]}
             for config, of in inputs.breakdowns.items()}
    lines = [["phase", *found]]
    for phase in phases.PHASES:
        if any(phase in one for one in found.values()):
            lines.append([phase, *(breakdown.decimal(one[phase]) if phase in one else "-"
                                   for one in found.values())])
    lines.append(["all", *(breakdown.decimal(sum(one.values())) for one in found.values())])
    return lines


def _functions(table, config, of):
    """The functions of one configuration, folded away."""
    lines = [["function", "phase", "insn", "%", "entries"]]
    for one in of["functions"]:
        lines.append([one["function"], one["phase"], breakdown.decimal(one["insn"]),
                      breakdown.percent(one["loop_insn"], of["loop_insn"]),
                      breakdown.decimal(one["loop_entries"] / of["iterations"])
                      if one["loop_entries"] else "-"])
    label = _label(table, config)
    return page.element(
        "details", page.element("summary", f"{label}: the functions"),
        page.table(f"functions-{config}", f"{label}: {of['insn']} instructions by function", lines,
                   words=(1,)))


def _breakdowns(inputs):
    """The section of breakdowns."""
    return page.section(
        "Where the instructions go",
        page.table("phases", "getpid(): instructions by phase", _phase_lines(inputs), total=True),
        _notes(BREAKDOWN),
        *(_functions(inputs.table, config, of) for config, of in inputs.breakdowns.items()))


def _validation_lines(figures):
    """Real cycles (least of the repetitions, and their median) beside the model's of each row."""
    names = list(figures[0]["model"])
    lines = [["loop or call", "what", "least", "median",
              *(word for name in names for word in (name, "ratio"))]]
    for one in figures:
        real, of_rows = one["real"], [one["model"][name]["cycles"] for name in names]
        lines.append([one["bench"], one["what"], f"{real['min']:.2f}", f"{real['median']:.2f}",
                      *(word for model in of_rows for word in
                        (f"{model:.2f}", ratio(model, real["min"])))])
    return lines


def _validation(inputs):
    """The section that holds the model against a real machine."""
    title, found = "The model beside a real machine", inputs.validation
    if not found:
        return page.section(title, _notes(NO_VALIDATION))
    parts = []
    for kind, what in (("loop", "Loops"), ("call", "Linux system calls")):
        figures = [one for one in found["figures"] if one["kind"] == kind]
        if figures:
            parts.append(page.table(
                f"validation-{kind}s", f"{what}: real core cycles, and those of model:"
                f"{found['machine']}", _validation_lines(figures), words=(1,),
                groups=((2, ""), (2, "real"), (2 * len(figures[0]["model"]), "model"))))
    return page.section(title, *parts, _notes(
        f"Processor: {found['processor']}; Linux {found['kernels']['real']} on it, "
        f"{found['kernels']['model']} under the model.", found["intercepted"] or ""))


def _versions(inputs):
    """The section of versions."""
    table, names = inputs.table, inputs.machines
    modes = sorted({of[name]["mode"] for one in inputs.measured for of in one.model.values()
                    for name in names if name in of})
    linux = _label(table, "linux") if any(row["config"] == "linux" for row in table["rows"]) \
        else "not measured"
    machines = [f"{name}: bench/machines/{name.split(':')[0]}.ini, {cycles.mhz(name)} MHz"
                for name in names]
    return page.section("Versions", page.definitions([
        ("Commit", table["commit"]), ("Emulator", f"QEMU {table['qemu']}, TCG, -icount shift=0"),
        ("CPU model", f"-cpu {table['cpu']}"), ("Real Linux", linux),
        ("Boots of a row", table["boots"]),
        ("Machine models", page.join(machines, page.Html("<br>"))),
        ("Mode of the model", ", ".join(modes)),
        *((f"Commit, {what}", ", ".join(sorted(commits)))
          for what, commits in inputs.commits.items() if what != "table")]))


def document(inputs):
    """The whole page."""
    return page.document(TITLE, head(inputs), [
        *_cycles(inputs), _instructions(inputs), *_ipc(inputs), _plots(inputs),
        _breakdowns(inputs), _validation(inputs), _versions(inputs),
        page.section("Limits", page.items(LIMITS))])
