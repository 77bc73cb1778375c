"""What is asked for, and the sizes that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

DEFAULT_END = date(2017, 7, 7)
CHUNK_ROWS = 32768
"""Rows formatted at a time: their bytes fit a processor's cache."""
DAILY_SHARE = 0.004
"""Rows of a day as a share of the history's."""


def _sized(per_scale: float, at_least: int) -> property:
    """A number of things that grows with the scale factor."""
    return property(lambda settings: max(at_least, round(per_scale * settings.scale)))


@dataclass(frozen=True)
class Settings:
    """Settings of one landing area."""

    scale: float
    """Scale factor: 1 is about 100 MB raw."""
    days: int
    """Incremental batches after the historical one."""
    seed: int
    end_of_history: date = DEFAULT_END
    """Date of the first batch."""
    split: int = 1
    """Parts in which the large files are written."""
    daily_scale: float | None = None
    """Scale factor of the incremental batches, where it is less than that of the history."""

    @property
    def daily_share(self) -> float:
        """What is left of a usual day: histories of different sizes can have days of one size."""
        return 1 if self.daily_scale is None else self.daily_scale / self.scale

    def in_daily_share(self, number: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether things by number are among those of such a day: an even choice, always the same."""
        return np.asarray(np.floor((number + 1) * self.daily_share) > np.floor(number * self.daily_share))

    def daily(self, of_history: float) -> float:
        """How much a usual day has of what the history has."""
        return of_history * DAILY_SHARE * self.daily_share

    companies = _sized(720, 40)
    """Companies ever named on the newswire; most still have a listed security or two."""
    employees = _sized(5000, 60)
    """People in HR.csv."""
    new_customers = _sized(1800, 30)
    """NEW actions of the history: 36 % of 5,000 actions; the others follow from these."""
    new_accounts = _sized(900, 15)
    """ADDACCT actions of the history."""
    customer_updates = _sized(1000, 20)
    """About as many UPDCUST actions in the history."""
    account_updates = _sized(750, 15)
    """About as many UPDACCT actions in the history."""
    prospects = _sized(5000, 60)
    """People on the first list."""
    trades = _sized(130_000, 400)
    """About as many trades in the history."""
    watch_events = _sized(300_000, 800)
    """About as many placements and removals of watches in the history."""

    @property
    def expected_bytes(self) -> float:
        """About how many bytes will be written (for the progress bar)."""
        return 2.6e6 + 99e6 * self.scale * (1 + 0.0045 * self.days * self.daily_share)
