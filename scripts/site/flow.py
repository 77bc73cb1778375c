"""The flow of the data as a picture: source systems, layers, and those who read them, with what each holds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from scripts.site.diagram import LETTER, MARGIN, frame
from scripts.site.project import Project

HEAD, LINE, PAD, GAP = 28, 17, 12, 34
# What a layer's picture says of it; the site has the rest.
SAID = {
    "staging": "typed, named",
    "intermediate": "events shared",
    "core": "the star schema",
    "marts": "answers",
    "analytics": "safe to show",
}
MARKER = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="end" d="M0 0 L8 4 L0 8 z"/></marker></defs>'
)
ALSO_READ = ("files by audience", "PostgreSQL")
RECORDS = ("operations", "reference", "snapshots")


@dataclass
class Stop:
    """A box: its head, its lines, and which of the diagram's colours it has."""

    head: str
    lines: list[str]
    colour: int
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        """Wide enough for its longest text."""
        return max(len(text) for text in (self.head, *self.lines)) * LETTER + 2 * PAD

    @property
    def height(self) -> float:
        """Head, lines, and room around them."""
        return HEAD + LINE * len(self.lines) + PAD


def flow(project: Project) -> Markup:
    """Source systems, layers in the order in which rows pass them, readers; below, what is written of every load."""
    counts = {layer: len(tables) for layer, tables in project.layers.items()}
    systems: dict[str, int] = {}
    for table in project.layers["sources"]:
        system = table.name.split(".")[0]
        if table.path.startswith("models/staging/"):
            systems[system] = systems.get(system, 0) + 1
    dashboards = sum(e.kind == "dashboard" for e in project.exposures)
    columns = [
        [Stop("files", [f"{name} {number}" for name, number in systems.items()], 1)],
        *([_layer(counts, name, colour)] for name, colour in (("staging", 0), ("intermediate", 0), ("core", 2))),
        [_layer(counts, name, 3) for name in ("marts", "analytics")],
        [Stop("readers", [f"{len(project.metrics)} metrics", f"{dashboards} dashboards", *ALSO_READ], 5)],
    ]
    heights = [sum(s.height for s in column) + GAP / 2 * (len(column) - 1) for column in columns]
    tallest = max(heights)
    x: float = MARGIN
    for column, height in zip(columns, heights, strict=True):
        y = MARGIN + (tallest - height) / 2
        for stop in column:
            stop.x, stop.y = x, y
            y += stop.height + GAP / 2
        x += max(s.width for s in column) + GAP
    width = x - GAP + MARGIN
    written = ", ".join(f"{_tables(counts, name)} of {name}" for name in RECORDS if name in counts)
    below = Stop("every row is loaded or rejected, every load is on record", [written], 6)
    below.x, below.y = columns[1][0].x, MARGIN + tallest + GAP
    span = columns[4][0].x + max(s.width for s in columns[4]) - below.x
    shapes = [_shape(s, max(t.width for t in column)) for column in columns for s in column] + [_shape(below, span)]
    arrows = [
        _arrow(a.x + max(s.width for s in left), a.y + a.height / 2, b.x, b.y + b.height / 2)
        for left, right in pairwise(columns)
        for a in left
        for b in right
    ]
    arrows += [
        f'<path d="M{s.x + s.width / 2:.0f} {s.y + s.height:.0f} V{below.y:.0f}" stroke-dasharray="3 3"/>'
        for s in (columns[1][0], columns[3][0], columns[4][-1])
    ]
    height = below.y + below.height + MARGIN
    flowing = f'<g class="flow">{"".join(arrows)}</g>'
    return frame("img", "From source files to readers", width, height, MARKER, flowing, *shapes)


def _layer(counts: dict[str, int], name: str, colour: int) -> Stop:
    return Stop(name, [_tables(counts, name), SAID[name]], colour)


def _tables(counts: dict[str, int], layer: str) -> str:
    number = counts.get(layer, 0)
    return f"{number} table{'s' * (number != 1)}"


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = (x1 + x2) / 2
    curve = f"C{bend:.0f} {y1:.0f} {bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return f'<path marker-end="url(#end)" d="M{x1:.0f} {y1:.0f} {curve}"/>'


def _shape(stop: Stop, width: float) -> str:
    x, y = stop.x, stop.y
    texts = "".join(
        f'<text x="{x + PAD:.0f}" y="{y + HEAD + LINE * (number + 0.9):.0f}">{escape(line)}</text>'
        for number, line in enumerate(stop.lines)
    )
    return (
        f'<g class="c{stop.colour}"><rect class="frame" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" '
        f'height="{stop.height:.0f}" rx="4"/>'
        f'<rect class="head" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{HEAD - 4}" rx="4"/>'
        f'<text class="name" x="{x + PAD:.0f}" y="{y + 16:.0f}">{escape(stop.head)}</text>{texts}</g>'
    )
