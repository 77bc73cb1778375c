"""Entity-relationship diagrams as SVG: tables that refer in the middle, those that they refer to on both sides.

All lines to a table run together in a lane of its own and share its colour, so that they stay distinct where many
tables refer to the same few. Without a library: the picture needs columns of boxes and lanes, and no general layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import networkx
from markupsafe import Markup

from scripts.pages import environment
from scripts.site.project import Project, Reference, Table

ROW, HEAD, GAP, LANE, MARGIN = 19, 30, 26, 15, 12
LETTER = 6.7
COLOURS = 8
# Beyond that many lanes, to try each order takes longer than a picture is worth.
TRIED_LANES = 6
STYLE = (Path(__file__).parent / "templates" / "diagram.css").read_text(encoding="utf-8")


@dataclass
class Row:
    """A line of a box."""

    text: str
    type: str = ""
    mark: str = ""


@dataclass
class Box:
    """A table."""

    table: Table
    rows: list[Row]
    x: float = 0
    y: float = 0
    width: float = 0

    @property
    def height(self) -> float:
        """With a little room below the last row."""
        return HEAD + ROW * len(self.rows) + (6 if self.rows else 0)

    def middle(self, column: str = "") -> float:
        """Height at which lines to a column meet the box, or to its head."""
        for number, row in enumerate(self.rows):
            if row.text == column:
                return self.y + HEAD + ROW * (number + 0.5) + 2
        return self.y + HEAD / 2


@dataclass
class Lane:
    """Where all lines of a gutter to one table run."""

    to: Box
    column: str
    # On which side of the lane its lines come from, and on which they go.
    from_right: bool
    to_right: bool
    starts: list[tuple[Box, str]] = field(default_factory=list)
    x: float = 0

    def heights(self) -> tuple[list[float], float]:
        """Where lines come from, and where they go to."""
        return [box.middle(column) for box, column in self.starts], self.to.middle(self.column)


def draw(
    project: Project,
    middle: list[Table],
    found: Iterable[Reference],
    label: str,
    detail: int = 0,
    link: Callable[[Table], str] | None = None,
) -> Markup:
    """The tables in the middle with those they refer to; `detail` is how many other columns of each are shown."""
    names = [table.name for table in middle]
    of_middle = [r for r in found if r.table in names]
    targets = list(dict.fromkeys(r.to for r in of_middle if r.to not in names))
    drawn = [*of_middle, *(r for r in found if r.table in targets and r.to in targets and r.table != r.to)]
    boxes = {name: _box(project.tables[name], drawn, detail) for name in [*names, *targets]}
    left, right = _sides(targets, drawn)
    columns = [[boxes[n] for n in left], [boxes[n] for n in names], [boxes[n] for n in right]]
    gutters = _place(columns, drawn, boxes)
    colours = {name: number % COLOURS for number, name in enumerate([*left, *right, *names])}
    width = max(b.x + b.width for b in boxes.values()) + MARGIN
    width = max([width, *(lane.x + MARGIN for lanes in gutters for lane in lanes)])
    height = max(b.y + b.height for b in boxes.values()) + MARGIN
    return picture(
        "diagram.svg",
        "g",
        role="group" if link else "img",
        label=label,
        width=width,
        height=height,
        lines=[(colours[lane.to.table.name], _paths(lane)) for lanes in gutters for lane in lanes],
        boxes=list(boxes.values()),
        colours={name: colours[name] for name in targets},
        link=link,
        head=HEAD,
        height_of_row=ROW,
    )


def picture(template: str, number_format: str, **content: Any) -> Markup:
    """A picture in SVG, with nothing between its elements; fractions are written as the format has it."""

    def short(value: object) -> object:
        return format(value, number_format) if isinstance(value, float) else value

    pictures = environment("scripts.site").overlay(finalize=short)
    return Markup(re.sub(r">\s+<", "><", pictures.get_template(template).render(**content)))


def standalone(svg: Markup) -> str:
    """The same as a file that brings its style."""
    head, _, rest = str(svg).partition(">")
    return f"{head}>\n<style>\n{STYLE}</style>\n{rest.replace('<g ', chr(10) + '<g ')}\n"


def _box(table: Table, drawn: list[Reference], detail: int) -> Box:
    joined_by = {r.column for r in drawn if r.table == table.name} | {r.to_column for r in drawn if r.to == table.name}
    keys = [name for name in table.columns if name in joined_by or name in table.key]
    others = [name for name in table.columns if name not in keys]
    shown = [*keys, *others[:detail]]
    foreign = {r.column for r in drawn if r.table == table.name}
    rows = [
        Row(name, table.columns[name].data_type, "PK" if name in table.key else "FK" if name in foreign else "")
        for name in shown
    ]
    if left_out := len(table.columns) - len(shown):
        rows.append(Row(f"+ {left_out} column{'s' * (left_out > 1)}"))
    return Box(table, rows)


def _sides(targets: list[str], drawn: list[Reference]) -> tuple[list[str], list[str]]:
    """Tables that refer to each other on the same side; groups of them where there are fewer lines yet."""
    joined = networkx.Graph((r.table, r.to) for r in drawn if r.table in targets)
    joined.add_nodes_from(targets)
    weight = {name: sum(r.to == name for r in drawn) for name in targets}
    sides: tuple[list[str], list[str]] = ([], [])
    for group in sorted(networkx.connected_components(joined), key=lambda g: (-sum(weight[n] for n in g), min(g))):
        lighter = min(sides, key=lambda side: sum(weight[n] for n in side))
        lighter.extend(sorted(group, key=targets.index))
    return sides


def _place(columns: list[list[Box]], drawn: list[Reference], boxes: dict[str, Box]) -> list[list[Lane]]:
    """Give boxes and lanes their places; gutters are those left of, between and right of the columns."""
    left, middle, right = columns
    for column in columns:
        for box in column:
            box.width = max(_width(b) for b in column)
    y: float = MARGIN
    for box in middle:
        box.y = y
        y += box.height + GAP
    bottom = y - GAP
    for side in (left, right):
        wished = {}
        for box in side:
            heights = [
                boxes[r.table].middle(r.column)
                for r in drawn
                if r.to == box.table.name and r.table in {b.table.name for b in middle}
            ]
            wished[box.table.name] = (sum(heights) / len(heights) if heights else bottom / 2) - box.height / 2
        side.sort(key=lambda box: wished[box.table.name])
        _spread(side, [wished[box.table.name] for box in side], bottom)
    gutters = [
        _lanes(left, left, drawn, True, True),
        _lanes(middle, left, drawn, True, False) + _lanes(middle, middle, drawn, True, True),
        _lanes(middle, right, drawn, False, True),
        _lanes(right, right, drawn, False, False),
    ]
    x: float = MARGIN
    for column, before in zip((left, middle, right), gutters, strict=False):
        x += _order(before, x)
        for box in column:
            box.x = x
        x += column[0].width if column else 0
    _order(gutters[3], x)
    return gutters


def _spread(side: list[Box], wished: list[float], bottom: float) -> None:
    """As near to where each box wishes to be as the others let it."""
    y: float = MARGIN
    for box, wish in zip(side, wished, strict=True):
        box.y = max(y, wish)
        y = box.y + box.height + GAP
    limit = max(bottom, MARGIN + sum(box.height + GAP for box in side) - GAP)
    for box in reversed(side):
        box.y = min(box.y, limit - box.height)
        limit = box.y - GAP


def _lanes(
    sources: list[Box], targets: list[Box], drawn: list[Reference], from_right: bool, to_right: bool
) -> list[Lane]:
    named = {box.table.name: box for box in sources}
    lanes: dict[str, Lane] = {}
    for box in targets:
        for r in drawn:
            if r.to == box.table.name and r.table in named and r.table != r.to:
                lane = lanes.setdefault(r.to, Lane(box, r.to_column, from_right, to_right))
                lane.starts.append((named[r.table], r.column))
    return list(lanes.values())


def _order(lanes: list[Lane], x: float) -> float:
    """Put lanes into the order in which fewest lines cross; returns how wide they are together."""
    if not lanes:
        return 0
    orders = permutations(lanes) if len(lanes) <= TRIED_LANES else [tuple(lanes)]
    best = min(orders, key=_crossings)
    for place, lane in enumerate(best):
        lane.x = x + LANE * (place + 1.5)
    return LANE * (len(lanes) + 2)


def _crossings(order: tuple[Lane, ...]) -> int:
    found = 0
    for one, other in combinations(order, 2):
        for lane, crossed, is_left in ((one, other, True), (other, one, False)):
            starts, end = lane.heights()
            others, their_end = crossed.heights()
            low, high = min([*others, their_end]), max([*others, their_end])
            passing = starts if lane.from_right == is_left else []
            passing = [*passing, end] if lane.to_right == is_left else passing
            found += sum(low < y < high for y in passing)
    return found


def _width(box: Box) -> float:
    rows = max((len(r.text) + len(r.type) + 7 for r in box.rows), default=0)
    return max(rows, len(box.table.name) + 4) * LETTER


def _paths(lane: Lane) -> list[str]:
    """From each column to the lane, along it, and to the table: many of them to one of it."""
    paths = []
    end = lane.to.middle(lane.column)
    at = lane.to.x + lane.to.width if lane.to.x + lane.to.width < lane.x else lane.to.x
    away = -1 if at > lane.x else 1
    for box, column in lane.starts:
        y = box.middle(column)
        x = box.x + box.width if box.x + box.width < lane.x else box.x
        out = 1 if x < lane.x else -1
        turn = 5.0 if end > y else -5.0
        if abs(end - y) < 10:
            turn = (end - y) / 2
        line = (
            f"M{x:g} {y:g}H{lane.x - out * 5:g}q{out * 5} 0 {out * 5} {turn:g}V{end - turn:g}"
            f"q0 {turn:g} {-away * 5} {turn:g}H{at:g}"
        )
        # The foot of a crow says that many rows may hold the key.
        foot = f"M{x:g} {y - 4:g}L{x + out * 8:g} {y:g}L{x:g} {y + 4:g}"
        paths.append(line + foot)
    return [*paths, f"M{at + away * 5:g} {end - 4:g}v8"]
