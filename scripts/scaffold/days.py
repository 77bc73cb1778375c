"""Dates and times in a column: their format, or formats."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import duckdb

from scripts.scaffold.numbers import Choice
from scripts.sql import literal

# With an underscore for each blank.
DAYS = """
    %Y-%m-%d %Y/%m/%d %Y.%m.%d %Y%m%d %d.%m.%Y %d/%m/%Y %m/%d/%Y %d-%m-%Y %m-%d-%Y %d.%m.%y %d/%m/%y %m/%d/%y
    %d-%b-%Y %d-%b-%y %d_%b_%Y %d_%B_%Y %b_%d,_%Y %B_%d,_%Y
"""
TIMES = ["", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"]
FORMATS = [day.replace("_", " ") + time for day in DAYS.split() for time in TIMES]
# A value with all digits as 9 and all letters as a; then the shapes that the loader reads without a format.
SHAPE = "regexp_replace(translate(v, '012345678', '999999999'), '[A-Za-z]', 'a', 'g')"
NATIVE = re.compile(r"9999-99-99([ a]99:99(:99([.]9{1,6})?)?(a|[+-]99(:?99)?)?)?")
LIKE = re.compile(
    r"[0-9]{1,4}[-/.][0-9A-Za-z]{1,9}[-/.][0-9].*|[0-9]{1,2} [A-Za-z]{3,9} [0-9].*|[A-Za-z]{3,9} [0-9]{1,2}, [0-9].*"
)


@dataclass(frozen=True)
class Facts:
    """Counts of values: by format, readable without a format, and filled; and whether any has a time."""

    fits: dict[str, int]
    native: int
    filled: int
    has_times: bool

    def rivals(self, form: str) -> list[str]:
        """Other formats that may read the same text as another date."""
        return [other for other in self.fits if other != form and _are_rivals(form, other)]


def look(con: duckdb.DuckDBPyConnection) -> Facts | None:
    """Count the dates in the table v; None if there are none."""
    con.execute(f"create or replace temp table shaped as select v, n, {SHAPE} as shape from v")
    shapes = [shape for (shape,) in con.execute("select distinct shape from shaped").fetchall()]
    written = {form: [shape for shape in shapes if _has_shape(form, shape)] for form in FORMATS}
    likely = [form for form in FORMATS if written[form]]
    counts = "".join(f"{_count(written[form], f'try_strptime(v, {literal(form)})')}, " for form in likely)
    natives = _count([shape for shape in shapes if NATIVE.fullmatch(shape)], "try_cast(v as timestamp)")
    *fits, native, filled, has_times = con.execute(
        f"select {counts}{natives}, sum(n)::bigint, bool_or(contains(v, ':')) from shaped"
    ).fetchall()[0]
    found = {f: n for f, n in zip(likely, fits, strict=True) if n}
    return Facts(found, native, filled, has_times) if found or native else None


def habit(found: Iterable[Facts]) -> bool | None:
    """Whether the day comes before the month in most unambiguous columns; None if there is no majority."""
    sure = [
        form.startswith("%d")
        for facts in found
        for form, count in facts.fits.items()
        if re.match("%d.%m|%m.%d", form) and all(count > facts.fits[rival] for rival in facts.rivals(form))
    ]
    return None if 2 * sum(sure) == len(sure) else 2 * sum(sure) > len(sure)


def choose(facts: Facts, day_first: bool | None) -> Choice:
    """The type and the formats of a column.

    Of formats that may read the same text, the one that fits more values wins; in a tie, `day_first` decides.
    """
    data_type = "timestamp" if facts.has_times else "date"
    if facts.native == facts.filled or not facts.fits:
        return Choice(data_type, facts.native)
    preferred = "%m" if day_first is False else "%d"
    chosen: list[str] = []
    for form in sorted(facts.fits, key=lambda f: (-facts.fits[f], not f.startswith(preferred))):
        if not any(_are_rivals(form, other) for other in chosen):
            chosen.append(form)
    doubts = []
    if len(chosen) > 1:
        doubts.append(f"is written in several ways: {', '.join(chosen)}.")
    for form in chosen:
        equal = [rival for rival in facts.rivals(form) if facts.fits[rival] == facts.fits[form] and "%B" not in rival]
        if equal and day_first is None:
            doubts.append(f"was read as {form}, but may be {' or '.join(equal)}; no value decides.")
    if any("%y" in form for form in chosen):
        doubts.append("has years of two digits: 69 to 99 are taken for 1969 to 1999.")
    return Choice(
        data_type,
        sum(facts.fits[form] for form in chosen),
        {"date_format": chosen[0] if len(chosen) == 1 else chosen},
        doubts,
    )


def _are_rivals(one: str, other: str) -> bool:
    return _shape_of(one) == _shape_of(other) and ("%Y" in one) == ("%Y" in other)


@cache
def _shape_of(form: str) -> str:
    """A format's shape, with runs of digits and letters as one each."""
    shown = datetime(2001, 2, 3, 4, 5, 6).strftime(form)
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"[0-9]+", "9", shown))


def _has_shape(form: str, shape: str) -> bool:
    """Whether values of a shape may have a format."""
    years = ("9999" in shape) if "%Y" in form else ("999" not in shape)
    return years and re.sub("a+", "a", re.sub("9+", "9", shape)) == _shape_of(form)


def _count(shapes: list[str], day: str) -> str:
    """SQL for the number of values of some shapes that are dates."""
    listed = ", ".join(map(literal, shapes)) or "null"
    return f"coalesce(sum(case when shape in ({listed}) then case when {day} is not null then n end end), 0)::bigint"
