"""Convert cells to the loader's format: ISO dates, decimal points, and empty text for null.

A cell that does not fit its column's format stays unchanged, so that the loader rejects its row with column and reason.
If the loader would read it as another value, it is put in apostrophes: 1.234 in a column with decimal commas is not
1.234.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from functools import lru_cache

from scripts.columns import Column
from scripts.deliver.origin import Delivery

Clean = Callable[[str], str]
# Blanks as thousands separators: an ordinary one, and non-breaking ones.
BLANKS = "[ \u00a0\u202f]"
LIKE_A_DATE = re.compile(r"[+-]?[0-9]+[-/\\ ][0-9]|[+-]?inf|epoch", re.IGNORECASE)
FIELDS = {"%Y": "year", "%m": "month", "%d": "day", "%H": "hour", "%M": "minute", "%S": "second"}
DIGITS_ONLY = [sorted(list(FIELDS.values())[:count]) for count in (3, 5, 6)]
# Distinct cells whose conversion is cached: the same days recur.
REMEMBERED = 1 << 16


def cleaners(delivery: Delivery) -> list[tuple[int, Clean]]:
    """Conversions by the index of their column; other columns' cells stay as they are."""
    steps = ((place, _cleaner(column, delivery)) for place, column in enumerate(delivery.layout.columns))
    return [(place, step) for place, step in steps if step]


def _cleaner(column: Column, delivery: Delivery) -> Clean | None:
    settings = delivery.cell_settings(column.meta)
    is_text = column.data_type == "varchar"
    steps: list[Clean] = []
    if settings.get("trim") or not is_text:
        steps.append(str.strip)
    if nulls := frozenset(map(str, settings.get("nulls", ()))):
        steps.append(lambda cell: "" if cell.strip() in nulls else cell)
    if column.data_type in ("date", "timestamp"):
        formats = settings.get("date_format", ())
        if formats := (formats,) if isinstance(formats, str) else tuple(formats):
            steps.append(_date(formats, column.data_type == "date"))
    elif not is_text and column.data_type != "boolean":
        decimal, thousands = settings.get("decimal", "."), settings.get("thousands", "")
        if decimal != "." or thousands:
            steps.append(_number(decimal, thousands))
    if len(steps) < 2:
        return steps[0] if steps else None

    def clean(cell: str) -> str:
        for step in steps:
            cell = step(cell)
        return cell

    return lru_cache(REMEMBERED)(clean)


def _date(formats: Sequence[str], is_day: bool) -> Clean:
    readers = [_reader(form) for form in formats]

    def read(cell: str) -> str:
        for reader in readers:
            try:
                moment = reader(cell)
            except ValueError:
                continue
            if moment.tzinfo:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            if not is_day:
                return moment.isoformat(" ")
            if moment.time() == time.min:
                return moment.date().isoformat()
        return f"'{cell}'" if LIKE_A_DATE.match(cell) else cell

    return read


def _reader(form: str) -> Callable[[str], datetime]:
    """A parser of a strptime format; one with digits only is stricter and faster than strptime."""
    tokens = re.findall("%?.", form)
    places = [FIELDS.get(token, "") for token in tokens if token[0] == "%"]
    if sorted(places) not in DIGITS_ONLY:
        return lambda cell: datetime.strptime(cell, form)
    digits = {"%Y": "([0-9]{4})", " ": r"\s+"}
    pattern = re.compile("".join(digits.get(t, "([0-9]{1,2})" if t[0] == "%" else re.escape(t)) for t in tokens))

    def read(cell: str) -> datetime:
        if match := pattern.fullmatch(cell):
            return datetime(**dict(zip(places, map(int, match.groups()), strict=True)))  # type: ignore[arg-type]
        raise ValueError(cell)

    return read


def number_pattern(decimal: str, thousands: str) -> str:
    """A regular expression for numbers with these separators."""
    between = _between(thousands)
    whole = rf"(?:[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+)" if thousands else "[0-9]+"
    fraction = rf"{re.escape(decimal)}[0-9]"
    return rf"[+-]?(?:{whole}(?:{fraction}*)?|{fraction}+)(?:[eE][+-]?[0-9]+)?"


def _between(thousands: str) -> str:
    return BLANKS if thousands == " " else re.escape(thousands)


def _number(decimal: str, thousands: str) -> Clean:
    fits = re.compile(number_pattern(decimal, thousands))
    separators = re.compile(_between(thousands)) if thousands else None

    def read(cell: str) -> str:
        if fits.fullmatch(cell):
            return (separators.sub("", cell) if separators else cell).replace(decimal, ".")
        try:
            float(cell)
        except ValueError:
            return cell
        return f"'{cell}'"

    return read
