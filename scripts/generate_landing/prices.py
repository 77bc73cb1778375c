"""Prices: a geometric random walk in which every day can be looked up on its own.

The walk is built as Lévy built Brownian motion: the two ends of a span of 1,024 market days, then the
middle of each span, given its ends, down to single days. A price is a sum of ten draws, whatever day
is asked for, and adjacent days differ as those of a walk do.
"""

from __future__ import annotations

import numpy as np

from scripts.generate_landing.dice import F64, I64, Dice

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
