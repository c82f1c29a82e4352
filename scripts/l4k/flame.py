# SPDX-License-Identifier: BSD-2-Clause
"""A flame graph as SVG (after Brendan Gregg): a box for each function, as wide as what it and all
above it cost, on the box of its caller. Callees stand in the order of their first entry. The colour
is the place; the title of a box, shown when one points at it, holds the figures."""
import dataclasses
from xml.sax.saxutils import escape

WIDTH, MARGIN, ROW, FONT = 1200, 10, 18, 12  # pixels
CHARACTER = 7.3  # width of one, of the monospaced font
COLOURS = {"program": "#8fbf6f", "stub": "#e3c64d", "kernel": "#e8865a", "server": "#7aa9d6"}


@dataclasses.dataclass
class Box:
    """A function as called from one path. `own` and `all`: cost, and that with its callees."""
    place: str
    name: str
    own: int = 0
    all: int = 0
    callees: dict = dataclasses.field(default_factory=dict)

    @property
    def depth(self):
        """Boxes on one another."""
        return 1 + max((box.depth for box in self.callees.values()), default=0)


def tree(stacks):
    """The outermost box, which stands for all; `stacks`: path [(place, name)] -> cost."""
    root = Box("", "all")
    for path, cost in stacks.items():
        box = root
        root.all += cost
        for key in path:
            box = box.callees.setdefault(key, Box(*key))
            box.all += cost
        box.own += cost
    return root


def _text(x, y, words, size=FONT):
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}">{escape(words)}</text>'


def _box(box, x, y, scale, describe):
    """One box, with as much of its name as fits."""
    width = box.all * scale
    room = int((width - 6) / CHARACTER)
    name = box.name if len(box.name) <= room else box.name[:room - 2] + ".." if room > 4 else ""
    colour = COLOURS.get(box.place, "#dddddd")
    shape = f'<rect x="{x:.2f}" y="{y}" width="{max(width, 0.2):.2f}" height="{ROW - 1}" ' \
            f'rx="1" fill="{colour}" stroke="#ffffff" stroke-width="{min(0.6, width / 4):.2f}"/>'
    return f"<g><title>{escape(describe(box))}</title>{shape}" + \
        (_text(x + 3, y + ROW - 5, name) if name else "") + "</g>"


def _boxes(box, x, level, base, scale, describe):
    """A box and what stands on it."""
    yield _box(box, x, base - ROW * level, scale, describe)
    for callee in box.callees.values():
        yield from _boxes(callee, x, level + 1, base, scale, describe)
        x += callee.all * scale


def _legend(places, y):
    """The colours."""
    for i, place in enumerate(places):
        x = MARGIN + 100 * i
        yield f'<rect x="{x}" y="{y - 11}" width="14" height="14" fill="{COLOURS[place]}"/>'
        yield _text(x + 19, y, place)


def svg(stacks, title, caption, unit, per_unit):
    """The graph. `caption` is a list of lines; costs are shown as `unit`, of which each holds
    `per_unit`."""
    root = tree(stacks)
    places = [place for place in COLOURS if any(place == one for path in stacks for one, _ in path)]
    top = 50
    base = top + ROW * (root.depth - 1)
    height = base + ROW + 30 + ROW * len(caption)

    def describe(box):
        where = f" ({box.place})" if box.place else ""
        share = 100 * box.all / root.all if root.all else 0
        return f"{box.name}{where}: {box.all / per_unit:.2f} {unit}, {share:.1f} %, " \
               f"{box.own / per_unit:.2f} its own"

    scale = (WIDTH - 2 * MARGIN) / root.all if root.all else 0
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans Mono, monospace">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             _text(MARGIN, 20, title, 15), *_legend(places, 40),
             *_boxes(root, MARGIN, 0, base, scale, describe),
             *(_text(MARGIN, base + ROW + 20 + ROW * i, line, 11) for i, line in
               enumerate(caption)), "</svg>"]
    return "\n".join(parts) + "\n"
