"""The diff as a comment on a pull request: what weighs most comes first, and what is too long ends with how much more
there is. Whatever comes out of a warehouse is written so that Markdown and HTML take it as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scripts.diff.report import Report, number, percent, share
from scripts.diff.rows import ColumnDiff, TableDiff

LIMIT = 60_000
LISTED = 20
UNKNOWN = "Unknown: give the target folders of both builds, which hold "
PLAIN = re.compile(r"[\w .:,+/()→-]+", re.ASCII)
END = 200


def markdown(report: Report) -> str:
    """The whole comment, shorter than GitHub takes."""
    lines = list(_lines(report))
    text = "\n".join(lines) + "\n"
    if len(text) < LIMIT:
        return text
    kept, length = 0, 0
    while length + len(lines[kept]) + 1 < LIMIT - END:
        length += len(lines[kept]) + 1
        kept += 1
    left = sum(line.startswith(("| `", "| <code>", "- ")) for line in lines[kept:])
    return "\n".join([*lines[:kept], "", f"**{left:,} more lines are in the HTML page.**"]) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "## Data diff"
    yield ""
    yield f"{_code(report.base.label)} → {_code(report.head.label)}: **{report.summary}**"
    for note in report.notes:
        yield ""
        yield f"> {_text(note)}"
    yield from _table("Schema", ["what", "change"], ([_code(n), _text(c)] for n, c in report.schema_changes()))
    yield from _metrics(report)
    yield from _rows(report)
    yield from _impact(report)
    yield from _not_compared(report)
    yield from _columns(report)


def _metrics(report: Report) -> Iterator[str]:
    if report.metrics is None:
        yield from _section("Metrics", [f"{UNKNOWN}their definitions."])
        return
    yield from _table(
        "Metrics",
        ["metric", "before:", "after:", "change:"],
        ([_code(m.name), number(m.before), number(m.after), percent(m.share)] for m in report.moved),
    )


def _rows(report: Report) -> Iterator[str]:
    yield from _table(
        "Rows",
        ["table", "before:", "after:", "added:", "removed:", "changed:", "matched by"],
        (
            [
                _code(table.table),
                number(table.rows_before),
                number(table.rows_after),
                number(table.added),
                number(table.removed),
                number(table.changed) if table.key else "–",
                _code(report.matched_by(table)) if table.key else _text(report.matched_by(table)),
            ]
            for table in report.tables
            if table.has_other_rows
        ),
    )


def _impact(report: Report) -> Iterator[str]:
    if report.impact is None:
        yield from _section("Impact", [f"{UNKNOWN}the lineage."])
        return
    yield from _table(
        "Who is concerned",
        ["exposure", "owner", "reads, and it differs", "reads, and it was not compared"],
        (
            [
                _text(c.exposure.label),
                _text(f"{c.exposure.owner} {c.exposure.email}".strip()),
                _listed(c.different),
                _listed(c.not_compared),
            ]
            for c in report.impact.concerned
            if c.different or c.not_compared
        ),
    )
    yield from _table(
        "Columns downstream",
        ["column", "change", "columns made of it"],
        (
            [_code(r.column), _text(r.change), f"{len(r.downstream)}: {_listed(r.downstream)}"]
            for r in report.impact.columns
            if r.downstream
        ),
    )
    if report.impact.not_followed:
        yield ""
        yield f"Not followed, so they may be reached too: {_listed(report.impact.not_followed)}."


def _not_compared(report: Report) -> Iterator[str]:
    lines = [f"- {len(names):,} {_text(reason)}: {_listed(names)}" for reason, names in report.left_out()]
    lines += [f"- metric {_code(m.name)}: {_text(m.problem)}" for m in report.metrics_not_compared]
    if lines:
        yield from _section("Not compared", lines)


def _columns(report: Report) -> Iterator[str]:
    yield from _table(
        "Columns",
        ["column", "rows changed:", "of common rows:", "null before:", "null after:", "examples"],
        (_column(report, table, column) for table, column in report.changed_columns()),
    )
    lines = [f"- {_code(table)}: {_listed(names)}" for table, names in report.unmatched_columns()]
    if lines:
        yield from _section("Columns with other values, where rows could not be matched", lines)


def _column(report: Report, table: TableDiff, column: ColumnDiff) -> list[str]:
    return [
        _code(f"{table.table}.{column.name}"),
        number(column.changed),
        share(column.changed, table.common),
        share(column.nulls_before, table.rows_before),
        share(column.nulls_after, table.rows_after),
        "<br>".join(_examples(report, table, column)),
    ]


def _examples(report: Report, table: TableDiff, column: ColumnDiff) -> Iterator[str]:
    if not column.has_other_values:
        return
    if reason := report.hidden(table, column):
        yield f"not shown ({reason})"
    for example in column.examples:
        key = ", ".join(
            f"{_code(name)} not shown ({why})" if why else f"{_code(name)} {_value(value)}"
            for name, value, why in report.key_of(table, example)
        )
        yield f"{key}: {_value(example.before)} → {_value(example.after)}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"### {title}", "", *lines)


def _table(title: str, header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """A table, or nothing where there are no rows. A colon ends the title of a column of numbers."""
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    if lines:
        yield from _section(title, [f"| {' | '.join(name.rstrip(':') for name in header)} |"])
        yield f"|{'|'.join('---:' if name.endswith(':') else '---' for name in header)}|"
        yield from lines


def _listed(names: list[str]) -> str:
    shown = ", ".join(_code(name) for name in names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown or "–"


def _value(value: str | None) -> str:
    return "null" if value is None else _code(value)


def _code(text: str) -> str:
    """A text in the type of code."""
    return f"`{text}`" if PLAIN.fullmatch(text) and text == text.strip() else f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """A text in which nothing is Markdown, HTML or a mention."""
    return re.sub(r"[&<>\"'\\`*_{}\[\]|~@:#!]", lambda match: f"&#{ord(match[0])};", " ".join(text.split()))
