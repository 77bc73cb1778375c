"""Days and times in a column: how they are written, in one way or several."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from scripts.encryption import quoted
from scripts.scaffold.numbers import Choice

# An underscore stands for a blank.
DAYS = """
    %Y-%m-%d %Y/%m/%d %Y.%m.%d %Y%m%d %d.%m.%Y %d/%m/%Y %m/%d/%Y %d-%m-%Y %m-%d-%Y %d.%m.%y %d/%m/%y %m/%d/%y
    %d-%b-%Y %d-%b-%y %d_%b_%Y %d_%B_%Y %b_%d,_%Y %B_%d,_%Y
"""
TIMES = ["", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"]
FORMATS = [day.replace("_", " ") + time for day in DAYS.split() for time in TIMES]
# What the loader reads without being told.
NATIVE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
LIKE = r"^([0-9]{1,4}[-/.][0-9A-Za-z]{1,9}[-/.][0-9]|[0-9]{1,2} [A-Za-z]{3,9} [0-9]|[A-Za-z]{3,9} [0-9]{1,2}, [0-9])"
SHAPE = "regexp_replace(regexp_replace(v, '[0-9]+', '9', 'g'), '[A-Za-z]+', 'a', 'g')"


@dataclass(frozen=True)
class Facts:
    """Values that fit each format, and those that the loader reads as they are; and how many have a time."""

    fits: dict[str, int]
    native: int
    filled: int
    has_times: bool

    @property
    def fitting(self) -> bool:
        """Whether there is any day at all."""
        return bool(self.fits or self.native)

    def rivals(self, form: str) -> list[str]:
        """Other formats that may read the same text as another day."""
        return [other for other in self.fits if other != form and _are_rivals(form, other)]


def look(con: duckdb.DuckDBPyConnection) -> Facts:
    """What days the table v has."""
    shapes = {shape for (shape,) in con.execute(f"select distinct {SHAPE} from v").fetchall()}
    likely = [form for form in FORMATS if _shape_of(form) in shapes]
    counts = "".join(f"coalesce(sum(n) filter ({_is_written(form)}), 0)::bigint, " for form in likely)
    *fits, native, filled, has_times = con.execute(
        f"select {counts}coalesce(sum(n) filter (regexp_full_match(v, {quoted(NATIVE)}) "
        "and try_cast(v as timestamp) is not null), 0)::bigint, sum(n)::bigint, bool_or(contains(v, ':')) from v"
    ).fetchall()[0]
    return Facts({f: n for f, n in zip(likely, fits, strict=True) if n}, native, filled, has_times)


def habit(found: Iterable[Facts]) -> bool | None:
    """Whether days come before months, in most columns that leave no doubt."""
    sure = [
        form.startswith("%d")
        for facts in found
        for form, count in facts.fits.items()
        if re.match("%d.%m|%m.%d", form) and all(count > facts.fits[rival] for rival in facts.rivals(form))
    ]
    return max(set(sure), key=sure.count) if sure else None


def choose(facts: Facts, day_first: bool | None) -> Choice:
    """The type and the formats of a column. Of formats that may read the same text, the one that fits more is taken;
    where both fit as many, the one that `day_first` says."""
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
        equal = [rival for rival in facts.rivals(form) if facts.fits[rival] == facts.fits[form]]
        if equal and day_first is None:
            doubts.append(f"was read as {form}, but may be {' or '.join(equal)}; no value tells.")
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


def _shape_of(form: str) -> str:
    """A format's text with digits as 9 and letters as a."""
    shown = datetime(2001, 2, 3, 4, 5, 6).strftime(form)
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"[0-9]+", "9", shown))


def _is_written(form: str) -> str:
    """Whether a value is written in a format, as SQL."""
    years = "regexp_matches(v, '[0-9]{4}')" if "%Y" in form else "not regexp_matches(v, '[0-9]{3}')"
    return f"{SHAPE} = {quoted(_shape_of(form))} and {years} and try_strptime(v, {quoted(form)}) is not null"
