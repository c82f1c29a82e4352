# SPDX-License-Identifier: BSD-2-Clause
"""HTML of a page that is one file: no script, styles and images in it, nothing to be fetched.

Text becomes HTML in one place, `element`: what is not Html already is escaped.
"""
import base64
import html
import os
import re

STYLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.css")
EMPTY = ("meta", "img")  # elements without an end tag


class Html(str):
    """Text that is HTML."""


def escape(text):
    """Html of a text, fit for content and for attributes."""
    return text if isinstance(text, Html) else Html(html.escape(str(text), quote=True))


def join(parts, between=""):
    """One Html of several."""
    return Html(between.join(map(escape, parts)))


def element(tag, /, *content, **attributes):
    """An element. Attributes that are None are left out; `class_` is class, `aria_label` is
    aria-label."""
    words = [f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value), quote=True)}"'
             for key, value in attributes.items() if value is not None]
    start = f"<{tag}{''.join(words)}>"
    return Html(start if tag in EMPTY else f"{start}{join(content)}</{tag}>")


def paragraphs(texts, class_=None):
    """One paragraph for each text that is not empty."""
    return join([element("p", text, class_=class_) for text in texts if text], "\n")


def items(texts):
    """A list."""
    return element("ul", *(element("li", text) for text in texts))


def definitions(pairs):
    """Names and what stands for them."""
    return element("dl", *(element("div", element("dt", name), element("dd", what))
                           for name, what in pairs))


def link(address):
    """A link that is named as what it leads to."""
    return element("a", address, href=address)


def _wide(name, content):
    """A box that scrolls if the page is too narrow: the keyboard reaches it, and it has a name."""
    return element("div", content, class_="wide", role="region", aria_label=name, tabindex=0)


# --- Tables ---

def _spread(cell):
    """A figure with the distance of its farthest boot behind it, "1409 3%", keeps its digits in
    line with those that have none."""
    number, _, far = cell.strip().partition(" ")
    return join([number, element("span", far.strip(), class_="far")])


def _row(cells, spreads, words):
    """A line of a table; its name is indented if it is a variant of the line above."""
    name, *rest = cells
    head = element("th", name.strip(), scope="row",
                   class_="variant" if name.startswith("  ") else None)
    return element("tr", head, *(
        element("td", _spread(cell) if spreads else cell.strip(),
                class_="words" if column in words else None)
        for column, cell in enumerate(rest, 1)))


def table(name, caption, lines, groups=(), total=False, words=()):
    """A table in a box of its own, which scrolls if the page is too narrow. `lines` are cells, the
    first line names the columns, the first cell of each other the row. `groups`: (columns, title)
    of columns that belong together. `total`: the last line is the sum of those above. `words`:
    numbers of further columns that hold words."""
    titles, *body = lines
    heads = []
    if groups:
        heads.append(element("tr", *(element("th", title, scope="colgroup", colspan=columns)
                                     if title else element("td", colspan=columns)
                                     for columns, title in groups)))
    heads.append(element("tr", *(element(
        "th", title.strip(), scope="col", class_="words" if column in words else None)
        for column, title in enumerate(titles))))
    spreads = any(cell.strip().endswith("%") for line in body for cell in line[1:]
                  if " " in cell.strip())
    rows = [_row(line, spreads, words) for line in body]
    foot = [element("tfoot", rows.pop())] if total else []
    return _wide(caption, element(
        "table", element("caption", element("span", caption)), element("thead", *heads), "\n",
        element("tbody", join(rows, "\n")), *foot, id=name))


# --- Images ---

def picture(svg, alt):
    """An image, within the page. `svg` is a file's bytes."""
    data = base64.b64encode(svg).decode("ascii")
    return element("img", src=f"data:image/svg+xml;base64,{data}", alt=alt)


def figure(name, svg, title, see, data):
    """An image with its title, what to see on it, and the file with its figures."""
    return element("figure", _wide(title, picture(svg, f"{title}. {see}")),
                   element("figcaption", element("strong", title), " ", see, " ",
                           element("span", "Figures: ", link(data), class_="source")),
                   id=name)


# --- The page ---

def slug(text):
    """An id made of a text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def section(title, *content):
    """(title, Html): a part of the page, named in the table of contents."""
    return title, element("section", element("h2", title, id=slug(title)), "\n",
                          join(content, "\n"))


def document(title, head, sections):
    """The whole page; `head` stands below the title, `sections` are section()'s."""
    with open(STYLE, encoding="utf-8") as file:
        style = Html(file.read())
    contents = element("nav", element("ol", *(
        element("li", element("a", name, href="#" + slug(name))) for name, _ in sections)),
        aria_label="Contents")
    body = [element("header", element("h1", title), "\n", head), contents,
            element("main", join([content for _, content in sections], "\n"))]
    return "<!DOCTYPE html>\n" + element(
        "html", element("head", element("meta", charset="utf-8"), element(
            "meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", title), element("style", style)),
        "\n", element("body", join(body, "\n")), lang="en") + "\n"
