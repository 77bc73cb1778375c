"""Market days: on which days prices are made and orders placed.

The history's market days are the weekdays without public holidays of its last two years. After the
history every day is one: a batch is a business day. Day numbers count from 1970-01-01; a *market day*
is an index into the list of market days, so that what lies between two of them is never a gap.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from scripts.generate_landing.dice import I64, Bool
from scripts.generate_landing.settings import Settings

LOOKAHEAD = 15
"""Days simulated beyond the last batch: an order's fate may depend on them (an account that closes)."""

SECONDS_A_DAY = 86400
NEVER = np.int64(1 << 40)
"""Later than any day, quarter or second."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def parts(days: I64) -> tuple[I64, I64, I64]:
    """Year, month and day of the month of day numbers."""
    when = days.astype("datetime64[D]")
    months = when.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    return year, month, (when - months).astype(np.int64) + 1


def weekday(days: I64) -> I64:
    """0 Monday to 6 Sunday."""
    return (days + 3) % 7


def holiday(days: I64) -> Bool:
    """United States public holidays on which exchanges close."""
    _, month, day = parts(days)
    dow = weekday(days)
    week = (day - 1) // 7 + 1
    fixed = ((month == 1) & (day == 1)) | ((month == 7) & (day == 4)) | ((month == 12) & (day == 25))
    monday = (dow == 0) & (
        ((month == 1) & (week == 3))
        | ((month == 2) & (week == 3))
        | ((month == 5) & (day >= 25))
        | ((month == 9) & (week == 1))
    )
    return np.asarray(fixed | monday | ((month == 11) & (dow == 3) & (week == 4)))


class Calendar:
    """The market days of a landing area."""

    def __init__(self, settings: Settings) -> None:
        end = settings.end_of_history
        self.end = day_number(end)
        """The history's last day."""
        start = day_number(end.replace(year=end.year - 2, day=min(end.day, 28))) + 1
        self.start = start
        history = np.arange(start, self.end + 1)
        open_ = (weekday(history) < 5) & ~holiday(history)
        open_[-1] = True
        history = history[open_]
        self.history = len(history)
        """Number of market days in the history; the last one is the history's last day."""
        later = self.end + 1 + np.arange(settings.days + LOOKAHEAD)
        self.dates: I64 = np.concatenate([history, later])
        self.last_batch = settings.days + 1

    def batch_date(self, batch: int) -> date:
        """Date of a batch."""
        return date(1970, 1, 1) + timedelta(days=self.batch_day(batch))

    def batch_day(self, batch: int) -> int:
        """Day number of a batch."""
        return self.end + batch - 1

    def batch_market_day(self, batch: int) -> int:
        """Market day of a batch; for the first batch, the last one of the history."""
        return self.history + batch - 2

    def first_after(self, days: I64) -> I64:
        """First market day later than a day."""
        return np.searchsorted(self.dates, days, side="right")

    def first_from(self, days: I64) -> I64:
        """First market day on or after a day."""
        return np.searchsorted(self.dates, days, side="left")

    def span(self, comes: I64, goes: I64, never: int) -> tuple[I64, I64]:
        """Market days from the first one after things come to the one on which they go, `never` where they stay. Both
        in seconds."""
        last = self.first_from(np.minimum(goes // SECONDS_A_DAY, self.dates[-1] + 1))
        return self.first_after(comes // SECONDS_A_DAY), np.where(goes < NEVER, last, never)
