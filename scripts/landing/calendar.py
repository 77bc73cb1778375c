"""Batch dates, and the days on which a batch or a feed is not expected.

Batch dates are consecutive days, and every due file comes every day. Exceptions, such as weekends and holidays, are
listed in seeds/expected_absences.csv; the test every_expected_batch_has_landed reads the same list.
"""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

from scripts.landing.definitions import layouts
from scripts.landing.errors import LandingError
from scripts.project import PROJECT

BATCH_DATE_FILE = "BatchDate.txt"
ABSENCES = PROJECT / "seeds" / "expected_absences.csv"
ANY_FEED = "*"

Absences = frozenset[tuple[date, str]]


def parse_day(text: str) -> date:
    """Parse a day such as 2017-07-09; raises ValueError for anything else.

    9999-12-31 marks the open end of a history, so it is never a batch's day.
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    day = date.fromisoformat(text)
    if day == date.max:
        raise ValueError(text)
    return day


def batch_date(path: Path) -> date:
    """Read a BatchDate.txt: exactly one date, with or without a line end, as the loader reads it."""
    try:
        with path.open("rb") as stream:
            content = stream.read(80)
    except OSError as error:
        raise LandingError(f"{path} cannot be read: {error.strerror}. Give the loader access to it.") from None
    text = content.decode("utf-8", errors="replace")
    try:
        return parse_day(text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text)
    except ValueError:
        raise LandingError(
            f"{path} should hold one date as YYYY-MM-DD and nothing else, but holds {text[:40]!r}. Correct the file."
        ) from None


def expected_absences() -> Absences:
    """Days on which a feed is not expected; the feed `*` is the whole batch."""
    feeds = {ANY_FEED, *(d.feed for d in layouts() if d.meta["file"] != BATCH_DATE_FILE)}
    name = ABSENCES.relative_to(ABSENCES.parents[1])
    found = set()
    with ABSENCES.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        for row in rows:
            place = f"{name}, line {rows.line_num}"
            try:
                day = parse_day(row["day"] or "")
            except (KeyError, ValueError):
                raise LandingError(f"{place}: {row.get('day')!r} is not a date as YYYY-MM-DD. Correct it.") from None
            if row.get("feed") not in feeds:
                known = ", ".join(sorted(feeds))
                raise LandingError(f"{place}: there is no feed {row.get('feed')!r}. Give one of {known}.")
            if not (row.get("reason") or "").strip():
                raise LandingError(f"{place}: the reason is missing. Say why nothing is expected that day.")
            found.add((day, str(row["feed"])))
    return frozenset(found)


def next_expected(day: date, absences: Absences) -> date:
    """The next day with an expected batch."""
    following = day + timedelta(days=1)
    while (following, ANY_FEED) in absences:
        following += timedelta(days=1)
    return following
