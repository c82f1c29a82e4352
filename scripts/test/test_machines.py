# SPDX-License-Identifier: BSD-2-Clause
"""Machine files name the source of every value, by a letter of their legend or in words."""
import glob
import os
import re
import unittest

from l4k import cycles, guest

LEGEND = re.compile(r"#   ([A-Z])  ")
VALUE = re.compile(r"(\w+) = \S+ *(?:# (.+))?$")
LETTERS = re.compile(r"([A-Z])(?: [\d.]+(?: and \d+)?)?(?:, |:|;|$)")


def legend(text):
    """The letters that the file's head explains."""
    return [match[1] for match in map(LEGEND.match, text.splitlines()) if match]


def sources(text):
    """{"section.key": its comment, or None} of every value but the machine's name."""
    found, section = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            section = line[1:line.index("]")]
        elif match := VALUE.match(line):
            found[f"{section}.{match[1]}"] = match[2]
    found.pop("machine.name")
    return found


class Sources(unittest.TestCase):
    def test_every_value_has_one(self):
        for path in sorted(glob.glob(os.path.join(cycles.MACHINES, "*.ini"))):
            text = guest.read(path)
            explained = legend(text)
            self.assertEqual(len(explained), len(set(explained)), path)
            for key, source in sources(text).items():
                with self.subTest(file=os.path.basename(path), key=key):
                    self.assertTrue(source)
                    letter = LETTERS.match(source)
                    if letter:
                        self.assertIn(letter[1], explained)

    def test_a_value_without_a_source_is_seen(self):
        text = "#   B  a book\n[machine]\nname = x\nmhz = 1  # B: page 2\n[base]\nnop = 1\n"
        self.assertEqual(sources(text), {"machine.mhz": "B: page 2", "base.nop": None})
        self.assertEqual(legend(text), ["B"])
