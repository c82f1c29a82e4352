#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""The report page in a browser: written from recorded inputs, opened from the file system at the
width of a phone and of a desk, printed, and broken on purpose. Reports as KTAP.

usage: report.py

$CHROMIUM is the browser (default: chromium). The page has no script; a copy of it gets one at the
end, which tells what the browser made of the page. The copy is opened in a frame of the wanted
width (a window is never narrower than 500 pixels), and the page around it keeps what it was told in
an attribute of <html>.
"""
import html
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from l4k import rows  # noqa: E402
from l4k.ktap import Report  # noqa: E402

DATA = os.path.join(HERE, "data", "report")
PHONE, DESK = 390, 1200
BROWSER = [os.environ.get("CHROMIUM", "chromium"), "--headless", "--no-sandbox", "--disable-gpu",
           "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--hide-scrollbars",
           "--virtual-time-budget=5000"]

PROBE = """<script>
addEventListener("load", () => {
  const all = (what, of) => [...document.querySelectorAll(what)].map(of);
  parent.postMessage(JSON.stringify({
    width: innerWidth, scroll: document.documentElement.scrollWidth,
    images: all("img", one => [one.alt, one.naturalWidth, one.getBoundingClientRect().width]),
    tables: Object.fromEntries(all("table", one => [one.id, {
      caption: one.caption ? one.caption.textContent : "",
      heads: [...one.tHead.rows].pop().cells.length,
      named: [...one.querySelectorAll("tbody tr, tfoot tr")].every(
        row => row.cells[0].matches("th[scope=row]")),
      rows: [...one.querySelectorAll("tbody tr, tfoot tr")].map(
        row => [...row.cells].map(cell => cell.textContent))}])),
    dangling: all("a[href^='#']", one => one.getAttribute("href").slice(1))
      .filter(id => !document.getElementById(id)),
    fetched: performance.getEntriesByType("resource").map(one => one.name)
      .filter(name => !name.startsWith("data:"))}), "*");
});
</script>
"""
FRAME = """<!DOCTYPE html><html><script>
addEventListener("message", told => document.documentElement.setAttribute("data-found", told.data));
</script><iframe src="probed.html" style="width: WIDTHpx; height: 900px; border: 0"></iframe></html>
"""


def browse(directory, path, *words):
    """What the browser prints about a file, in a profile of its own."""
    with tempfile.TemporaryDirectory(dir=directory) as profile:
        return subprocess.run([*BROWSER, f"--user-data-dir={profile}", *words, "file://" + path],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=True).stdout


def probe(directory, text, width):
    """What PROBE finds in a page of that text."""
    for name, content in (("probed.html", text.replace("</body>", PROBE + "</body>")),
                          ("frame.html", FRAME.replace("WIDTH", str(width)))):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(content)
    dom = browse(directory, os.path.join(directory, "frame.html"), "--dump-dom")
    return json.loads(html.unescape(re.search(r'<html[^>]* data-found="([^"]*)"', dom)[1]))


def read(*words):
    """An input, parsed."""
    with open(os.path.join(DATA, *words), encoding="utf-8") as file:
        return json.load(file)


def expected():
    """(alternative texts of the images, table -> number of rows) that the inputs call for."""
    table, captions = read("table.json"), read("plots", "captions.json")
    configs, benches = len(table["rows"]), len(table["rows"][0]["bench"])
    broken = {config: read("breakdown", f"{config}-getpid.json")
              for config in ("l4linux", "mklinux-kern")}
    phases = {one["phase"] for of in broken.values() for one in of["phases"]}
    tables = {"table": configs, "parts": configs, "places": configs, "parts-skylake": configs,
              "operations": benches, "instructions": configs, "instructions-operations": benches,
              "ipc": len({one["case"] for one in table["ipc"]}),
              "ipc-targets": len(rows.IPC_TARGETS) + len(rows.IPC_PEERS),
              "phases": len(phases) + 1,
              **{f"functions-{config}": len(of["functions"]) for config, of in broken.items()}}
    return [f"{one['title']}. {one['see']}" for one in captions.values()], tables


def faults_of_tables(found, wanted):
    """A line for each table that is not as it should be."""
    faults = [f"table {name} is missing" for name in wanted if name not in found]
    for name, one in found.items():
        if len(one["rows"]) != wanted.get(name):
            faults.append(f"table {name} has {len(one['rows'])} rows, not {wanted.get(name)}")
        if not one["caption"] or not one["named"]:
            faults.append(f"table {name} or a row of it has no name")
        if any(len(row) != one["heads"] or not all(row) for row in one["rows"]
               if name != "ipc-targets"):  # where other kernels have one figure for both columns
            faults.append(f"table {name} has empty cells, or rows of another length than its head")
    return faults


def faults(text, found, width):
    """A line for each thing that is wrong with a page."""
    images, tables = expected()
    wrong = faults_of_tables(found["tables"], tables)
    if [alt for alt, _, _ in found["images"]] != images:
        wrong.append("the images are not those of captions.json")
    wrong += [f"image broken: {alt}" for alt, natural, shown in found["images"]
              if not natural or not shown]
    if found["width"] != width:
        wrong.append(f"the page is {found['width']} wide, not {width}")
    if found["scroll"] > width:
        wrong.append(f"the page overflows: {found['scroll']} wide, not {width}")
    wrong += [f"a link leads to no place: {name}" for name in found["dangling"]]
    wrong += [f"fetched: {name}" for name in found["fetched"]]
    wrong += [f"would be fetched: {address}" for address in re.findall(
        r"""(?:src|href)=["']?((?:https?:)?//[^"'\s>]*)""", text) + re.findall(
            r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]*)""", text)]
    return wrong


def check_values(report, found):
    """Figures stand where they belong."""
    by_config = {row["config"]: row for row in read("table.json")["rows"]}
    l4linux = by_config["l4linux"]["getpid"]
    cells = {row[0]: row for row in found["tables"]["table"]["rows"]}
    report.equal("L4Linux's cycles and instructions stand in its row",
                 [cells["L4Linux"][1], cells["L4Linux"][5]],
                 [str(l4linux["model:p133"]["cycles"]), str(l4linux["insn"])])
    report.equal("phases sum to the instructions", found["tables"]["phases"]["rows"][-1],
                 ["all", str(l4linux["insn"]), str(by_config["mklinux-kern"]["getpid"]["insn"])])


def check_broken(report, directory, text):
    """The same checks see what is wrong with a copy."""
    table = re.compile(r'<div [^>]*><table id="places">.*?</table></div>', re.DOTALL)
    for what, change, fault in [
            ("an image that cannot be decoded", lambda page: re.sub(
                "(svg.xml;base64,).{40}", r"\1AAAA", page, count=1), "image broken: getpid"),
            ("an image less", lambda page: re.sub("<img [^>]*>", "", page, count=1),
             "the images are not"),
            ("a table less", lambda page: table.sub("", page, count=1), "table places is missing"),
            ("a row less", lambda page: re.sub("<tbody><tr>.*?</tr>", "<tbody>", page, count=1),
             "table table has 2 rows, not 3"),
            ("a box that is too wide", lambda page: page.replace(
                "<main>", '<main><div style="width: 500px">x</div>'), "the page overflows"),
            ("something to be fetched", lambda page: page.replace(
                "<main>", '<main><link rel="stylesheet" href="https://localhost/x.css">'),
             "would be fetched: https://localhost/x.css")]:
        broken = change(text)
        seen = faults(broken, probe(directory, broken, PHONE), PHONE)
        report.test(f"{what} is seen", broken != text and any(one.startswith(fault)
                                                              for one in seen), f"{seen}")


def check_print(report, directory, path):
    """It can be printed."""
    pdf = os.path.join(directory, "report.pdf")
    browse(directory, path, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    with open(pdf, "rb") as file:
        data = file.read()
    pages = len(re.findall(rb"/Type\s*/Page\b", data))
    report.test("it is printed on a few pages", data.startswith(b"%PDF") and 2 <= pages <= 12,
                f"{pages} pages")


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "report.html")
        done = subprocess.run([os.path.join(os.path.dirname(HERE), "report"), "--results", DATA,
                               "--out", path], capture_output=True, text=True, check=False)
        report.equal("the page is written", done.returncode, 0)
        if done.returncode == 0:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            report.test("it has no script", "<script" not in text)
            for width in (PHONE, DESK):
                found = probe(directory, text, width)
                wrong = faults(text, found, width)
                report.test(f"all is there at {width} px", not wrong, f"{len(wrong)} faults", wrong)
            check_values(report, found)
            check_broken(report, directory, text)
            check_print(report, directory, path)
    report.end()


if __name__ == "__main__":
    main()
