#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Build everything with other compilers, in copies of the sources below build/tests/, and look for
warnings, for a second build that does something, and for kernels that do not run; build it in a copy
with the same compiler, and look for another byte in what guests boot. Reports as KTAP.

usage: build.py
"""
import filecmp
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from l4k import rows  # noqa: E402
from l4k.ktap import Report  # noqa: E402
from l4k.layout import BUILD, ROOT  # noqa: E402

COMPILERS = {
    "clang": ["CC=clang"],
    "cross": ["CROSS_COMPILE=x86_64-linux-gnu-"],
}
CONFIGS = [row.config for row in rows.ROWS if row.placement != "linux"]
BOOTED = [os.path.join("build", "bench", "initramfs.cpio")] + \
    [os.path.join("build", config, name) for config in [*CONFIGS, rows.IPC_CONFIG]
     for name in ("kernel.elf", "boot.cpio")]
NOT_COPIED = {"build", "results", ".git"}
TIMEOUT = 300


def environment():
    """The environment without what an outer make and its user have put there."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CC", "CROSS_COMPILE", "CONFIG")}


def copy_sources(tree):
    """Make `tree` the sources as they are; what was built in it before stays."""
    os.makedirs(tree, exist_ok=True)
    for name in set(os.listdir(tree)) - NOT_COPIED:
        path = os.path.join(tree, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    for name in set(os.listdir(ROOT)) - NOT_COPIED:
        path = os.path.join(ROOT, name)
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(tree, name), symlinks=True)
        else:
            shutil.copy2(path, tree)


def execute(tree, *words):
    """(exit status, lines of all output) of a command in the tree."""
    done = subprocess.run(words, cwd=tree, env=environment(), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=TIMEOUT)
    return done.returncode, done.stdout.splitlines()


def products(tree):
    """Path -> time of its last change, of all that was built."""
    return {path: os.stat(path).st_mtime_ns
            for directory, _, names in os.walk(os.path.join(tree, "build"))
            for path in (os.path.join(directory, name) for name in names)}


def check(report, name, settings):
    """Build twice with one compiler, and run what came of it."""
    tree = os.path.join(BUILD, "tests", f"tree-{name}")
    copy_sources(tree)
    status, lines = execute(tree, "make", "-j2", *settings, "all")
    report.test(f"{name}: builds without a warning",
                status == 0 and not any("warning" in line for line in lines),
                f"status {status}", lines[-30:])
    if status:
        return
    before = products(tree)
    status, lines = execute(tree, "make", *settings, "all")
    changed = [path for path, when in products(tree).items() if before.get(path) != when]
    report.test(f"{name}: the second make builds nothing",
                status == 0 and not lines and not changed, f"status {status}",
                lines + changed)
    for config in CONFIGS:
        status, lines = execute(tree, "scripts/run", config, "--append", "bench=getpid,fork")
        report.test(f"{name}: {config} runs the benchmark program", status == 0,
                    f"status {status}", lines[-30:])


def check_elsewhere(report):
    """What a guest boots is the same wherever the compiler of this build builds it."""
    tree = os.path.join(BUILD, "tests", "tree-elsewhere")
    copy_sources(tree)
    settings = [f"{name}={os.environ[name]}" for name in ("CC", "CROSS_COMPILE")
                if name in os.environ]
    status, lines = execute(tree, "make", "-j2", *settings, *BOOTED)
    differ = [path for path in BOOTED if not os.path.exists(os.path.join(tree, path)) or
              not filecmp.cmp(os.path.join(tree, path), os.path.join(ROOT, path), shallow=False)]
    report.test("another directory: guests boot the same bytes", status == 0 and not differ,
                f"status {status}", differ + lines[-30:])


def main():
    report = Report()
    check_elsewhere(report)
    for name, settings in COMPILERS.items():
        check(report, name, settings)
    report.end()


if __name__ == "__main__":
    main()
