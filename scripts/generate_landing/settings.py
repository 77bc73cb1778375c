"""What is asked for, and the sizes that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

DEFAULT_END = date(2017, 7, 7)
CHUNK_ROWS = 32768
"""Rows formatted at a time: their bytes fit a processor's cache."""


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
        """Whether things by number are among those that such a day tells about: an even choice, always the same."""
        return np.asarray(np.floor((number + 1) * self.daily_share) > np.floor(number * self.daily_share))

    def sized(self, per_scale: float, at_least: int) -> int:
        """A number of things that grows with the scale factor."""
        return max(at_least, round(per_scale * self.scale))

    @property
    def companies(self) -> int:
        """Companies ever named on the newswire; most still have a listed security or two."""
        return self.sized(720, 40)

    @property
    def employees(self) -> int:
        """People in HR.csv."""
        return self.sized(5000, 60)

    @property
    def new_customers(self) -> int:
        """NEW actions of the history: 36 % of 5,000 actions; the others follow from these."""
        return self.sized(1800, 30)

    @property
    def new_accounts(self) -> int:
        """ADDACCT actions of the history."""
        return self.sized(900, 15)

    @property
    def customer_updates(self) -> int:
        """About as many UPDCUST actions in the history."""
        return self.sized(1000, 20)

    @property
    def account_updates(self) -> int:
        """About as many UPDACCT actions in the history."""
        return self.sized(750, 15)

    @property
    def prospects(self) -> int:
        """People on the first list."""
        return self.sized(5000, 60)

    @property
    def trades(self) -> int:
        """About as many trades in the history."""
        return self.sized(130_000, 400)

    @property
    def watch_events(self) -> int:
        """About as many placements and removals of watches in the history."""
        return self.sized(300_000, 800)

    @property
    def expected_bytes(self) -> float:
        """About how many bytes will be written (for the progress bar)."""
        return 2.6e6 + 99e6 * self.scale * (1 + 0.0045 * self.days * self.daily_share)
