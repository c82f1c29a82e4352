# SPDX-License-Identifier: BSD-2-Clause
"""scripts/check-layers, over small trees of its own."""
import os
import shutil
import subprocess
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "check-layers")


class Layers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        os.mkdir(os.path.join(self.root, "scripts"))
        shutil.copy(CHECK, os.path.join(self.root, "scripts"))

    def offences(self, path, *includes):
        """What check-layers prints about a file with these includes."""
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write("".join(f"#include {include}\n" for include in includes))
        run = subprocess.run([os.path.join(self.root, "scripts", "check-layers")],
                             capture_output=True, text=True, check=False)
        os.remove(full)
        self.assertEqual(run.returncode, 1 if run.stderr else 0)
        return run.stderr.splitlines()

    def test_lower_and_own_layer_may_be_included(self):
        self.assertEqual(self.offences("l4k/vm/a.c", "<stdint.h>", '"l4k/vm/vm_map.h"',
                                       '"l4k/kern/frame.h"', '"l4k/abi/layout.h"'), [])

    def test_higher_layer_is_an_offence(self):
        self.assertEqual(self.offences("l4k/kern/a.c", '"l4k/lib/list.h"', '"l4k/vm/vm_map.h"'),
                         ['l4k/kern/a.c:2: l4k/kern/ lies below "l4k/vm/vm_map.h"'])

    def test_seam_may_be_included_from_below(self):
        self.assertEqual(self.offences("l4k/kern/a.c", '"l4k/vm/pmap.h"', '"l4k/ipc_path.h"'), [])

    def test_ipc_paths_do_not_see_each_other(self):
        self.assertEqual(len(self.offences("mach_ipc/a.c", '"l4k/ipc/ipc.h"')), 1)
        self.assertEqual(len(self.offences("l4k/ipc/a.S", '"mach_ipc/ipc.h"')), 1)

    def test_server_sees_abi_lib_and_itself(self):
        self.assertEqual(self.offences("personality/server/a.c", '"l4k/abi/status.h"',
                                       '"l4k/lib/list.h"', '"personality/server/host.h"'), [])
        self.assertEqual(len(self.offences("personality/server/a.h", '"l4k/kern/kmem.h"')), 1)

    def test_includes_start_at_the_root(self):
        self.assertEqual(len(self.offences("l4k/kern/a.c", '"kmem.h"', "<stdio.h>")), 2)

    def test_tests_may_include_anything(self):
        self.assertEqual(self.offences("l4k/lib/test/a.c", "<stdio.h>", '"l4k/vm/vm_map.h"'), [])


if __name__ == "__main__":
    unittest.main()
