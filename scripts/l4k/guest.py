# SPDX-License-Identifier: BSD-2-Clause
"""Boots one guest in QEMU, within a time limit, and keeps everything it left.

Each run has a directory of its own under results/raw/ (or $RAW_RESULTS), never an old one:
    meta.json    commit, configuration, machine, QEMU version, command line, outcome
    serial.log   what the guest printed
    insn.jsonl   the counting plugin's lines, if it was loaded
    cycles.jsonl the cycle model's lines, if machines were given
    qemu.log     resets of the CPU (a triple fault shows here); qemu.err: QEMU's own words
"""
import dataclasses
import datetime
import functools
import json
import os
import subprocess
import sys
import time

from l4k import guest_log
from l4k.layout import BUILD, ROOT, Missing, product

RAW = os.environ.get("RAW_RESULTS", os.path.join(ROOT, "results", "raw"))
PLUGIN = os.path.join(BUILD, "bench", "insn.so")
OUR_PLUGINS = ("l4k insn plugin:", "l4k cycles plugin:")
MODEL_PLUGIN = os.path.join(BUILD, "model", "cycles.so")
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
RTC_BASE = "2026-01-01T00:00:00"
AFTER_LAST_WORD = 3  # seconds that a guest may live after a panic or a failed assertion

MACHINE = ["-M", "pc", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot"]


@dataclasses.dataclass
class Guest:
    """What to boot. `plugin` holds the counting plugin's words, or None to run without it. With
    `machines`, paths of machine files, the cycle model counts as well. With `kvm` the processor
    itself executes the guest: nothing is counted, and no run is like another."""
    config: str
    cpu: str = "qemu64"
    kernel: str = None
    initrd: str = None
    append: str = ""
    rtc: str = RTC_BASE
    plugin: list = None
    machines: list = dataclasses.field(default_factory=list)
    timeout: int = 60
    kvm: bool = False
    echo: bool = False  # repeat the serial line on standard output
    extra: list = dataclasses.field(default_factory=list)  # further words for QEMU


@dataclasses.dataclass
class Run:
    """What came of it."""
    guest: Guest
    directory: str
    outcome: int
    message: str
    log: guest_log.Log
    counts: list  # the plugin's lines, parsed
    cycles: list = dataclasses.field(default_factory=list)  # the model's


class Failed(Exception):
    """A run did not end well; `outcome` is guest_log's."""

    def __init__(self, run):
        super().__init__(f"{run.message} (see {os.path.relpath(run.directory, ROOT)})")
        self.outcome = run.outcome


class Refused(Missing):
    """The plugin did not start: its words or a machine file are wrong, or QEMU does not take it."""


@functools.lru_cache(maxsize=None)
def qemu_version():
    """For instance "7.2.22"."""
    try:
        words = subprocess.run([QEMU, "--version"], check=True, capture_output=True,
                               text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"{QEMU} cannot be run: {error}") from None
    return words[words.index("version") + 1]


@functools.lru_cache(maxsize=None)
def commit():
    """The commit that is checked out, "+" behind it if files differ; "unknown" outside git."""
    def git(*words):
        """What a git command prints."""
        return subprocess.run(["git", "-C", ROOT, *words], check=True, capture_output=True,
                              text=True).stdout.strip()
    try:
        return git("rev-parse", "HEAD") + \
            ("+" if git("status", "--porcelain", "--", ".", ":!results") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def boot_files(config):
    """(kernel, initrd) of one of our configurations."""
    paths = product(config, "kernel.elf"), product(config, "boot.cpio")
    for path in paths:
        if not os.path.exists(path):
            raise Missing(f"{os.path.relpath(path, ROOT)} has not been built")
    return paths


def boot_words(guest):
    """QEMU's words that say what to boot."""
    words = [QEMU, *MACHINE, "-cpu", guest.cpu, "-kernel", guest.kernel]
    if guest.initrd:
        words += ["-initrd", guest.initrd]
    return words + ["-append", guest.append]


def command(guest, directory):
    """QEMU's words for a run; a reproducible one unless it is under KVM."""
    words = boot_words(guest) + (["-accel", "kvm"] if guest.kvm else
                                 ["-icount", "shift=0,sleep=off", "-seed", "1"])
    words += ["-rtc", f"base={guest.rtc},clock=vm",
              "-serial", "file:" + os.path.join(directory, "serial.log"),
              "-d", "cpu_reset", "-D", os.path.join(directory, "qemu.log")]
    if guest.plugin is not None:
        words += ["-plugin", ",".join([plugin_of(guest), f"out={directory}/insn.jsonl",
                                       *_model_words(guest, directory), *guest.plugin])]
    return words + guest.extra


def plugin_of(guest):
    """The plugin to load: the cycle model's counts instructions, too."""
    return MODEL_PLUGIN if guest.machines else PLUGIN


def _model_words(guest, directory):
    """The words that only the cycle model takes."""
    if not guest.machines:
        return []
    return [f"cycles={directory}/cycles.jsonl", *(f"machine={path}" for path in guest.machines)]


def new_directory(name):
    """A directory under results/raw/ that did not exist."""
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    for number in range(10000):
        path = os.path.join(RAW, f"{stamp}-{name}-{number}")
        try:
            os.makedirs(path)
            return path
        except FileExistsError:
            continue
    raise Missing(f"no free name under {RAW}")


def read(path):
    """A file's text, whatever the guest has put there; empty if it does not exist."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _watch(process, guest, serial):
    """Wait for QEMU; True if it had to be ended. A guest that has said its last word is given
    a moment only."""
    deadline = time.monotonic() + guest.timeout
    shown, dying = 0, False
    while True:
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            pass
        text = read(serial)
        if guest.echo:
            sys.stdout.write(text[shown:])
            sys.stdout.flush()
        fresh, shown = text[max(0, shown - 80):], len(text)
        if process.returncode is not None:
            return False
        if not dying and any(word in fresh for word in (guest_log.WORDS["LOG_PANIC"],
                                                        guest_log.WORDS["LOG_ASSERT"],
                                                        guest_log.WORDS["LOG_END"],
                                                        guest_log.LINUX_PANIC)):
            deadline = min(deadline, time.monotonic() + AFTER_LAST_WORD)
            dying = True
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            return True


def _read_lines(path):
    """A plugin's lines, parsed."""
    counts = []
    for number, line in enumerate(read(path).splitlines(), 1):
        try:
            counts.append(json.loads(line))
        except ValueError:
            raise Missing(f"{path}:{number} is no JSON") from None
    return counts


def _execute(words, guest, directory):
    """Run QEMU to its end: (it was ended by us, its status)."""
    with open(os.path.join(directory, "qemu.err"), "wb") as errors, \
            subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                             cwd=ROOT) as process:
        try:
            ended = _watch(process, guest, os.path.join(directory, "serial.log"))
        finally:
            if process.poll() is None:
                process.kill()
    return ended, process.returncode


def _complaint(directory):
    """What QEMU itself had to say, in one line: the plugin's words if there are any."""
    lines = read(os.path.join(directory, "qemu.err")).strip().splitlines()
    ours = [line for line in lines if line.startswith(OUR_PLUGINS)]
    return (ours or lines or ["no message"])[-1]


def run(guest):
    """Boot a guest and judge its run. Missing if QEMU could not even start it."""
    if guest.plugin is not None and not os.path.exists(plugin_of(guest)):
        raise Missing(f"{os.path.relpath(plugin_of(guest), ROOT)} has not been built: "
                      f"make {'model' if guest.machines else 'plugin'}")
    version = qemu_version()
    directory = new_directory(f"{guest.config}-{guest.cpu.split(',')[0]}")
    words = command(guest, directory)
    ended, status = _execute(words, guest, directory)
    serial = read(os.path.join(directory, "serial.log"))
    complaint = _complaint(directory)
    if status and not ended and "plugin" in complaint:
        raise Refused(complaint if complaint.startswith(OUR_PLUGINS) else
                      f"QEMU {version} does not take the counting plugin: {complaint}")
    log = guest_log.parse(serial)
    outcome, message = guest_log.judge(
        log, timed_out=guest.timeout if ended else None, qemu_status=0 if ended else status,
        triple_fault="Triple fault" in read(os.path.join(directory, "qemu.log")))
    if status and not ended:
        message += f" ({complaint})"
    counts, cycles = (_read_lines(os.path.join(directory, name)) if outcome == guest_log.OK else []
                      for name in ("insn.jsonl", "cycles.jsonl"))
    meta = {**dataclasses.asdict(guest), "commit": commit(), "qemu": version, "command": words,
            "outcome": outcome, "message": message}
    with open(os.path.join(directory, "meta.json"), "w", encoding="utf-8") as file:
        json.dump(meta, file, indent=1)
        file.write("\n")
    return Run(guest, directory, outcome, message, log, counts, cycles)


def run_well(guest):
    """Boot a guest whose run must end well: Failed if it does not."""
    done = run(guest)
    if done.outcome != guest_log.OK:
        raise Failed(done)
    return done
