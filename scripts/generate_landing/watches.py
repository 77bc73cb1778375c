"""WatchHistory.txt: which securities customers keep an eye on."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from scripts.generate_landing.companies import Companies
from scripts.generate_landing.crm import Lives
from scripts.generate_landing.days import SECONDS_A_DAY, Calendar
from scripts.generate_landing.dice import Bool, Dice, count
from scripts.generate_landing.output import DataFile, Landing
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.slots import Piece, Seats, Slots
from scripts.generate_landing.text import integer, timestamp

FILE = "WatchHistory.txt"
_DAY = SECONDS_A_DAY
_COLUMNS = 5
_PLACE, _REMOVE, _BRIEF = 0.42, 0.5, 0.04
"""Chances that a pair's turn places a watch, removes it, or that a watch lasts only minutes."""
_EVENTS_A_PAIR = 1.62
"""Events that a pair has over the history with these chances."""


class Watches:
    """Writes watch events. A chain is a pair of a seat (a customer who watches) and a place in a list."""

    def __init__(
        self, settings: Settings, calendar: Calendar, companies: Companies, lives: Lives, customers: int, dice: Dice
    ) -> None:
        """`customers`: number of customers known at the history's end; each has a seat."""
        self.calendar, self.companies = calendar, companies
        self.dice = dice.sub("watches")
        self._from, self._until = calendar.span(lives.customer_new, lives.customer_gone, len(calendar.dates))
        self._customers = customers
        self.seats = Seats(np.arange(customers), self._until)
        """Customers who watch."""
        self._known = customers
        wanted = settings.watch_events / _EVENTS_A_PAIR / 0.92
        self._list = int(min(max(2, round(wanted / customers)), companies.securities))
        chains = self._list * customers
        # Where there are too few pairs, each has its turn more often.
        columns = max(_COLUMNS, round(_COLUMNS * wanted / chains))
        history = chains * columns
        daily = max(30, round(settings.daily(history)))
        self.slots = Slots(calendar, self.dice.sub("slots"), chains, history, daily, (7, 22))
        self._active: Bool = np.zeros(chains, dtype=np.bool_)
        self._last = np.full(chains, -1, dtype=np.int32)
        """Minute of the last event: a pair's next one comes in a later minute."""

    def write(self, landing: Landing) -> None:
        """The files of all batches, with their control totals."""
        for batch in range(1, self.calendar.last_batch + 1):
            day = self.calendar.batch_market_day(batch)
            placed = 0
            with landing.file(batch, FILE, large=True) as file:
                if batch > 1:
                    self._seat_new(day)
                for piece in self.slots.pieces(0 if batch == 1 else day, day + 1):
                    placed += self._piece(file, piece)
            landing.audit(batch, "WatchHistory", FactWatches={"WH_RECORDS": file.rows, "WH_ACTIVE": placed})

    def _seat_new(self, market_day: int) -> None:
        """New customers take the seats of those who have gone, then of others, who watch no more."""
        upto = int(np.searchsorted(self._from[self._customers :], market_day, side="right")) + self._customers
        seats = self.seats.give(np.arange(self._known, upto), market_day)
        self._known = upto
        self._active.reshape(self._list, -1)[:, seats] = False

    def _piece(self, file: DataFile, piece: Piece) -> int:
        """Write a piece's events; the number of placements."""
        dice = self.dice
        active = self._active[piece.chain]
        luck = dice.unit("luck", piece.slot)
        at = piece.market_day * _DAY + piece.second
        acts = luck < np.where(active, _REMOVE, _PLACE)
        acts &= at // 60 > self._last[piece.chain]
        customer = self.seats.holder[piece.chain % len(self.seats.holder)]
        acts &= (self._from[customer] <= piece.market_day) & (piece.market_day < self._until[customer])
        rows = np.flatnonzero(acts)
        customer, chain, at, active = customer[rows], piece.chain[rows], at[rows], active[rows]
        security = self.companies.visited(self.dice, customer, chain // len(self.seats.holder))
        day = piece.market_day[rows]
        fine = active | self.companies.is_listed(security, day, day)
        customer, chain, at, security, active = customer[fine], chain[fine], at[fine], security[fine], active[fine]

        brief = ~active & dice.chance(_BRIEF, "brief", piece.slot[rows][fine])
        self._active[chain] = ~active & ~brief
        ends = at + 30 + customer % 1500
        self._last[chain] = np.where(brief, ends, at) // 60
        customer = np.concatenate([customer, customer[brief]])
        security = np.concatenate([security, security[brief]])
        cancels = np.concatenate([active, np.ones(count(brief), dtype=np.bool_)])
        at = np.concatenate([at, ends[brief]])
        order = np.argsort(at, kind="stable")
        customer, security, cancels, at = customer[order], security[order], cancels[order], at[order]
        symbol, when = self.companies.symbols.take(security), timestamp(self.calendar.dates[at // _DAY], at % _DAY)
        file.add([integer(customer), symbol, when, pc.if_else(cancels, "CNCL", "ACTV")])
        return count(~cancels)
