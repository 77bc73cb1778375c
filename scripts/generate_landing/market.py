"""DailyMarket.txt: a price for each listed security and market day."""

from __future__ import annotations

import numpy as np

from scripts.generate_landing.cells import Piece, cents, date, delimited, integer
from scripts.generate_landing.companies import Companies
from scripts.generate_landing.days import Calendar
from scripts.generate_landing.dice import I64
from scripts.generate_landing.output import DataFile, Landing
from scripts.generate_landing.prices import Prices
from scripts.generate_landing.settings import CHUNK_ROWS

FILE = "DailyMarket.txt"


class Market:
    """Writes daily prices. A day's prices come with the batch of the next day."""

    def __init__(self, companies: Companies, calendar: Calendar, prices: Prices) -> None:
        self.companies, self.calendar, self.prices = companies, calendar, prices

    def write(self, landing: Landing) -> None:
        """The files of all batches, with their control totals."""
        sequence = 1
        with landing.file(1, FILE, large=True) as file:
            # The last day of the history comes with batch 2.
            for market_day in range(self.calendar.history - 1):
                self._day(file, market_day, None)
            self._flush(file, None)
        self._audit(landing, 1, file)
        for batch in range(2, self.calendar.last_batch + 1):
            with landing.file(batch, FILE, large=True) as file:
                self._day(file, self.calendar.batch_market_day(batch) - 1, sequence)
                self._flush(file, sequence)
            sequence += file.rows
            self._audit(landing, batch, file)

    def _audit(self, landing: Landing, batch: int, file: DataFile) -> None:
        landing.audit(batch, "DailyMarket", [("FactMarketHistory", "DM_RECORDS", file.rows)])

    _waiting: list[tuple[I64, I64]] = []

    def _day(self, file: DataFile, market_day: int, sequence: int | None) -> None:
        """Take a day; days are written once there are enough rows."""
        if not self._waiting:
            self._waiting = []
        security = self.companies.listed(market_day)
        self._waiting.append((security, np.full(len(security), market_day)))
        if sequence is None and sum(len(days) for _, days in self._waiting) >= CHUNK_ROWS:
            self._flush(file, sequence)

    def _flush(self, file: DataFile, sequence: int | None) -> None:
        if not self._waiting:
            return
        security = np.concatenate([securities for securities, _ in self._waiting])
        market_day = np.concatenate([days for _, days in self._waiting])
        self._waiting = []
        for at in range(0, len(security), CHUNK_ROWS):
            chunk = slice(at, at + CHUNK_ROWS)
            first = None if sequence is None else sequence + at
            file.write(self._lines(security[chunk], market_day[chunk], first), len(security[chunk]))

    def _lines(self, security: I64, market_day: I64, sequence: int | None) -> Piece:
        low, close, high = self.prices.day(security, market_day)
        columns: list[Piece] = [
            date(self.calendar.dates[market_day]),
            np.take(self.companies.symbols, security, axis=0),
            cents(close),
            cents(high),
            cents(low),
            integer(self.prices.volume(security, market_day)),
        ]
        if sequence is not None:
            columns = [b"I", integer(sequence + np.arange(len(security))), *columns]
        return delimited(columns, b"|")
