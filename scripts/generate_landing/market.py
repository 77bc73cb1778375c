"""DailyMarket.txt: a price for each listed security and market day.

Prices are a geometric random walk in which every day can be looked up on its own. It is built as Lévy built Brownian
motion: the two ends of a span of 1,024 market days, then the middle of each span, given its ends, down to single days.
A price is a sum of ten draws, whatever day is asked for, and adjacent days differ as those of a walk do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scripts.generate_landing.companies import Companies
from scripts.generate_landing.days import Calendar
from scripts.generate_landing.dice import F64, I64, Dice
from scripts.generate_landing.output import Landing
from scripts.generate_landing.settings import CHUNK_ROWS, Settings
from scripts.generate_landing.text import Text, cents, date, integer

FILE = "DailyMarket.txt"
_LEVELS = 10
SPAN = 1 << _LEVELS
"""Market days that can be looked up."""


class Prices:
    """Closing prices, their day's range and volume, by security and market day. Prices in cents."""

    def __init__(self, securities: int, dice: Dice) -> None:
        self.dice = dice.sub("prices")
        s = np.arange(securities)
        self._start: F64 = np.log(300 * np.exp(4.2 * self.dice.unit("start", s) ** 1.3))
        self._daily: F64 = 0.008 + 0.02 * self.dice.unit("daily", s) ** 2
        """Standard deviation of a day's change of the logarithm."""
        self._drift: F64 = 0.5 * (self._draw("end", s, s * 0))
        self._volume: F64 = 300 * np.exp(7 * self.dice.unit("volume", s))

    def _draw(self, purpose: str, *ids: I64) -> F64:
        """Mean 0, variance 1. Uniform: the sum of ten is close to normal."""
        return np.asarray((self.dice.unit(purpose, *ids) - 0.5) * np.sqrt(12.0))

    def close(self, security: I64, market_day: I64) -> I64:
        """Closing prices."""
        height = self._drift[security] * (market_day * (np.sqrt(SPAN) / SPAN))
        for level in range(1, _LEVELS + 1):
            length = SPAN >> (level - 1)
            block = market_day // length
            inside = market_day - block * length
            half = length // 2
            rise = (half - np.abs(inside - half)) * (np.sqrt(length) / 2 / half)
            height += rise * self._draw(f"level {level}", security, block)
        price = np.exp(self._start[security] + self._daily[security] * height)
        return np.asarray(np.clip(np.rint(price), 20, 999_999).astype(np.int64))

    def day(self, security: I64, market_day: I64) -> tuple[I64, I64, I64]:
        """Low, close and high."""
        close = self.close(security, market_day)
        bits = self.dice.bits("range", security, market_day)
        down = (bits & np.uint64(0xFFFF)).view(np.int64)
        up = ((bits >> np.uint64(16)) & np.uint64(0xFFFF)).view(np.int64)
        # Up to 3 % below and above; some days close at the day's extreme.
        low = close - close * np.maximum(down - 4000, 0) // (65_536 * 33)
        high = close + close * np.maximum(up - 4000, 0) // (65_536 * 33)
        return low, close, high

    def volume(self, security: I64, market_day: I64) -> I64:
        """Shares traded in a day."""
        share = 0.3 + 1.4 * self.dice.unit("traded", security, market_day)
        return (self._volume[security] * share).astype(np.int64) + 100


class Market:
    """Writes daily prices. A day's prices come with the batch of the next day."""

    def __init__(self, settings: Settings, companies: Companies, calendar: Calendar, prices: Prices) -> None:
        self.settings = settings
        self.companies, self.calendar, self.prices = companies, calendar, prices

    def write(self, landing: Landing) -> None:
        """The files of all batches, with their control totals."""
        for batch in range(1, self.calendar.last_batch + 1):
            # The last day of the history comes with batch 2.
            last = self.calendar.batch_market_day(batch)
            with landing.file(batch, FILE, large=True) as file:
                for security, market_day in self._blocks(0 if batch == 1 else last - 1, last):
                    if batch > 1:
                        included = self.settings.in_daily_share(security)
                        security, market_day = security[included], market_day[included]
                    file.add(self._columns(security, market_day))
            landing.audit(batch, "DailyMarket", FactMarketHistory={"DM_RECORDS": file.rows})

    def _blocks(self, first_day: int, last_day: int) -> Iterator[tuple[I64, I64]]:
        """Securities and days, day by day, in blocks that are neither small nor large."""
        listed: list[I64] = []
        for day in range(first_day, last_day):
            listed.append(self.companies.listed(day))
            sizes = [len(each) for each in listed]
            if sum(sizes) >= CHUNK_ROWS or day == last_day - 1:
                security = np.concatenate(listed)
                market_day = np.repeat(np.arange(day + 1 - len(listed), day + 1), sizes)
                for at in range(0, len(security), CHUNK_ROWS):
                    yield security[at : at + CHUNK_ROWS], market_day[at : at + CHUNK_ROWS]
                listed = []

    def _columns(self, security: I64, market_day: I64) -> list[Text]:
        low, close, high = self.prices.day(security, market_day)
        return [
            date(self.calendar.dates[market_day]),
            self.companies.symbols.take(security),
            cents(close),
            cents(high),
            cents(low),
            integer(self.prices.volume(security, market_day)),
        ]
