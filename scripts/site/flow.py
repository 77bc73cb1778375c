"""The flow of the data as a picture: source systems, layers, and those who read them, with what each holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from scripts.site.diagram import LETTER, MARGIN, picture
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
    staged = (table for table in project.layers["sources"] if table.path.startswith("models/staging/"))
    systems = Counter(table.name.split(".")[0] for table in staged)
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
    stops = [(stop, max(s.width for s in column)) for column in columns for stop in column]
    arrows = [
        (a.x + max(s.width for s in left), a.y + a.height / 2, b.x, b.y + b.height / 2)
        for left, right in pairwise(columns)
        for a in left
        for b in right
    ]
    recorded = (columns[1][0], columns[3][0], columns[4][-1])
    return picture(
        "flow.svg",
        ".0f",
        role="img",
        label="From source files to readers",
        width=width,
        height=below.y + below.height + MARGIN,
        arrows=arrows,
        drops=[(s.x + s.width / 2, s.y + s.height, below.y) for s in recorded],
        stops=[*stops, (below, span)],
        head=HEAD,
        pad=PAD,
        height_of_line=LINE,
    )


def _layer(counts: dict[str, int], name: str, colour: int) -> Stop:
    return Stop(name, [_tables(counts, name), SAID[name]], colour)


def _tables(counts: dict[str, int], layer: str) -> str:
    number = counts.get(layer, 0)
    return f"{number} table{'s' * (number != 1)}"
