# SPDX-License-Identifier: BSD-2-Clause
"""scripts/setup, with stand-ins for Debian's tools in front of PATH."""
import os
import subprocess
import tempfile
import unittest

SETUP = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "setup")

ALL_INSTALLED = 'shift 2; for package; do echo "$package installed"; done'
NO_MAKE = ('shift 2; for package; do [ "$package" = make ] || echo "$package installed"; done; '
           'exit 1')
REMOVED_MAKE = ('shift 2; for package; do [ "$package" = make ] && echo "make config-files" || '
                'echo "$package installed"; done')


class Setup(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.tool("apt-get", f'echo "apt-get $*" >>{self.directory}/calls')
        self.tool("sudo", "exit 1")

    def tool(self, name, script):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, 0o755)

    def run_setup(self, packages, *words, user="0", **environment):
        self.tool("dpkg-query", packages)
        self.tool("id", f"echo {user}")
        path = self.directory + ":" + os.environ["PATH"]
        return subprocess.run([SETUP, *words], env={**os.environ, "PATH": path, **environment},
                              capture_output=True, text=True, check=False)

    def calls(self):
        try:
            with open(os.path.join(self.directory, "calls"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def test_nothing_missing(self):
        done = self.run_setup(ALL_INSTALLED)
        self.assertEqual((done.returncode, done.stdout, done.stderr, self.calls()),
                         (0, "", "", ""))

    def test_packages_of_the_tests_alone(self):
        no_chromium = NO_MAKE.replace("= make", "= chromium")
        self.assertEqual((self.run_setup(no_chromium).returncode, self.calls()), (0, ""))
        self.run_setup(no_chromium, "check")
        self.assertRegex(self.calls(), r"install .* chromium\n")

    def test_unknown_word(self):
        done = self.run_setup(ALL_INSTALLED, "all")
        self.assertEqual((done.returncode, done.stderr), (2, "usage: setup [check]\n"))

    def test_installs_as_root(self):
        done = self.run_setup(NO_MAKE)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout,
                         "installing Debian packages to build and measure: make\n")
        self.assertRegex(self.calls(), r"^apt-get install .* make\n$")

    def test_removed_package_is_missing(self):
        self.run_setup(REMOVED_MAKE)
        self.assertRegex(self.calls(), r" make\n$")

    def test_old_lists_are_fetched(self):
        self.tool("apt-get", f'echo "$1" >>{self.directory}/calls\n'
                  f'[ "$1" = update ] || grep -q update {self.directory}/calls')
        done = self.run_setup(NO_MAKE)
        self.assertEqual((done.returncode, self.calls().split()),
                         (0, ["install", "update", "install"]))

    def test_failed_install(self):
        self.tool("apt-get", "echo no network; exit 100")
        done = self.run_setup(NO_MAKE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("type: sudo apt-get install make", done.stderr)

    def test_neither_root_nor_sudo(self):
        done = self.run_setup(NO_MAKE, user="1000")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "packages are missing to build and measure; type: "
                                      "sudo apt-get install make\n")
        self.assertEqual(self.calls(), "")

    def test_sudo(self):
        self.tool("sudo", '[ "$1" = -n ] && exit 0; exec "$@"')
        done = self.run_setup(NO_MAKE, user="1000")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(self.calls(), r" make\n$")
