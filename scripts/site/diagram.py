"""Entity-relationship diagrams as SVG: tables that refer in the middle, those that they refer to on both sides.

All lines to a table run together in a lane of its own and share its colour, so that they can be told apart where many
tables refer to the same few. Without a library: the picture needs columns of boxes and lanes, and no general layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations, permutations
from pathlib import Path

from markupsafe import Markup, escape

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
    lines = [_line(lane, colours[lane.to.table.name]) for lanes in gutters for lane in lanes]
    shapes = [_shape(box, colours[name] if name in targets else None, link) for name, box in boxes.items()]
    return frame("group" if link else "img", label, width, height, *lines, *shapes)


def frame(role: str, label: str, width: float, height: float, *parts: str) -> Markup:
    """A picture of parts in SVG."""
    return Markup(
        '<svg class="diagram" xmlns="http://www.w3.org/2000/svg" role="{}" aria-label="{}" width="{:.0f}" '
        'height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}">{}</svg>'
    ).format(role, label, width, height, width, height, Markup("".join(parts)))


def standalone(svg: Markup) -> str:
    """The same as a file that brings its style."""
    head, _, rest = str(svg).partition(">")
    return f"{head}>\n<style>\n{STYLE}</style>\n{rest.replace('<g ', chr(10) + '<g ')}\n"


def _box(table: Table, drawn: list[Reference], detail: int) -> Box:
    told = {r.column for r in drawn if r.table == table.name} | {r.to_column for r in drawn if r.to == table.name}
    keys = [name for name in table.columns if name in told or name in table.key]
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
    groups = [{name} for name in targets]
    for reference in drawn:
        if reference.table in targets:
            joined = [g for g in groups if reference.table in g or reference.to in g]
            groups = [g for g in groups if g not in joined] + [set().union(*joined)]
    weight = {name: sum(r.to == name for r in drawn) for name in targets}
    sides: tuple[list[str], list[str]] = ([], [])
    for group in sorted(groups, key=lambda g: (-sum(weight[n] for n in g), min(g))):
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


def _line(lane: Lane, colour: int) -> str:
    """From each column to the lane, along it, and to the table: many of them to one of it."""
    parts = []
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
        path = (
            f"M{x:g} {y:g}H{lane.x - out * 5:g}q{out * 5} 0 {out * 5} {turn:g}V{end - turn:g}"
            f"q0 {turn:g} {-away * 5} {turn:g}H{at:g}"
        )
        # The foot of a crow says that many rows may hold the key.
        foot = f"M{x:g} {y - 4:g}L{x + out * 8:g} {y:g}L{x:g} {y + 4:g}"
        parts.append(f'<path d="{path}{foot}"/>')
    bar = f'<path d="M{at + away * 5:g} {end - 4:g}v8"/>'
    return f'<g class="line c{colour}">{"".join(parts)}{bar}</g>'


def _shape(box: Box, colour: int | None, link: Callable[[Table], str] | None) -> str:
    x, y, width = box.x, box.y, box.width
    name = Markup('<text class="name" x="{:g}" y="{:g}">{}</text>').format(x + 10, y + 20, box.table.name)
    if link:
        name = Markup('<a href="{}">{}</a>').format(link(box.table), name)
    parts = [
        f'<rect class="frame" x="{x:g}" y="{y:g}" width="{width:g}" height="{box.height:g}" rx="6"/>',
        f'<path class="head" d="M{x:g} {y + HEAD:g}v{6 - HEAD}q0 -6 6 -6h{width - 12:g}q6 0 6 6v{HEAD - 6}z"/>',
        str(name),
    ]
    for number, row in enumerate(box.rows):
        at = y + HEAD + ROW * (number + 1) - 3
        kind = f" {row.mark.lower()}" if row.mark else ""
        if row.mark:
            parts.append(f'<text class="mark" x="{x + 8:g}" y="{at:g}">{row.mark}</text>')
        parts.append(f'<text class="row{kind}" x="{x + 30:g}" y="{at:g}">{escape(row.text)}</text>')
        if row.type:
            parts.append(f'<text class="type" x="{x + width - 8:g}" y="{at:g}">{escape(row.type)}</text>')
    group = "" if colour is None else f" c{colour}"
    return f'<g class="box{group}">{"".join(parts)}</g>'
