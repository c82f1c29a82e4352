# SPDX-License-Identifier: BSD-2-Clause
"""The commands as a whole, over a stand-in for QEMU: messages, exit statuses, files written."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)


def bzimage(path):
    """A file with as much of a bzImage's header as tells its version."""
    head = bytearray(4096)
    head[0x202:0x206] = b"HdrS"
    head[0x20e:0x210] = (0x300).to_bytes(2, "little")
    text = b"6.1.0-0-cloud-amd64 (debian) #1 SMP Debian 6.1.999-1 (2026-01-01)\0"
    head[0x500:0x500 + len(text)] = text
    with open(path, "wb") as file:
        file.write(head)


class Commands(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.image = os.path.join(self.directory.name, "bzImage")
        self.out = os.path.join(self.directory.name, "out")
        self.raw = os.path.join(self.directory.name, "raw")
        bzimage(self.image)

    def run_script(self, name, *words, **fake):
        environment = {**os.environ, "QEMU": os.path.join(HERE, "fake-qemu"),
                       "LINUX_IMAGE": self.image, "RAW_RESULTS": self.raw, **fake}
        return subprocess.run([os.path.join(SCRIPTS, name), *words], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)

    def table(self, **fake):
        return self.run_script("table", "--rows", "linux", "--boots", "2", "--out", self.out,
                               **fake)

    def read_table(self):
        with open(os.path.join(self.out, "table.json"), encoding="utf-8") as file:
            return json.load(file)


class Run(Commands):
    def outcome(self, status, words, *options, **fake):
        done = self.run_script("run", "linux", *options, **fake)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(words, done.stderr)

    def test_good(self):
        self.outcome(0, "booting linux", FAKE_LOG="linux.log")

    def test_failed(self):
        self.outcome(1, "assertion failed", FAKE_LOG="assert.log")

    def test_hung(self):
        self.outcome(3, "hung", "--timeout", "1", FAKE_LOG="hung.log", FAKE_SLEEP="20")

    def test_crashed(self):
        self.outcome(4, "crashed", FAKE_LOG="panic.log")

    def test_truncated(self):
        self.outcome(5, "missing marker", FAKE_LOG="hung.log")

    def test_no_image(self):
        self.outcome(2, "LINUX_IMAGE=/nowhere does not exist", FAKE_LOG="linux.log",
                     LINUX_IMAGE="/nowhere")

    def test_no_qemu(self):
        self.outcome(2, "/nowhere/qemu cannot be run", FAKE_LOG="linux.log", QEMU="/nowhere/qemu")

    def test_other_plugin_interface(self):
        self.outcome(2, "does not take the counting plugin: qemu: plugin requires", "--count",
                     FAKE_LOG="silent.log", FAKE_STATUS="1",
                     FAKE_WORDS="qemu: plugin requires API version 1, this QEMU has 2 at least")

    def test_keeps_every_run(self):
        for _ in range(3):
            self.run_script("run", "linux", FAKE_LOG="linux.log")
        runs = os.listdir(self.raw)
        self.assertEqual(len(runs), 3)
        with open(os.path.join(self.raw, runs[0], "meta.json"), encoding="utf-8") as file:
            meta = json.load(file)
        self.assertEqual((meta["config"], meta["cpu"], meta["qemu"]), ("linux", "qemu64", "0.0.1"))
        self.assertIn("commit", meta)


class Table(Commands):
    def test_good(self):
        done = self.table(FAKE_LOG="linux.log", FAKE_COUNTS="linux.jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        row = self.read_table()["rows"][0]
        self.assertEqual((row["label"], row["getpid"]["insn"]), ("Linux 6.1.999-1", 309))
        self.assertEqual(row["getpid"]["model:p133"]["cycles"], 618)
        self.assertIn("Linux 6.1.999-1", done.stdout)
        self.assertIn("[2/2] booting linux", done.stderr)
        for name in ("table.csv", "model.csv"):
            self.assertTrue(os.path.exists(os.path.join(self.out, name)))

    def test_instructions_alone(self):
        done = self.run_script("table", "--rows", "linux", "--boots", "1", "--out", self.out,
                               "--counter", "insn", FAKE_LOG="linux.log",
                               FAKE_COUNTS="linux.jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("model:", done.stdout)
        self.assertEqual(self.read_table()["rows"][0]["getpid"]["insn"], 309)

    def test_no_machine(self):
        done = self.run_script("table", "--rows", "linux", "--machine", "vax",
                               FAKE_LOG="linux.log")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("there is no machine file bench/machines/vax.ini", done.stderr)

    def test_wrong_machine_file(self):
        said = "l4k cycles plugin: m.ini:3: [machine] mhz: not a number from 1 to 10000"
        done = self.table(FAKE_LOG="silent.log", FAKE_STATUS="1", FAKE_WORDS=said)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.splitlines()[-1], said)
        self.assertFalse(os.path.exists(os.path.join(self.out, "table.json")))

    def test_twice_the_same(self):
        tables = []
        for _ in range(2):
            self.table(FAKE_LOG="linux.log", FAKE_COUNTS="linux.jsonl")
            tables.append(self.read_table())
        self.assertEqual(*tables)

    def test_missing_linux_row(self):
        done = self.table(FAKE_LOG="linux-panic.log")
        self.assertEqual(done.returncode, 4)
        for output in (done.stdout, done.stderr):
            self.assertRegex(output, "linux: missing: guest crashed: Kernel panic")
        self.assertIn("nothing was measured; the last table stays", done.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.out, "table.json")))

    def test_no_image(self):
        done = self.table(LINUX_IMAGE="/nowhere")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stdout, "linux: missing: LINUX_IMAGE=/nowhere does not exist")

    def test_no_qemu(self):
        done = self.table(QEMU="/nowhere/qemu")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("/nowhere/qemu cannot be run", done.stderr)

    def test_unsound_counts(self):
        done = self.table(FAKE_LOG="linux.log", FAKE_COUNTS="ipc.jsonl")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "linux: missing: null: region 2 was closed 0 times, not 7")

    def test_unknown_row(self):
        done = self.run_script("table", "--rows", "plan9", FAKE_LOG="linux.log")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no row plan9", done.stderr)


class TableTsc(Commands):
    """The table in hardware cycles: under KVM, from logs, or not at all."""

    def table_tsc(self, *words, **fake):
        device = os.path.join(self.directory.name, "kvm")
        with open(device, "w", encoding="utf-8"):
            pass
        return self.run_script("table", "--counter", "tsc", "--out", self.out, *words,
                               **{"KVM_DEVICE": device, **fake})

    def refused(self, done, words):
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertFalse(os.path.exists(self.out))

    def test_kvm(self):
        done = self.table_tsc("--rows", "linux", "--boots", "2", FAKE_KVM_LOG="tsc-linux.log")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Linux 6.1.999-1", done.stdout)
        self.assertIn("KVM, -cpu host, QEMU 0.0.1", done.stdout.replace("\n", " "))
        self.assertEqual(sorted(os.listdir(self.out)), ["tsc.csv", "tsc.json", "tsc.txt"])
        with open(os.path.join(self.out, "tsc.json"), encoding="utf-8") as file:
            row = json.load(file)["rows"][0]
        self.assertEqual((row["boots"], row["bench"]["getpid"]["ticks"]), (2, 356))
        with open(os.path.join(self.raw, os.listdir(self.raw)[0], "meta.json"),
                  encoding="utf-8") as file:
            command = json.load(file)["command"]
        self.assertEqual(command[command.index("-accel") + 1], "kvm")
        self.assertIn("counter=tsc", command[command.index("-append") + 1])
        for word in ("-icount", "-plugin", "-seed"):
            self.assertNotIn(word, command)

    def test_kvm_does_not_boot(self):
        self.refused(self.table_tsc("--rows", "linux", FAKE_KVM_LOG="silent.log",
                                    FAKE_KVM_WORDS="could not access it"),
                     "COUNTER=tsc: KVM does not boot this here (could not access it): hardware "
                     "cycles need KVM or a PC; COUNTER=model gives")
        self.assertFalse(os.path.exists(self.raw))

    def test_no_kvm(self):
        self.refused(self.table_tsc(KVM_DEVICE="/nowhere/kvm", LINUX_IMAGE="/nowhere"),
                     "COUNTER=tsc: KVM does not boot this here (there is no /nowhere/kvm)")

    def test_self_test_refuses(self):
        done = self.table_tsc("--rows", "linux", FAKE_KVM_LOG="tsc-refused.log")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("linux: missing: the self-test refused: CPUID says TCG", done.stderr)
        self.assertFalse(os.path.exists(self.out))

    def test_logs(self):
        for config in ("linux", "mono"):
            shutil.copyfile(os.path.join(HERE, "data", f"tsc-{config}.log"),
                            os.path.join(self.directory.name, f"{config}.log"))
        done = self.table_tsc("--logs", self.directory.name, QEMU="/nowhere")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^monolithic reference +89 +0\.25 ")

    def test_log_that_was_refused(self):
        shutil.copyfile(os.path.join(HERE, "data", "tsc-refused.log"),
                        os.path.join(self.directory.name, "mono.log"))
        self.refused(self.table_tsc("--logs", self.directory.name),
                     "mono.log: the self-test refused: CPUID says TCG")

    def test_logs_of_another_counter(self):
        done = self.run_script("table", "--logs", self.directory.name)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--logs needs --counter tsc", done.stderr)


class Boot(Commands):
    """scripts/boot tries KVM first, and falls back with one line."""

    def boot(self, *lines, accelerator="tcg", **fake):
        device = os.path.join(self.directory.name, "kvm")
        with open(device, "w", encoding="utf-8"):
            pass
        done = self.run_script("boot", "linux", FAKE_LOG="linux.log",
                               **{"KVM_DEVICE": device, **fake})
        said = done.stderr.splitlines()
        self.assertEqual(len(said), len(lines) + 1, done.stderr)
        for line, wanted in zip(said, lines):
            self.assertIn(wanted, line)
        self.assertIn(f"booting linux in QEMU 0.0.1 ({accelerator})", said[-1])
        self.assertIn("@l4k-end bench status=0", done.stdout)

    def test_kvm(self):
        self.boot(accelerator="kvm", FAKE_KVM_LOG="linux.log")

    def test_no_kvm(self):
        self.boot("KVM does not boot this here (there is no /nowhere/kvm): using emulation",
                  KVM_DEVICE="/nowhere/kvm")

    def test_tcg_is_not_probed(self):
        self.boot(ACCEL="tcg", FAKE_KVM_LOG="panic.log")

    def test_panic(self):
        self.boot("KVM does not boot this here (@l4k-panic", FAKE_KVM_LOG="panic.log")

    def test_kvm_error(self):
        self.boot("KVM does not boot this here (could not access it): using emulation",
                  FAKE_KVM_LOG="silent.log", FAKE_KVM_WORDS="could not access it")

    def test_silence(self):
        self.boot("KVM does not boot this here (no program began within 5 s)",
                  FAKE_KVM_LOG="silent.log", FAKE_KVM_SLEEP="20")


class Runtests(Commands):
    def run_list(self, lines, programs=""):
        path = os.path.join(self.directory.name, "tests.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(lines)
        done = self.run_script("runtests", "--list", path, CHECK_PROGRAMS=programs)
        return done.returncode, done.stdout.splitlines()

    def test_forgotten_program(self):
        status, lines = self.run_list("self-test a | 5 | build/a\n", "build/a build/b")
        self.assertEqual((status, lines), (1, []))

    def test_all_pass(self):
        status, lines = self.run_list("self-test a | 5 | true\n"
                                   "self-test b | 5 | printf '1..2\\nok 1 x\\nok 2 y\\n'\n")
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed"))

    def test_failures(self):
        status, lines = self.run_list("self-test a | 5 | false\n"
                                   "self-test b | 1 | sleep 20\n"
                                   "self-test c | 5 | printf '1..3\\nok 1 x\\n'\n"
                                   "self-test d | 5 | printf 'not ok 1 x\\n'; false\n"
                                   "self-test e | 5 | printf 'ok 1 x # SKIP no y\\n'\n")
        self.assertEqual((status, lines[-1]), (1, "1 passed, 4 failed"))
        self.assertIn("FAIL self-test b: no end after 1 s", lines)
        self.assertIn("FAIL self-test c: 3 tests were planned, 1 reported", lines)
        self.assertIn("skip self-test e: x # SKIP no y", lines)
