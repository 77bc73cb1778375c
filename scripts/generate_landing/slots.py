"""Moments of activity in time order, dealt out to chains.

Time is cut into *slots*, as many a market day as there is activity. Consecutive slots form columns, each
as long as there are chains, and in each column every chain has exactly one slot, in an order of its own.
A chain (an account that trades, a pair of customer and symbol that is watched) so acts at irregular
intervals, and its next step needs nothing but its own state, while all rows come out in time order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

import numpy as np

from scripts.generate_landing.days import Calendar, weekday
from scripts.generate_landing.dice import I64, Dice

PIECE = 65_536
"""Slots handled at a time."""


@dataclass
class Piece:
    """Slots of one column, in time order; no chain has two of them."""

    slot: I64
    chain: I64
    market_day: I64
    second: I64
    """Second of the day, not before the one of the slot before."""


class Slots:
    """All slots of an activity."""

    def __init__(
        self, calendar: Calendar, dice: Dice, chains: int, history: int, daily: int, hours: tuple[float, float]
    ) -> None:
        """`history` slots over the history, about `daily` on each day after it, within these hours."""
        self.dice = dice
        self.chains = chains
        days = np.arange(len(calendar.dates))
        busy = 0.75 + 0.5 * dice.unit("busy", days)
        dow = weekday(calendar.dates)
        busy *= np.array([1.1, 1.05, 1.0, 1.0, 0.95, 0.8, 0.75])[dow]
        past = busy[: calendar.history]
        share = np.cumsum(past) / past.sum()
        later = np.cumsum(np.maximum(busy[calendar.history :] * daily, 1).astype(np.int64))
        self.edges: I64 = np.concatenate([[0], np.rint(share * history).astype(np.int64), history + later])
        """Number of the first slot of each market day, and the end."""
        self._open, self._span = int(hours[0] * 3600), (hours[1] - hours[0]) * 3600

    def pieces(self, first_day: int, last_day: int) -> Iterator[Piece]:
        """The slots from one market day up to another, that one not included."""
        at, end = int(self.edges[first_day]), int(self.edges[last_day])
        while at < end:
            column = at // self.chains
            stop = min(end, at + PIECE, (column + 1) * self.chains)
            yield self._piece(column, np.arange(at, stop))
            at = stop

    def _piece(self, column: int, slot: I64) -> Piece:
        # An order of the chains for each column: multiply by a number prime to their count.
        step = int(self.dice.below(max(self.chains - 1, 1), "step", column)[0]) + 1
        while gcd(step, self.chains) != 1:
            step += 1
        shift = int(self.dice.below(self.chains, "shift", column)[0])
        chain = ((slot - column * self.chains) * step + shift) % self.chains
        market_day = np.searchsorted(self.edges, slot, side="right") - 1
        number = self.edges[market_day + 1] - self.edges[market_day]
        share = (slot - self.edges[market_day] + self.dice.unit("moment", slot)) / number
        return Piece(slot, chain, market_day, self._open + (share * self._span).astype(np.int64))


class Seats:
    """Who has which place: those who come take the places of those who have gone, then others' in turn."""

    def __init__(self, holder: I64, until: I64) -> None:
        self.holder = holder
        self._until = until
        """The market day on which each goes."""
        self._turn = 0

    def give(self, new: I64, market_day: int) -> I64:
        """Seat those who come; the seats that they get."""
        vacant = np.flatnonzero(self._until[self.holder] <= market_day)[: len(new)]
        lacking = min(len(new), len(self.holder)) - len(vacant)
        turn = (self._turn + np.arange(lacking)) % len(self.holder)
        self._turn += lacking
        seats = np.unique(np.concatenate([vacant, turn]))
        self.holder[seats] = new[: len(seats)]
        return seats
