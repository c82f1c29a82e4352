# SPDX-License-Identifier: BSD-2-Clause
"""The report page: escaping, what is missing, what it says of its inputs; no browser."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from l4k import page

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
DATA = os.path.join(HERE, "data", "report")


class Page(unittest.TestCase):
    def test_text_is_escaped(self):
        self.assertEqual(page.element("p", "a < b & \"c\"", class_="x\"y"),
                         '<p class="x&quot;y">a &lt; b &amp; &quot;c&quot;</p>')

    def test_html_is_not_escaped_twice(self):
        self.assertEqual(page.element("p", page.element("b", "<"), "&"), "<p><b>&lt;</b>&amp;</p>")

    def test_attributes(self):
        self.assertEqual(page.element("img", alt="<", class_=None, aria_label="x"),
                         '<img alt="&lt;" aria-label="x">')

    def test_every_block_escapes(self):
        evil = '<script>"&'
        for block in (page.paragraphs([evil]), page.items([evil]), page.link(evil),
                      page.definitions([(evil, evil)]),
                      page.table("x", evil, [[evil, evil], [evil, evil]], groups=((2, evil),)),
                      page.figure("x", b"", evil, evil, evil), page.section(evil, evil)[1],
                      page.document(evil, evil, [page.section(evil, evil)])):
            self.assertNotIn("<script", block)
            self.assertIn("&lt;script&gt;&quot;&amp;", block)

    def test_spread(self):
        table = page.table("x", "c", [["row", "a"], ["  b", "1409 3%"], ["c", "7    "]])
        self.assertIn('<th scope="row" class="variant">b</th>'
                      '<td>1409<span class="far">3%</span></td>', table)
        self.assertIn('<td>7<span class="far"></span></td>', table)

    def test_total_is_the_foot(self):
        table = page.table("x", "c", [["row", "a"], ["b", "1"], ["all", "1"]], total=True)
        self.assertIn('<tfoot><tr><th scope="row">all</th><td>1</td></tr></tfoot>', table)


class Report(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.results = os.path.join(directory.name, "results")
        shutil.copytree(DATA, self.results)

    def path(self, *words):
        return os.path.join(self.results, *words)

    def report(self, *words):
        """What the command did, from the directory of results."""
        return subprocess.run([os.path.join(SCRIPTS, "report"), "--results", self.results, *words],
                              capture_output=True, text=True, timeout=60, check=False,
                              cwd=self.results)

    def text(self):
        """The page."""
        done = self.report()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "report.html\n", ""))
        with open(self.path("report.html"), encoding="utf-8") as file:
            return file.read()

    def refused(self, *lines):
        done = self.report()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.splitlines(), list(lines))
        self.assertFalse(os.path.exists(self.path("report.html")))

    def change(self, name, **members):
        """Other members of a file; those that are None go."""
        with open(self.path(name), encoding="utf-8") as file:
            found = {**json.load(file), **members}
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in found.items() if value is not None}, file)

    def test_same_commit(self):
        text = self.text()
        self.assertNotIn("different commits", text)
        self.assertIn("from 394 (Linux 6.1.192-2) to 1,409 (L4Linux)", text)
        self.assertIn("Not in this table: linux-defaults, mono, l4linux-tramp, mklinux-user", text)
        self.assertIn("make validate does so", text)
        self.assertIn("alt=\"getpid() in every row. A bar for each row; &quot;L4Linux&quot; &lt; "
                      "&quot;MkLinux&quot; &amp; co.\"", text)

    def test_same_inputs_same_page(self):
        self.assertEqual(self.text(), self.text())

    def test_other_commit(self):
        self.change("breakdown/l4linux-getpid.json", commit="fedcba9876543210+")
        self.assertIn("These figures come from different commits: table 0123456789ab; plots "
                      "0123456789ab; breakdowns 0123456789ab, fedcba987654+.", self.text())

    def test_validation(self):
        figure = {"bench": "load", "what": "a < b", "kind": "loop",
                  "real": {"min": 4.0, "median": 4.25}, "model": {"linux": {"cycles": 3.0}}}
        with open(self.path("validate.json"), "w", encoding="utf-8") as file:
            json.dump({"machine": "host", "processor": "P & Q", "commit": "0123",
                       "kernels": {"real": "6.9", "model": "6.1"}, "intercepted": "Somebody.",
                       "figures": [figure, {**figure, "bench": "getpid", "kind": "call"}]}, file)
        text = self.text()
        self.assertIn("<tr><th scope=\"row\">load</th><td class=\"words\">a &lt; b</td>"
                      "<td>4.00</td><td>4.25</td><td>3.00</td><td>0.75</td></tr>", text)
        self.assertIn("id=\"validation-calls\"", text)
        self.assertIn("P &amp; Q", text)
        self.assertIn("Somebody.", text)
        self.assertIn("validation 0123", text)

    def test_nothing_there(self):
        shutil.rmtree(self.results)
        os.mkdir(self.results)
        self.refused("table.json is missing: make table",
                     "plots/captions.json is missing: make plots")

    def test_parts_missing(self):
        for name in ("plots/misses.svg", "plots/getpid.csv", "breakdown/l4linux-getpid.json"):
            os.remove(self.path(name))
        self.refused("plots/misses.svg is missing: make plots",
                     "breakdown/l4linux-getpid.json is missing: make report",
                     "plots/getpid.csv is missing: make plots")

    def test_damaged(self):
        with open(self.path("table.json"), "w", encoding="utf-8") as file:
            file.write("{")
        self.change("plots/captions.json", misses={"title": "Misses"})
        self.refused("table.json is no JSON object: make table",
                     "plots/captions.json has no see of misses: make plots")

    def test_members_missing(self):
        self.change("table.json", boots=None)
        self.change("breakdown/l4linux-getpid.json", phases=None)
        self.refused("table.json has no boots: make table")

    def test_no_cycles(self):
        with open(self.path("table.json"), encoding="utf-8") as file:
            rows = json.load(file)["rows"]
        for row in rows:
            row["getpid"] = {key: value for key, value in row["getpid"].items()
                             if not key.startswith("model:")}
        self.change("table.json", rows=rows)
        self.refused("table.json has no model cycles: make table")
